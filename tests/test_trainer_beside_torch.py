"""Fits of every kind, drawn at random, beside torch's loop from the same seed: numbers, rates, random stream."""

import random

import numpy as np
import pytest
from trainer_cases import data

import fastgd
from fastgd import Trainer

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.usefixtures("affine")

SCHEDULERS = {
    "StepLR": lambda make, o, lr, moves: make.StepLR(o, 2, 0.5),
    "ExponentialLR": lambda make, o, lr, moves: make.ExponentialLR(o, 0.9),
    "LinearLR": lambda make, o, lr, moves: make.LinearLR(o, 0.3, total_iters=4),
    "CosineAnnealingWarmRestarts": lambda make, o, lr, moves: make.CosineAnnealingWarmRestarts(o, 3),
    "OneCycleLR": lambda make, o, lr, moves: make.OneCycleLR(o, 3 * lr, total_steps=2000, cycle_momentum=moves),
    "CyclicLR": lambda make, o, lr, moves: make.CyclicLR(o, lr, 4 * lr, step_size_up=3, cycle_momentum=moves),
}


class Drawn:
    """A fit: its data, model, optimizer, criterion, scheduler, batches and engine."""

    def __init__(self, seed):
        draw = random.Random(seed)
        self.seed, self.precise = seed, draw.random() < 0.7
        self.n, self.d = draw.choice([1, 2, 3, 7, 16, 17, 53, 100, 257]), draw.choice([1, 2, 5, 16, 33])
        self.k = draw.choice([1, 1, 2, 3])
        self.X, self.y = data(self.n, self.d, self.k, np.float64 if self.precise else np.float32, seed)
        self.batch_size = draw.choice([None, None, 1, 2, 8, 20, self.n, self.n + 5])
        self.shuffle = self.batch_size is not None and draw.random() < 0.5
        self.drop_last = self.batch_size is not None and self.batch_size <= self.n and draw.random() < 0.3
        self.loss = draw.choice(["MSELoss", "L1Loss", "SmoothL1Loss", "HuberLoss"])
        self.reduction, self.factor = draw.choice(["mean", "mean", "sum"]), draw.choice([None, None, 0.5])
        nesterov = draw.random() < 0.2
        self.lr = draw.choice([1e-4, 1e-3])
        self.options = {
            "momentum": draw.choice([0.5, 0.9] if nesterov else [0, 0.5, 0.9]), "nesterov": nesterov,
            "dampening": 0 if nesterov else draw.choice([0, 0, 0.3]), "weight_decay": draw.choice([0, 0.05]),
            "maximize": draw.random() < 0.1,
        }  # fmt: skip
        self.bias = draw.random() < 0.8
        self.groups, self.frozen = self.bias and draw.random() < 0.3, self.bias and draw.random() < 0.2
        self.epochs, self.more = draw.choice([1, 2, 5]), draw.choice([0, 2])
        self.scheduler, self.every = draw.choice([None, None, *SCHEDULERS]), draw.choice(["epoch", "batch"])
        self.engine = draw.choice(["auto", "stream", "eager"])

    def make(self, library):
        library.manual_seed(self.seed)
        dtype = library.float64 if self.precise else library.float32
        model = library.nn.Linear(self.d, self.k, bias=self.bias, dtype=dtype)
        model.weight.requires_grad_(not self.frozen)
        params = model.parameters()
        if self.groups:
            own = [{}, {"momentum": 0.0}, {"dampening": 0.2}][self.seed % 3]
            own |= {"lr": 3 * self.lr, "weight_decay": 0.0}
            params = [{"params": [model.weight]}, {"params": [model.bias], **own}]
        optimizer = library.optim.SGD(params, lr=self.lr, **self.options)
        make = SCHEDULERS.get(self.scheduler)
        moves = self.options["momentum"] != 0
        scheduler = make and make(library.optim.lr_scheduler, optimizer, self.lr, moves)
        plain = getattr(library.nn, self.loss)(reduction=self.reduction)
        return model, optimizer, plain if self.factor is None else lambda p, t: self.factor * plain(p, t), scheduler

    def fit(self):
        """Twice, if more epochs are wanted: momentum goes out of the first and into the second."""
        model, optimizer, criterion, scheduler = self.make(fastgd)
        trainer = Trainer(model, optimizer, criterion, scheduler, self.every)
        losses = []
        for epochs in (self.epochs, self.more):
            history = trainer.fit(
                self.X, self.y, epochs=epochs, batch_size=self.batch_size, shuffle=self.shuffle,
                drop_last=self.drop_last, engine=self.engine,
            )  # fmt: skip
            assert history.engine == {"auto": "stream"}.get(self.engine, self.engine) or self.n > 200
            losses += history.loss.tolist()
        return self.stands(fastgd, losses, model, optimizer, scheduler)

    def loop(self):
        model, optimizer, criterion, scheduler = self.make(torch)
        X, y = torch.from_numpy(self.X), torch.from_numpy(self.y)
        batches = [(X, y)]
        if self.batch_size is not None:
            rows = torch.utils.data.TensorDataset(X, y)
            batches = torch.utils.data.DataLoader(
                rows, batch_size=self.batch_size, shuffle=self.shuffle, drop_last=self.drop_last
            )
        losses = []
        for _ in range(self.epochs + self.more):
            total = count = 0
            for xb, yb in batches:
                loss = criterion(model(xb), yb)
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                total, count = total + loss.item() * len(xb), count + len(xb)
                if scheduler is not None and self.every == "batch":
                    scheduler.step()
            if scheduler is not None and self.every == "epoch":
                scheduler.step()
            losses.append(total / count)
        return self.stands(torch, losses, model, optimizer, scheduler)

    def stands(self, library, losses, model, optimizer, scheduler):
        """Everything that is there afterwards: numbers that agree to rounding, and what agrees exactly."""
        buffers = [optimizer.state.get(param, {}).get("momentum_buffer") for param in model.parameters()]
        rates = [(group["lr"], group["momentum"]) for group in optimizer.param_groups]
        close = [np.array(losses), *(param.detach().numpy() for param in model.parameters())]
        close += [buffer.numpy() for buffer in buffers if buffer is not None]
        started = [buffer is not None for buffer in buffers]
        return close, np.array(rates), (started, scheduler and scheduler.last_epoch, library.rand(1).item())


@pytest.mark.filterwarnings("ignore:.*lr_scheduler.step")
@pytest.mark.parametrize("seed", range(120))
def test_a_fit_is_the_loop(seed):
    drawn = Drawn(seed)
    (numbers, rates, exact), (expected, expected_rates, expected_exact) = drawn.fit(), drawn.loop()
    rounding = {"rtol": 1e-9, "atol": 1e-11} if drawn.precise else {"rtol": 3e-4, "atol": 3e-5}
    for mine, theirs in zip(numbers, expected, strict=True):
        np.testing.assert_allclose(mine, theirs, **rounding)
    np.testing.assert_allclose(rates, expected_rates, rtol=1e-12)
    assert exact == expected_exact
