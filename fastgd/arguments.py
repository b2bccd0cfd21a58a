"""What torch says of arguments that fit none of its signatures, such as "sum() received an invalid combination ...".

Functions check what they need themselves, and `_naming.checked` calls them as they are. Where one of them has failed,
its arguments are compared here with torch's signatures, by torch's rules: if none fits, the error is torch's.
"""

import functools
import re

import numpy as np

from ._naming import checked
from ._tensor import Tensor
from ._types import (
    device as device_type,
    dtype as dtype_type,
    kind_name,
    layout as layout_type,
    memory_format as memory_format_type,
)

# As torch's errors show them, but that int[] and int[1] (of one int or several) are "tuple of ints" there. Methods have
# neither the first argument nor `out`; some signatures are those of the `function` or the `method` alone. Where a line
# ends in `...` there are further signatures, which torch does not show; $ are the arguments that make a new tensor.
_SIGNATURES = """
abs exp log sin cos tanh sqrt sigmoid square neg isnan(Tensor input, *, Tensor out = None)
add(Tensor input, Tensor other, *, Number alpha = 1, Tensor out = None) ...
addmm(Tensor input, Tensor mat1, Tensor mat2, *, Number beta = 1, Number alpha = 1, Tensor out = None) ...
addmm(Tensor input, Tensor mat1, Tensor mat2, torch.dtype out_dtype, *, Number beta = 1, \
Number alpha = 1, Tensor out = None) function
all any(Tensor input, *, Tensor out = None)
all any(Tensor input, int[1] dim = None, bool keepdim = False, *, Tensor out = None)
all any(Tensor input, int dim, bool keepdim = False, *, Tensor out = None)
allclose(Tensor input, Tensor other, float rtol = 1e-05, float atol = 1e-08, bool equal_nan = False)
amax amin(Tensor input, int[1] dim = (), bool keepdim = False, *, Tensor out = None)
arange(Number end, *, Tensor out = None, $)
arange(Number start, Number end, *, $)
arange(Number start, Number end, Number step = 1, *, Tensor out = None, $)
argmax argmin(Tensor input, int dim = None, bool keepdim = False, *, Tensor out = None)
bmm mm(Tensor input, Tensor mat2, *, Tensor out = None)
bmm mm(Tensor input, Tensor mat2, torch.dtype out_dtype, *, Tensor out = None) function
broadcast_to expand(Tensor input, int[] size)
cat concat concatenate stack(Tensor[] tensors, int dim = 0, *, Tensor out = None)
chunk(Tensor input, int chunks, int dim = 0)
clamp clip(Tensor input, Tensor min = None, Tensor max = None, *, Tensor out = None)
clamp clip(Tensor input, Number min = None, Number max = None, *, Tensor out = None)
copy_(Tensor input, Tensor other, bool non_blocking = False) ...
cumsum cumprod(Tensor input, int dim, *, torch.dtype dtype = None, Tensor out = None)
diag(Tensor input, int diagonal = 0, *, Tensor out = None)
dist(Tensor input, Tensor other, Number p = 2)
div(Tensor input, Tensor other, *, Tensor out = None)
div(Tensor input, Tensor other, *, str rounding_mode, Tensor out = None)
div(Tensor input, Number other, *, str rounding_mode)
dot(Tensor input, Tensor tensor, *, Tensor out = None)
empty(int[] size, *, Tensor out = None, torch.memory_format memory_format = None, $)
eq ne lt le gt ge(Tensor input, Tensor other, *, Tensor out = None)
eq ne lt le gt ge(Tensor input, Number other, *, Tensor out = None)
equal(Tensor input, Tensor other)
eye(int n, *, Tensor out = None, $)
eye(int n, int m, *, Tensor out = None, $)
expand_as reshape_as view_as(Tensor input, Tensor other)
fill_(Tensor input, Tensor value)
fill_(Tensor input, Number value)
flatten(Tensor input, int start_dim = 0, int end_dim = -1)
flip(Tensor input, int[] dims)
full(int[] size, Number fill_value, *, Tensor out = None, $)
full_like(Tensor input, Number fill_value, *, torch.memory_format memory_format = None, $)
gather(Tensor input, int dim, Tensor index, *, bool sparse_grad = False, Tensor out = None)
index_select(Tensor input, int dim, Tensor index, *, Tensor out = None)
linear(Tensor input, Tensor weight, Tensor bias = None)
linspace(Tensor start, Tensor end, int steps, *, Tensor out = None, $)
linspace(Number start, Tensor end, int steps, *, Tensor out = None, $)
linspace(Tensor start, Number end, int steps, *, Tensor out = None, $)
linspace(Number start, Number end, int steps, *, Tensor out = None, $)
masked_fill(Tensor input, Tensor mask, Tensor value)
masked_fill(Tensor input, Tensor mask, Number value)
masked_select(Tensor input, Tensor mask, *, Tensor out = None)
matmul maximum minimum mul(Tensor input, Tensor other, *, Tensor out = None)
max min(Tensor input, *, Tensor out = None)
max min(Tensor input, Tensor other, *, Tensor out = None)
max min(Tensor input, int dim, bool keepdim = False, *, Tensor[] out = None)
mean(Tensor input, *, torch.dtype dtype = None, Tensor out = None)
mean(Tensor input, int[1] dim, bool keepdim = False, *, torch.dtype dtype = None, Tensor out = None)
median(Tensor input)
median(Tensor input, int dim, bool keepdim = False, *, Tensor[] out = None)
movedim moveaxis(Tensor input, int source, int destination)
movedim moveaxis(Tensor input, int[] source, int[] destination)
multinomial(Tensor input, int num_samples, bool replacement = False, *, torch.Generator generator = None, \
Tensor out = None)
mv(Tensor input, Tensor vec, *, Tensor out = None)
nonzero(Tensor input, *, bool as_tuple = False, Tensor out = None)
normal(Tensor mean, Tensor std, *, torch.Generator generator = None, Tensor out = None)
normal(Tensor mean, float std = 1, *, torch.Generator generator = None, Tensor out = None)
normal(float mean, Tensor std, *, torch.Generator generator = None, Tensor out = None)
normal(float mean, float std, int[] size, *, torch.Generator generator = None, Tensor out = None, $)
normal_(Tensor input, float mean = 0, float std = 1, *, torch.Generator generator = None)
ones zeros(int[] size, *, Tensor out = None, $)
ones_like zeros_like empty_like(Tensor input, *, torch.memory_format memory_format = None, $)
outer(Tensor input, Tensor vec2, *, Tensor out = None)
permute(Tensor input, int[] dims)
pow(Tensor input, Tensor exponent, *, Tensor out = None)
pow(Number self, Tensor exponent, *, Tensor out = None) function
pow(Tensor input, Number exponent, *, Tensor out = None)
prod(Tensor input, *, torch.dtype dtype = None)
prod(Tensor input, int dim, bool keepdim = False, *, torch.dtype dtype = None, Tensor out = None)
quantile(Tensor input, Tensor q, int dim = None, bool keepdim = False, *, \
str interpolation = "linear", Tensor out = None)
quantile(Tensor input, float q, int dim = None, bool keepdim = False, *, \
str interpolation = "linear", Tensor out = None)
rand randn(int[] size, *, torch.Generator generator, Tensor out = None, $)
rand randn(int[] size, *, Tensor out = None, $)
rand_like randn_like(Tensor input, *, torch.Generator generator, torch.memory_format memory_format = None, $)
rand_like randn_like(Tensor input, *, torch.memory_format memory_format = None, $)
randint(int high, int[] size, *, torch.Generator generator, Tensor out = None, $)
randint(int high, int[] size, *, Tensor out = None, $)
randint(int low, int high, int[] size, *, torch.Generator generator, Tensor out = None, $)
randint(int low, int high, int[] size, *, Tensor out = None, $)
randperm(int n, *, torch.Generator generator, Tensor out = None, $)
randperm(int n, *, Tensor out = None, $)
repeat(Tensor input, int[] repeats)
reshape(Tensor input, int[] shape)
roll(Tensor input, int[1] shifts, int[1] dims = ())
softmax log_softmax(Tensor input, int dim, torch.dtype dtype = None, *, Tensor out = None)
sort(Tensor input, *, bool stable, int dim = -1, bool descending = False, Tensor[] out = None)
sort(Tensor input, int dim = -1, bool descending = False, *, Tensor[] out = None)
squeeze(Tensor input)
squeeze(Tensor input, int dim)
squeeze(Tensor input, int[] dim)
std var(Tensor input, int[1] dim, bool unbiased = True, bool keepdim = False, *, Tensor out = None)
std var(Tensor input, int[1] dim = None, *, Number correction = None, bool keepdim = False, Tensor out = None)
std var(Tensor input, bool unbiased = True)
sub(Tensor input, Tensor other, *, Number alpha = 1, Tensor out = None) ...
sum(Tensor input, *, torch.dtype dtype = None)
sum(Tensor input, int[1] dim, bool keepdim = False, *, torch.dtype dtype = None, Tensor out = None)
t(Tensor input)
take(Tensor input, Tensor index, *, Tensor out = None)
tensor(object data, *, torch.dtype dtype = None, torch.device device = None, bool requires_grad = False, \
bool pin_memory = False)
topk(Tensor input, int k, int dim = -1, bool largest = True, bool sorted = True, *, Tensor[] out = None)
transpose(Tensor input, int dim0, int dim1)
unbind(Tensor input, int dim = 0)
uniform_(Tensor input, float from = 0, float to = 1, *, torch.Generator generator = None)
unsqueeze(Tensor input, int dim)
view(Tensor input, torch.dtype dtype)
view(Tensor input, int[] size)
where(Tensor condition) function
where(Tensor condition, Tensor input, Tensor other, *, Tensor out = None) function
where(Tensor condition, Number self, Tensor other) function
where(Tensor condition, Tensor input, Number other) function
where(Tensor condition, Number self, Number other) function
where(Tensor input, Tensor condition, Tensor other) method
where(Tensor input, Tensor condition, Number other) method
"""
_NEW = (
    "torch.dtype dtype = None, torch.layout layout = None, torch.device device = None, bool pin_memory = False, "
    "bool requires_grad = False"
)
NAMES = frozenset(name for head in re.findall(r"^([^(\n]+)\(", _SIGNATURES, re.MULTILINE) for name in head.split())
# Arguments of numpy's names.
_NUMPYS = {"dim": "axis", "keepdim": "keepdims", "other": "x2"}
_NUMBERS_AS_TENSORS = {"add", "sub", "mul", "div"}


