"""Tensor, Parameter, and the tape that carries gradients back.

A tensor is a numpy array, or a Lazy node that will yield one. The tape is made of Nodes. Each operation is a Row of
a table that ops.py fills; `apply` computes a row and records it. Nodes are numbered as they are made, so going back
in the order of falling numbers meets every node after all that used it: no counting of users is needed.
"""

cimport cython
cimport numpy as cnp
from cpython.contextvars cimport PyContext_Enter, PyContext_Exit
from cpython.object cimport PyObject, PyObject_GenericSetAttr
from cpython.type cimport PyType_Modified
from libc.string cimport memset
from numpy cimport ndarray

import contextvars
import weakref
from heapq import heappop, heappush

import numpy as np

from ._types import Size, cpu, of_array

cnp.import_array()

cdef extern from *:
    """
    static _Thread_local int fastgd_grad_enabled = 1;
    static PyObject *fastgd_type_dict(PyObject *type) { return ((PyTypeObject *)type)->tp_dict; }
    """
    int fastgd_grad_enabled
    PyObject *fastgd_type_dict(object type)

cdef Py_ssize_t nodes_made = 0
cdef Py_ssize_t sweeps_made = 0
cdef bint affine_enabled = True
cdef dict table = {}                # name -> Row
cdef dict slots = {}                # what the table's owner has left to later rooms: __repr__, __getitem__, ...
cdef object default_dtype_ = None

quiet = contextvars.copy_context()
quiet.run(np.seterr, all="ignore")


cdef object enter_quiet():
    """Silences numpy's floating-point warnings, which torch does not give; PyContext_Exit ends it.

    np.errstate costs more than a small operation. A context that is in use, by another thread, is copied.
    """
    try:
        PyContext_Enter(quiet)
        return quiet
    except RuntimeError:
        context = quiet.copy()
        PyContext_Enter(context)
        return context


cdef bint grad_enabled() noexcept:
    return fastgd_grad_enabled


cdef bint switch_grad_mode(bint mode) noexcept:
    """Switches recording on or off in this thread; returns what it was."""
    global fastgd_grad_enabled
    before = fastgd_grad_enabled
    fastgd_grad_enabled = mode
    return before


def set_grad_mode(bint mode):
    return bool(switch_grad_mode(mode))


def is_grad_enabled():
    """Whether operations are recorded in this thread."""
    return bool(fastgd_grad_enabled)


cdef bint recognising() noexcept:
    return affine_enabled and fastgd_grad_enabled


def set_affine(bint enabled):
    """Switches the affine form on or off; returns what it was. Everything works either way."""
    global affine_enabled
    before = affine_enabled
    affine_enabled = enabled
    return before


def get_default_dtype():
    """The dtype of tensors made from Python floats."""
    return default_dtype_


def set_default_dtype_(dtype):
    global default_dtype_
    default_dtype_ = dtype


# ---- memory and versions


cdef class Storage:
    pass


cdef Storage storage_of(Tensor tensor):
    if tensor._storage is None:
        if isinstance(tensor._node, Lazy):
            tensor._storage = (<Lazy>tensor._node).storage_of_result()
        else:
            tensor._storage = Storage.__new__(Storage)
    return tensor._storage


cdef object check_version(Storage storage, Py_ssize_t version, ndarray saved, Node made_by):
    """Refuses to go on where a saved array was written to since `version`; made_by is None for a leaf."""
    if storage.version != version:
        origin = "" if made_by is None else f", which is output 0 of {made_by.label.partition('Backward')[0]},"
        raise RuntimeError(
            "one of the variables needed for gradient computation has been modified by an inplace operation: "
            f"[torch.{of_array(saved).legacy}Tensor {list((<object>saved).shape)}]{origin} is at version "
            f"{storage.version}; expected version {version} instead. Hint: write to a copy (x.clone()), or call "
            "backward() before writing."
        )


cdef void *first_waiting = NULL


cdef inline void extent(ndarray array, const char **low, const char **high) noexcept:
    cdef int i
    cdef Py_ssize_t reach
    low[0] = high[0] = <const char *>cnp.PyArray_DATA(array)
    for i in range(cnp.PyArray_NDIM(array)):
        if cnp.PyArray_DIM(array, i) == 0:
            high[0] = low[0]
            return
        reach = (cnp.PyArray_DIM(array, i) - 1) * cnp.PyArray_STRIDE(array, i)
        if reach < 0:
            low[0] += reach
        else:
            high[0] += reach
    high[0] += cnp.PyArray_ITEMSIZE(array)


