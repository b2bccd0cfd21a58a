# Part of _affine: which expressions are predictions, residuals and pointwise losses of the form. Each function gives
# None where it does not apply.

cdef Prediction prediction_of(Tensor x, int row_dims, Tensor weight, bint transposed, Tensor bias):
    """A Prediction of rows of x; its shape is still to be set."""
    cdef Prediction made
    cdef ndarray X
    cdef ndarray W
    cdef int type_num
    if requires_grad(x) or not (requires_grad(weight) or (bias is not None and requires_grad(bias))):
        return None
    X, W = x._array, array_of(weight)
    type_num = cnp.PyArray_TYPE(X)
    if not is_float(type_num) or cnp.PyArray_TYPE(W) != type_num:
        return None
    if cnp.PyArray_SIZE(X) == 0 or cnp.PyArray_SIZE(W) == 0:
        return None
    if bias is not None and cnp.PyArray_TYPE(array_of(bias)) != type_num:
        return None
    made = Prediction.__new__(Prediction)
    made.type_num = type_num
    made.transposed = transposed
    made.weight_like = W
    made.d = cnp.PyArray_DIM(X, cnp.PyArray_NDIM(X) - 1) if row_dims else 1
    made.k = cnp.PyArray_SIZE(W) // made.d
    made.X = in_rows(X, made.d, row_dims, &made.rows, False)
    made.X_shared = made.X is X
    made.X_storage = storage_of(x)
    made.X_version = made.X_storage.version
    made.weight = parent_of(weight)
    made.reserve()
    made.keep_weight()
    if bias is not None:
        made.bias_like = array_of(bias)
        made.bias = parent_of(bias)
        made.keep_bias()
    return made


cdef inline Tensor waiting(Lazy made, str label):
    made.label = label
    made.wait()
    return wrap_node(made)


cdef Tensor predict_linear(Tensor x, Tensor weight, Tensor bias):
    """x W^T + b with W of k x d and b of k."""
    cdef Prediction made
    cdef int i, dims
    if not recognising() or x._array is None:
        return None
    dims = cnp.PyArray_NDIM(x._array)
    if dims < 1 or dims > MAX_DIMS or cnp.PyArray_NDIM(array_of(weight)) != 2:
        return None
    if cnp.PyArray_DIM(weight._array, 1) != cnp.PyArray_DIM(x._array, dims - 1):
        return None
    if bias is not None:
        if cnp.PyArray_NDIM(array_of(bias)) != 1:
            return None
        if cnp.PyArray_DIM(bias._array, 0) != cnp.PyArray_DIM(weight._array, 0):
            return None
    made = prediction_of(x, 1, weight, False, bias)
    if made is None:
        return None
    made.ndim = dims
    for i in range(dims - 1):
        made.shape[i] = cnp.PyArray_DIM(x._array, i)
    made.shape[dims - 1] = made.k
    return waiting(made, linear_name(dims, bias is not None))


cdef Tensor predict_product(str label, Tensor x, Tensor weight, Tensor bias):
    """x W + b with W of d, or d x k."""
    cdef Prediction made
    cdef int i, dims, weight_dims
    if x._array is None:
        return None
    dims = cnp.PyArray_NDIM(x._array)
    weight_dims = cnp.PyArray_NDIM(array_of(weight))
    if dims < 1 or dims > MAX_DIMS or weight_dims < 1 or weight_dims > 2:
        return None
    if cnp.PyArray_DIM(weight._array, 0) != cnp.PyArray_DIM(x._array, dims - 1):
        return None
    if bias is not None and not is_bias(bias, cnp.PyArray_DIM(weight._array, weight_dims - 1), 2):
        return None
    made = prediction_of(x, 1, weight, True, bias)
    if made is None:
        return None
    made.ndim = dims - 1
    for i in range(dims - 1):
        made.shape[i] = cnp.PyArray_DIM(x._array, i)
    if weight_dims == 2:
        made.shape[made.ndim] = made.k
        made.ndim += 1
    return waiting(made, label)


cdef bint is_bias(Tensor bias, Py_ssize_t k, int dims):
    """Whether a tensor adds one number to all outputs of a prediction of `dims` dimensions, or one to each of k."""
    cdef ndarray array = array_of(bias)
    cdef int last = cnp.PyArray_NDIM(array) - 1
    if last >= dims:
        return False
    return cnp.PyArray_SIZE(array) == 1 or (cnp.PyArray_SIZE(array) == k and cnp.PyArray_DIM(array, last) == k)


cdef object recognise_linear(Row row, tuple args, dict options):
    return predict_linear(args[0], args[1], args[2])


cpdef str linear_name(int dims, bint has_bias):
    """torch's name for F.linear, which depends on how it gets there."""
    if dims == 2:
        return "AddmmBackward0" if has_bias else "MmBackward0"
    if dims == 1:
        return "ViewBackward0" if has_bias else "SqueezeBackward4"
    return "ViewBackward0" if has_bias else "UnsafeViewBackward0"


