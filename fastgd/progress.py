"""How far a fit has come, for a person who is looking."""

import sys
import time


class Progress:
    """A bar, once the fit has taken a second, where a person is looking."""

    def __init__(self, wanted, epochs, done):
        self.epochs, self.start, self.bar, self.done = epochs, time.perf_counter(), None, done
        self.wanted = _somebody_looks() if wanted is None else wanted
        self.after = 1.0 if wanted is None else 0.0

    def show(self, done, history):
        if not self.wanted or (self.bar is None and time.perf_counter() - self.start < self.after):
            return
        if self.bar is None:
            self.bar = _bar(self.epochs, self.done)
        self.bar.update(done - self.bar.n)
        self.bar.set_postfix(loss=f"{history.loss[-1]:.4g}", lr=f"{history.lr[-1]:.3g}")

    def close(self):
        if self.bar is not None:
            self.bar.close()


def _somebody_looks():
    return sys.stderr.isatty() or "ipykernel" in sys.modules


def _bar(epochs, done):
    try:
        from tqdm.auto import tqdm
    except ImportError:
        return Lines(epochs, done)
    return tqdm(total=epochs, initial=done, unit="epoch")


class Lines:
    """Plain lines in place of a bar, one a second."""

    def __init__(self, epochs, done):
        self.epochs, self.n, self.told = epochs, done, 0.0

    def update(self, more):
        self.n += more

    def set_postfix(self, **shown):
        if time.perf_counter() - self.told >= 1 or self.n == self.epochs:
            self.told = time.perf_counter()
            print(f"epoch {self.n} of {self.epochs}: " + ", ".join(f"{k} {v}" for k, v in shown.items()), file=sys.stderr)

    def close(self):
        pass