cdef void before_write(ndarray array) except *:
    """Computes every waiting value that reads memory which is about to be written."""
    cdef const char *low
    cdef const char *high
    cdef void *at = first_waiting
    if at == NULL:
        return
    extent(array, &low, &high)
    while at != NULL:
        lazy = <Lazy>at
        if lazy.reads(low, high):
            lazy.value()
            at = first_waiting
        else:
            at = lazy.later


cdef void written(Tensor tensor) except *:
    cdef Storage storage = storage_of(tensor)
    storage.version += 1


# ---- the tape


cdef class Node:
    def __cinit__(self):
        global nodes_made
        nodes_made += 1
        self.sequence = nodes_made

    cdef bint watched(self, Sweep sweep):
        """Whether somebody wants to see the gradient that arrives here."""
        return (
            self.hooks is not None
            or self.retained_by is not None
            or (sweep.captured is not None and self in sweep.captured)
        )

    cdef object visit(self, ndarray gradient, Sweep sweep):
        """Hands the gradient on; None stands for the 1 of a scalar loss."""
        raise NotImplementedError

    cdef tuple parents(self):
        return ()


class GradFn:
    """What `grad_fn` shows of a node: a class for every kind of operation, named as torch names it."""

    __slots__ = ("_node",)
    kinds = {}

    def __init__(self, node):
        self._node = node

    def name(self):
        return type(self).__name__

    @property
    def next_functions(self):
        """The operations, and leaves, that this one's arguments came from."""
        return tuple(
            [((AccumulateGrad(made) if isinstance(made, Tensor) else shown(made)), 0) for made in parents_of(self._node)]
        )

    def __eq__(self, other):
        return isinstance(other, GradFn) and self._node is other._node

    def __hash__(self):
        return hash(self._node)

    def __repr__(self):
        return f"<{self.name()} object at {id(self._node):#x}>"


def parents_of(Node node):
    return node.parents()


def shown(Node node):
    """The GradFn of a node."""
    kind = GradFn.kinds.get(node.label)
    if kind is None:
        kind = GradFn.kinds[node.label] = type(node.label, (GradFn,), {"__slots__": ()})
    return kind(node)


class AccumulateGrad:
    """Stands for a leaf at the end of `grad_fn.next_functions`."""

    def __init__(self, variable):
        self.variable = variable

    def name(self):
        return "torch::autograd::AccumulateGrad"

    def __repr__(self):
        return f"<AccumulateGrad object at {id(self):#x}>"


cdef class Lazy(Node):
    cdef void wait(self) noexcept:
        global first_waiting
        self.earlier = NULL
        self.later = first_waiting
        if first_waiting != NULL:
            (<Lazy>first_waiting).earlier = <void *>self
        first_waiting = <void *>self
        self.waiting = True

    def __dealloc__(self):
        self.stop_waiting()

    cdef void stop_waiting(self) noexcept:
        global first_waiting
        if not self.waiting:
            return
        self.waiting = False
        if self.earlier == NULL:
            first_waiting = self.later
        else:
            (<Lazy>self.earlier).later = self.later
        if self.later != NULL:
            (<Lazy>self.later).earlier = self.earlier

    cdef ndarray value(self):
        if self.result is None:
            context = enter_quiet()
            try:
                self.result = self.compute()
            finally:
                PyContext_Exit(context)
            self.stop_waiting()
        return self.result

    cdef ndarray compute(self):
        raise NotImplementedError

    cdef Storage storage_of_result(self):
        if self.storage is None:
            self.storage = Storage.__new__(Storage)
        return self.storage

    cdef bint reads(self, const char *low, const char *high) noexcept:
        return False


cdef class Sweep:
    cdef void collect(self):
        self.pending = {}
        self.order = []

    cdef object send(self, object target, ndarray gradient, bint owned):
        """Adds to the gradient of a leaf or node; `owned` says that nobody else has this array."""
        cdef Tensor leaf
        if target is None:
            return
        if isinstance(target, Tensor):
            leaf = <Tensor>target
            if leaf._hooks is None and self.captured is None:
                accumulate(leaf, gradient, owned)
                return
        if self.captured is not None and target not in self.captured and target not in self.leading:
            return
        if self.pending is None:
            self.collect()
        so_far = self.pending.get(target)
        if so_far is None:
            self.pending[target] = gradient
            if isinstance(target, Node):
                heappush(self.order, (-(<Node>target).sequence, target))
        else:
            self.pending[target] = np.asarray(so_far + gradient)

    cdef object run(self):
        cdef Node node
        context = enter_quiet()
        try:
            while self.order:
                node = heappop(self.order)[1]
                self.arrive(node, self.pending.pop(node))
        finally:
            PyContext_Exit(context)
        for leaf, gradient in self.pending.items():
            if (<Tensor>leaf)._hooks is not None:
                gradient = call_hooks((<Tensor>leaf)._hooks, gradient)
            if self.captured is None:
                accumulate(leaf, gradient, False)
            else:
                self.captured[leaf] = gradient

    cdef object arrive(self, Node node, ndarray gradient):
        if node.watched(self):
            if gradient is None:
                gradient = np.ones((), of_lazy(node) if isinstance(node, Lazy) else (<OpNode>node).out.dtype)
            if node.hooks is not None:
                gradient = call_hooks(node.hooks, gradient)
            if node.retained_by is not None:
                tensor = node.retained_by()
                if tensor is not None:
                    retain(tensor, gradient)
            if self.captured is not None:
                if node in self.captured:
                    self.captured[node] = gradient
                if node not in self.leading:
                    return
        check_freed(node, self)
        node.visit(gradient, self)


