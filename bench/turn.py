"""How long does one turn of a training loop take, beside torch?

The same source runs under both: the loop of nn.Linear, MSELoss and SGD, and the one written by hand with two leaves.
"""

from functools import partial

from . import Row, loops

SIZES = [
    (3, 1, 1),
    (100, 1, 1),
    (100, 10, 1),
    (1000, 20, 1),
    (10_000, 100, 1),
    (100_000, 100, 1),
    (10_000, 10, 3),
    (10_000, 784, 10),
]


def rows():
    for group, make in (("Linear, MSELoss, SGD", loops.with_modules), ("by hand", loops.by_hand)):
        for n, d, k in SIZES:
            libraries = {name: partial(make, name, n, d, k) for name in ("fastgd", "torch")}
            yield Row(group, f"{n} x {d} -> {k}", libraries, {"fastgd": ("torch",)}, quick=n <= 1000)
