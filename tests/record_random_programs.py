"""Write recorded/random_programs.json: what torch makes of the programs and expressions of random_*.py.

Run in an environment with torch 2.13, from the tests folder: python record_random_programs.py
"""

import json

import torch
from random_draws import DRAWS, INITS
from random_expressions import EXPRESSIONS
from random_loaders import LOADERS
from random_outcomes import RECORDED, SEEDS, evaluate, run
from random_runs import RUNS

programs = {"DRAWS": DRAWS, "INITS": INITS, "LOADERS": LOADERS, "RUNS": RUNS}
found = {
    "torch": torch.__version__.partition("+")[0],
    "capability": torch.backends.cpu.get_cpu_capability(),
    "programs": {
        group: {
            name: {str(seed): run(torch, program, seed) for seed in (SEEDS[:1] if group == "LOADERS" else SEEDS)}
            for name, program in made.items()
        }
        for group, made in programs.items()
    },
    "expressions": {text: evaluate(torch, text) for group in EXPRESSIONS.values() for text in group},
}
RECORDED.write_text(json.dumps(found, separators=(",", ":")) + "\n")
