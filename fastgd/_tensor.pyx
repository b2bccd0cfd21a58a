"""Tensor, Parameter, and the tape that carries gradients back.

A tensor is a numpy array, or a Lazy node that will yield one. The tape is made of Nodes. Each operation is a Row of
a table that ops fills; `apply` computes a row and records it. Nodes are numbered as they are made, so going back
in the order of falling numbers meets every node after all that used it: no counting of users is needed.
"""

cimport cython
cimport numpy as cnp
from cpython.contextvars cimport PyContext_Enter, PyContext_Exit
from cpython.object cimport PyObject
from cpython.ref cimport Py_INCREF
from cpython.tuple cimport PyTuple_SET_ITEM
from libc.string cimport memset
from numpy cimport ndarray

import contextvars
import copy
import math
import weakref
from heapq import heappop, heappush

import numpy as np

from ._hooks import RemovableHandle
from ._naming import give_attribute, name_methods, name_shortly
from ._types import Size, advised, by_number as DTYPES, cpu, kind_name, of_array

cnp.import_array()

include "_python_types.pxi"

cdef Py_ssize_t nodes_made = 0
cdef Py_ssize_t sweeps_made = 0
cdef dict table = {}                # name -> Row
# What is left to later rooms: __repr__, __getitem__, ..., and what mean and sum do beyond the whole tensor.
cdef dict slots = {"mean": None, "sum": None}

cdef enum:
    NUMBERS = 24        # numpy's type numbers that a tensor may have

cdef PyObject *by_number[NUMBERS]       # fastgd's dtypes by numpy's type number
for _num in range(NUMBERS):
    by_number[<int>_num] = <PyObject *>DTYPES[_num] if _num in DTYPES else NULL        # _types keeps them

include "_modes.pxi"
include "_memory.pxi"
include "_tape.pxi"
include "_arithmetic.pxi"
include "_operations.pxi"
include "_access.pxi"


