"""LBFGS: Newton-like steps for losses that a closure can compute again and again."""

from collections import namedtuple

import numpy as np

from .._tensor import Tensor, from_array, prepare_write
from ..autograd import enable_grad, no_grad
from .optimizer import Optimizer

# A place along the direction: its distance, the loss there, the gradient, and the loss's slope along the direction.
Point = namedtuple("Point", "t loss gradient slope")

# Of the strong Wolfe conditions (Nocedal and Wright, Numerical optimization, 2006, chapter 3).
DECREASE, CURVATURE = 1e-4, 0.9


def _number(loss):
    """What a closure has given, a tensor or a number: float() would warn of a tensor that is recorded."""
    return float(loss.detach() if isinstance(loss, Tensor) else loss)


class LBFGS(Optimizer):
    """Limited-memory BFGS: each step() makes up to max_iter moves along approximate Newton directions.

    For the flattened gradient g and the last history_size pairs s = p - p', y = g - g' of moves:

        d = -H g        (H: the two-loop recursion over the pairs, started from (s . y) / (y . y))
        p = p + t d     (t = lr, the very first time min(1, 1 / |g|_1) lr; or by a line search that starts there)

    Args:
        params: tensors or (name, tensor) pairs; one group only.
        lr: the length of a move; a number or a tensor of one element. Default 1.
        max_iter: moves in a step; default 20.
        max_eval: calls of the closure in a step; default 1.25 max_iter.
        tolerance_grad: ends a step when no element of the gradient is larger; default 1e-7.
        tolerance_change: ends a step when loss or parameters change less; default 1e-9.
        history_size: pairs that are kept; default 100.
        line_search_fn: "strong_wolfe" or None (default).

    Raises:
        ValueError: a rate that is negative or not finite; several groups; no parameters.
        TypeError: parameters that are no tensors.
        RuntimeError: another line search.

    Example:
        >>> w = fastgd.tensor([1.0, 2.0], requires_grad=True)
        >>> optimizer = optim.LBFGS([w], line_search_fn="strong_wolfe")
        >>> def closure():
        ...     optimizer.zero_grad()
        ...     loss = ((w - 3) ** 2).sum()
        ...     loss.backward()
        ...     return loss
        >>> optimizer.step(closure)
        tensor(5., grad_fn=<SumBackward0>)
        >>> w
        tensor([3.0000, 3.0000], requires_grad=True)

    References:
        Nocedal and Wright, Numerical optimization, 2006, chapters 3 and 7.
    """

    def __init__(
        self,
        params,
        lr=1,
        max_iter=20,
        max_eval=None,
        tolerance_grad=1e-7,
        tolerance_change=1e-9,
        history_size=100,
        line_search_fn=None,
    ):
        defaults = dict(
            lr=lr,
            max_iter=max_iter,
            max_eval=max_iter * 5 // 4 if max_eval is None else max_eval,
            tolerance_grad=tolerance_grad,
            tolerance_change=tolerance_change,
            history_size=history_size,
            line_search_fn=line_search_fn,
        )
        self.check_group(defaults)
        super().__init__(params, defaults)
        self._check_one_group()

    def _check_one_group(self):
        if len(self.param_groups) != 1:
            raise ValueError("LBFGS doesn't support per-parameter options (parameter groups)")

    def _gradient(self):
        """The gradients of all parameters as one vector, 0 where there is none."""
        return np.concatenate(
            [
                np.zeros(param.numel(), param.dtype.numpy)
                if param.grad is None
                else param.grad.detach().numpy().reshape(-1)
                for param in self.param_groups[0]["params"]
            ]
        )

    def _move(self, t, direction):
        start = 0
        for param in self.param_groups[0]["params"]:
            stop = start + param.numel()
            array = prepare_write(param)
            array += (t * direction[start:stop]).reshape(array.shape)
            start = stop

    def step(self, closure):
        """Moves the parameters up to max_iter times.

        Args:
            closure: a function that clears the gradients, computes the loss, calls backward and returns the loss.

        Returns:
            The loss before the first move.
        """
        closure = self._call_pre_hooks(closure)
        self._check_one_group()
        group = self.param_groups[0]
        self.check_group(group)
        if group["line_search_fn"] not in (None, "strong_wolfe"):
            raise RuntimeError(f"only 'strong_wolfe' is supported, but line_search_fn is {group['line_search_fn']!r}")
        # Numbers that run away are the loss's to show; numpy need not warn of each.
        with no_grad(), np.errstate(all="ignore"):
            first_loss = self._step(enable_grad()(closure), group)
        self._call_post_hooks(closure)
        return first_loss

    def _step(self, closure, group):
        lr, tolerance_grad, tolerance_change = float(group["lr"]), group["tolerance_grad"], group["tolerance_change"]
        # As in torch, the first parameter carries the state of all.
        state = self.state[group["params"][0]]
        state.setdefault("func_evals", 0)
        state.setdefault("n_iter", 0)

        first_loss = closure()
        loss, gradient = _number(first_loss), self._gradient()
        state["func_evals"] += 1
        if np.abs(gradient).max(initial=0) <= tolerance_grad:
            return first_loss

        memory = _Memory(state, group["history_size"])
        calls = 1
        for moves in range(1, group["max_iter"] + 1):
            state["n_iter"] += 1
            direction = memory.direction(gradient)
            memory.gradient, memory.loss = gradient, float(loss)
            memory.t = min(1.0, 1.0 / np.abs(gradient).sum()) * lr if state["n_iter"] == 1 else lr
            slope = gradient.dot(direction)
            if slope > -tolerance_change:
                break

            extra = 0
            if group["line_search_fn"] is not None:
                point, extra = self._search(
                    closure,
                    Point(0, loss, gradient, slope),
                    direction,
                    memory.t,
                    group["max_eval"] - calls,
                    tolerance_change,
                )
                memory.t, loss, gradient = point.t, point.loss, point.gradient
                self._move(memory.t, direction)
            else:
                self._move(memory.t, direction)
                if moves != group["max_iter"]:
                    loss, gradient = _number(closure()), self._gradient()
                    extra = 1
            calls += extra
            state["func_evals"] += extra
            if (
                calls >= group["max_eval"]
                or np.abs(gradient).max() <= tolerance_grad
                or np.abs(direction * memory.t).max() <= tolerance_change
                or abs(loss - memory.loss) < tolerance_change
            ):
                break
        memory.save(state)
        return first_loss

    def _search(self, closure, start, direction, t, limit, tolerance_change):
        """A point along the direction that satisfies the strong Wolfe conditions, or the best one found.

        Returns:
            The point, and how often the closure was called.
        """
        params = self.param_groups[0]["params"]
        kept = [param.detach().numpy().copy() for param in params]

        def look(t):
            self._move(t, direction)
            loss, gradient = _number(closure()), self._gradient()
            for param, values in zip(params, kept):
                prepare_write(param)[...] = values
            return Point(t, loss, gradient, gradient.dot(direction))

        def too_high(point):
            return point.loss > start.loss + DECREASE * point.t * start.slope

        def flat_enough(point):
            return abs(point.slope) <= -CURVATURE * start.slope

        # Go further until the minimum lies between two points.
        previous, point = start, look(t)
        looks = 0
        while looks < limit:
            if too_high(point) or (looks > 1 and point.loss >= previous.loss):
                break
            if flat_enough(point):
                return point, looks + 1
            if point.slope >= 0:
                break
            t = _cubic_minimum(previous, point, point.t + 0.01 * (point.t - previous.t), point.t * 10)
            previous, point = point, look(t)
            looks += 1
        else:
            previous = start
        low, high = (previous, point) if previous.loss <= point.loss else (point, previous)

        # Narrow it down.
        length = np.abs(direction).max()
        stuck = False
        while looks < limit and abs(high.t - low.t) * length >= tolerance_change:
            left, right = sorted((low.t, high.t))
            t = _cubic_minimum(low, high, left, right)
            margin = 0.1 * (right - left)
            if min(right - t, t - left) < margin:
                # At the border: go a tenth inside, at the second time at the latest.
                if stuck or t >= right or t <= left:
                    t = right - margin if abs(t - right) < abs(t - left) else left + margin
                    stuck = False
                else:
                    stuck = True
            else:
                stuck = False
            point = look(t)
            looks += 1
            if too_high(point) or point.loss >= low.loss:
                high = point
                if high.loss < low.loss:
                    low, high = high, low
            elif flat_enough(point):
                return point, looks + 1
            else:
                if point.slope * (high.t - low.t) >= 0:
                    high = low
                low = point
        return low, looks + 1


