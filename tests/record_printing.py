"""Write recorded/printing.json: what torch prints for the cases of test_printing.py.

Run in an environment with torch 2.13, from the tests folder: python record_printing.py
"""

import json

import torch
from test_printing import CASES, RECORDED, torch_text

texts = {name: torch_text(torch, array, options, **kinds) for name, (array, options, kinds) in CASES.items()}
RECORDED.write_text(json.dumps({"torch": torch.__version__.partition("+")[0], **texts}, indent=1) + "\n")
