"""The affine form: a prediction X W^T + b that has not been computed yet, and what is made of it.

A Prediction knows its rows, weights and bias. A Derived is a step from there: other shape, residual, pointwise loss,
loss. All are nodes of the ordinary tape with a value that is computed when somebody reads it, and with a gradient
that is handed back one step at a time. Only the last step is special: when the loss itself is made, one pass over
the rows leaves its value and the gradients of W and b, and backward hands these over, past the steps between.
"""

cimport numpy as cnp
from libc.stdlib cimport free, malloc
from libc.string cimport memcpy
from numpy cimport ndarray

import numpy as np

from ._kernels cimport ABSOLUTE, DOUBLE, HUBER, SINGLE, SQUARED, Loss, Rows, loss_and_gradients
from ._tensor cimport (
    MAX_DIMS,
    Lazy,
    Node,
    Row,
    Storage,
    Sweep,
    Tensor,
    array_of,
    check_freed,
    check_version,
    recognising,
    row_of,
    storage_of,
    wrap_node,
)

cnp.import_array()

cdef enum:
    SMALL = 192                 # bytes of weights that are kept inside the node
    RELEASE_GIL = 1 << 16       # multiply-adds from which other threads may run meanwhile

cdef enum Step:
    RESHAPED
    RESIDUAL
    POINTWISE
    LOSS


cdef struct Layout:
    # Rows of an array with n times d elements in place: the elements of a row are neighbours.
    const void *data
    Py_ssize_t n
    Py_ssize_t stride           # in elements


cdef bint lay_out(ndarray array, Py_ssize_t d, int row_dims, Layout *layout) noexcept:
    """Finds the rows of an array whose last row_dims (0 or 1) axes are one row; False if one stride cannot tell."""
    cdef int axis = cnp.PyArray_NDIM(array) - row_dims
    cdef Py_ssize_t item = cnp.PyArray_ITEMSIZE(array)
    cdef Py_ssize_t step = d * item
    cdef Py_ssize_t n = 1
    if not cnp.PyArray_ISALIGNED(array):
        return False
    if row_dims and d > 1 and cnp.PyArray_STRIDE(array, axis) != item:
        return False
    while axis > 0:
        axis -= 1
        if cnp.PyArray_DIM(array, axis) != 1:
            if n == 1:
                step = cnp.PyArray_STRIDE(array, axis)
            elif cnp.PyArray_STRIDE(array, axis) != step * n:
                return False
            n *= cnp.PyArray_DIM(array, axis)
    if step % item:
        return False
    layout.data = cnp.PyArray_DATA(array)
    layout.n = n
    layout.stride = step // item
    return True


cdef ndarray in_rows(ndarray array, Py_ssize_t d, int row_dims, Layout *layout):
    """The array, or one contiguous copy of it where its rows cannot be read in place."""
    if not lay_out(array, d, row_dims, layout):
        array = np.array(array, order="C")
        lay_out(array, d, row_dims, layout)
    return array


cdef bint overlap(ndarray array, Layout layout, Py_ssize_t d, const char *low, const char *high) noexcept:
    cdef Py_ssize_t item = cnp.PyArray_ITEMSIZE(array)
    cdef const char *first = <const char *>layout.data
    cdef const char *last = first + (layout.n - 1) * layout.stride * item
    if last < first:
        first, last = last, first
    return first < high and low < last + d * item


cdef bint result_overlaps(ndarray result, const char *low, const char *high) noexcept:
    cdef const char *data
    if result is None:
        return False
    data = <const char *>cnp.PyArray_DATA(result)
    return data < high and low < data + cnp.PyArray_NBYTES(result)


cdef inline bint is_float(int type_num) noexcept:
    return type_num == cnp.NPY_FLOAT32 or type_num == cnp.NPY_FLOAT64


cdef inline bint wants_gradient(Tensor tensor) noexcept:
    return tensor._requires_grad or tensor._node is not None