def _cubic_minimum(a, b, lowest, highest):
    """Where the cubic through two points with these losses and slopes is smallest, within bounds."""
    left, right = (a, b) if a.t <= b.t else (b, a)
    if left.t == right.t:
        return (lowest + highest) / 2
    tilt = left.slope + right.slope - 3 * (left.loss - right.loss) / (left.t - right.t)
    square = tilt**2 - left.slope * right.slope
    if not square >= 0:
        return (lowest + highest) / 2
    root = np.sqrt(square)
    t = right.t - (right.t - left.t) * ((right.slope + root - tilt) / (right.slope - left.slope + 2 * root))
    return min(max(t, lowest), highest)


class _Memory:
    """The pairs of moves and changes of the gradient, as arrays; tensors with torch's names in the state."""

    def __init__(self, state, size):
        self.size = size
        self.changes = [_array(item) for item in state.get("old_dirs") or ()]
        self.moves = [_array(item) for item in state.get("old_stps") or ()]
        self.inverses = [_number(item) for item in state.get("ro") or ()]
        self.scale = _number(state.get("H_diag", 1))
        self.weights = state.get("al")
        self.gradient = _array(state.get("prev_flat_grad"))
        self.last = _array(state.get("d"))
        self.t = _number(state.get("t"))
        self.loss = state.get("prev_loss")

    def direction(self, gradient):
        """-H g, after taking in the move that led here."""
        if self.last is None:
            self.last = -gradient
            return self.last
        change, move = gradient - self.gradient, self.last * self.t
        product = change.dot(move)
        if product > 1e-10:
            if len(self.moves) == self.size:
                for kept in (self.changes, self.moves, self.inverses):
                    del kept[0]
            self.changes.append(change)
            self.moves.append(move)
            self.inverses.append(1 / product)
            self.scale = product / change.dot(change)
        direction = -gradient
        weights = self.weights = [None] * self.size
        pairs = list(enumerate(zip(self.changes, self.moves, self.inverses)))
        for i, (change, move, inverse) in reversed(pairs):
            weights[i] = move.dot(direction) * inverse
            direction -= weights[i] * change
        direction *= self.scale
        for i, (change, move, inverse) in pairs:
            direction += (weights[i] - change.dot(direction) * inverse) * move
        self.last = direction
        return direction

    def save(self, state):
        if self.weights is not None:
            state["al"] = [_tensor(item) for item in self.weights]
        state.update(
            d=_tensor(self.last),
            t=_tensor(self.t),
            old_dirs=[_tensor(item) for item in self.changes],
            old_stps=[_tensor(item) for item in self.moves],
            ro=[_tensor(item) for item in self.inverses],
            H_diag=_tensor(self.scale),
            prev_flat_grad=_tensor(self.gradient),
            prev_loss=self.loss,
        )


def _array(item):
    return None if item is None else item.detach().numpy()


def _number(item):
    return item.detach().numpy()[()] if hasattr(item, "detach") else item


def _tensor(item):
    return from_array(np.asarray(item)) if isinstance(item, (np.ndarray, np.generic)) else item
