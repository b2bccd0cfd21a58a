"""Modules of fastgd or of torch that several tests look at."""

from collections import OrderedDict

import numpy as np


def numbers(seed, *shape):
    return np.random.RandomState(seed).normal(0, 1, shape).astype("f4")


def line(lib):
    class Line(lib.nn.Module):
        def __init__(self):
            super().__init__()
            self.linear = lib.nn.Linear(3, 1)
            self.scale = lib.nn.Parameter(lib.ones(1))
            self.register_buffer("shift", lib.zeros(1))
            self.register_buffer("scratch", lib.zeros(2), persistent=False)

        def forward(self, x):
            return self.linear(x) * self.scale + self.shift

    return Line()


def nested(lib):
    return lib.nn.Sequential(
        OrderedDict(
            body=lib.nn.Sequential(lib.nn.Linear(3, 2), lib.nn.ReLU()),
            line=line(lib),
            rest=lib.nn.ModuleList([lib.nn.Linear(1, 1), lib.nn.Linear(1, 1), lib.nn.Identity()]),
        )
    )