@cython.freelist(64)
cdef class Tensor:
    """A numpy array that can be differentiated, with torch's names. Made by `fastgd.tensor`, `zeros`, `randn`, ..."""

    __array_priority__ = 1000       # numpy scalars leave arithmetic to us

    def __init__(self, *args, **options):
        slots["__init__"](self, *args, **options)

    # -- what it is

    @property
    def shape(self):
        """The sizes of the dimensions."""
        return shape_of(self)

    def size(self, dim=None):
        """The shape, or the size of one dimension."""
        cdef Py_ssize_t at
        cdef int dims = ndim(self)
        if dim is None:
            return shape_of(self)
        at = dim
        if not -dims <= at < dims:
            raise IndexError(
                f"Dimension out of range (expected to be in range of [{-max(dims, 1)}, {max(dims, 1) - 1}], "
                f"but got {dim})"
            )
        at += dims if at < 0 else 0
        return (<Lazy>self._node).shape[at] if self._array is None else cnp.PyArray_DIM(self._array, at)

    @property
    def ndim(self):
        return ndim(self)

    def dim(self):
        return ndim(self)

    def numel(self):
        return numel(self)

    nelement = numel

    @property
    def dtype(self):
        cdef int number
        if self._array is None:
            number = (<Lazy>self._node).type_num
        elif cnp.PyArray_ISNOTSWAPPED(self._array):
            number = cnp.PyArray_TYPE(self._array)
        else:
            return of_array(self._array)
        found = by_number[number] if number < NUMBERS else NULL
        return of_array(self._array) if found == NULL else <object>found

    @property
    def device(self):
        return cpu

    def stride(self, dim=None):
        """How many elements lie between neighbours, per dimension."""
        array = array_of(self)
        if numel(self):
            strides = tuple([step // array.itemsize for step in (<object>array).strides])
        else:
            strides = tuple([math.prod([max(size, 1) for size in self.shape[i + 1:]]) for i in range(self.ndim)])
        return strides if dim is None else strides[dim]

    def storage_offset(self):
        """How many elements lie in memory before the first, from the tensor on that this is a view of."""
        if self._base is None:
            return 0
        array, base = array_of(self), array_of(self._base)
        return (<Py_ssize_t>(<char *>cnp.PyArray_DATA(array) - <char *>cnp.PyArray_DATA(base))) // array.itemsize

    def is_contiguous(self, memory_format=None):
        return bool(array_of(self).flags.c_contiguous)

    def data_ptr(self):
        return <size_t>cnp.PyArray_DATA(array_of(self))

    @property
    def _version(self):
        return storage_of(self).version

    def __dealloc__(self):
        Py_XDECREF(self._attributes)

    @property
    def __dict__(self):
        return PyObject_GenericGetDict(self, NULL)

    # -- gradients

    @property
    def requires_grad(self):
        """Whether gradients with respect to this tensor are wanted."""
        return bool(requires_grad(self))

    @requires_grad.setter
    def requires_grad(self, wanted):
        if not isinstance(wanted, bool):
            raise RuntimeError("requires_grad must be a bool")
        if wanted and not self.dtype.is_floating_point:
            raise not_differentiable(self, "only Tensors of floating point and complex")
        self.requires_grad_(wanted)

    def requires_grad_(self, bint requires_grad=True):
        """Says whether gradients with respect to this leaf are wanted; returns the tensor."""
        if self._node is not None:
            if requires_grad:
                return self
            raise RuntimeError(
                "you can only change requires_grad flags of leaf variables. If you want to use a computed variable in "
                "a subgraph that doesn't require differentiation use var_no_grad = var.detach()."
            )
        if requires_grad and not self.dtype.is_floating_point:
            raise not_differentiable(self, "only Tensors of floating point")
        self._requires_grad = requires_grad
        return self

    @property
    def is_leaf(self):
        return not requires_grad(self) or self._node is None

    @property
    def grad_fn(self):
        """The recorded operation that this tensor came from, None for a leaf."""
        return None if not requires_grad(self) or self._node is None else shown(self._node)

    @property
    def grad(self):
        """The gradient that backward() has left, or None."""
        if self._grad is None and self._node is not None and self._node.retained_by is None:
            import warnings

            warnings.warn(
                "The .grad attribute of a Tensor that is not a leaf Tensor is being accessed. Its .grad attribute "
                "won't be populated during autograd.backward(). If you indeed want the .grad field to be populated "
                "for a non-leaf Tensor, use .retain_grad() on the non-leaf Tensor. If you access the non-leaf Tensor "
                "by mistake, make sure you access the leaf Tensor instead. See "
                "github.com/pytorch/pytorch/pull/30531 for more information.",
                UserWarning,
                stacklevel=1,       # compiled functions have no level
            )
        return grad_of_leaf(self)

    @grad.setter
    def grad(self, given):
        if given is None:
            self._grad = None
            return
        if not isinstance(given, Tensor):
            kind = type(given).__name__
            raise TypeError(f"assigned grad expected to be a Tensor or None but got grad of type {kind}")
        if shape_of(<Tensor>given) != shape_of(self):
            raise RuntimeError(
                f"attempting to assign a gradient of size '{list(given.shape)}' to a tensor of size "
                f"'{list(self.shape)}'. Please ensure that the gradient and the tensor are the same size"
            )
        if array_dtype(<Tensor>given) != array_dtype(self):
            names = {"float32": "float", "float64": "double"}
            raise RuntimeError(
                f"attempting to assign a gradient with dtype '{names.get(given.dtype.name, given.dtype.name)}' to a "
                f"tensor with grad_dtype '{self.dtype.legacy}'. The gradient must match the tensor's grad_dtype "
                "(defaults to the tensor's dtype). You can set the tensor's grad_dtype attribute with a specific "
                "dtype, or None to allow any dtype. Set grad_dtype with caution. Diverging the dtypes of a tensor "
                "and its gradient may break downstream systems that assume they match."
            )
        self._grad = given

    @grad.deleter
    def grad(self):
        self._grad = None

    def backward(self, gradient=None, retain_graph=None, bint create_graph=False, inputs=None):
        """Adds the gradients of this scalar to the `.grad` of every leaf it was computed from.

        Args:
            gradient: the gradient of something with respect to this tensor, of its shape; 1 for a scalar.
            retain_graph: keeps the tape, so that backward can be called again.
            create_graph: second derivatives, which fastgd does not have.
            inputs: the tensors whose `.grad` is added to, instead of all the leaves.

        Raises:
            RuntimeError: nothing here requires a gradient; the tape was used up by an earlier backward; a value that
                a gradient needs was written to; not a scalar and no `gradient`.
            NotImplementedError: create_graph=True.

        Example:
            >>> w = fastgd.tensor(3.0, requires_grad=True)
            >>> (w * w).backward()
            >>> w.grad
            tensor(6.)
        """
        if create_graph:
            refuse_create_graph()
        first = root_gradient(self, gradient)
        if inputs is None:
            sweep = new_sweep(retain_graph is not None and retain_graph)
            start(sweep, self, first)
            if sweep.pending is not None:
                sweep.run()
            return
        backward_into([self], [gradient], inputs, bool(retain_graph))

    @property
    def _backward_hooks(self):
        return self._hooks

    @property
    def _post_accumulate_grad_hooks(self):
        return self._hooks_after

    def retain_grad(self):
        """Keeps the gradient of this computed tensor in its `.grad`."""
        if not requires_grad(self):
            raise RuntimeError("can't retain_grad on Tensor that has requires_grad=False")
        if self._node is not None:
            array_of(self)
            self._node.retained_by = weakref.ref(self)

    @property
    def retains_grad(self):
        return self._node is not None and self._node.retained_by is not None

    def register_hook(self, hook):
        """Calls hook(gradient) when backward has this tensor's gradient; what it returns, if not None, goes on."""
        if not requires_grad(self):
            raise RuntimeError("cannot register a hook on a tensor that doesn't require gradient")
        if self._node is None:
            if self._hooks is None:
                self._hooks = {}
            hooks = self._hooks
        else:
            array_of(self)
            if self._node.hooks is None:
                self._node.hooks = {}
            hooks = self._node.hooks
        return RemovableHandle(hooks, hook)

    def register_post_accumulate_grad_hook(self, hook):
        """Calls hook(tensor) when backward has added to the `.grad` of this leaf: it may step, and set it to None."""
        if not requires_grad(self):
            raise RuntimeError("cannot register a hook on a tensor that doesn't require gradient")
        if self._node is not None:
            raise RuntimeError("post accumulate grad hooks cannot be registered on non-leaf tensors")
        if self._hooks_after is None:
            self._hooks_after = {}
        return RemovableHandle(self._hooks_after, hook)

    @property
    def data(self):
        """The same memory, outside the tape; writes through it are not counted."""
        return wrap(array_of(self))

    @data.setter
    def data(self, given):
        if not isinstance(given, Tensor):
            raise TypeError(f"Variable data has to be a tensor, but got {type(given).__name__}")
        self._array = array_of(<Tensor>given)
        self._base = None
        if self._storage is not None:
            self._storage = Storage.__new__(Storage)

    def detach(self):
        """The same memory, outside the tape."""
        return share(self, array_of(self))

    def detach_(self):
        """Takes this tensor off the tape."""
        array_of(self)
        storage_of(self)
        self._node = None
        self._requires_grad = False
        return self

    def mean(self, *args, **options):
        """The mean of all elements, or along dimensions: fastgd.mean."""
        if args or options:
            return slots["mean"](self, *args, **options)
        return apply(row_mean, (self,), NO_OPTIONS)

    def sum(self, *args, **options):
        """The sum of all elements, or along dimensions: fastgd.sum."""
        if args or options:
            return slots["sum"](self, *args, **options)
        return apply(row_sum, (self,), NO_OPTIONS)

    def zero_(self):
        """Sets every element to 0."""
        if fastgd_grad_enabled and requires_grad(self):
            check_inplace(self)
            return apply_inplace(row_of("zero"), (self,), NO_OPTIONS)
        array = prepare_write(self)
        if cnp.PyArray_IS_C_CONTIGUOUS(array) and cnp.PyArray_ISWRITEABLE(array):
            memset(cnp.PyArray_DATA(array), 0, cnp.PyArray_NBYTES(array))
        else:
            array[...] = 0
        return self

    # -- out to Python and numpy

    def numpy(self, *, bint force=False):
        """The elements as a numpy array, new each time: its shape and flags are its own. Shares memory."""
        if requires_grad(self) and not force:
            raise RuntimeError(
                "Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead."
            )
        return (<object>array_of(self)).view()

    def __array__(self, dtype=None, copy=None):
        return np.array(self.numpy(), dtype=dtype, copy=copy)

    def __array_wrap__(self, array, context=None, return_scalar=False):
        array = np.asarray(array)
        return wrap(array.astype(np.uint8) if array.dtype == np.bool_ else array)       # as torch has it

    def __dlpack__(self, **options):
        if requires_grad(self):
            raise BufferError("Can't export tensors that require gradient, use tensor.detach()")
        return (<object>array_of(self)).__dlpack__(**options)

    def __dlpack_device__(self):
        return (<object>array_of(self)).__dlpack_device__()

    def item(self):
        """The one element as a Python number."""
        if numel(self) != 1:
            raise RuntimeError(f"a Tensor with {numel(self)} elements cannot be converted to Scalar")
        return (<object>array_of(self)).item()

    def tolist(self):
        return (<object>array_of(self)).tolist()

    def __float__(self):
        found = float(self.one_element())
        if requires_grad(self):
            note_scalar()
        return found

    def __int__(self):
        return int(self.one_element())

    cdef object one_element(self):
        if numel(self) != 1:
            raise advised(
                ValueError("only one element tensors can be converted to Python scalars"), f"It has {numel(self)}."
            )
        return (<object>array_of(self)).item()

    def __index__(self):
        if self.dtype.is_floating_point or numel(self) != 1:
            raise TypeError("only integer tensors of a single element can be converted to an index")
        return int(self.item())

    def __bool__(self):
        if numel(self) != 1:
            raise RuntimeError(
                "Boolean value of Tensor with more than one value is ambiguous"
                if numel(self)
                else "Boolean value of Tensor with no values is ambiguous"
            )
        return bool(self.item())

    def __len__(self):
        if ndim(self) == 0:
            raise TypeError("len() of a 0-d tensor")
        return shape_of(self)[0]

    def __iter__(self):
        if ndim(self) == 0:
            raise TypeError("iteration over a 0-d tensor")
        return iter(slots["__iter__"](self))

    def __contains__(self, element):
        return bool((array_of(self) == (array_of(element) if isinstance(element, Tensor) else element)).any())

    def __hash__(self):
        return <Py_ssize_t>(<void *>self) >> 4

    def __repr__(self):
        return slots["__repr__"](self)

    def __format__(self, spec):
        return slots["__format__"](self, spec)

    def __getitem__(self, index):
        return slots["__getitem__"](self, index)

    def __setitem__(self, index, value):
        slots["__setitem__"](self, index, value)

    def __reduce_ex__(self, protocol):
        return slots["__reduce_ex__"](self, protocol)

    def __deepcopy__(self, memo):
        cdef Tensor made
        if self._node is not None:
            raise RuntimeError(
                "Only Tensors created explicitly by the user (graph leaves) support the deepcopy protocol at the "
                "moment.  If you were attempting to deepcopy a module, this may be because of a torch.nn.utils."
                "weight_norm usage, see https://github.com/pytorch/pytorch/pull/103001"
            )
        if id(self) in memo:
            return memo[id(self)]
        made = type(self).__new__(type(self))
        made._array = self._array.copy()
        made._requires_grad = self._requires_grad
        if self._grad is not None:
            made._grad = grad_of_leaf(self).__deepcopy__(memo)
        memo[id(self)] = made
        if self._attributes != NULL and not isinstance(self, Parameter):    # torch leaves those of a Parameter behind
            PyObject_GenericGetDict(made, NULL).update(copy.deepcopy(<object>self._attributes, memo))
        return made

    # -- operators

    def __add__(self, other):
        return operate(row_add, self, other)

    def __radd__(self, other):
        return operate(row_add, self, other)

    def __iadd__(self, other):
        return operate_inplace(row_add, self, other)

    def __sub__(self, other):
        return operate(row_sub, self, other)

    def __rsub__(self, other):
        return operate(row_rsub, self, other)

    def __isub__(self, other):
        return operate_inplace(row_sub, self, other)

    def __mul__(self, other):
        return operate(row_mul, self, other)

    def __rmul__(self, other):
        return operate(row_mul, self, other)

    def __imul__(self, other):
        return operate_inplace(row_mul, self, other)

    def __truediv__(self, other):
        return operate(row_div, self, other)

    def __rtruediv__(self, other):
        return operate(row_mul, apply(row_of("reciprocal"), (self,), NO_OPTIONS), other)

    def __itruediv__(self, other):
        return operate_inplace(row_div, self, other)

    def __floordiv__(self, other):
        return compare("floor_divide", self, other)

    def __mod__(self, other):
        return compare("remainder", self, other)

    def __rfloordiv__(self, other):
        return compare("floor_divide", wrap(np.asarray(other)), self)

    def __rmod__(self, other):
        return compare("remainder", wrap(np.asarray(other)), self)

    def __ifloordiv__(self, other):
        return operate_inplace(row_of("floor_divide"), self, other)

    def __imod__(self, other):
        return operate_inplace(row_of("remainder"), self, other)

    def __iand__(self, other):
        return operate_inplace(row_of("bitwise_and"), self, other)

    def __ior__(self, other):
        return operate_inplace(row_of("bitwise_or"), self, other)

    def __lshift__(self, other):
        return compare("bitwise_left_shift", self, other)

    def __rlshift__(self, other):
        return compare("bitwise_left_shift", wrap(np.asarray(other)), self)

    def __ilshift__(self, other):
        return operate_inplace(row_of("bitwise_left_shift"), self, other)

    def __rshift__(self, other):
        return compare("bitwise_right_shift", self, other)

    def __rrshift__(self, other):
        return compare("bitwise_right_shift", wrap(np.asarray(other)), self)

    def __irshift__(self, other):
        return operate_inplace(row_of("bitwise_right_shift"), self, other)

    def __pow__(self, other, modulus):
        return operate(row_pow, self, other)

    def __rpow__(self, other):
        return operate(row_of("rpow"), self, other)

    def __ipow__(self, other):
        return operate_inplace(row_pow, self, other)

    def __matmul__(self, other):
        return operate(row_matmul, self, other) if isinstance(other, Tensor) else NotImplemented

    def __neg__(self):
        return apply(row_neg, (self,), NO_OPTIONS)

    def __pos__(self):
        return self

    def __abs__(self):
        return apply(row_of("abs"), (self,), NO_OPTIONS)

    def __invert__(self):
        return apply(row_of("bitwise_not"), (self,), NO_OPTIONS)

    def __and__(self, other):
        return compare("bitwise_and", self, other)

    def __or__(self, other):
        return compare("bitwise_or", self, other)

    def __xor__(self, other):
        return compare("bitwise_xor", self, other)

    def __eq__(self, other):
        return compare("eq", self, other)

    def __ne__(self, other):
        return compare("ne", self, other)

    def __lt__(self, other):
        return compare("lt", self, other)

    def __le__(self, other):
        return compare("le", self, other)

    def __gt__(self, other):
        return compare("gt", self, other)

    def __ge__(self, other):
        return compare("ge", self, other)


def not_differentiable(tensor, words):
    return advised(
        RuntimeError(f"{words} dtype can require gradients"),
        f"This one is {tensor.dtype}: convert it with .float().",
    )


def refuse_create_graph():
    raise NotImplementedError(
        "create_graph=True asks for second derivatives: fastgd's tape has first derivatives only; this needs torch"
    )


cdef bint scalar_noted = False


def note_scalar():
    """Warns, once, that a number was made of a tensor whose gradient somebody wants: it does not flow through it."""
    global scalar_noted
    if not scalar_noted:
        import warnings

        scalar_noted = True
        warnings.warn(
            "Converting a tensor with requires_grad=True to a scalar may lead to unexpected behavior.\n"
            "Consider using tensor.detach() first.",
            UserWarning,
        )


cdef class Parameter(Tensor):
    """A tensor that a Module takes for its own when it is set as an attribute.

    Args:
        data: the tensor whose memory this is; an empty one if None.
        requires_grad: whether gradients with respect to it are wanted.
    """

    def __init__(self, data=None, bint requires_grad=True):
        if data is None:
            data = wrap(np.empty(0, default_dtype_.numpy))
        if not isinstance(data, Tensor):
            raise advised(
                AttributeError(f"'{kind_name(data)}' object has no attribute 'detach'"),
                "A Parameter is made of a tensor: use fastgd.tensor(...).",
            )
        self._array = array_of(<Tensor>data)
        self._storage = storage_of(<Tensor>data)
        if requires_grad and not self.dtype.is_floating_point:
            raise not_differentiable(self, "Only Tensors of floating point and complex")
        self.requires_grad_(requires_grad)


def become_parameter(Parameter given):
    """Makes an instance of a subclass, without fields of its own, an ordinary Parameter: the same object for all."""
    fastgd_set_class(given, Parameter)


fastgd_give_subscript(Size)
cdef Tensor any_tensor = wrap(np.empty(0))
for kind in (Tensor, Parameter):       # Parameter has the fields of Tensor
    name_shortly(kind)
    name_methods(kind)
    fastgd_give_dict(kind, <char *>&any_tensor._attributes - <char *><void *>any_tensor)