cdef object check_freed(Node node, Sweep sweep):
    if node.freed and node.freed != sweep.number:
        raise RuntimeError(
            "Trying to backward through the graph a second time (or directly access saved tensors after they have "
            "already been freed). Saved intermediate values of the graph are freed when you call .backward() or "
            "autograd.grad(). Specify retain_graph=True if you need to backward through the graph a second time or "
            "if you need to access saved tensors after calling backward."
        )


cdef object of_lazy(Lazy node):
    return cnp.PyArray_DescrFromType(node.type_num)


cdef ndarray call_hooks(dict hooks, ndarray gradient):
    for hook in list(hooks.values()):
        replaced = hook(wrap(gradient))
        if replaced is not None:
            gradient = array_of(replaced)
    return gradient


cdef object retain(Tensor tensor, ndarray gradient):
    """What retain_grad() asked for: the sum over all backward runs, each time in a tensor of its own."""
    tensor._grad = wrap(gradient.copy() if tensor._grad is None else np.asarray(array_of(tensor._grad) + gradient))


cdef object accumulate(Tensor leaf, ndarray gradient, bint owned):
    cdef ndarray total
    if not leaf._requires_grad:
        return
    if leaf._grad is None:
        leaf._grad = wrap(gradient if owned else np.array(gradient, order="C"))
        return
    total = array_of(leaf._grad)
    before_write(total)
    if arithmetic(ADD, total, gradient, total) is None:
        np.add(total, gradient, total)
    written(leaf._grad)


cdef Sweep new_sweep(bint retain):
    global sweeps_made
    cdef Sweep sweep = Sweep.__new__(Sweep)
    sweeps_made += 1
    sweep.number = sweeps_made
    sweep.retain = retain
    return sweep


cdef object start(Sweep sweep, Tensor tensor, ndarray gradient):
    """Lets the gradient of a tensor in; None stands for 1."""
    if sweep.pending is None and isinstance(tensor._node, Lazy):
        sweep.arrive(tensor._node, gradient)
        return
    if gradient is None:
        gradient = np.ones_like(array_of(tensor))
    sweep.send(key_of(tensor), gradient, False)


cdef ndarray root_gradient(Tensor tensor, object given):
    """The gradient to start from; None stands for 1."""
    if not requires_grad(tensor):
        raise RuntimeError(
            "element 0 of tensors does not require grad and does not have a grad_fn: nothing that it was computed "
            "from has requires_grad=True, or it was computed under no_grad()"
        )
    if given is None:
        if numel(tensor) != 1:
            raise RuntimeError(
                f"grad can be implicitly created only for scalar outputs, but this one has shape {shape_of(tensor)}: "
                "take its .sum() or .mean() first, or pass backward(gradient=...)"
            )
        if ndim(tensor):
            return np.ones(shape_of(tensor), array_dtype(tensor))
        return None
    if not isinstance(given, Tensor):
        raise TypeError(f"gradients can be either Tensors or None, but got {type(given).__name__}")
    gradient = array_of(given)
    if shape_of(given) != shape_of(tensor):
        raise RuntimeError(
            f"Mismatch in shape: grad_output[0] has a shape of {shape_of(given)} and output[0] has a shape of "
            f"{shape_of(tensor)}."
        )
    return gradient


def grad_of(outputs, inputs, grad_outputs, bint retain_graph):
    """The gradients of outputs with respect to inputs as arrays, None where there is no path."""
    cdef dict captured = {}
    for tensor in inputs:
        if not requires_grad(tensor):
            raise RuntimeError("One of the differentiated Tensors does not require grad")
        captured[key_of(tensor)] = None
    starts = [root_gradient(tensor, given) for tensor, given in zip(outputs, grad_outputs)]
    sweep = new_sweep(retain_graph)
    sweep.captured = captured
    sweep.leading = leading_to(captured, outputs)
    sweep.collect()
    for tensor, gradient in zip(outputs, starts):
        start(sweep, tensor, gradient)
    sweep.run()
    found = [captured[key_of(tensor)] for tensor in inputs]
    return [None if gradient is None else wrap(np.array(gradient)) for gradient in found]


