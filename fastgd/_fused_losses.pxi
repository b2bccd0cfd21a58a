# Part of _affine: losses of the form, each made by one pass over the rows. A function that recognises one gives None
# where it does not apply.

cdef object reduced(str label, Tensor tensor, dict options, bint mean):
    cdef Derived pointwise
    cdef Derived made
    if options.get("dim") is not None or options.get("keepdim") or options.get("dtype") is not None:
        return None
    pointwise = unread_step(tensor, POINTWISE)
    if pointwise is None:
        return None
    made = derive(LOSS, pointwise, pointwise.root)
    made.kind = pointwise.kind
    return fused(made, <Derived>pointwise.inner, mean, label)


cdef object recognise_mean(Row row, tuple args, dict options):
    return reduced("MeanBackward0", args[0], options, True)


cdef object recognise_sum(Row row, tuple args, dict options):
    return reduced("SumBackward0", args[0], options, False)


cdef Tensor named_loss(
    str label, Tensor prediction, Tensor target, Loss kind, double delta, bint mean, double factor=1.0
):
    """`factor` times the loss of a prediction against a target; of an even kind, they may come in either order."""
    cdef Prediction root
    cdef Derived made
    if not recognising():
        return None
    root = root_of(prediction)
    if root is None:
        if kind == LOGISTIC:
            return None
        prediction, target = target, prediction
        root = root_of(prediction)
        if root is None:
            return None
    made = derive(LOSS, <Form>prediction._node, root)
    if not set_target(made, target, <Lazy>prediction._node):
        return None
    made.named = True
    made.kind = kind
    made.delta = delta
    return fused(made, made, mean, label, factor)


cdef Tensor fused(Derived made, Derived with_target, bint mean, str label, double factor=1.0):
    """Makes the pass over the rows that leaves the loss and the gradients."""
    cdef Prediction root = made.root
    cdef Rows rows
    cdef void *weight_gradient = NULL
    cdef void *bias_gradient = NULL
    cdef const void *weight = root.kept_weight()
    cdef const void *bias = root.kept_bias()
    cdef double loss
    cdef int failed
    cdef cnp.npy_intp shape[2]
    shape[0], shape[1] = root.k, root.d
    rows.precision = SINGLE if root.type_num == cnp.NPY_FLOAT32 else DOUBLE
    rows.n, rows.d, rows.k = root.rows.n, root.d, root.k
    rows.X, rows.x_stride, rows.x_column = root.rows.data, root.rows.stride, root.rows.column
    rows.y, rows.y_stride = with_target.target_rows.data, with_target.target_rows.stride
    rows.index = rows.weights = NULL
    rows.x_rows = rows.more = 0
    made.mean = mean
    made.factor = factor
    made.scale = factor / <double>(rows.n * rows.k) if mean else factor
    if root.weight is not None:
        made.weight_gradient = (
            new_like(root.weight_like)
            if laid_out_alike(root)
            else cnp.PyArray_SimpleNew(2, shape, root.type_num)
        )
        weight_gradient = cnp.PyArray_DATA(made.weight_gradient)
    if root.bias is not None:
        made.bias_gradient = (
            new_like(root.bias_like)
            if cnp.PyArray_SIZE(root.bias_like) == root.k
            else cnp.PyArray_SimpleNew(1, shape, root.type_num)
        )
        bias_gradient = cnp.PyArray_DATA(made.bias_gradient)
    if rows.n * rows.d * rows.k < RELEASE_GIL:
        failed = loss_and_gradients(
            &rows, made.kind, made.delta, made.scale, weight, bias, &loss, weight_gradient, bias_gradient
        )
    else:
        with nogil:
            failed = whole_pass(
                &rows, NULL, made.kind, made.delta, made.scale, weight, bias, &loss, weight_gradient, bias_gradient
            )
    if failed:
        raise MemoryError(f"no memory for the sums of {root.k} x {root.d} gradients")
    made.loss = loss
    made.ndim = 0
    made.label = label
    return wrap_node(made)


cdef object recognise_mse_loss(Row row, tuple args, dict options):
    if options["reduction"] == "none":
        return None
    return named_loss(row.label, args[0], args[1], SQUARED, 0.0, options["reduction"] == "mean")


cdef object recognise_l1_loss(Row row, tuple args, dict options):
    if options["reduction"] == "none":
        return None
    mean = options["reduction"] == "mean"
    return named_loss("MeanBackward0" if mean else "SumBackward0", args[0], args[1], ABSOLUTE, 0.0, mean)


cdef object recognise_huber_loss(Row row, tuple args, dict options):
    if options["reduction"] == "none":
        return None
    return named_loss(row.label, args[0], args[1], HUBER, options["delta"], options["reduction"] == "mean")


cdef object recognise_smooth_l1_loss(Row row, tuple args, dict options):
    beta = options["beta"]
    if options["reduction"] == "none" or not beta > 0:
        return None
    return named_loss(row.label, args[0], args[1], HUBER, beta, options["reduction"] == "mean", 1.0 / beta)


cdef object recognise_logistic_loss(Row row, tuple args, dict options):
    if options["reduction"] == "none" or args[2] is not None or args[3] is not None:
        return None
    return named_loss(row.label, args[0], args[1], LOGISTIC, 0.0, options["reduction"] == "mean")


row_of("mean").recognise = recognise_mean
row_of("sum").recognise = recognise_sum
row_of("mse_loss").recognise = recognise_mse_loss
row_of("l1_loss").recognise = recognise_l1_loss
row_of("huber_loss").recognise = recognise_huber_loss
row_of("smooth_l1_loss").recognise = recognise_smooth_l1_loss
row_of("binary_cross_entropy_with_logits").recognise = recognise_logistic_loss