def checked_names(names, room):
    """Puts functions of a module behind `_naming.checked`."""
    for name in names:
        room[name] = checked(room[name], name)


def error(name, is_method, args, named):
    """torch's error for these arguments, or None if one of its signatures takes them."""
    signatures, hidden = _signatures(name, is_method)
    args = args[1:] if is_method else args
    for signature in signatures:
        if signature.refusal(args, named) is None:
            text = signature.strange_element(args, named)
            return text and TypeError(text)
    count = len(args) + len(named)
    plausible = [signature for signature in signatures if signature.least <= count <= len(signature.parameters)]
    if len(signatures) == 1 and not hidden:
        plausible = signatures
    text = plausible[0].refusal(args, named) if len(plausible) == 1 else _fits_none(name, signatures, args, named)
    return TypeError(text)


@functools.cache
def _signatures(name, is_method):
    """The signatures of a function or method, and whether there are hidden ones."""
    found = [
        (parameters, mark)
        for heads, parameters, mark in re.findall(r"^([^(\n]+)\((.*)\) ?(.*)$", _SIGNATURES, re.MULTILINE)
        if name in heads.split() and mark != ("function" if is_method else "method")
    ]
    return [_Signature(name, parameters, is_method) for parameters, _ in found], any(mark == "..." for _, mark in found)


