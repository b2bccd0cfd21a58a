"""Records what torch prints for tests/scripts: python tests/record_scripts.py [file]"""

import json
import os
import runpy
import sys
import tempfile
from pathlib import Path

import torch  # once: each script runs in a fork of this process
import torch._dynamo  # which every optimizer imports, in a second and a half

HERE = Path(__file__).parent


def printed_by(script, folder):
    child = os.fork()
    if not child:
        os.chdir(folder)
        os.dup2(os.open("printed", os.O_WRONLY | os.O_CREAT), 1)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        torch.set_num_threads(1)
        sys.argv = [str(script)]
        runpy.run_path(str(script), run_name="__main__")
        sys.stdout.flush()
        os._exit(0)
    if os.waitpid(child, 0)[1]:
        raise SystemExit(f"{script} failed")
    return (Path(folder) / "printed").read_text().splitlines()


recorded = {}
for script in sorted((HERE / "scripts").glob("*.py")):
    with tempfile.TemporaryDirectory() as folder:
        recorded[script.stem] = printed_by(script, folder)
target = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "recorded" / "scripts.json"
target.write_text(json.dumps(recorded, indent=0) + "\n")
