"""What a fit leaves behind: its History, or a DivergenceError."""

import numpy as np


class History:
    """What a fit has seen, epoch by epoch.

    Attributes:
        loss: the loss before the update (full batch), or the row-weighted mean of the batch losses, float64.
        val_loss: the loss on the validation data after each epoch, where there is any.
        lr: the learning rate of the first parameter group.
        grad_norm: the L2 norm of the gradient of the loss without weight decay (full batch).
        seconds: since the start of the fit, stamped once a stretch of epochs.
        stop_reason: "epochs", "tol", "grad_tol", "max_seconds", "callback", "diverged" or "interrupted".
        engine, engine_reason: which engine ran, and why not a faster one.
        loss_error: how far off the losses may be where they come from Statistics without rows; else None.

    Example:
        >>> X, y = numpy.array([[0.0], [1.0], [2.0]], "float32"), numpy.array([1.0, 3.0, 5.0], "float32")
        >>> line = nn.Linear(1, 1)
        >>> history = fastgd.Trainer(line, optim.SGD(line.parameters(), lr=0.1), nn.MSELoss()).fit(X, y, epochs=3)
        >>> len(history), history.stop_reason, bool(history.loss[-1] < history.loss[0])
        (3, 'epochs', True)
    """

    FIELDS = ("loss", "val_loss", "lr", "grad_norm", "seconds")
    ABOUT = ("stop_reason", "engine", "engine_reason", "loss_error")

    def __init__(self):
        self._columns = {field: _Column() for field in self.FIELDS}
        self.stop_reason = self.engine = None
        self.engine_reason = ""
        self.loss_error = None

    def __len__(self):
        return self._columns["loss"].n

    def append(self, **pieces):
        """Adds one stretch of epochs."""
        for field, piece in pieces.items():
            self._columns[field].append(piece)

    def _values(self, field):
        return self._columns[field].values()

    loss = property(lambda self: self._values("loss"))
    val_loss = property(lambda self: self._values("val_loss"))
    lr = property(lambda self: self._values("lr"))
    grad_norm = property(lambda self: self._values("grad_norm"))
    seconds = property(lambda self: self._values("seconds"))

    def cut(self, epochs):
        """Forgets what came after so many epochs."""
        for column in self._columns.values():
            column.cut(epochs)

    def last(self, field):
        """The last value of a field."""
        return self._columns[field].last()

    def record(self):
        """The last epoch, as callbacks see it."""
        last = {field: column.last() for field, column in self._columns.items() if column.n}
        return {"epoch": len(self) - 1, **last}

    def state_dict(self):
        state = {field: self._values(field) for field in self.FIELDS}
        return {**state, **{name: getattr(self, name) for name in self.ABOUT}}

    def load_state_dict(self, state):
        self._columns = {field: _Column() for field in self.FIELDS}
        self.append(**{field: state[field] for field in self.FIELDS})
        for name in self.ABOUT:
            setattr(self, name, state[name])

    def __repr__(self):
        told = [f"{len(self)} epoch{'s' * (len(self) != 1)}"]
        if len(self):
            told.append(f"loss {self.loss[-1]:.6g}")
        if len(self.val_loss):
            told.append(f"val_loss {self.val_loss[-1]:.6g}")
        if self.stop_reason:
            told.append(f"stopped by {self.stop_reason}")
        if self.engine:
            told.append(f"engine {self.engine}" + (f" ({self.engine_reason})" if self.engine_reason else ""))
        return f"History({', '.join(told)})"


class _Column:
    """Numbers that grow by stretches, or one by one; what is appended is copied when somebody reads it, if ever.

    Ctrl-C may come wherever something is called: until then, or after it, everything is as it was.
    """

    MOST_WAITING = 64  # pieces

    def __init__(self):
        self.memory, self.n = np.empty(0), 0
        self.waiting = []  # the last of the n numbers, which memory does not hold yet

    def append(self, piece):
        n = self.n + np.size(piece)
        self.waiting += [piece]
        self.n = n
        if len(self.waiting) > self.MOST_WAITING:
            self.values()

    def values(self):
        at = self.n - sum(map(np.size, self.waiting))
        if self.n > len(self.memory):
            grown = np.empty(max(self.n, 2 * len(self.memory)))
            grown[:at] = self.memory[:at]
            self.memory = grown
        for piece in self.waiting:
            self.memory[at : at + np.size(piece)] = piece
            at += np.size(piece)
        self.waiting = []
        return self.memory[: self.n]

    def last(self):
        piece = self.waiting[-1] if self.waiting else self.memory[: self.n]
        return float(piece[-1] if np.ndim(piece) else piece)

    def cut(self, n):
        while self.waiting and self.n > n:
            *others, last = self.waiting
            kept = np.atleast_1d(last)[: max(0, np.size(last) - (self.n - n))]
            left = self.n - np.size(last) + len(kept)
            self.waiting = [*others, kept] if len(kept) else others
            self.n = left
        self.n = min(self.n, n)


class DivergenceError(ArithmeticError):
    """The loss or the weights are no longer finite.

    Attributes:
        epoch: of the first loss that is not finite.
        lr: the learning rate in use.
        largest_stable_lr: the limit for full-batch descent with these options, None where there is none.
        history: up to the last finite epoch, whose weights the model holds.
    """

    def __init__(self, message, epoch, lr, largest_stable_lr, history):
        super().__init__(message)
        self.epoch, self.lr, self.largest_stable_lr, self.history = epoch, lr, largest_stable_lr, history

    def __reduce__(self):
        # Exceptions are made again from their message alone, and so would not come back from another process.
        return type(self), (str(self), self.epoch, self.lr, self.largest_stable_lr, self.history)
