"""python -m fastgd script.py: run a program that imports torch, with fastgd under that name."""

import builtins
import os
import pkgutil
import runpy
import sys
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec
from itertools import pairwise
from types import ModuleType

from .standin import install_as_torch

USAGE = """\
usage: python -m fastgd script.py [argument ...]     (or a folder or zip file with a __main__.py)
       python -m fastgd -m module [argument ...]

Runs a Python program in which `import torch` means fastgd.
"""


def main(arguments):
    if arguments[:1] in (["-h"], ["--help"]):
        print(USAGE, end="")
        return
    as_module = arguments[:1] == ["-m"]
    if len(arguments) <= as_module or arguments[0].startswith("-") and not as_module:
        sys.stderr.write(USAGE)
        sys.exit(2)
    install_as_torch()
    sys.excepthook = _report
    if as_module:
        sys.argv = arguments[1:]
        runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
    else:
        sys.argv = arguments
        path = os.path.join(os.getcwd(), arguments[0])
        finder = pkgutil.get_importer(path)
        if finder is None:
            _run_script(path)
        else:
            _run_folder(path, finder)


def _run_script(path):
    """What python does with a script; runpy.run_path would put another name into sys.argv and take __main__ away."""
    loader = SourceFileLoader("__main__", path)
    try:
        source = loader.get_data(path)
    except OSError as error:
        sys.stderr.write(f"{sys.executable}: can't open file {path!r}: [Errno {error.errno}] {error.strerror}\n")
        sys.exit(2)
    if not sys.flags.safe_path:
        sys.path[0] = os.path.dirname(os.path.realpath(path))
    program = ModuleType("__main__")
    vars(program).update(__file__=path, __loader__=loader, __builtins__=builtins, __annotations__={}, __cached__=None)
    sys.modules["__main__"] = program
    exec(compile(source, path, "exec", dont_inherit=True), vars(program))


def _run_folder(path, finder):
    """What python does with a folder or zip file: runs its __main__.py."""
    spec = finder.find_spec("__main__")
    if spec is None:
        sys.stderr.write(f"{sys.executable}: can't find '__main__' module in {path!r}\n")
        sys.exit(1)
    if sys.flags.safe_path:
        sys.path.insert(0, path)
    else:
        sys.path[0] = path
    program = module_from_spec(spec)
    vars(program).update(__builtins__=builtins, __annotations__={})
    sys.modules["__main__"] = program
    exec(spec.loader.get_code("__main__"), vars(program))


def _report(kind, error, trace):
    """The interpreter's report of an uncaught exception, without the frames of this file and of runpy beneath it."""
    frames = []
    while trace is not None:
        frames.append(trace)
        trace = trace.tb_next
    files = [frame.tb_frame.f_code.co_filename for frame in frames]
    if __file__ in files:
        start = end = files.index(__file__)
        while end < len(files) and files[end] in (__file__, runpy.run_module.__code__.co_filename):
            end += 1
        inner = frames[end:]
        # After -m, python's own report begins with two frames of runpy.
        as_module = sys.modules["__main__"].__spec__ is not None
        frames = frames[:start] + inner if as_module else inner
        if not inner and kind is ImportError:  # runpy has not found the module
            sys.stderr.write(f"{sys.executable}: {error}\n")
            return
        for frame, following in pairwise(frames):
            frame.tb_next = following
    trace = frames[0] if frames else None
    sys.__excepthook__(kind, error.with_traceback(trace), trace)


if __name__ == "__main__":
    main(sys.argv[1:])
