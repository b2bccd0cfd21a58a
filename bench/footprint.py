"""How long does the import take, and how large is what is installed?"""

import compileall
import importlib.util
import subprocess
import sys
from functools import partial
from pathlib import Path

from . import Row

CODE = {".py", ".pyi", ".so", ".pyd", ".dll", ".dylib"}


def folder(module):
    found = importlib.util.find_spec(module)
    if found is None:
        raise ImportError(f"No module named {module!r}")
    return Path(found.origin).parent


def importing(module):
    compileall.compile_dir(folder(module), quiet=2, workers=1)  # as pip leaves it; an editable install has no bytecode

    def run(n):
        for _ in range(n):
            subprocess.run([sys.executable, "-c", f"import {module}"], check=True)

    return run


def installed_size(module):
    """Bytes of the package's files, without the sources that an editable install has beside them."""
    return sum(path.stat().st_size for path in folder(module).rglob("*") if CODE.intersection(path.suffixes))


def rows():
    modules = ("fastgd", "numpy", "torch")
    for group, make, unit in (("import", importing, "s"), ("files", installed_size, "B")):
        yield Row(
            group, "the package", {name: partial(make, name) for name in modules}, {"fastgd": ("torch",)},
            unit=unit, quick=unit == "B",
        )  # fmt: skip
