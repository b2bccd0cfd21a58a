# Part of _affine: what others are told of a form, without computing it.

def step_of(Tensor tensor):
    """How far the form carries a tensor: "prediction", "residual", "pointwise", "loss" or None; computes nothing."""
    if root_of(tensor) is not None:
        return "prediction"
    if unread_step(tensor, RESIDUAL) is not None:
        return "residual"
    if unread_step(tensor, POINTWISE) is not None:
        return "pointwise"
    return "loss" if isinstance(tensor._node, Derived) and (<Derived>tensor._node).step == LOSS else None


cdef object rows_of(Layout rows, Py_ssize_t width):
    """Where rows are: address, rows, columns, and the steps between rows and columns."""
    return <size_t>rows.data, rows.n, width, rows.stride if rows.n > 1 else 0, rows.column if width > 1 else 0


def describe(Tensor tensor):
    """What an unread prediction, or a constant multiple of a fused loss, was made from, for a descent in C.

    Returns:
        None for any other tensor. A dict: how the rows lie (address, rows, columns, steps between them), d, the outputs
        k, weight and bias (leaf, node, or None where no gradient is wanted), where they are, and their memory as arrays
        k x d and k; for a loss also kind, delta, factor, mean, whether it is scaled by constants, whether somebody
        watches the steps between (hooked), and how the target lies.
    """
    cdef Prediction root = None
    cdef Derived loss = None
    cdef Derived residual
    cdef Lazy step
    node, factor, mean, hooked = unscaled(tensor._node)
    # A pointwise loss that was multiplied before its mean or sum was taken has been read, but is the same loss.
    last = LOSS if mean is None else POINTWISE
    if isinstance(node, Derived) and not (<Node>node).freed and (<Derived>node).step == last:
        loss = <Derived>node
        root = loss.root
    elif tensor._array is None:
        root = root_of(tensor)
    if root is None:
        return None
    weight = np.asarray(root.weight_like)
    if weight.ndim == 2 and root.transposed:
        weight = weight.T
    found = {
        "rows": rows_of(root.rows, root.d),
        "d": root.d,
        "k": root.k,
        "weight": root.weight,
        "bias": root.bias,
        "weight_at": <size_t>cnp.PyArray_DATA(root.weight_like),
        "bias_at": <size_t>cnp.PyArray_DATA(root.bias_like) if root.bias_like is not None else None,
        "weight_array": weight.reshape(root.k, root.d),
        "bias_array": None if root.bias_like is None else np.asarray(root.bias_like).reshape(-1),
    }
    if loss is not None:
        residual = loss
        while not residual.named and residual.step != RESIDUAL:
            residual = residual.inner
        step = loss
        while step is not None:
            hooked = hooked or step.hooks is not None or step.retained_by is not None
            step = (<Form>step).inner
        found.update(
            kind=loss.kind, delta=loss.delta, factor=factor * loss.factor if mean is None else factor,
            mean=loss.mean if mean is None else mean, scaled=tensor._node is not loss, hooked=hooked,
            target=rows_of(residual.target_rows, root.k),
        )
    return found