cdef set leading_to(dict inputs, outputs):
    """The nodes between outputs and inputs: autograd.grad runs no others, and leaves them usable."""
    cdef dict parents = {}
    cdef list found = [key_of(tensor) for tensor in outputs]
    cdef set leading = set()
    while found:
        node = found.pop()
        if isinstance(node, Node) and node not in parents:
            parents[node] = (<Node>node).parents()
            found.extend(parents[node])
    for node in sorted(parents, key=lambda node: node.sequence):
        if (<Node>node).freed:      # no longer knows where it leads; it is run, and says that it was used up
            leading.add(node)
        for parent in parents[node]:
            if parent in inputs or parent in leading:
                leading.add(node)
    return leading


cdef object key_of(Tensor tensor):
    return tensor if tensor._node is None else tensor._node


# ---- small arithmetic

# A ufunc takes half a microsecond to start, as much as half a turn of the training loop: what is small enough and
# needs neither broadcasting nor conversion is computed here.

ctypedef fused number:
    float
    double

cdef enum Arithmetic:
    NEITHER
    ADD
    SUB
    RSUB
    MUL
    DIV

cdef dict ARITHMETIC = {"add": ADD, "sub": SUB, "rsub": RSUB, "mul": MUL, "div": DIV}

cdef enum:
    SMALL = 1024        # elements; beyond, numpy's loops win
    EXACT = 1 << 24     # whole numbers up to here are the same in every type


@cython.cdivision(True)
cdef void compute(
    int operation, Py_ssize_t size, const number *a, const number *b, Py_ssize_t b_step, number *out
) noexcept:
    cdef Py_ssize_t i
    if operation == ADD:
        for i in range(size):
            out[i] = a[i] + b[i * b_step]
    elif operation == SUB:
        for i in range(size):
            out[i] = a[i] - b[i * b_step]
    elif operation == RSUB:
        for i in range(size):
            out[i] = b[i * b_step] - a[i]
    elif operation == MUL:
        for i in range(size):
            out[i] = a[i] * b[i * b_step]
    else:
        for i in range(size):
            out[i] = a[i] / b[i * b_step]


cdef ndarray arithmetic(int operation, object first, object second, ndarray out):
    """The result, in `out` (None, or the first argument) or in a new array; None for numpy's cases."""
    cdef ndarray a
    cdef ndarray b
    cdef int type_num
    cdef double wide = 0
    cdef float narrow
    cdef void *other
    cdef Py_ssize_t step = 0
    if not isinstance(first, ndarray):
        return None
    a = <ndarray>first
    type_num = cnp.PyArray_TYPE(a)
    if type_num != cnp.NPY_FLOAT32 and type_num != cnp.NPY_FLOAT64:
        return None
    if cnp.PyArray_SIZE(a) > SMALL or not (cnp.PyArray_ISCARRAY_RO(a) if out is None else cnp.PyArray_ISCARRAY(a)):
        return None
    if isinstance(second, ndarray):
        b = <ndarray>second
        if cnp.PyArray_TYPE(b) != type_num or not cnp.PyArray_ISCARRAY_RO(b) or not cnp.PyArray_SAMESHAPE(a, b):
            return None
        other = cnp.PyArray_DATA(b)
        step = 1
    elif type(second) is float or (type(second) is int and -EXACT <= second <= EXACT):
        wide = second
        narrow = <float>wide
        other = <void *>&narrow if type_num == cnp.NPY_FLOAT32 else <void *>&wide
    else:
        return None
    if out is None:
        out = cnp.PyArray_SimpleNew(cnp.PyArray_NDIM(a), cnp.PyArray_DIMS(a), type_num)
    if type_num == cnp.NPY_FLOAT32:
        compute(
            operation, cnp.PyArray_SIZE(a), <const float *>cnp.PyArray_DATA(a), <const float *>other, step,
            <float *>cnp.PyArray_DATA(out),
        )
    else:
        compute(
            operation, cnp.PyArray_SIZE(a), <const double *>cnp.PyArray_DATA(a), <const double *>other, step,
            <double *>cnp.PyArray_DATA(out),
        )
    return out


# ---- operations


cdef class Row:
    pass


