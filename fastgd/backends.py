"""torch.backends: modules whose switches may be set, and that say what is there: nothing but the CPU."""

import sys
from types import ModuleType

__path__ = []  # `import fastgd.backends.cudnn` works, as in torch


def _never():
    return False


def _always():
    return True


def _backend(name, **attributes):
    made = ModuleType(f"{__name__}.{name}")
    vars(made).update({"is_available": _never, **attributes})
    sys.modules[made.__name__] = made
    return made


cudnn = _backend("cudnn", enabled=True, benchmark=False, deterministic=False, allow_tf32=True, version=lambda: None)
cuda = _backend("cuda", is_built=_never, matmul=ModuleType(__name__ + ".cuda.matmul"))
mps = _backend("mps", is_built=_never)
# torch's wheels for x86 have these, and scripts print that they do; here they change nothing.
mkl = _backend("mkl", is_available=_always)
mkldnn = _backend("mkldnn", is_available=_always, enabled=True)
openmp = _backend("openmp", is_available=_always)
