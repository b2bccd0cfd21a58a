"""Names that a package loads when they are first asked for, and the error for those that it does not have."""

import sys
from importlib import import_module


def attributes(package, modules="", **rooms):
    """What a package needs for its later names: its `__getattr__`, its `__dir__`, and the names.

    They are what not every program uses: loading all adds half as much again to what `import fastgd` takes beyond
    numpy. Editors read imports, so the package repeats the names under TYPE_CHECKING; tests/test_stub.py compares.

    Args:
        package: its name, under "fastgd".
        modules: modules of it that are attributes.
        rooms: for other modules of it, the names in them that are attributes.
    """
    module = sys.modules[package]
    modules = modules.split()
    room_of = {name: room for room, names in rooms.items() for name in names.split()}

    def __getattr__(name):
        if name in room_of:
            found = getattr(import_module(f"{package}.{room_of[name]}"), name)
            setattr(module, name, found)
            return found
        if name in modules or name in rooms:
            return import_module(f"{package}.{name}")
        raise AttributeError(
            f"module '{package}' has no attribute '{name}': fastgd covers linear models; "
            f"{package.replace('fastgd', 'torch', 1)}.{name} needs torch",
            name=name,
            obj=module,
        )

    def __dir__():
        return sorted({*vars(module), *modules, *room_of})

    return __getattr__, __dir__, [*modules, *room_of]
