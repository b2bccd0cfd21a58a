"""How fast does this core read, and how fast does it multiply and add?

The two limits of every descent, as competitors: a pass that only reads X, and as many multiply-adds as a step needs on
numbers that never leave the registers. Both are a few lines of C that the machine's own compiler (`cc -O3
-march=native`) makes when the benchmark starts; where there is none, they are left out.
"""

import ctypes
import functools
import os
import subprocess
import tempfile
import threading
from functools import partial
from pathlib import Path

import numpy as np

from . import Row
from .timing import fastest

SOURCE = r"""
#include <stdint.h>
#include <string.h>
typedef int64_t words __attribute__((vector_size(64)));
typedef float floats __attribute__((vector_size(64)));
typedef double doubles __attribute__((vector_size(64)));

/* Adds up X as 64-byte integers, `times` times. The prefetch 4 kB ahead is faster from the outer caches and from
   memory, and in the way in the inner ones: both are tried. */
#define READ(name, PREFETCH)                                                                     \
    int64_t name(const char *X, int64_t bytes, int64_t times)                                    \
    {                                                                                            \
        words s[4] = {{0}}, v;                                                                   \
        int64_t total = 0;                                                                       \
        for (int64_t t = 0; t < times; t++) {                                                    \
            for (int64_t i = 0; i + 256 <= bytes; i += 256)                                      \
                _Pragma("GCC unroll 4") for (int j = 0; j < 4; j++) {                            \
                    PREFETCH(X + i + 64 * j + 4096);                                             \
                    memcpy(&v, X + i + 64 * j, 64);                                              \
                    s[j] += v;                                                                   \
                }                                                                                \
            __asm__ volatile("" ::: "memory"); /* the next pass reads again */                   \
        }                                                                                        \
        s[0] += s[1] + s[2] + s[3];                                                              \
        for (int i = 0; i < 8; i++) total += s[0][i];                                            \
        return total;                                                                            \
    }
#define NOTHING(address)
READ(read_plain, NOTHING)
READ(read_ahead, __builtin_prefetch)

/* `times` times `count` multiply-adds, in enough independent chains to hide the latency of one. */
#define CHAINS 12
#define MULTIPLY_ADD(name, type, element)                                                        \
    element name(int64_t count, int64_t times, element factor)                                   \
    {                                                                                            \
        type a[CHAINS], f;                                                                       \
        const int64_t lanes = sizeof(type) / sizeof(element), turns = count * times / (lanes * CHAINS); \
        for (int i = 0; i < lanes; i++) f[i] = factor;                                           \
        for (int j = 0; j < CHAINS; j++) for (int i = 0; i < lanes; i++) a[j][i] = j + i;        \
        for (int64_t t = 0; t < turns; t++) {                                                    \
            _Pragma("GCC unroll 12") for (int j = 0; j < CHAINS; j++) a[j] = a[j] * f + f;       \
        }                                                                                        \
        for (int j = 1; j < CHAINS; j++) a[0] += a[j];                                           \
        element total = 0;                                                                       \
        for (int i = 0; i < lanes; i++) total += a[0][i];                                        \
        return total;                                                                            \
    }
MULTIPLY_ADD(multiply_add_float32, floats, float)
MULTIPLY_ADD(multiply_add_float64, doubles, double)
"""


@functools.cache
def library():
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "limits.so"
        (source := Path(folder) / "limits.c").write_text(SOURCE)
        command = [os.environ.get("CC", "cc"), "-O3", "-march=native", "-shared", "-fPIC", source, "-o", made]
        try:
            subprocess.run(command, check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError) as error:
            raise ImportError(f"the limits need a C compiler: {error}") from None
        lib = ctypes.CDLL(str(made))
    for function in (lib.read_plain, lib.read_ahead):
        function.argtypes = [ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64]
        function.restype = ctypes.c_int64
    for name, element in (("multiply_add_float32", ctypes.c_float), ("multiply_add_float64", ctypes.c_double)):
        getattr(lib, name).argtypes = [ctypes.c_int64, ctypes.c_int64, element]
        getattr(lib, name).restype = element
    return lib


def in_threads(parts):
    """Runs the functions at the same time; ctypes lets go of the interpreter while C runs."""
    if len(parts) == 1:
        return parts[0]()
    threads = [threading.Thread(target=part) for part in parts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def read(n, d, dtype, threads):
    """Reads n x d numbers that lie in one piece, once a run; each thread its part."""
    lib, X = library(), np.ones(n * d, dtype)
    parts = np.array_split(X, threads)

    def run(function, times):
        in_threads([partial(function, part.ctypes.data, part.nbytes, times) for part in parts])

    return fastest([partial(run, lib.read_plain), partial(run, lib.read_ahead)])


def multiply_add(count, dtype, threads):
    """So many multiply-adds a run, as many in each thread."""
    function = getattr(library(), f"multiply_add_{dtype}")
    return lambda times: in_threads([partial(function, count // threads, times, 0.999)] * threads)


def limits(n, d, k=1, dtype="float32", threads=1):
    """(competitors, amounts of work) of the limits of a step on all rows, for a Row.

    A step has n d k multiply-adds forward, and as many for the gradient.
    """
    return at_least(n, d, 2 * n * d * k, dtype, dtype, threads)


def at_least(n, d, count, dtype, arithmetic, threads):
    """The limits of a pass over n x d numbers that has so many multiply-adds, of another type maybe."""
    competitors = {
        "reading X": partial(read, n, d, dtype, threads),
        "multiply-adds": partial(multiply_add, count, arithmetic, threads),
    }
    return competitors, {"reading X": (n * d * np.dtype(dtype).itemsize, "B"), "multiply-adds": (count, "madd")}


def rows():
    for threads, group, base in ((1, "one core", ""), (2, "two cores", "one core")):
        for n in (100, 2_000, 50_000, 1_000_000):
            competitors, amounts = limits(n, 100, threads=threads)
            quick = threads == 1 and n < 100_000
            yield Row(group, f"{n} x 100", competitors, {}, amounts, base, threads, quick=quick)