cdef object recognise_matmul(Row row, tuple args, dict options):
    cdef Tensor x = args[0]
    cdef Tensor weight = args[1]
    if x._array is None:
        return None
    return predict_product(
        product_name(cnp.PyArray_NDIM(x._array), cnp.PyArray_NDIM(array_of(weight))), x, weight, None
    )


cdef object recognise_mm(Row row, tuple args, dict options):
    return predict_product(row.label, args[0], args[1], None) if of_dims(args[0], 2) and of_dims(args[1], 2) else None


cdef object recognise_mv(Row row, tuple args, dict options):
    return predict_product(row.label, args[0], args[1], None) if of_dims(args[0], 2) and of_dims(args[1], 1) else None


cdef inline bint of_dims(Tensor tensor, int dims) noexcept:
    return tensor._array is not None and cnp.PyArray_NDIM(tensor._array) == dims


cpdef str product_name(int dims, int weight_dims):
    """torch's name for matmul, which depends on how it gets there."""
    if dims == 1:
        return "DotBackward0" if weight_dims == 1 else "SqueezeBackward4"
    if dims == 2:
        return "MvBackward0" if weight_dims == 1 else "MmBackward0"
    return "UnsafeViewBackward0"


cdef object recognise_addmm(Row row, tuple args, dict options):
    if options or not of_dims(args[1], 2) or not of_dims(args[2], 2):
        return None
    return predict_product(row.label, args[1], args[2], args[0])


cdef object recognise_mul(Row row, tuple args, dict options):
    cdef Prediction made
    cdef Derived residual
    cdef Tensor x
    cdef Tensor weight
    cdef ndarray X
    cdef ndarray W
    cdef int i, lead
    if not isinstance(args[0], Tensor) or not isinstance(args[1], Tensor):
        return None
    if args[0] is args[1]:
        return pointwise_of(row.label, args[0], SQUARED)
    x, weight = args[0], args[1]
    if requires_grad(x):
        x, weight = weight, x
    if requires_grad(x) or x._array is None or weight._array is None:
        return None
    X, W = x._array, weight._array
    if cnp.PyArray_SIZE(W) != 1 or cnp.PyArray_NDIM(X) > MAX_DIMS or cnp.PyArray_NDIM(W) > MAX_DIMS:
        return None
    made = prediction_of(x, 0, weight, False, None)
    if made is None:
        return None
    made.weight_first = weight is args[0]
    lead = max(cnp.PyArray_NDIM(W) - cnp.PyArray_NDIM(X), 0)
    for i in range(lead):
        made.shape[i] = 1
    for i in range(cnp.PyArray_NDIM(X)):
        made.shape[lead + i] = cnp.PyArray_DIM(X, i)
    made.ndim = lead + cnp.PyArray_NDIM(X)
    return waiting(made, row.label)


cdef object recognise_add(Row row, tuple args, dict options):
    cdef Prediction form
    cdef Prediction made
    cdef Tensor bias
    cdef int i
    if not isinstance(args[0], Tensor) or not isinstance(args[1], Tensor):
        return None
    form, bias = unread_prediction(args[0]), args[1]
    if form is None:
        form, bias = unread_prediction(args[1]), args[0]
    if form is None or form.bias_like is not None or bias._array is None:
        return None
    if cnp.PyArray_TYPE(bias._array) != form.type_num or not is_bias(bias, form.k, form.ndim):
        return None
    if cnp.PyArray_SIZE(bias._array) > 1 and form.shape[form.ndim - 1] != form.k:
        return None
    made = Prediction.__new__(Prediction)
    made.inner = form
    made.type_num, made.transposed, made.weight_like, made.d, made.k = (
        form.type_num, form.transposed, form.weight_like, form.d, form.k
    )
    made.X, made.rows, made.X_shared, made.X_storage, made.X_version, made.weight = (
        form.X, form.rows, form.X_shared, form.X_storage, form.X_version, form.weight
    )
    made.reserve()
    memcpy(made.kept, form.kept, form.k * form.d * form.item())
    made.bias_like = bias._array
    made.bias = parent_of(bias)
    made.keep_bias()
    copy_shape(form, made)
    return waiting(made, row.label)


cdef inline void copy_shape(Lazy given, Lazy made) noexcept:
    cdef int i
    made.ndim = given.ndim
    for i in range(given.ndim):
        made.shape[i] = given.shape[i]


cdef inline Prediction unread_prediction(Tensor tensor):
    if tensor._array is None and isinstance(tensor._node, Prediction) and (<Prediction>tensor._node).unread():
        return <Prediction>tensor._node
    return None


cdef inline Derived unread_step(Tensor tensor, Step step):
    if tensor._array is None and isinstance(tensor._node, Derived) and (<Derived>tensor._node).step == step:
        if (<Derived>tensor._node).unread():
            return <Derived>tensor._node
    return None


