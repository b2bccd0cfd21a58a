"""Records torch's answers to the forms of op_forms.py in recorded/ops.json. Run it with torch 2.13 installed."""

import json
from pathlib import Path

import torch
from op_forms import forms, tell

if __name__ == "__main__":
    told = {form: tell(torch, form) for form in forms()}
    lines = [f"{json.dumps(form)}: {json.dumps(answer, allow_nan=True)}" for form, answer in told.items()]
    Path(__file__).with_name("recorded").joinpath("ops.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")
