# Part of _tensor: the table of operations, and how a row is computed and recorded.

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


def named_as(Tensor tensor, str label):
    """The tensor itself, its grad_fn under the name that torch gives a function built here of several operations."""
    if tensor._node is not None:
        tensor._node.label = label
    return tensor


def row(str name, forward, gradients=None, needs=None, *, label=None, arguments=None, bint view=False):
    """Fills a row of the table of operations and returns it."""
    cdef Row made = row_of(name)
    made.label = label or name.title().replace("_", "") + "Backward0"
    made.forward = forward
    made.gradients = gradients
    made.needs = needs
    made.arguments = arguments
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
        give_attribute(Tensor, name, function)


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

    cdef tuple arguments(self):
        """Where the tensors came from; numbers, too, where torch makes tensors of them."""
        if self.row.arguments is not None:
            return self.row.arguments(self.label, *self.made_from)
        return tuple([
            parent
            for parent, array in zip(self.made_from, self.arrays)
            if parent is not None
            or isinstance(array, np.ndarray)
            or (self.row.name in ("add", "sub", "mul", "div") and isinstance(array, (int, float)))
        ])

    cdef object visit(self, ndarray gradient, Sweep sweep):
        cdef Py_ssize_t i
        if gradient is None:
            gradient = np.ones((), self.out.dtype)
        for i, storage, version in self.saved:
            if (<Storage>storage).version != version:
                parent = self if i < 0 else self.made_from[i]
                saved = self.out if i < 0 else self.arrays[i]
                check_version(storage, version, saved, parent if isinstance(parent, Node) else None, i < 0)
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


def unscaled(node):
    """What a loss is made from by constants that multiply it, and by a mean or sum of all elements between them.

    Returns:
        The node it is made from, the constants' product, whether there is a mean (None: neither that nor a sum), and
        whether somebody watches the steps between.
    """
    cdef OpNode step
    cdef double factor = 1
    cdef bint watched = False
    mean = None
    while isinstance(node, OpNode) and not (<OpNode>node).freed:
        step = node
        name, at = step.row.name, 0
        if name in ("mul", "div"):
            at = 1 if step.made_from[0] is None else 0
            other = step.arrays[1 - at]
            if step.made_from[1 - at] is not None or np.size(other) != 1:
                break
            constant = float(np.asarray(other).item())
            if name == "div" and (at == 1 or constant == 0):
                break
            factor = factor * constant if name == "mul" else factor / constant
        elif name == "neg":
            factor = -factor
        elif name in ("mean", "sum") and mean is None and step.options.get("dim") is None:
            mean = name == "mean"
        else:
            break
        watched = watched or step.hooks is not None or step.retained_by is not None
        node = step.made_from[at]
    return node, factor, mean, watched


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
        be_part(made, <Tensor>args[0])
        made._storage = storage_of(<Tensor>args[0])
    if recorded and fastgd_grad_enabled and row.gradients is not None:
        record(made, row, args, tuple(arrays), options)
    return made


cdef void be_part(Tensor part, Tensor whole):
    part._base = whole if whole._base is None else whole._base
    part._followed = number_of_node(part._base)


cdef inline Py_ssize_t number_of_node(Tensor tensor) noexcept:
    return 0 if tensor._node is None else tensor._node.sequence


cdef int follow_base(Tensor view) except -1:
    """Finds a view's place on the tape anew where what it is a view of was written to, and that was recorded."""
    cdef Py_ssize_t now = number_of_node(view._base)
    if now != 0 and now != view._followed:
        view._followed = now
        array_of(view)
        if storage_of(view) is storage_of(view._base):      # which has not been given other data
            record_place(view._base, view)
    return 0


cpdef Tensor view_of(Row row, Tensor input, ndarray array, dict options):
    """A view that has been taken already, recorded as a row that nothing recognises."""
    cdef Tensor made = wrap(array)
    be_part(made, input)
    made._storage = storage_of(input)
    if fastgd_grad_enabled and requires_grad(input):
        record(made, row, (input,), (array_of(input),), options)
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
    if made._node is not None:      # it was written to
        node.retained_by, made._node.retained_by = made._node.retained_by, None
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
        kept._storage = Storage.__new__(Storage)        # not that of the node's own result, which is being written to
        result = forward(row, arrays, options)
        store(array, result)
        written(target)
        target._requires_grad = False
        made = target if target._base is None else wrap(result.copy())
        record(made, row, (kept, *args[1:]), tuple(arrays), options)
        expect_unwritten(<OpNode>made._node, storage_of(target))
        storage_of(target).writer = made._node.label
        if target._base is not None:
            record_part(target._base, target, made)
        return target
    if not row.arithmetic or arithmetic(row.arithmetic, array, arrays[1], array) is None:
        store(array, forward(row, arrays, options))
    written(target)
    return target