cdef inline object parent_of(Tensor tensor):
    if tensor._node is not None:
        return tensor._node
    return tensor if tensor._requires_grad else None


cdef inline ndarray from_memory(const void *data, int ndim, cnp.npy_intp *shape, int type_num):
    return cnp.PyArray_SimpleNewFromData(ndim, shape, type_num, <void *>data)


cdef class Form(Lazy):
    """What a Prediction and a Derived share: the step that it was made from."""
    cdef Form inner

    cdef bint saves(self) noexcept:
        """Whether torch's node saves a tensor, so that it can be run but once."""
        return False

    cdef bint unread(self) noexcept:
        """Whether nothing from here back to the rows was computed: computed values may be older than the data."""
        return False


cdef class Prediction(Form):
    cdef ndarray X
    cdef Layout rows
    cdef Py_ssize_t d
    cdef Py_ssize_t k
    cdef bint X_shared                  # and not copied
    cdef Storage X_storage
    cdef Py_ssize_t X_version
    cdef object weight                  # leaf, node, or None where no gradient is wanted
    cdef object bias
    cdef ndarray weight_like            # for the shape of the gradient
    cdef ndarray bias_like              # None without a bias
    cdef bint transposed                # the weight is d x k
    cdef char small[SMALL]
    cdef char *kept                     # W (k x d), then b (k), as they were

    def __dealloc__(self):
        if self.kept != NULL and self.kept != &self.small[0]:
            free(self.kept)

    cdef Py_ssize_t item(self) noexcept:
        return 4 if self.type_num == cnp.NPY_FLOAT32 else 8

    cdef const void *kept_weight(self) noexcept:
        return self.kept

    cdef const void *kept_bias(self) noexcept:
        return NULL if self.bias_like is None else self.kept + self.k * self.d * self.item()

    cdef int reserve(self) except -1:
        cdef Py_ssize_t size = (self.k * self.d + self.k) * self.item()
        if size <= SMALL:
            self.kept = &self.small[0]
        else:
            self.kept = <char *>malloc(size)
        if self.kept == NULL:
            raise MemoryError()
        return 0

    cdef void keep_weight(self) noexcept:
        cdef ndarray weight = self.weight_like
        cdef Py_ssize_t item = self.item()
        cdef Py_ssize_t by_output, by_feature, i, j
        if cnp.PyArray_IS_C_CONTIGUOUS(weight) and (not self.transposed or self.k == 1):
            memcpy(self.kept, cnp.PyArray_DATA(weight), self.k * self.d * item)
            return
        # A strided weight has 1 dimension (d) or 2.
        by_feature = cnp.PyArray_STRIDE(weight, 0 if self.transposed else cnp.PyArray_NDIM(weight) - 1)
        by_output = 0
        if cnp.PyArray_NDIM(weight) == 2:
            by_output = cnp.PyArray_STRIDE(weight, 1 if self.transposed else 0)
        for i in range(self.k):
            for j in range(self.d):
                memcpy(
                    self.kept + (i * self.d + j) * item,
                    <char *>cnp.PyArray_DATA(weight) + i * by_output + j * by_feature,
                    item,
                )

    cdef void keep_bias(self) noexcept:
        cdef Py_ssize_t item = self.item()
        cdef Py_ssize_t i
        cdef Py_ssize_t step = 0
        cdef int last = cnp.PyArray_NDIM(self.bias_like) - 1
        if cnp.PyArray_SIZE(self.bias_like) > 1:
            step = cnp.PyArray_STRIDE(self.bias_like, last)
        for i in range(self.k):
            memcpy(
                self.kept + (self.k * self.d + i) * item,
                <char *>cnp.PyArray_DATA(self.bias_like) + i * step,
                item,
            )

    cdef bint saves(self) noexcept:
        return self.inner is None and self.weight is not None

    cdef bint unread(self) noexcept:
        return self.result is None

    cdef tuple parents(self):
        if self.inner is not None:
            return tuple([parent for parent in (self.inner, self.bias) if parent is not None])
        return tuple([parent for parent in (self.bias, self.weight) if parent is not None])

    cdef bint reads(self, const char *low, const char *high) noexcept:
        return self.X_shared and self.X is not None and overlap(self.X, self.rows, self.d, low, high)

    cdef ndarray table(self):
        """X as n x d, in place."""
        cdef cnp.npy_intp shape[2]
        cdef cnp.npy_intp strides[2]
        shape[0], shape[1] = self.rows.n, self.d
        strides[0], strides[1] = self.rows.stride * self.item(), self.item()
        return cnp.PyArray_New(
            ndarray, 2, shape, self.type_num, strides, <void *>self.rows.data, 0, cnp.NPY_ARRAY_ALIGNED, None
        )

    cdef ndarray compute(self):
        cdef cnp.npy_intp shape[2]
        shape[0], shape[1] = self.k, self.d
        weight = from_memory(self.kept_weight(), 2, shape, self.type_num)
        if self.d == 1 and self.k == 1:
            out = self.table() * weight
        else:
            out = self.table() @ weight.T
        if self.bias_like is not None:
            out += from_memory(self.kept_bias(), 1, shape, self.type_num)
        if self.freed:
            self.X = None
        return out.reshape([self.shape[i] for i in range(self.ndim)])

    cdef object check_rows(self):
        if self.weight is not None and self.X_storage.version != self.X_version:
            saved = self.X if cnp.PyArray_NDIM(self.X) <= 2 else self.table()
            check_version(self.X_storage, self.X_version, saved, None)

    cdef object visit(self, ndarray gradient, Sweep sweep):
        # The gradient comes from an ordinary operation on the computed prediction.
        if gradient is None:
            gradient = np.ones(self.k, TYPES_OF_NUMPY[self.type_num])
        by_row = np.asarray(gradient).reshape(-1, self.k)
        self.check_rows()
        if self.bias is not None:
            sweep.send(self.bias, fit_bias(by_row.sum(0), self), True)
        if self.inner is not None:
            sweep.send(self.inner, gradient, False)
        elif self.weight is not None:
            sweep.send(self.weight, fit_weight(np.ascontiguousarray(by_row.T @ self.table()), self), True)
        if not sweep.retain and self.saves():
            self.freed = sweep.number
            if self.result is not None:
                self.X = None


