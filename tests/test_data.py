"""Data sets, samplers and loaders against recorded batches of torch, and against torch itself."""

import copy

import numpy as np
import pytest
from random_expressions import EXPRESSIONS
from random_loaders import LOADERS, Squares, rows
from random_outcomes import MANY_SEEDS, check_expression, needs_torch, record, run, torch

import fastgd
from fastgd.utils import data


@pytest.mark.parametrize("name", LOADERS)
def test_batches_are_those_that_torch_made(name):
    for seed, expected in record()["programs"]["LOADERS"][name].items():
        assert run(fastgd, LOADERS[name], int(seed)) == expected


@needs_torch
@pytest.mark.parametrize("name", LOADERS)
def test_batches_of_more_seeds(name):
    for seed in MANY_SEEDS[:5]:
        assert run(fastgd, LOADERS[name], seed) == run(torch, LOADERS[name], seed)


@needs_torch
def test_shuffles_of_hundreds_of_seeds():
    def order(t, n, size):
        loader = t.utils.data.DataLoader(rows(t, n), batch_size=size, shuffle=True)
        split = t.utils.data.random_split(range(n), [n // 3, n - n // 3])
        return [x.tolist() for _ in range(2) for x, _ in loader] + [part.indices for part in split]

    for i, seed in enumerate(MANY_SEEDS):
        fastgd.manual_seed(seed)
        torch.manual_seed(seed)
        n, size = 3 + 7 * i % 40, 1 + i % 9
        assert order(fastgd, n, size) == order(torch, n, size)
        assert fastgd.rand(1).item() == torch.rand(1).item()


@pytest.mark.parametrize("expression", EXPRESSIONS["data"])
def test_values_and_errors_are_those_of_torch(expression):
    check_expression(fastgd, expression, torch)


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("n", [1, 5, 64])
def test_the_order_that_a_trainer_draws_is_a_loaders(n, shuffle):
    fastgd.manual_seed(3)
    order = data.epoch_order(n, shuffle)
    after = fastgd.rand(1)
    fastgd.manual_seed(3)
    expected = [i for (batch,) in data.DataLoader(data.TensorDataset(fastgd.arange(n)), shuffle=shuffle) for i in batch]
    assert after == fastgd.rand(1)
    if shuffle:
        assert order.dtype == np.int64 and order.tolist() == expected
    else:
        assert order is None and expected == list(range(n))


class Counted(data.TensorDataset):
    def __init__(self, *tensors):
        super().__init__(*tensors)
        self.asked = []

    def __getitem__(self, index):
        self.asked.append(index)
        return super().__getitem__(index)


def test_a_data_set_of_ones_own_is_asked_for_every_sample():
    own = Counted(fastgd.arange(5))
    (batch,), _ = data.DataLoader(data.Subset(own, [4, 2, 0, 1]), batch_size=2)
    assert own.asked == [4, 2, 0, 1] and batch.tolist() == [4, 2]


def test_a_subset_of_ones_own_chooses_its_samples():
    class Doubled(data.Subset):
        def __getitem__(self, index):
            raise AssertionError("batches come from __getitems__")

        def __getitems__(self, indices):
            return [(x * 2,) for (x,) in super().__getitems__(indices)]

    (batch,) = next(iter(data.DataLoader(Doubled(data.TensorDataset(fastgd.arange(5)), [4, 2]), batch_size=2)))
    assert batch.tolist() == [8, 4]


def test_samplers_of_ones_own_are_what_a_loader_follows():
    class Backwards(data.SequentialSampler):
        def __iter__(self):
            return iter(range(len(self) - 1, -1, -1))

    class Twice(data.BatchSampler):
        def __iter__(self):
            for batch in super().__iter__():
                yield batch + batch

    whole = data.TensorDataset(fastgd.arange(3))
    sampler = Backwards(whole)
    assert [x.tolist() for (x,) in data.DataLoader(whole, batch_size=2, sampler=sampler)] == [[2, 1], [0]]
    batches = data.DataLoader(whole, batch_sampler=Twice(sampler, 2, False))
    assert [x.tolist() for (x,) in batches] == [[2, 1, 2, 1], [0, 0]]
    loader = data.DataLoader(whole, batch_size=None, sampler=[1, 1, 0, 2, 2])
    assert len(loader) == 5 == len(list(loader))


def test_collating_leaves_the_samples_alone():
    for samples in ([{"a": 1}, {"a": 2}], [[1, 2], [3, 4]]):
        before = copy.deepcopy(samples)
        data.default_collate(samples)
        data.default_convert([np.ones(1), samples])
        assert samples == before


def test_whole_batches_of_samples_are_asked_for_where_that_is_possible():
    class Batched(data.Dataset):
        def __len__(self):
            return 4

        def __getitems__(self, indices):
            return [10 * i for i in indices]

    assert [batch.tolist() for batch in data.DataLoader(Batched(), batch_size=3)] == [[0, 10, 20], [30]]
    (batch,) = data.DataLoader(data.Subset(Batched(), [3, 1]), batch_size=2)
    assert batch.tolist() == [30, 10]


def test_no_row_of_a_tensor_data_set_is_touched_in_python(monkeypatch):
    def refuse(*args):
        raise AssertionError("a row was fetched on its own")

    whole = data.TensorDataset(fastgd.rand(20, 3), fastgd.arange(20))
    monkeypatch.setattr(data.TensorDataset, "__getitem__", refuse)
    part, _ = data.random_split(whole, [15, 5])
    for dataset in (whole, part, data.Subset(part, [3, 1])):
        for options in ({}, {"shuffle": True}, {"sampler": [1, 0]}, {"batch_sampler": [[0], [1, 0]]}):
            x, y = next(iter(data.DataLoader(dataset, **options)))
            assert x.shape == (1, 3) and y.dtype == fastgd.int64


def test_batches_are_contiguous_whatever_the_data_are():
    x = fastgd.arange(24.0).reshape(4, 6)
    for each in (x, x.t(), x[:, ::2], x[:, 1:3], x.reshape(2, 3, 4).transpose(0, 2)):
        (batch,) = next(iter(data.DataLoader(data.TensorDataset(each), batch_size=3, shuffle=True)))
        assert batch.is_contiguous()


def test_a_batch_owns_its_memory():
    x = fastgd.arange(6.0)
    for shuffle in (False, True):
        for (batch,) in data.DataLoader(data.TensorDataset(x), batch_size=6, shuffle=shuffle):
            batch.zero_()
    assert x.tolist() == [0, 1, 2, 3, 4, 5]


def test_samples_that_require_gradients_are_recorded():
    w = fastgd.ones(4, 2, requires_grad=True)
    (batch,) = next(iter(data.DataLoader(data.TensorDataset(w), batch_size=4)))
    batch.sum().backward()
    assert w.grad.tolist() == [[1, 1]] * 4
    with fastgd.no_grad():
        (batch,) = next(iter(data.DataLoader(data.TensorDataset(w), batch_size=4)))
    assert not batch.requires_grad


def test_the_data_may_change_between_batches():
    x = fastgd.zeros(4)
    batches = iter(data.DataLoader(data.TensorDataset(x), batch_size=2))
    assert next(batches)[0].tolist() == [0, 0]
    x.fill_(1)
    assert next(batches)[0].tolist() == [1, 1]


def test_worker_options_change_nothing():
    called = []
    options = dict(num_workers=2, worker_init_fn=called.append, prefetch_factor=3, persistent_workers=True, timeout=5)
    found = []
    for more in ({}, options | {"multiprocessing_context": "spawn"}):
        fastgd.manual_seed(0)
        loader = data.DataLoader(Squares(9), batch_size=4, shuffle=True, **more)
        found.append(
            [[part.tolist() for part in batch] for _ in range(2) for batch in loader] + [fastgd.rand(1).item()]
        )
    assert found[0] == found[1] and not called


def test_a_length_that_was_promised_is_held_against_what_came():
    class Five(data.IterableDataset):
        def __iter__(self):
            return iter(range(7))

        def __len__(self):
            return 5

    loader = data.DataLoader(Five(), batch_size=None)
    assert [*loader] == list(range(7))  # len() was asked for too late to be compared
    assert len(loader) == 5
    with pytest.warns(UserWarning, match="was reported to be 5.*but 6 samples have been fetched"):
        for count, _ in enumerate(loader, 1):
            if count == 7:
                break


def test_classes_take_type_arguments():
    class Typed(data.Dataset[int]):
        pass

    assert issubclass(Typed, data.Dataset)
    for generic in (data.DataLoader[int], data.Sampler[int], data.IterableDataset[int]):
        assert generic is not None


def test_what_is_refused():
    with pytest.raises(TypeError, match="'int' object is not callable"):
        data.TensorDataset(np.ones(3))
    with pytest.raises(NotImplementedError, match="overrides __getitem__ but not __getitems__"):

        class Part(data.Subset):
            def __getitem__(self, index):
                return None

        Part([1, 2], [0])
    with pytest.raises(NotImplementedError, match="Sampler should implement __iter__"):
        iter(data.Sampler())
    with pytest.raises(NotImplementedError, match="IterableDataset should implement __iter__"):
        list(data.DataLoader(data.IterableDataset()))
    with pytest.raises(IndexError, match="index -4 is out of bounds for dimension 0 with size 3"):
        list(data.DataLoader(data.TensorDataset(fastgd.ones(3)), sampler=[-4]))