cdef Row row_of(str name):
    """The row of that name, empty until ops fills it."""
    row = table.get(name)
    if row is None:
        row = Row.__new__(Row)
        (<Row>row).name = name
        (<Row>row).recognise = NULL
        (<Row>row).arithmetic = ARITHMETIC.get(name, NEITHER)
        table[name] = row
    return row


def row(str name, forward, gradients=None, needs=None, *, label=None, bint view=False):
    """Fills a row of the table of operations and returns it."""
    cdef Row made = row_of(name)
    made.label = label or name.title().replace("_", "") + "Backward0"
    made.forward = forward
    made.gradients = gradients
    made.needs = needs
    made.view = view
    return made


def rows():
    """The table of operations."""
    return dict(table)


def method(str name, function):
    """Makes a function a method of Tensor (for the rooms above this one)."""
    if name in slots or name.startswith("__"):
        slots[name] = function
    else:
        (<dict>fastgd_type_dict(Tensor))[name] = function
        PyType_Modified(Tensor)


cdef class OpNode(Node):
    """A row of the table, recorded."""
    cdef Row row
    cdef tuple made_from        # per argument: leaf, node or None
    cdef tuple arrays
    cdef dict options
    cdef ndarray out
    cdef list saved             # (number of the argument or -1, storage, version) of what the gradients read
    cdef bint reads_values      # and not only shapes

    cdef tuple parents(self):
        return tuple([parent for parent in self.made_from if parent is not None])

    cdef object visit(self, ndarray gradient, Sweep sweep):
        cdef Py_ssize_t i
        if gradient is None:
            gradient = np.ones((), self.out.dtype)
        for i, storage, version in self.saved:
            if (<Storage>storage).version != version:
                parent = self if i < 0 else self.made_from[i]
                saved = self.out if i < 0 else self.arrays[i]
                check_version(storage, version, saved, parent if isinstance(parent, Node) else None)
        for i in range(len(self.made_from)):
            parent = self.made_from[i]
            if parent is None:
                continue
            flowing = self.row.gradients[i](gradient, self.out, *self.arrays, **self.options)
            if flowing is not None:
                sweep.send(parent, fitted(flowing, self.arrays[i]), False)
        if not sweep.retain:
            # As in torch, what reads no values can be run again.
            if self.reads_values:
                self.freed = sweep.number
            self.arrays = tuple([shell(array) if isinstance(array, ndarray) else array for array in self.arrays])
            self.out = shell(self.out)
            self.saved = []


cdef char nothing[16]


cdef ndarray shell(ndarray array):
    """An array of the same shape and type without the memory."""
    cdef cnp.npy_intp strides[64]        # as many dimensions as numpy has
    cdef int i
    for i in range(cnp.PyArray_NDIM(array)):
        strides[i] = 0
    return cnp.PyArray_New(
        ndarray, cnp.PyArray_NDIM(array), cnp.PyArray_DIMS(array), cnp.PyArray_TYPE(array), strides, nothing, 0,
        cnp.NPY_ARRAY_ALIGNED, None,
    )


def whole_leaf(parent):
    """The leaf that a parent is, or is a view of all elements of; else None."""
    while isinstance(parent, OpNode) and (<OpNode>parent).row.view:
        whole = (<OpNode>parent).arrays[0].size == (<OpNode>parent).out.size
        parent = (<OpNode>parent).made_from[0] if whole else None
    return parent if isinstance(parent, Tensor) else None


cdef ndarray fitted(object gradient, ndarray like):
    """A gradient summed over what broadcasting repeated, in the type of its argument."""
    cdef ndarray made = np.asarray(gradient, like.dtype)
    cdef int extra = cnp.PyArray_NDIM(made) - cnp.PyArray_NDIM(like)
    if extra > 0:
        made = np.asarray(made.sum(tuple(range(extra))))
    for axis in range(cnp.PyArray_NDIM(like)):
        if cnp.PyArray_DIM(like, axis) == 1 and cnp.PyArray_DIM(made, axis) != 1:
            made = made.sum(axis, keepdims=True)
    return made


cpdef apply(Row row, tuple args, dict options):
    """Computes a row of the table and records it where gradients are wanted."""
    cdef Tensor made
    if row.recognise != NULL and affine_enabled and fastgd_grad_enabled:
        found = row.recognise(row, args, options)
        if found is not None:
            return found
    cdef bint recorded = False
    arrays = []
    for arg in args:
        if isinstance(arg, Tensor):
            arrays.append(array_of(<Tensor>arg))
            recorded = recorded or requires_grad(<Tensor>arg)
        else:
            arrays.append(arg)
    array = arithmetic(row.arithmetic, arrays[0], arrays[1], None) if row.arithmetic else None
    made = wrap(forward(row, arrays, options) if array is None else array)
    if row.view:
        made._base = args[0] if (<Tensor>args[0])._base is None else (<Tensor>args[0])._base
        made._storage = storage_of(<Tensor>args[0])
    if recorded and fastgd_grad_enabled and row.gradients is not None:
        record(made, row, args, tuple(arrays), options)
    return made


