"""Records torch's warnings of the forms of warning_forms.py in recorded/warnings.json. Run it with torch 2.13."""

import json
from pathlib import Path

from warning_forms import warned

if __name__ == "__main__":
    Path(__file__).with_name("recorded").joinpath("warnings.json").write_text(
        json.dumps(warned("torch"), indent=0) + "\n"
    )
