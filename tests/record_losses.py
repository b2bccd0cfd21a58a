"""Write recorded/losses.json: torch's values, gradients and grad_fn names for the cases of test_losses.py.

Run in an environment with torch 2.13, from the tests folder: python record_losses.py
"""

import json

import torch
from test_losses import CASES, RECORDED, outcome

found = {
    name: {key: str(value) if isinstance(value, str) else value.tolist() for key, value in outcome(torch, name).items()}
    for name in CASES
}
RECORDED.write_text(json.dumps({"torch": torch.__version__.partition("+")[0], **found}).replace('}, "', '},\n"') + "\n")