cdef ndarray forward(Row row, list arrays, dict options):
    """The result of a row; infinities and NaN come without warnings, as torch's."""
    context = enter_quiet()
    try:
        return np.asarray(row.forward(*arrays, **options))
    finally:
        PyContext_Exit(context)


cdef object record(Tensor made, Row row, tuple args, tuple arrays, dict options):
    cdef OpNode node = OpNode.__new__(OpNode)
    cdef Storage storage
    cdef Py_ssize_t i
    node.label = row.label if isinstance(row.label, str) else row.label(*arrays, **options)
    node.row = row
    node.arrays = arrays
    node.options = options
    node.out = made._array
    node.saved = []
    parents = []
    needed = set()
    for i in range(len(args)):
        arg = args[i]
        parent = key_of(arg) if isinstance(arg, Tensor) and requires_grad(<Tensor>arg) else None
        parents.append(parent)
        if parent is not None:
            needed.update(row.needs[i])
    node.made_from = tuple(parents)
    node.reads_values = bool(needed)
    made._node = node
    for i in needed:
        kept = made if i < 0 else args[i]
        if isinstance(kept, Tensor):
            storage = storage_of(<Tensor>kept)
            node.saved.append((i, storage, storage.version))


cpdef Tensor apply_inplace(Row row, tuple args, dict options):
    """Computes a row into the memory of its first argument."""
    cdef Tensor target = args[0]
    cdef ndarray array = array_of(target)
    cdef bint recorded = False
    check_inplace(target)
    arrays = []
    for arg in args:
        if isinstance(arg, Tensor):
            arrays.append(array_of(<Tensor>arg))
            recorded = recorded or requires_grad(<Tensor>arg)
        else:
            arrays.append(arg)
    before_write(array)
    if recorded and fastgd_grad_enabled:
        # The arguments as they were: an operand may be the target itself.
        arrays[0] = array.copy()
        kept = wrap(arrays[0])
        kept._node, kept._requires_grad = target._node, target._requires_grad
        result = forward(row, arrays, options)
        store(array, result)
        written(target)
        target._requires_grad = False
        made = target if target._base is None else wrap(result.copy())
        record(made, row, (kept, *args[1:]), tuple(arrays), options)
        if target._base is not None:
            record_part(target._base, target, made)
        return target
    if not row.arithmetic or arithmetic(row.arithmetic, array, arrays[1], array) is None:
        store(array, forward(row, arrays, options))
    written(target)
    return target


