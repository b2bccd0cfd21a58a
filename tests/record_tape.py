"""Write recorded/tape.json: what torch makes of the cases of test_affine.py and test_tape.py.

Run in an environment with torch 2.13 and fastgd, from the tests folder: python record_tape.py
"""

import json
import warnings

import torch
from cases import RECORDED, outcome
import test_affine
import test_tape

record = {"torch": torch.__version__.partition("+")[0]}
warnings.simplefilter("ignore")
for module in (test_affine, test_tape):
    record[module.CASES.file] = {name: outcome(torch, case) for name, case in module.CASES.items()}
RECORDED.write_text(json.dumps(record, indent=None, separators=(",", ":")).replace('"],"', '"],\n"') + "\n")
