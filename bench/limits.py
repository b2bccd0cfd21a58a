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

from . import Row
from .data import table

SOURCE = r"""
#include <stdint.h>
#include <string.h>
typedef int64_t words __attribute__((vector_size(64)));
typedef float floats __attribute__((vector_size(64)));
typedef double doubles __attribute__((vector_size(64)));

/* Adds up every 64 bytes of each row as integers, `times` times; what is left of a row in 4 bytes each. */
int64_t read_rows(const char *X, int64_t rows, int64_t bytes, int64_t stride, int64_t times)
{
    words s0 = {0}, s1 = {0}, s2 = {0}, s3 = {0}, v0, v1, v2, v3;
    int64_t rest = 0;
    for (int64_t t = 0; t < times; t++) {
        for (int64_t i = 0; i < rows; i++) {
            const char *p = X + i * stride, *end = p + bytes;
            for (; end - p >= 256; p += 256) {
                memcpy(&v0, p, 64); memcpy(&v1, p + 64, 64); memcpy(&v2, p + 128, 64); memcpy(&v3, p + 192, 64);
                s0 += v0; s1 += v1; s2 += v2; s3 += v3;
            }
            for (; end - p >= 64; p += 64) { memcpy(&v0, p, 64); s0 += v0; }
            for (; p < end; p += 4) { int32_t four; memcpy(&four, p, 4); rest += four; }
        }
        __asm__ volatile("" ::: "memory");
    }
    s0 += s1 + s2 + s3;
    for (int i = 0; i < 8; i++) rest += s0[i];
    return rest;
}

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
            __asm__ volatile("" ::: "memory");                                                   \
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
    lib.read_rows.argtypes = [ctypes.c_void_p] + [ctypes.c_int64] * 4
    lib.read_rows.restype = ctypes.c_int64
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


def read(n, d, k=1, dtype="float32", layout="rows", threads=1, **_):
    """Reads X once a run: all of it at one go where it lies in one piece, and otherwise row by row."""
    lib, X = library(), table(n, d, k, dtype, layout)[0]
    X = X.T if layout == "columns" else X
    pieces, size, stride = len(X), X.shape[1] * X.itemsize, X.strides[0]
    ends = [pieces * i // threads for i in range(threads + 1)]
    parts = [(X[start:end].ctypes.data, end - start) for start, end in zip(ends, ends[1:])]
    parts = [(at, 1, m * size, 0) if stride == size else (at, m, size, stride) for at, m in parts]

    def run(times, alive=X):
        in_threads([partial(lib.read_rows, *part, times) for part in parts])

    return run


def multiply_add(n, d, k=1, dtype="float32", threads=1, **_):
    """The multiply-adds of one step on all rows: n d k forward, and as many for the gradient."""
    function, count = getattr(library(), f"multiply_add_{dtype}"), 2 * n * d * k // threads
    return lambda times: in_threads([partial(function, count, times, 0.999)] * threads)


def limits(n, d, k=1, dtype="float32", **rest):
    """(competitors, amounts of work) of the limits of a step on all rows, for a Row."""
    itemsize = 4 if dtype == "float32" else 8
    competitors = {
        "reading X": partial(read, n, d, k, dtype, **rest),
        "multiply-adds": partial(multiply_add, n, d, k, dtype, **rest),
    }
    return competitors, {"reading X": (n * d * itemsize, "B"), "multiply-adds": (2 * n * d * k, "madd")}


def rows():
    for threads, group in ((1, "one core"), (2, "two cores")):
        for n in (100, 2_000, 50_000, 1_000_000):
            competitors, amounts = limits(n, 100, threads=threads)
            yield Row(group, f"{n} x 100", competitors, {}, amounts, threads=threads, quick=threads == 1 and n < 1e5)
