"""Write recorded/tape.json: what torch makes of the cases of test_affine.py and of the tests of the tape.

Run in an environment with torch 2.13 and fastgd, from the tests folder: python record_tape.py
"""

import json
import warnings

import test_affine
import test_tape
import test_tape_gradients
import test_tape_lateness
import torch
from cases import RECORDED, outcome

record = {"torch": torch.__version__.partition("+")[0]}
warnings.simplefilter("ignore")
for module in (test_affine, test_tape, test_tape_gradients, test_tape_lateness):
    record[module.CASES.file] = {name: outcome(torch, case) for name, case in module.CASES.items()}
RECORDED.write_text(json.dumps(record, indent=None, separators=(",", ":")).replace('"],"', '"],\n"') + "\n")
