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
    """

    FIELDS = ("loss", "val_loss", "lr", "grad_norm", "seconds")

    def __init__(self):
        self._pieces = {field: [] for field in self.FIELDS}
        self.stop_reason = self.engine = None
        self.engine_reason = ""

    def __len__(self):
        return sum(len(piece) for piece in self._pieces["loss"])

    def append(self, **pieces):
        """Adds one stretch of epochs."""
        for field, piece in pieces.items():
            self._pieces[field].append(np.atleast_1d(np.asarray(piece, np.float64)))

    def _joined(self, field):
        pieces = self._pieces[field]
        if len(pieces) > 1:
            pieces[:] = [np.concatenate(pieces)]
        return pieces[0] if pieces else np.empty(0)

    loss = property(lambda self: self._joined("loss"))
    val_loss = property(lambda self: self._joined("val_loss"))
    lr = property(lambda self: self._joined("lr"))
    grad_norm = property(lambda self: self._joined("grad_norm"))
    seconds = property(lambda self: self._joined("seconds"))

    def cut(self, epochs):
        """Forgets what came after so many epochs."""
        for field in self.FIELDS:
            self._pieces[field] = [self._joined(field)[:epochs]]

    def record(self):
        """The last epoch, as callbacks see it."""
        record = {"epoch": len(self) - 1}
        for field in self.FIELDS:
            if len(getattr(self, field)):
                record[field] = float(getattr(self, field)[-1])
        return record

    def state_dict(self):
        state = {field: self._joined(field) for field in self.FIELDS}
        return {**state, "stop_reason": self.stop_reason, "engine": self.engine, "engine_reason": self.engine_reason}

    def load_state_dict(self, state):
        self._pieces = {field: [np.asarray(state[field])] for field in self.FIELDS}
        self.stop_reason, self.engine, self.engine_reason = (
            state["stop_reason"],
            state["engine"],
            state["engine_reason"],
        )

    def __repr__(self):
        last = f", loss {self.loss[-1]:.6g}" if len(self) else ""
        return f"History({len(self)} epochs{last}, stopped by {self.stop_reason}, engine {self.engine})"


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