cdef object record_part(Tensor base, Tensor part, Tensor value):
    """Records that a part of a tensor has been replaced, and that the part comes from the tensor as it is now."""
    cdef ndarray array = array_of(base)
    number = np.empty_like(array, np.intp)
    if number.strides != tuple([step // array.itemsize * number.itemsize for step in (<object>array).strides]):
        raise NotImplementedError(
            "writing into a view of a tensor with gaps in its memory is not recorded: write to a .clone()"
        )
    number[...] = np.arange(array.size).reshape(number.shape)
    offset = <Py_ssize_t>(<char *>cnp.PyArray_DATA(part._array) - <char *>cnp.PyArray_DATA(array))
    options = {
        "places": np.ndarray(
            (<object>part._array).shape,
            np.intp,
            number,
            offset // array.itemsize * number.itemsize,
            [step // array.itemsize * number.itemsize for step in (<object>part._array).strides],
        ).copy()
    }
    kept = wrap(array)
    kept._node = base._node
    record(base, row_of("replace_part"), (kept, value), (array, value._array), options)
    record(part, row_of("part"), (base,), (array,), options)


cdef object store(ndarray array, ndarray result):
    """Writes a result where it fits without broadcasting the target or losing its kind."""
    if not cnp.PyArray_SAMESHAPE(result, array):
        raise RuntimeError(
            f"output with shape {list((<object>array).shape)} doesn't match the broadcast shape "
            f"{list((<object>result).shape)}"
        )
    if cnp.PyArray_TYPE(result) != cnp.PyArray_TYPE(array) and not np.can_cast(result.dtype, array.dtype, "same_kind"):
        raise RuntimeError(
            f"result type {of_array(result).legacy} can't be cast to the desired output type {of_array(array).legacy}"
        )
    cnp.PyArray_CopyInto(array, result)


cdef object check_inplace(Tensor target):
    if not cnp.PyArray_ISWRITEABLE(array_of(target)):
        raise ValueError(
            "a tensor on read-only memory is being used in an in-place operation: it shares a numpy array that is not "
            "writeable. Write to a copy, x.clone()."
        )
    if not fastgd_grad_enabled:
        return
    if target._node is None and target._requires_grad:
        raise RuntimeError(
            "a leaf Variable that requires grad is being used in an in-place operation. Write to it under "
            "`with no_grad():`, or to its .data."
        )
    # A detached tensor is a view too, but requires no gradient: state_dict()'s tensors may be written to.
    if requires_grad(target) and target._base is not None and target._base._requires_grad and target._base._node is None:
        raise RuntimeError(
            "a view of a leaf Variable that requires grad is being used in an in-place operation. Write to it under "
            "`with no_grad():`, or to its .data."
        )


cpdef object prepare_write(Tensor target):
    """The array of a tensor that a later room is about to write to as a whole or in part, outside the tape."""
    check_inplace(target)
    if fastgd_grad_enabled and requires_grad(target):
        raise NotImplementedError(
            "writing into a recorded tensor is not recorded: write to a .clone(), or build it with cat, stack or where"
        )
    array = array_of(target)
    before_write(array)
    written(target)
    return array


cdef Row row_add = row_of("add")
cdef Row row_sub = row_of("sub")
cdef Row row_rsub = row_of("rsub")
cdef Row row_mul = row_of("mul")
cdef Row row_div = row_of("div")
cdef Row row_pow = row_of("pow")
cdef Row row_matmul = row_of("matmul")
cdef Row row_neg = row_of("neg")
cdef dict NO_OPTIONS = {}


cdef object operand(object given):
    """A tensor or number that arithmetic takes, or NotImplemented."""
    if isinstance(given, (Tensor, float, int)):
        return given.item() if isinstance(given, np.generic) else given
    if isinstance(given, np.generic) and given.dtype.kind in "fiub":
        return given.item()
    if isinstance(given, np.ndarray):
        return wrap(given)
    return NotImplemented


cdef inline object operate(Row row, object a, object b):
    if not isinstance(b, Tensor):
        b = operand(b)
        if b is NotImplemented:
            return b
    return apply(row, (a, b), NO_OPTIONS)


cdef inline object operate_inplace(Row row, object a, object b):
    b = operand(b)
    if b is NotImplemented:
        return b
    return apply_inplace(row, (a, b), NO_OPTIONS)


cdef object compare(str name, object a, object b):
    b = operand(b)
    if b is NotImplemented:
        return b
    return apply(row_of(name), (a, b), NO_OPTIONS)


# ---- tensors


cdef ndarray array_of(Tensor tensor):
    if tensor._array is None:
        tensor._array = (<Lazy>tensor._node).value()
    return tensor._array


cdef Tensor wrap(ndarray array):
    cdef Tensor made = Tensor.__new__(Tensor)
    made._array = array
    return made


cdef Tensor wrap_node(Node node):
    cdef Tensor made = Tensor.__new__(Tensor)
    made._node = node
    return made


cdef inline bint requires_grad(Tensor tensor) noexcept:
    return tensor._requires_grad or tensor._node is not None


cdef int ndim(Tensor tensor) noexcept:
    return (<Lazy>tensor._node).ndim if tensor._array is None else cnp.PyArray_NDIM(tensor._array)


cdef object array_dtype(Tensor tensor):
    return of_lazy(<Lazy>tensor._node) if tensor._array is None else tensor._array.dtype


cdef object shape_of(Tensor tensor):
    if tensor._array is None:
        lazy = <Lazy>tensor._node
        return Size([lazy.shape[i] for i in range(lazy.ndim)])
    return Size((<object>tensor._array).shape)


cdef Py_ssize_t numel(Tensor tensor):
    cdef Py_ssize_t product = 1
    cdef int i
    if tensor._array is not None:
        return cnp.PyArray_SIZE(tensor._array)
    for i in range((<Lazy>tensor._node).ndim):
        product *= (<Lazy>tensor._node).shape[i]
    return product


def from_array(array):
    """A tensor on the memory of a numpy array."""
    return wrap(array)


def share(Tensor tensor, ndarray array):
    """A tensor on part of another's memory, that counts versions with it and is not recorded."""
    cdef Tensor made = wrap(array)
    made._storage = storage_of(tensor)
    return made


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
        shape = shape_of(self)
        if dim is None:
            return shape
        if not -len(shape) <= dim < len(shape):
            raise IndexError(
                f"Dimension out of range (expected to be in range of [{-max(len(shape), 1)}, {max(len(shape), 1) - 1}], "
                f"but got {dim})"
            )
        return shape[dim]

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
        return of_array(np.empty(0, of_lazy(<Lazy>self._node)) if self._array is None else self._array)

    @property
    def device(self):
        return cpu

    def stride(self, dim=None):
        """How many elements lie between neighbours, per dimension."""
        array = array_of(self)
        strides = tuple([step // array.itemsize for step in (<object>array).strides])
        return strides if dim is None else strides[dim]

    def is_contiguous(self):
        return bool(array_of(self).flags.c_contiguous)

    def data_ptr(self):
        return <size_t>cnp.PyArray_DATA(array_of(self))

    @property
    def _version(self):
        return 0 if self._storage is None else self._storage.version

    # Attributes of one's own. A real __dict__ would be made with every tensor, at a tenth of the cost of a turn of the
    # training loop.

    @property
    def __dict__(self):
        if self._attributes is None:
            self._attributes = {}
        return self._attributes

    def __setattr__(self, name, value):
        try:
            PyObject_GenericSetAttr(self, name, value)
        except AttributeError:
            if hasattr(type(self), name):
                raise
            vars(self)[name] = value

    def __getattr__(self, name):
        if self._attributes is not None and name in self._attributes:
            return self._attributes[name]
        raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")

    # -- gradients

    @property
    def requires_grad(self):
        """Whether gradients with respect to this tensor are wanted."""
        return bool(requires_grad(self))

    @requires_grad.setter
    def requires_grad(self, bint wanted):
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
            raise RuntimeError(
                f"only Tensors of floating point dtype can require gradients, but this one is {self.dtype}: "
                "convert it with .float()"
            )
        self._requires_grad = requires_grad
        return self

    @property
    def is_leaf(self):
        return self._node is None

    @property
    def grad_fn(self):
        """The recorded operation that this tensor came from, None for a leaf."""
        return None if self._node is None else shown(self._node)

    @property
    def grad(self):
        """The gradient that backward() has left, or None."""
        if self._grad is None and self._node is not None and self._node.retained_by is None:
            import warnings

            warnings.warn(
                "The .grad attribute of a Tensor that is not a leaf Tensor is being accessed. Its .grad attribute "
                "won't be populated during autograd.backward(). If you indeed want the .grad field to be populated "
                "for a non-leaf Tensor, use .retain_grad() on the non-leaf Tensor.",
                UserWarning,
                stacklevel=2,
            )
        return self._grad

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
                "(defaults to the tensor's dtype): convert it with .to(dtype)"
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
            inputs: the leaves to add to, instead of all.

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
        wanted = [inputs] if isinstance(inputs, Tensor) else list(inputs)
        found = grad_of([self], wanted, [gradient], bool(retain_graph))
        for tensor, gradient in zip(wanted, found):
            if gradient is not None:
                accumulate(tensor, array_of(gradient), True)

    @property
    def _backward_hooks(self):
        return self._hooks

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
        """The numpy array that this tensor is; shares memory."""
        if requires_grad(self) and not force:
            raise RuntimeError(
                "Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead."
            )
        return array_of(self)

    def __array__(self, dtype=None, copy=None):
        return np.array(self.numpy(), dtype=dtype, copy=copy)

    def __array_wrap__(self, array, context=None, return_scalar=False):
        return wrap(np.asarray(array))

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
        return float(self.one_element())

    def __int__(self):
        return int(self.one_element())

    cdef object one_element(self):
        if numel(self) != 1:
            raise ValueError(f"only one element tensors can be converted to Python scalars, but this has {numel(self)}")
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
                "moment: use .detach() first"
            )
        if id(self) in memo:
            return memo[id(self)]
        made = type(self).__new__(type(self))
        made._array = self._array.copy()
        made._requires_grad = self._requires_grad
        if self._grad is not None:
            made._grad = self._grad.__deepcopy__(memo)
        memo[id(self)] = made
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


def refuse_create_graph():
    raise NotImplementedError(
        "create_graph=True asks for second derivatives: fastgd's tape has first derivatives only; this needs torch"
    )


class RemovableHandle:
    """Takes a hook away again: handle.remove(), or `with handle:`."""

    made = 0

    def __init__(self, hooks, hook):
        RemovableHandle.made += 1
        self.id = RemovableHandle.made
        self._hooks = hooks
        hooks[self.id] = hook

    def remove(self):
        self._hooks.pop(self.id, None)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.remove()


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
            raise TypeError(f"Parameter data must be a tensor, but got {type(data).__name__}: use fastgd.tensor(...)")
        self._array = array_of(<Tensor>data)
        self._storage = storage_of(<Tensor>data)
        self.requires_grad_(requires_grad)