TYPES_OF_NUMPY = {cnp.NPY_FLOAT32: np.float32, cnp.NPY_FLOAT64: np.float64}


cdef inline bint laid_out_alike(Prediction form) noexcept:
    """Whether the weight as it was given has the order of k x d."""
    return not form.transposed or form.k == 1 or form.d == 1


cdef inline ndarray new_like(ndarray like):
    return cnp.PyArray_SimpleNew(cnp.PyArray_NDIM(like), cnp.PyArray_DIMS(like), cnp.PyArray_TYPE(like))


cdef ndarray fit_weight(ndarray gradient, Prediction form):
    """The gradient of W, k x d, in the shape of the weight as it was given."""
    if not laid_out_alike(form):
        gradient = np.ascontiguousarray(gradient.T)
    return gradient.reshape((<object>form.weight_like).shape)


cdef ndarray fit_bias(ndarray gradient, Prediction form):
    """The gradient of b, k, in the shape of the bias as it was given: k elements, or one for all outputs."""
    if cnp.PyArray_SIZE(form.bias_like) == 1:
        gradient = np.asarray(gradient.sum())
    return gradient.reshape((<object>form.bias_like).shape)


cdef class Derived(Form):
    cdef Step step
    cdef Prediction root
    cdef int sign                       # of the prediction in the residual
    cdef ndarray target                 # of a residual, or of a named loss
    cdef Layout target_rows
    cdef bint target_shared             # and not copied
    cdef Storage target_storage
    cdef Py_ssize_t target_version
    cdef bint named                     # a loss that comes straight from prediction and target
    cdef Loss kind
    cdef double delta
    cdef double scale                   # 1 for sum, 1 / elements for mean
    cdef double loss
    cdef ndarray weight_gradient        # in the shape of the weight, or k x d where that has another order
    cdef ndarray bias_gradient

    cdef bint saves(self) noexcept:
        return self.step == POINTWISE or self.step == LOSS

    cdef bint unread(self) noexcept:
        return self.result is None and self.inner is not None and self.inner.unread()

    cdef tuple parents(self):
        return () if self.inner is None else (self.inner,)

    cdef Storage storage_of_result(self):
        return self.inner.storage_of_result() if self.step == RESHAPED else Lazy.storage_of_result(self)

    cdef bint reads(self, const char *low, const char *high) noexcept:
        if self.inner is None:          # the garbage collector was here
            return False
        if self.target_shared and overlap(self.target, self.target_rows, self.root.k, low, high):
            return True
        return result_overlaps(self.inner.result, low, high)

    cdef ndarray compute(self):
        if self.step == LOSS:
            return np.array(self.loss, TYPES_OF_NUMPY[self.type_num])
        inner = self.inner.value()
        if self.step == RESHAPED:
            return inner.reshape([self.shape[i] for i in range(self.ndim)])
        if self.step == RESIDUAL:
            return self.residual(inner)
        return self.pointwise(inner)

    cdef ndarray residual(self, ndarray prediction):
        target = self.target.reshape((<object>prediction).shape)
        return np.asarray(prediction - target if self.sign > 0 else target - prediction)

    cdef ndarray pointwise(self, ndarray residual):
        return np.asarray(np.square(residual) if self.kind == SQUARED else np.abs(residual))

    cdef ndarray slope(self, ndarray residual):
        if self.kind == SQUARED:
            return np.asarray(2 * residual)
        if self.kind == ABSOLUTE:
            return np.asarray(np.sign(residual))
        return np.asarray(np.clip(residual, -self.delta, self.delta))

    cdef object visit(self, ndarray gradient, Sweep sweep):
        if self.step == LOSS:
            self.visit_loss(gradient, sweep)
            return
        if gradient is None:
            gradient = np.ones((), TYPES_OF_NUMPY[self.type_num])
        if self.step == RESHAPED:
            gradient = gradient.reshape([self.inner.shape[i] for i in range(self.inner.ndim)])
        elif self.step == RESIDUAL:
            gradient = gradient if self.sign > 0 else np.asarray(-gradient)
        else:
            self.check_saved()
            gradient = np.asarray(gradient * self.slope(self.inner.value()))
        sweep.send(self.inner, gradient, False)
        if not sweep.retain and self.saves():
            self.freed = sweep.number

    cdef object visit_loss(self, ndarray gradient, Sweep sweep):
        cdef double factor = 1.0 if gradient is None else float(gradient)
        cdef Form step = self.inner
        self.check_saved()
        while step is not None:
            if step.watched(sweep):
                self.visit_inner(factor, sweep)
                if not sweep.retain:
                    self.let_go(sweep)
                return
            step = step.inner
        step = self.inner
        while step is not None:
            check_freed(step, sweep)
            step = step.inner
        self.root.check_rows()
        if self.root.weight is not None:
            gradient = self.hand_over(self.weight_gradient, factor, sweep)
            if not laid_out_alike(self.root):
                gradient = fit_weight(gradient, self.root)
            sweep.send(self.root.weight, gradient, True)
        if self.root.bias is not None:
            gradient = self.hand_over(self.bias_gradient, factor, sweep)
            if cnp.PyArray_SIZE(self.root.bias_like) != self.root.k:
                gradient = fit_bias(gradient, self.root)
            sweep.send(self.root.bias, gradient, True)
        if not sweep.retain:
            step = self.inner
            while step is not None:
                if step.saves():
                    step.freed = sweep.number
                step = step.inner
            self.let_go(sweep)

    cdef object check_saved(self):
        """Refuses to go on where a tensor that torch saves here was written to."""
        cdef Form saved = self.inner
        if self.named:
            if self.kind == ABSOLUTE:
                return      # torch's l1_loss saves the difference, which nobody else has
            if self.target_storage.version != self.target_version:
                check_version(self.target_storage, self.target_version, self.target, None)
        elif self.step == LOSS:
            saved = saved.inner         # the residual
        while isinstance(saved, Derived) and (<Derived>saved).step == RESHAPED:
            saved = saved.inner
        if saved.storage is not None and saved.storage.version != 0:
            check_version(saved.storage, 0, saved.value(), saved)

    cdef ndarray hand_over(self, ndarray stored, double factor, Sweep sweep):
        """The stored gradient itself where nobody asks again, else a copy."""
        if factor == 1.0:
            return stored.copy() if sweep.retain else stored
        if sweep.retain:
            return np.asarray(stored * stored.dtype.type(factor))
        stored *= stored.dtype.type(factor)
        return stored

    cdef object visit_inner(self, double factor, Sweep sweep):
        """The long way: the gradient of the step before, for whoever asked to see it."""
        shape = [self.inner.shape[i] for i in range(self.inner.ndim)]
        dtype = TYPES_OF_NUMPY[self.type_num]
        if self.named:
            gradient = self.slope(self.residual(self.inner.value())) * dtype(factor * self.scale)
        else:
            gradient = np.full(shape, factor * self.scale, dtype)
        sweep.send(self.inner, np.asarray(gradient), False)

    cdef void let_go(self, Sweep sweep):
        self.freed = sweep.number
        self.inner = self.root = self.target = self.target_storage = None
        self.weight_gradient = self.bias_gradient = None