class _Parameter:
    def __init__(self, text, keyword_only):
        declared, _, self.default = text.partition(" = ")
        self.kind, self.name = declared.split(" ")
        self.shown = {"int[]": "tuple of ints", "int[1]": "tuple of ints", "Tensor[]": "tuple of Tensors"}.get(
            self.kind, self.kind
        )
        self.keyword_only = keyword_only
        self.text = f"{self.shown} {self.name}" + (f" = {self.default}" if self.default else "")

    def takes(self, given, numbers):
        if given is None and self.default == "None":
            return True
        if self.kind.startswith("int["):
            if isinstance(given, (tuple, list)):
                return not given or _is_int(given[0])
            return self.kind == "int[1]" and _is_int(given)
        return _TAKES[self.kind](given) or numbers and self.kind == "Tensor" and _TAKES["Number"](given)


def _is_single(given):
    return isinstance(given, Tensor) and given.ndim == 0 and not given.requires_grad


def _is_int(given):
    if isinstance(given, (int, np.integer)):
        return not isinstance(given, bool)
    return _is_single(given) and not given.dtype.is_floating_point


def _is_generator(given):
    from .generator import Generator

    return isinstance(given, Generator)


_TAKES = {
    "Tensor": lambda given: isinstance(given, Tensor),
    "Tensor[]": lambda given: isinstance(given, (tuple, list)),
    "Number": lambda given: isinstance(given, (int, float, np.number, np.bool_)) or _is_single(given),
    "float": lambda given: isinstance(given, (int, float, np.number)) or _is_single(given),
    "int": _is_int,
    "bool": lambda given: isinstance(given, (bool, np.bool_)),
    "str": lambda given: isinstance(given, str),
    "object": lambda given: True,
    "torch.Generator": _is_generator,
    "torch.device": lambda given: isinstance(given, (str, int, device_type)),
    "torch.layout": lambda given: isinstance(given, layout_type),
    "torch.memory_format": lambda given: isinstance(given, memory_format_type),
    "torch.dtype": lambda given: isinstance(given, (dtype_type, type)),
}