cdef inline Prediction root_of(Tensor tensor):
    """The prediction behind an unread tensor that is one, in whatever shape."""
    cdef Prediction found = unread_prediction(tensor)
    cdef Derived reshaped
    if found is None:
        reshaped = unread_step(tensor, RESHAPED)
        if reshaped is not None:
            found = reshaped.root
    return found


cdef inline Derived derive(Step step, Form inner, Prediction root):
    cdef Derived made = Derived.__new__(Derived)
    made.step = step
    made.inner = inner
    made.root = root
    made.type_num = root.type_num
    made.sign = 1
    return made


cdef object recognise_reshape(Row row, tuple args, dict options):
    cdef Tensor tensor = args[0]
    cdef Prediction root = root_of(tensor)
    cdef Derived made
    cdef Tensor view
    cdef Py_ssize_t elements = 1
    if root is None or root.k != 1 or len(options["shape"]) > MAX_DIMS:
        return None
    made = derive(RESHAPED, <Form>tensor._node, root)
    made.ndim = 0
    for size in options["shape"]:
        made.shape[made.ndim] = size
        made.ndim += 1
        elements *= size
    if elements != root.rows.n:
        return None
    view = waiting(made, row.label)
    be_part(view, tensor)
    return view


cdef object recognise_getitem(Row row, tuple args, dict options):
    cdef Tensor tensor = args[0]
    index = options["index"]
    if tensor._array is not None or not isinstance(index, tuple) or len(index) != 2 or index[1] is not 0:
        return None
    if not isinstance(index[0], slice) or index[0] != slice(None) or (<Lazy>tensor._node).ndim != 2:
        return None
    return recognise_reshape(row, args, {"shape": ((<Lazy>tensor._node).shape[0],)})


cdef bint set_target(Derived made, Tensor target, Lazy prediction):
    """Takes the target where it has the prediction's shape and type and wants no gradient."""
    cdef ndarray y = target._array
    cdef int i
    if y is None or requires_grad(target) or cnp.PyArray_TYPE(y) != made.type_num:
        return False
    if cnp.PyArray_NDIM(y) != prediction.ndim:
        return False
    for i in range(prediction.ndim):
        if cnp.PyArray_DIM(y, i) != prediction.shape[i]:
            return False
    made.target = in_rows(y, made.root.k, 0 if made.root.k == 1 else 1, &made.target_rows, True)
    made.target_shared = made.target is y
    made.target_storage = storage_of(target)
    made.target_version = made.target_storage.version
    return True


cdef object recognise_sub(Row row, tuple args, dict options):
    cdef Derived made
    cdef Prediction root
    cdef Tensor prediction
    cdef Tensor target
    cdef int sign = 1
    if not isinstance(args[0], Tensor) or not isinstance(args[1], Tensor):
        return None
    prediction, target = args
    root = root_of(prediction)
    if root is None:
        prediction, target = target, prediction
        root = root_of(prediction)
        sign = -1
    if root is None:
        return None
    made = derive(RESIDUAL, <Form>prediction._node, root)
    if not set_target(made, target, <Lazy>prediction._node):
        return None
    made.sign = sign
    copy_shape(<Lazy>prediction._node, made)
    return waiting(made, row.label)


cdef object pointwise_of(str label, Tensor tensor, Loss kind):
    cdef Derived residual = unread_step(tensor, RESIDUAL)
    cdef Derived made
    if residual is None:
        return None
    made = derive(POINTWISE, residual, residual.root)
    made.kind = kind
    copy_shape(residual, made)
    return waiting(made, label)


cdef object recognise_pow(Row row, tuple args, dict options):
    if isinstance(args[0], Tensor) and not isinstance(args[1], Tensor) and args[1] == 2:
        return pointwise_of("PowBackward0", args[0], SQUARED)
    return None


cdef object recognise_square(Row row, tuple args, dict options):
    # torch's square is pow(x, 2).
    return pointwise_of("PowBackward0", args[0], SQUARED)


cdef object recognise_abs(Row row, tuple args, dict options):
    return pointwise_of(row.label, args[0], ABSOLUTE)


row_of("linear").recognise = recognise_linear
row_of("matmul").recognise = recognise_matmul
row_of("mm").recognise = recognise_mm
row_of("mv").recognise = recognise_mv
row_of("addmm").recognise = recognise_addmm
row_of("mul").recognise = recognise_mul
row_of("add").recognise = recognise_add
row_of("sub").recognise = recognise_sub
row_of("pow").recognise = recognise_pow
row_of("square").recognise = recognise_square
row_of("abs").recognise = recognise_abs
row_of("view").recognise = recognise_reshape
row_of("reshape").recognise = recognise_reshape
row_of("squeeze").recognise = recognise_reshape
row_of("squeeze_dim").recognise = recognise_reshape
row_of("squeeze_dims").recognise = recognise_reshape
row_of("unsqueeze").recognise = recognise_reshape
row_of("getitem").recognise = recognise_getitem