# ---- recognition: each gives None where the form does not apply


cdef Prediction prediction_of(Tensor x, int row_dims, Tensor weight, bint transposed, Tensor bias):
    """A Prediction of rows of x; its shape is still to be set."""
    cdef Prediction made
    cdef ndarray X
    cdef ndarray W
    cdef int type_num
    if wants_gradient(x) or not (wants_gradient(weight) or (bias is not None and wants_gradient(bias))):
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
    made.X = in_rows(X, made.d, row_dims, &made.rows)
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
    if wants_gradient(x):
        x, weight = weight, x
    if wants_gradient(x) or x._array is None or weight._array is None:
        return None
    X, W = x._array, weight._array
    if cnp.PyArray_SIZE(W) != 1 or cnp.PyArray_NDIM(X) > MAX_DIMS or cnp.PyArray_NDIM(W) > MAX_DIMS:
        return None
    made = prediction_of(x, 0, weight, False, None)
    if made is None:
        return None
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
    view._base = tensor if tensor._base is None else tensor._base
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
    if y is None or wants_gradient(target) or cnp.PyArray_TYPE(y) != made.type_num:
        return False
    if cnp.PyArray_NDIM(y) != prediction.ndim:
        return False
    for i in range(prediction.ndim):
        if cnp.PyArray_DIM(y, i) != prediction.shape[i]:
            return False
    made.target = in_rows(y, made.root.k, 0 if made.root.k == 1 else 1, &made.target_rows)
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