class _Signature:
    def __init__(self, name, text, is_method):
        self.name = name
        before, _, after = text.replace("$", _NEW).partition("*, ")
        pieces = [(part, False) for part in re.split(", ", before.removesuffix(", ")) if part]
        pieces += [(part, True) for part in re.split(", ", after) if part]
        self.parameters = [_Parameter(*piece) for piece in pieces]
        if is_method:
            self.parameters = [parameter for parameter in self.parameters[1:] if parameter.name != "out"]
        self.positional = sum(not parameter.keyword_only for parameter in self.parameters)
        self.least = sum(not parameter.default for parameter in self.parameters)
        self.shown = [parameter.text for parameter in self.parameters]
        if self.positional < len(self.parameters):
            self.shown.insert(self.positional, "*")

    def refusal(self, args, named):
        """What is wrong with the arguments, in torch's words; None if they fit."""
        numbers = self.name in _NUMBERS_AS_TENSORS
        several = self.positional == 1 and self.parameters[0].kind.startswith("int[")  # view(2, 3) is view((2, 3))
        if len(args) > self.positional and not several:
            return self._too_many(args)
        at, used = 0, set()
        for i, parameter in enumerate(self.parameters):
            is_named = at >= len(args)
            if not is_named:
                if parameter.keyword_only:
                    return self._too_many(args)
                given = args[at]
            else:
                key = parameter.name if parameter.name in named else _NUMPYS.get(parameter.name)
                if key not in named:
                    if parameter.default:
                        continue
                    return self._missing(i)
                given = named[key]
                used.add(key)
            if parameter.takes(given, numbers):
                at += not is_named
            elif several and at == 0 and not is_named and _is_int(given):
                at = len(args)
            else:
                where = "" if is_named else f" (position {at + 1})"
                element = ""
                if isinstance(given, (tuple, list)) and parameter.kind.startswith("int["):
                    element = f", but found element of type {kind_name(given[0])} at pos 0"
                return (
                    f"{self.name}(): argument '{parameter.name}'{where} must be {parameter.shown}"
                    f"{element or f', not {kind_name(given)}'}"
                )
        if at < len(args):
            return self._too_many(args)
        names = [parameter.name for parameter in self.parameters]
        if len(used) < len(named):
            for key in named:
                if key not in names:
                    return f"{self.name}() got an unexpected keyword argument '{key}'"
                if names.index(key) < len(args):
                    return f"{self.name}() got multiple values for argument '{key}'"
        return None

    def strange_element(self, args, named):
        """What is wrong with the elements of a tuple of ints behind the first, of which alone `refusal` thinks."""
        for i, parameter in enumerate(self.parameters):
            given = args[i] if i < len(args) else named.get(parameter.name)
            if parameter.kind.startswith("int["):
                for at, element in enumerate(given if isinstance(given, (tuple, list)) else args[i:], 1):
                    if not _is_int(element):
                        return (
                            f"{self.name}(): argument '{parameter.name}' failed to unpack the object at pos {at} with "
                            f'error "type must be tuple of ints,but got {kind_name(element)}"'
                        )
                return None
        return None

    def _too_many(self, args):
        least, most, count = self.least, self.positional, len(args)
        if not self.parameters:
            return f"TensorBase.{self.name}() takes no arguments ({count} given)"
        if least != most:
            return f"{self.name}() takes from {least} to {most} positional arguments but {count} were given"
        return (
            f"{self.name}() takes {most} positional argument{'s' * (most != 1)} but {count} "
            f"{'was' if count == 1 else 'were'} given"
        )

    def _missing(self, first):
        names = [f'"{parameter.name}"' for parameter in self.parameters[first:] if not parameter.default]
        plural = "s" if len(names) == 1 else ""  # as torch has it
        return f"{self.name}() missing {len(names)} required positional argument{plural}: {', '.join(names)}"

    def fits_in_number(self, args, named):
        """Whether there are as many arguments as torch counts in what it shows."""
        return len(self.shown or [""]) == len(args) + len(named)

    def strange(self, named):
        """The keywords that this has no arguments for, among those that it shows without a default."""
        names = [text.partition(" ")[2] for text in self.shown]
        return [key for key in named if key not in names]

    def compared(self, args, named):
        """The types of the arguments, marked where they are not those shown at their place."""
        described = []
        for text, given in zip(self.shown or [""], [*args, *named.values()]):
            kind, _, name = text.partition(" ")
            told = kind_name(given)
            fits = told == kind or kind == "float" and told == "int"
            described.append(("" if len(described) < len(args) else f"{name}=") + (told if fits else f"!{told}!"))
        return f"({', '.join(described)})"

    def why(self, args, named):
        """A line that says what does not fit, where the number of arguments does."""
        if not self.fits_in_number(args, named):
            return ""
        strange = self.strange(named)
        if strange:
            return f"      didn't match because some of the keywords were incorrect: {', '.join(strange)}\n"
        return f"      didn't match because some of the arguments have invalid types: {self.compared(args, named)}\n"


def _fits_none(name, signatures, args, named):
    got = "".join(f"{kind_name(given)}, " for given in args)
    got += "".join(f"{key}={kind_name(given)}, " for key, given in named.items())
    text = f"{name}() received an invalid combination of arguments - got ({got.removesuffix(', ') if args else got}), "
    shown = [f"({', '.join(signature.shown)})" for signature in signatures]
    if len(signatures) == 1:
        (single,) = signatures
        if single.fits_in_number(args, named) and not single.strange(named):
            text = f"{name}() received an invalid combination of arguments - got {single.compared(args, named)}, "
        return f"{text}but expected {shown[0]}"
    lines = [f" * {line}\n{signature.why(args, named)}" for line, signature in zip(shown, signatures)]
    return f"{text}but expected one of:\n{''.join(lines)}"
