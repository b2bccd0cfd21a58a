"""Builds the compiled modules; everything else about the package is in pyproject.toml.

FASTGD_DEBUG=1 builds without optimisation and checks for None before attributes are read; FASTGD_SANITIZE=1 builds
without it too, with the sanitizers of addresses and of undefined behaviour.
"""

import hashlib
import os
import re
import shutil
import tempfile
from functools import cache
from pathlib import Path

import numpy
from Cython.Build import cythonize
from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext
from setuptools.errors import CompileError

DEBUG, SANITIZE = (os.environ.get(f"FASTGD_{name}", "0") != "0" for name in ("DEBUG", "SANITIZE"))
# Indexing keeps Python's checks: most modules handle objects, and what loops over numbers is C.
DIRECTIVES = {"language_level": 3, "binding": True, "nonecheck": DEBUG}
# What loops over numbers, and what every turn of a training loop runs through, is worth the compiler's time: -O2 takes
# twice as long as -O1. With sanitizers it takes minutes, and -O0 shows them every access as written.
HOT = {"_kernels", "_sums", "_random", "_tensor", "_affine", "ops._loops", "descent._coordinates"}
# Loops in plain C, which GCC's -O2 makes vectors of only where their count is known.
VECTORISED = {"_random": ["-fvect-cost-model=dynamic"]}
SPEED = (["-O0", "-g"],) * 2 if DEBUG or SANITIZE else (["-O1", "-g0"], ["-O2", "-funswitch-loops", "-g0"])
FLAGS = ["-fvisibility=hidden", "-fno-plt", "-Wno-psabi"]      # psabi is about vectors as arguments between files
SANITIZERS = ["-fsanitize=address,undefined", "-fno-sanitize-recover=undefined"] if SANITIZE else []


def with_headers(sources):
    """Files of C, and the package's headers that they include, directly or through others."""
    headers = {header.name: header for header in Path("fastgd").rglob("*.h")}
    found = list(map(Path, sources))
    for path in found:  # which grows
        names = re.findall(r'#\s*include "(?:.*/)?(.+?)"', path.read_text())
        found += [headers[name] for name in dict.fromkeys(names) if name in headers and headers[name] not in found]
    return found


class Build(build_ext):
    @cache
    def accepts(self, flag):
        """Whether the compiler takes the flag without a warning."""
        with tempfile.TemporaryDirectory() as folder:
            source = Path(folder, "probe.c")
            source.write_text("int probe;\n")
            try:
                self.compiler.compile([str(source)], folder, extra_postargs=["-Werror", flag])
            except CompileError:
                return False
        return True

    def build_extensions(self):
        for extension in self.extensions:
            name = extension.name.removeprefix("fastgd.")
            wanted = SPEED[name in HOT] + VECTORISED.get(name, []) + FLAGS
            flags = [flag for flag in wanted if self.accepts(flag)] + SANITIZERS
            extension.extra_compile_args += flags
            extension.extra_link_args += SANITIZERS
            extension.define_macros.append(("FASTGD_FLAGS", f'"{" ".join(flags)}"'))
        self.compiler.add_include_dir(numpy.get_include())      # in an environment that pip makes anew each time
        self.parallel = os.cpu_count()                          # said here: an editable install forgets the options
        self.force = True                                       # setuptools compares times only: flags change too
        super().build_extensions()

    def build_extension(self, extension):
        """Compiles, or takes what the same C with the same flags gave before: every pip install -e builds anew."""
        told = [*self.compiler.compiler_so, *extension.extra_compile_args, numpy.__version__]
        content = b"".join(path.read_bytes() for path in with_headers(extension.sources))
        key = hashlib.sha256("\0".join(told).encode() + content).hexdigest()
        built = Path(self.get_ext_fullpath(extension.name))
        kept = Path("build", "modules", key, built.name)
        if kept.exists():
            built.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(kept, built)
            return
        super().build_extension(extension)
        kept.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(built, kept)


extensions = [
    Extension(
        ".".join(source.with_suffix("").parts), [str(source)], include_dirs=["fastgd"],
        define_macros=[("NPY_NO_DEPRECATED_API", "NPY_2_0_API_VERSION")],
    )
    for source in sorted(Path("fastgd").rglob("*.pyx"))
]
setup(
    ext_modules=cythonize(extensions, compiler_directives=DIRECTIVES, nthreads=os.cpu_count()),
    cmdclass={"build_ext": Build},
)