cdef object expect_unwritten(OpNode node, Storage storage):
    """Operands in the memory that an operation wrote to are not there any more as its gradients would read them."""
    node.saved = [(i, kept, version - 1 if i > 0 and kept is storage else version) for i, kept, version in node.saved]


def reshape_inplace(Tensor target, view, tuple args, dict options, label):
    """Gives a tensor the shape, and the place on the tape, of a view of it."""
    cdef Tensor made
    check_leaf(target)
    if not isinstance(target._node, Lazy):      # whose form would take it that its value was written to
        written(target)
    made = view(target, *args, **options)
    target._array = made._array
    if made._node is not None:
        target._node, target._requires_grad = made._node, False
        target._node.label = label
    return target


def written_by(Tensor target, Tensor made):
    """Records that a tensor, written to already, is what `made` is: the result of a Function on the same memory."""
    check_inplace(target)
    if made._node is None:
        return target
    if target._base is not None:
        record_part(target._base, target, made)
    else:
        target._node, target._requires_grad = made._node, False
    return target


cdef object offsets(ndarray array):
    """How many bytes each element lies behind the first."""
    total = np.zeros((<object>array).shape, np.intp)
    for axis in range(cnp.PyArray_NDIM(array)):
        steps = np.arange(cnp.PyArray_DIM(array, axis), dtype=np.intp) * cnp.PyArray_STRIDE(array, axis)
        total += steps.reshape((-1,) + (1,) * (cnp.PyArray_NDIM(array) - axis - 1))
    return total


cdef object record_part(Tensor base, Tensor part, Tensor value):
    """Records that a part of a tensor has been replaced, and that the part comes from the tensor as it is now."""
    cdef ndarray array = array_of(base)
    storage_of(base)        # while its node knows it
    kept = wrap(array)
    kept._node = base._node
    record(base, row_of("replace_part"), (kept, value), (array, value._array), {"places": places_of(part, array)})
    record_place(base, part)


cdef object record_place(Tensor base, Tensor part):
    """Records that a part comes from the tensor as it is now."""
    record(part, row_of("part"), (base,), (base._array,), {"places": places_of(part, base._array)})
    part._followed = base._node.sequence


cdef object places_of(Tensor part, ndarray array):
    """Where the elements of a part are in the array, by their numbers in its order."""
    offset = <Py_ssize_t>(<char *>cnp.PyArray_DATA(part._array) - <char *>cnp.PyArray_DATA(array))
    places = offsets(part._array) + offset
    if cnp.PyArray_IS_C_CONTIGUOUS(array):
        places //= cnp.PyArray_ITEMSIZE(array)
    else:
        elements = offsets(array).ravel()
        order = np.argsort(elements)
        places = order[np.searchsorted(elements, places, sorter=order)]
    return places


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


WRITE_TO_DATA = "Write to it under `with no_grad():`, or to its .data."


cdef object check_inplace(Tensor target):
    if not cnp.PyArray_ISWRITEABLE(array_of(target)):
        raise ValueError(
            "a tensor on read-only memory is being used in an in-place operation: it shares a numpy array that is not "
            "writeable. Write to a copy, x.clone()."
        )
    check_leaf(target)


cdef object check_leaf(Tensor target):
    """Refuses what would change a leaf, or a view of one, behind the back of its gradient."""
    if not fastgd_grad_enabled:
        return
    if target._node is None and target._requires_grad:
        raise advised(
            RuntimeError("a leaf Variable that requires grad is being used in an in-place operation."), WRITE_TO_DATA
        )
    # A detached tensor is a view too, but requires no gradient: state_dict()'s tensors may be written to.
    cdef Tensor base = target._base
    if requires_grad(target) and base is not None and base._requires_grad and base._node is None:
        raise advised(
            RuntimeError("a view of a leaf Variable that requires grad is being used in an in-place operation."),
            WRITE_TO_DATA,
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
cdef Row row_mean = row_of("mean")
cdef Row row_sum = row_of("sum")
cdef dict NO_OPTIONS = {}


cdef object operand(object given):
    """A tensor or number that arithmetic takes, or NotImplemented."""
    if isinstance(given, Tensor) or type(given) is float or type(given) is int:
        return given
    if isinstance(given, (float, int)):
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