cdef Tensor named_loss(str label, Tensor prediction, Tensor target, Loss kind, double delta, bint mean):
    """The loss of a prediction against a target, which may come in either order: the kinds are even."""
    cdef Prediction root
    cdef Derived made
    if not recognising():
        return None
    root = root_of(prediction)
    if root is None:
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
    return fused(made, made, mean, label)


cdef Tensor fused(Derived made, Derived with_target, bint mean, str label):
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
    rows.X, rows.x_stride = root.rows.data, root.rows.stride
    rows.y, rows.y_stride = with_target.target_rows.data, with_target.target_rows.stride
    rows.index = NULL
    made.scale = 1.0 / <double>(rows.n * rows.k) if mean else 1.0
    if root.weight is not None:
        made.weight_gradient = (
            new_like(root.weight_like) if laid_out_alike(root) else cnp.PyArray_SimpleNew(2, shape, root.type_num)
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
            failed = loss_and_gradients(
                &rows, made.kind, made.delta, made.scale, weight, bias, &loss, weight_gradient, bias_gradient
            )
    if failed:
        raise MemoryError(f"no memory for the sums of {root.k} x {root.d} gradients")
    made.loss = loss
    made.ndim = 0
    made.label = label
    return wrap_node(made)


def describe(Tensor tensor):
    """What an unread prediction, or a fused loss, was made from, for a descent in C; None for any other tensor.

    Returns:
        A dict: where the rows are (rows_at, n, d), the outputs k, weight and bias (leaf, node, or None where no
        gradient is wanted), their memory as arrays k x d and k, and whether somebody watches the steps between; for
        a loss also kind, delta, mean and target_at.
    """
    cdef Prediction root = None
    cdef Derived loss = None
    cdef Derived residual
    cdef Lazy step
    if isinstance(tensor._node, Derived) and not tensor._node.freed and (<Derived>tensor._node).step == LOSS:
        loss = <Derived>tensor._node
        root = loss.root
    elif tensor._array is None:
        root = root_of(tensor)
    if root is None:
        return None
    weight = np.asarray(root.weight_like)
    if weight.ndim == 2 and root.transposed:
        weight = weight.T
    found = {
        "rows_at": <size_t>root.rows.data,
        "n": root.rows.n,
        "d": root.d,
        "k": root.k,
        "weight": root.weight,
        "bias": root.bias,
        "weight_array": weight.reshape(root.k, root.d),
        "bias_array": None if root.bias_like is None else np.asarray(root.bias_like).reshape(-1),
    }
    if loss is not None:
        residual = loss if loss.named else <Derived>(<Derived>loss.inner).inner
        step = loss.inner
        hooked = False
        while step is not None:
            hooked = hooked or step.hooks is not None or step.retained_by is not None
            step = (<Form>step).inner
        found.update(
            kind=loss.kind, delta=loss.delta, mean=loss.scale != 1.0 or root.rows.n * root.k == 1, hooked=hooked,
            target_at=<size_t>residual.target_rows.data,
        )
    return found


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
    # Where beta is 1, it is Huber's loss.
    if options["reduction"] == "none" or options["beta"] != 1:
        return None
    return named_loss(row.label, args[0], args[1], HUBER, 1.0, options["reduction"] == "mean")


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
row_of("mean").recognise = recognise_mean
row_of("sum").recognise = recognise_sum
row_of("view").recognise = recognise_reshape
row_of("reshape").recognise = recognise_reshape
row_of("squeeze").recognise = recognise_reshape
row_of("squeeze_dim").recognise = recognise_reshape
row_of("squeeze_dims").recognise = recognise_reshape
row_of("unsqueeze").recognise = recognise_reshape
row_of("getitem").recognise = recognise_getitem
row_of("mse_loss").recognise = recognise_mse_loss
row_of("l1_loss").recognise = recognise_l1_loss
row_of("huber_loss").recognise = recognise_huber_loss
row_of("smooth_l1_loss").recognise = recognise_smooth_l1_loss


def step_of(Tensor tensor):
    """How far the form carries a tensor: "prediction", "residual", "pointwise", "loss" or None; computes nothing."""
    if root_of(tensor) is not None:
        return "prediction"
    if unread_step(tensor, RESIDUAL) is not None:
        return "residual"
    if unread_step(tensor, POINTWISE) is not None:
        return "pointwise"
    return "loss" if isinstance(tensor._node, Derived) and (<Derived>tensor._node).step == LOSS else None
