"""How far a fit has come, for a person who is looking."""

import sys
import time


class Progress:
    """A bar with loss and rate.

    Args:
        wanted: True, False, or None: where a person is looking, once the fit has taken a second.
        epochs: how many there will be.
        done: how many there are already, of a resumed fit.
    """

    def __init__(self, wanted, epochs, done):
        self.epochs, self.done, self.start, self.bar = epochs, done, time.perf_counter(), None
        self.wanted = _somebody_looks() if wanted is None else wanted
        self.after = 1.0 if wanted is None else 0.0

    def show(self, done, history):
        taken = time.perf_counter() - self.start
        if not self.wanted or (self.bar is None and taken < self.after):
            return
        if self.bar is None:
            self.bar = _bar(self.epochs, self.done, taken)
        self.bar.set_postfix(loss=f"{history.last('loss'):.4g}", lr=f"{history.last('lr'):.3g}", refresh=False)
        self.bar.update(done - self.bar.n)

    def write(self, line):
        """Prints a line, above the bar where there is one."""
        (print if self.bar is None else self.bar.write)(line)

    def close(self):
        if self.bar is not None:
            self.bar.close()


def _somebody_looks():
    return sys.stderr.isatty() or "ipykernel" in sys.modules


def _bar(epochs, done, taken):
    try:
        from tqdm.auto import tqdm
    except ImportError:
        return Lines(epochs, done)
    bar = tqdm(total=epochs, initial=done, unit="epoch")
    # The first epochs took their time before the bar was there.
    bar.start_t -= taken
    bar.last_print_t -= taken
    return bar


class Lines:
    """Plain lines in place of a bar, one a second and one at the end."""

    def __init__(self, epochs, done):
        self.epochs, self.n, self.told, self.line = epochs, done, 0.0, ""
        self.write = print

    def set_postfix(self, refresh, **shown):
        self.line = ", ".join(f"{name} {value}" for name, value in shown.items())

    def update(self, more):
        self.n += more
        if time.perf_counter() - self.told >= 1:
            self._tell()

    def close(self):
        self._tell()

    def _tell(self):
        if self.line:
            print(f"epoch {self.n} of {self.epochs}: {self.line}", file=sys.stderr)
        self.told, self.line = time.perf_counter(), ""
