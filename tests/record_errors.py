"""Records torch's errors for the forms of error_forms.py in recorded/errors.json. Run it with torch 2.13 installed."""

import json
from pathlib import Path

import torch
from error_forms import FORMS, raised

if __name__ == "__main__":
    told = {form: raised(torch, form) for form in FORMS}
    told = {form: (name, [], text) for form, (name, _, text) in told.items()}
    Path(__file__).with_name("recorded").joinpath("errors.json").write_text(json.dumps(told, indent=0) + "\n")
