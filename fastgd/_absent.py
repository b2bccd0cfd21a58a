"""What the modules of devices that are not there have in common: asking is answered, using one is an error."""

from . import _later
from ._types import advised


def never():
    """False: fastgd runs on the CPU."""
    return False


def nothing():
    """0."""
    return 0


def without_effect(*args, **options):
    """Without effect: fastgd runs on the CPU."""


def attributes(package, error, used, modules=""):
    """What such a module needs for the rest of its names: its `__getattr__` and its `__dir__`.

    Args:
        package: its name, under "fastgd".
        error: made from the name that is asked for, what torch raises when that is called.
        used: the names that are there to be called, and raise it.
        modules: modules of it that are attributes.
    """
    used = used.split()
    later, __dir__, _ = _later.attributes(package, modules)

    def __getattr__(name):
        if name not in used:
            return later(name)

        def refuse(*args, **options):
            asked = f"{package.replace('fastgd', 'torch', 1)}.{name}"
            raise advised(error(name), f"fastgd runs on the CPU; {asked} needs torch.")

        return refuse

    return __getattr__, __dir__
