"""Write recorded/optim.json: where torch's optimizers stand after the third and the last step of optim_cases.py.

Run in an environment with torch 2.13, from the tests folder: python record_optim.py
"""

import json

import torch
from optim_cases import ALL, CASES, RECORDED, descend

found = {"torch": torch.__version__.partition("+")[0]}
for kind, name in ALL:
    for dtype in ("float32", "float64"):
        snapshots = descend(torch, kind, CASES[kind][name], dtype)
        found[f"{kind}/{name}/{dtype}"] = {
            step: {key: array.tolist() for key, array in snapshots[step - 1].items()}
            for step in sorted({3, len(snapshots)})
        }
# Fifteen digits are enough for what is compared.
text = json.dumps(found)
text = json.dumps(json.loads(text, parse_float=lambda digits: float(f"{float(digits):.15g}")))
RECORDED.write_text(text.replace('}}, "', '}},\n"') + "\n")
