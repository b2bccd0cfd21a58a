"""What backward lets go of: rows, cycles, and whatever a thousand turns made."""

import gc
import sys
import tracemalloc
import weakref

import numpy as np
from cases import Data, linear

import fastgd
from fastgd._affine import step_of


def test_backward_lets_go_of_the_rows(affine):
    s = Data(fastgd)
    X, y = np.ones((6, 3), np.float32), np.ones((6, 1), np.float32)
    model = fastgd.nn.Linear(3, 1)
    rows, target = fastgd.from_numpy(X), fastgd.from_numpy(y)
    references = [sys.getrefcount(array) for array in (X, y)]
    watched = weakref.ref(rows)
    loss = 2 * fastgd.nn.MSELoss()(model(rows), target)
    assert step_of(loss) is None
    assert [sys.getrefcount(array) for array in (X, y)] > references
    loss.backward()
    assert [sys.getrefcount(array) for array in (X, y)] == references
    del rows
    assert watched() is None
    assert loss.item() > 0 and s is not None


def test_an_ordinary_backward_lets_go(either_way):
    s = Data(fastgd)
    big = fastgd.ones(1000)
    held = weakref.ref(big.numpy())
    loss = ((big + s.b0).exp() - big).sum()
    value = loss.item()
    loss.backward()
    del big
    assert held() is None and loss.item() == value


def turns(fastgd, s, model, count):
    optimizer = fastgd.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    for i in range(count):
        loss = fastgd.nn.functional.mse_loss(model(s.X), s.y)
        if i % 3:
            optimizer.zero_grad()
        if i % 5 == 0:
            loss.item(), model(s.X).squeeze().tolist()
        loss.backward(retain_graph=i % 2 == 0)
        optimizer.step()
        (s.x * s.s1 + s.b1 - s.t6).square().sum().backward()
        with fastgd.no_grad():
            s.s1 -= 1e-3 * s.s1.grad
        s.s1.grad.zero_()
        linear(fastgd, s.X, s.W2, s.b2)


def test_nothing_leaks(either_way):
    s, model = Data(fastgd), fastgd.nn.Linear(3, 1)
    watched = [s.X, s.X.numpy(), s.y, s.y.numpy(), s.s1, s.b1, model.weight]
    turns(fastgd, s, model, 500)
    gc.collect()  # which also empties Python's lists of free tuples
    gc.disable()
    tracemalloc.start()
    try:
        measured = []
        for count in (300, 10_000 if either_way else 1000):
            turns(fastgd, s, model, count)
            assert gc.collect() < 50  # what is let go of goes by itself
            measured.append((tracemalloc.get_traced_memory()[0], [sys.getrefcount(thing) for thing in watched]))
    finally:
        tracemalloc.stop()
        gc.enable()
    assert measured[1][1] == measured[0][1]
    assert measured[1][0] - measured[0][0] < 2000


def test_cycles_are_collected(either_way):
    s = Data(fastgd)
    p = linear(fastgd, s.X, s.W1, s.b1)
    p.register_hook(lambda g, kept=p: None)
    waiting = s.X @ s.v
    waiting.myself = [waiting]
    gone = [weakref.ref(p), weakref.ref(waiting)]
    del p, waiting
    gc.collect()
    s.X.mul_(2)  # looks through what waits
    assert [reference() for reference in gone] == [None, None]
