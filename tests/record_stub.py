"""Writes fastgd/_tensor.pyi, from which editors complete Tensor and Parameter: `python tests/record_stub.py`."""

import inspect
import json
import textwrap
from pathlib import Path

import fastgd
from fastgd._tensor import Tensor

STUB = Path(fastgd.__file__).with_name("_tensor.pyi")
HEAD = '''"""Tensor and Parameter for editors and type checkers; written by tests/record_stub.py."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ._types import Size, device as device_type, dtype as dtype_type, layout as layout_type

def __getattr__(name: str) -> Any: ...  # what the package itself uses
'''
PARAMETER = '''
class Parameter(Tensor):
    """A tensor that a Module takes for its own when it is set as an attribute."""
    def __init__(self, data: Tensor | None = None, requires_grad: bool = True) -> None: ...
'''
PROPERTIES = {
    "T": "Tensor", "H": "Tensor", "mH": "Tensor", "mT": "Tensor", "real": "Tensor", "data": "Tensor",
    "grad": "Tensor | None",
    "shape": "Size", "dtype": "dtype_type", "device": "device_type", "grad_fn": "Any", "layout": "layout_type",
    "name": "None",
    "itemsize": "int", "nbytes": "int", "ndim": "int", "output_nr": "int", "is_cpu": "bool", "is_cuda": "bool",
    "is_leaf": "bool", "is_meta": "bool", "is_mps": "bool", "is_quantized": "bool", "is_sparse": "bool",
    "requires_grad": "bool", "retains_grad": "bool",
}  # fmt: skip
SETTABLE = {"data", "grad", "requires_grad"}
NUMBER = "float | int | bool"
RETURNS = {
    "item": NUMBER, "tolist": f"list | {NUMBER}", "numpy": "np.ndarray", "size": "Size | int",
    "stride": "tuple[int, ...] | int", "type": "str | Tensor", "backward": "None", "retain_grad": "None",
    "register_hook": "Any", "allclose": "bool", "equal": "bool", "is_contiguous": "bool", "is_floating_point": "bool",
    "is_complex": "bool", "is_nonzero": "bool", "is_pinned": "bool", "is_same_size": "bool", "is_signed": "bool",
    "dim": "int",
    "ndimension": "int", "numel": "int", "nelement": "int", "data_ptr": "int", "element_size": "int",
    "get_device": "int", "nonzero": "Tensor | tuple[Tensor, ...]",
}  # fmt: skip
SEVERAL = {
    "aminmax", "chunk", "histogram", "hsplit", "kthvalue", "mode", "sort", "split", "std_mean", "svd", "qr",
    "tensor_split", "topk", "unbind", "var_mean", "vsplit",
}  # fmt: skip
TYPES = {
    "requires_grad": "bool", "keepdim": "bool", "keepdims": "bool", "descending": "bool", "dtype": "dtype_type | None",
    "out": "Tensor | None", "hook": "Callable[[Tensor], Tensor | None]",
}  # fmt: skip
OPERATORS = ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul", "and", "or", "xor")
COMPARED = ("eq", "ne", "lt", "le", "gt", "ge")
WIDTH = 120


def _parameter(parameter):
    kind = TYPES.get(parameter.name)
    text = parameter.name + (f": {kind}" if kind else "")
    if parameter.kind is parameter.VAR_POSITIONAL:
        return "*" + text
    if parameter.kind is parameter.VAR_KEYWORD:
        return "**" + text
    if parameter.default is parameter.empty:
        return text
    shown = json.dumps(parameter.default) if isinstance(parameter.default, str) else repr(parameter.default)
    return text + (f" = {shown}" if kind else f"={shown}")


def _signature(function):
    parameters = list(inspect.signature(function).parameters.values())[1:]
    parts = ["self"]
    for parameter in parameters:
        if parameter.kind is parameter.KEYWORD_ONLY and not any(part.startswith("*") for part in parts):
            parts.append("*")
        parts.append(_parameter(parameter))
    return parts


def _method(name, function):
    several = "tuple[Tensor, ...]" if name in SEVERAL else "Tensor"
    returned = RETURNS.get(name, "Tensor | tuple[Tensor, ...]" if name in ("max", "min", "median") else several)
    first = (function.__doc__ or "").strip().split("\n")[0].replace("\\", "\\\\")
    parts = _signature(function)
    head = f"    def {name}({', '.join(parts)}) -> {returned}:"
    if len(head) > WIDTH:
        head = f"    def {name}(\n" + "".join(f"        {part},\n" for part in parts) + f"    ) -> {returned}:"
    doc = textwrap.fill(f'"""{first}"""', WIDTH, initial_indent=8 * " ", subsequent_indent=8 * " ")
    return [head, doc] if first else [head + " ..."]


def text():
    """The stub that the class asks for."""
    lines = [HEAD, "class Tensor:", f'    """{Tensor.__doc__}"""']
    for name in sorted(name for name in dir(Tensor) if not name.startswith("_")):
        found = inspect.getattr_static(Tensor, name)
        if callable(found):
            lines += _method(name, found)
            continue
        lines += ["    @property", f"    def {name}(self) -> {PROPERTIES[name]}: ..."]
        if name in SETTABLE:
            lines += [f"    @{name}.setter", f"    def {name}(self, given: {PROPERTIES[name]}) -> None: ..."]
    for name in OPERATORS:
        lines += [f"    def __{name}__(self, other) -> Tensor: ..."]
        if name not in ("and", "or", "xor", "matmul"):
            lines += [f"    def __{side}{name}__(self, other) -> Tensor: ..." for side in "ri"]
    lines += [f"    def __{name}__(self, other) -> Tensor: ...  # type: ignore[override]" for name in COMPARED]
    lines += [f"    def __{name}__(self) -> Tensor: ..." for name in ("neg", "pos", "abs", "invert")]
    lines += [f"    def __{name}__(self) -> {name}: ..." for name in ("float", "int", "bool")]
    lines += [
        "    def __index__(self) -> int: ...",
        "    def __len__(self) -> int: ...",
        "    def __hash__(self) -> int: ...",
        "    def __iter__(self) -> Iterator[Tensor]: ...",
        "    def __contains__(self, element) -> bool: ...",
        "    def __getitem__(self, index) -> Tensor: ...",
        "    def __setitem__(self, index, value) -> None: ...",
        "    def __array__(self, dtype=None, copy=None) -> np.ndarray: ...",
    ]
    return "\n".join(lines) + "\n" + PARAMETER


if __name__ == "__main__":
    STUB.write_text(text())
