"""python -m bench [--quick] [question ...]"""

import argparse
import datetime
import importlib.metadata
import os
import platform
import sys

# One thread each: set before numpy loads its BLAS.
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"

import numpy as np

from . import descent, footprint, turn
from .timing import processor

QUESTIONS = {"turn": turn, "descent": descent, "footprint": footprint}


def main():
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("questions", nargs="*", help=f"of {', '.join(QUESTIONS)}; all if none is named")
    parser.add_argument("--quick", action="store_true", help="few short repeats: whether it runs, not how fast")
    given = parser.parse_args()
    unknown = set(given.questions) - set(QUESTIONS)
    if unknown:
        parser.error(f"no question {sorted(unknown)}: there are {', '.join(QUESTIONS)}")
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})

    import fastgd

    versions = {"python": platform.python_version(), "numpy": np.__version__, "fastgd": fastgd.__version__}
    for peer in ("torch", "jax", "numba", "scikit-learn"):
        try:
            versions[peer] = importlib.metadata.version(peer)
        except importlib.metadata.PackageNotFoundError:
            pass
    print(f"{processor()}, one core, {datetime.date.today()}")
    print(", ".join(f"{name} {version}" for name, version in versions.items()))
    for name in given.questions or QUESTIONS:
        print(f"\n{QUESTIONS[name].__doc__.splitlines()[0]}\n")
        QUESTIONS[name].main(given.quick)
    return 0


if __name__ == "__main__":
    sys.exit(main())
