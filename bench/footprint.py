"""How long does the import take, and how large is what is installed?"""

import compileall
import importlib.util
import subprocess
import sys
from pathlib import Path

from .timing import in_turns, median, shown


def importing(module):
    def run(n):
        for _ in range(n):
            subprocess.run([sys.executable, "-c", f"import {module}"], check=True)

    return run


def installed_size():
    """Bytes of the package's files, without the sources that an editable install has beside them."""
    folder = Path(importlib.util.find_spec("fastgd").origin).parent
    kept = {".py", ".pyi", ".so", ".pyd"}
    return sum(path.stat().st_size for path in folder.rglob("*") if path.suffix in kept)


def main(quick=False):
    # As pip leaves an installed package; an editable one may have no bytecode.
    compileall.compile_dir(Path(importlib.util.find_spec("fastgd").origin).parent, quiet=2)
    names = ["numpy", "fastgd"] + (["torch"] if importlib.util.find_spec("torch") else [])
    taken = in_turns({name: importing(name) for name in names}, 0.1, 3 if quick else 11)
    for name in names:
        ratio = median(taken[name]) / median(taken["numpy"])
        print(f"python -c 'import {name}': {shown(median(taken[name]))}, {ratio:.2f} times numpy's")
    print(f"fastgd's files: {installed_size() / 1e6:.2f} MB")
