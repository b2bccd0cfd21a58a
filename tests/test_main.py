"""python -m fastgd runs programs as plain python does, except that torch is fastgd."""

import os
import subprocess
import sys
import zipfile

import pytest

PROGRAM = '''
import os, signal, sys
print(sys.argv, sys.path[0], __name__, __file__, __package__, __spec__ is None, sys.modules["__main__"].__file__)

class Model:
    pass

if __name__ == "__main__":
    import pickle
    print(type(pickle.loads(pickle.dumps(Model()))))
    what = sys.argv[1]
    if what == "zero":
        def divide():
            return 1 / 0
        divide()
    if what == "from":
        try:
            [][0]
        except IndexError as error:
            raise ValueError("no rows") from error
    if what == "exit":
        sys.exit(3)
    if what == "message":
        sys.exit("bye")
    if what == "interrupt":
        os.kill(os.getpid(), signal.SIGINT)
        import time; time.sleep(10)
    if what == "hook":
        sys.excepthook = lambda kind, error, trace: print("own hook", error)
        raise ValueError("seen")
    if what == "shown":
        try:
            raise KeyError("mine")
        except KeyError:
            sys.excepthook(*sys.exc_info())
    if what == "thread":
        import atexit, threading
        atexit.register(lambda: print("last", sys.modules["__main__"].Model.__name__))
        threading.Thread(target=lambda: print(Model.__module__)).start()
    if what == "relative":
        import beside
        print(beside.__name__)
    if what == "missing":
        import no_such_module
'''


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "program.py").write_text(PROGRAM)
    (tmp_path / "inner" / "beside.py").write_text("")
    (tmp_path / "broken.py").write_text("x = = 1\n")
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "__init__.py").write_text("")
    (tmp_path / "package" / "program.py").write_text(PROGRAM)
    return tmp_path


def run(folder, *arguments):
    return subprocess.run(
        [sys.executable, *arguments], cwd=folder, check=False, capture_output=True, text=True, timeout=60
    )


def as_plain_python(folder, *arguments):
    plain, ours = run(folder, *arguments), run(folder, "-m", "fastgd", *arguments)
    assert (ours.stdout, ours.stderr, ours.returncode) == (plain.stdout, plain.stderr, plain.returncode)
    return ours


CASES = ["none", "zero", "from", "exit", "message", "interrupt", "hook", "shown", "thread", "relative", "missing"]


@pytest.mark.parametrize("what", CASES)
def test_a_script(folder, what):
    ran = as_plain_python(folder, os.path.join("inner", "program.py"), what, "--option", "-m")
    assert (ran.returncode == 0) == (what in ("none", "shown", "thread", "relative"))


@pytest.mark.parametrize("what", ["zero", "exit"])
def test_a_module(folder, what):
    as_plain_python(folder, "-m", "package.program", what, "-m", "x")


@pytest.mark.parametrize("arguments", [["broken.py"], ["nowhere.py"], ["-m", "nowhere"]], ids=" ".join)
def test_what_cannot_run(folder, arguments):
    assert as_plain_python(folder, *arguments).returncode


@pytest.mark.parametrize("what", ["none", "zero", "relative"])
@pytest.mark.parametrize("packed", [False, True], ids=["folder", "zip"])
def test_a_folder(folder, packed, what):
    (folder / "inner" / "__main__.py").write_text(PROGRAM)
    path = "inner"
    if packed:
        path = "program.zip"
        with zipfile.ZipFile(folder / path, "w") as archive:
            for name in ("__main__.py", "beside.py"):
                archive.write(folder / "inner" / name, name)
    as_plain_python(folder, path, what, "-m")


def test_a_folder_without_main(folder):
    assert as_plain_python(folder, "inner").returncode == 1


def test_usage(folder):
    for arguments in ([], ["-m"]):
        ran = run(folder, "-m", "fastgd", *arguments)
        assert ran.returncode == 2 and ran.stderr.startswith("usage: python -m fastgd script.py") and not ran.stdout
    ran = run(folder, "-m", "fastgd", "--help")
    assert ran.returncode == 0 and ran.stdout.startswith("usage:") and not ran.stderr


def test_torch_is_fastgd(folder):
    (folder / "program.py").write_text("import torch; print(torch.__version__, torch.ones(1))")
    ran = run(folder, "-m", "fastgd", "program.py")
    assert (ran.stdout, ran.stderr) == ("2.13.0+fastgd tensor([1.])\n", "")
