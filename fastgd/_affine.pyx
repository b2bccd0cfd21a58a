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

from ._kernels cimport ABSOLUTE, DOUBLE, HUBER, LOGISTIC, SINGLE, SQUARED, Loss, Rows, loss_and_gradients
from ._threads cimport whole_pass
from ._tensor cimport (
    MAX_DIMS,
    Lazy,
    Node,
    Row,
    Storage,
    Sweep,
    Tensor,
    array_of,
    be_part,
    check_freed,
    check_version,
    linear_arguments,
    recognising,
    requires_grad,
    row_of,
    storage_of,
    wrap_node,
)

from ._tensor import between, unscaled

cnp.import_array()

cdef enum:
    SMALL = 24                  # doubles of weights that are kept inside the node
    RELEASE_GIL = 1 << 16       # multiply-adds from which other threads may run meanwhile

cdef enum Step:
    RESHAPED
    RESIDUAL
    POINTWISE
    LOSS


cdef struct Layout:
    # Rows of an array with n times d elements in place; strides count elements.
    const void *data
    Py_ssize_t n
    Py_ssize_t stride
    Py_ssize_t column           # 1 where the elements of a row are neighbours


cdef bint lay_out(ndarray array, Py_ssize_t d, int row_dims, Layout *layout) noexcept:
    """Finds the rows of an array whose last row_dims (0 or 1) axes are one row; False if one stride cannot tell."""
    cdef int axis = cnp.PyArray_NDIM(array) - row_dims
    cdef Py_ssize_t item = cnp.PyArray_ITEMSIZE(array)
    cdef Py_ssize_t step = d * item
    cdef Py_ssize_t n = 1
    cdef Py_ssize_t column = cnp.PyArray_STRIDE(array, axis) if row_dims and d > 1 else item
    if not cnp.PyArray_ISALIGNED(array):
        return False
    while axis > 0:
        axis -= 1
        if cnp.PyArray_DIM(array, axis) != 1:
            if n == 1:
                step = cnp.PyArray_STRIDE(array, axis)
            elif cnp.PyArray_STRIDE(array, axis) != step * n:
                return False
            n *= cnp.PyArray_DIM(array, axis)
    if step % item or column % item:
        return False
    layout.data = cnp.PyArray_DATA(array)
    layout.n = n
    layout.stride = step // item
    layout.column = column // item
    return True


cdef ndarray in_rows(ndarray array, Py_ssize_t d, int row_dims, Layout *layout, bint neighbours):
    """The array, or one contiguous copy of it where its rows, of neighbours if so wanted, cannot be read in place."""
    if not lay_out(array, d, row_dims, layout) or neighbours and layout.column != 1:
        array = np.array(array, order="C")
        lay_out(array, d, row_dims, layout)
    return array


cdef bint overlap(ndarray array, Layout layout, Py_ssize_t d, const char *low, const char *high) noexcept:
    cdef Py_ssize_t item = cnp.PyArray_ITEMSIZE(array)
    cdef const char *first = <const char *>layout.data
    cdef const char *last = first
    cdef Py_ssize_t span
    for span in ((layout.n - 1) * layout.stride * item, (d - 1) * layout.column * item):
        if span < 0:
            first += span
        else:
            last += span
    return first < high and low < last + item


cdef bint result_overlaps(ndarray result, const char *low, const char *high) noexcept:
    cdef const char *data
    if result is None:
        return False
    data = <const char *>cnp.PyArray_DATA(result)
    return data < high and low < data + cnp.PyArray_NBYTES(result)


cdef inline bint is_float(int type_num) noexcept:
    return type_num == cnp.NPY_FLOAT32 or type_num == cnp.NPY_FLOAT64


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
    cdef bint weight_first              # of x * w
    cdef double small[SMALL]            # of either type, aligned for both
    cdef char *kept                     # W (k x d), then b (k), as they were

    def __dealloc__(self):
        if self.kept != NULL and self.kept != <char *>self.small:
            free(self.kept)

    cdef Py_ssize_t item(self) noexcept:
        return 4 if self.type_num == cnp.NPY_FLOAT32 else 8

    cdef const void *kept_weight(self) noexcept:
        return self.kept

    cdef const void *kept_bias(self) noexcept:
        return NULL if self.bias_like is None else self.kept + self.k * self.d * self.item()

    cdef int reserve(self) except -1:
        cdef Py_ssize_t size = (self.k * self.d + self.k) * self.item()
        if size <= SMALL * 8:
            self.kept = <char *>self.small
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

    cdef tuple arguments(self):
        if self.inner is not None:
            return self.parents()
        if self.label == "MulBackward0":
            return (self.weight, None) if self.weight_first else (None, self.weight)
        if not self.transposed:
            return linear_arguments(self.label, None, self.weight, self.bias)
        return (self.bias, None, self.weight) if self.label == "AddmmBackward0" else (None, self.weight)

    cdef bint reads(self, const char *low, const char *high) noexcept:
        return self.X_shared and self.X is not None and overlap(self.X, self.rows, self.d, low, high)

    cdef ndarray table(self):
        """X as n x d, in place."""
        cdef cnp.npy_intp shape[2]
        cdef cnp.npy_intp strides[2]
        shape[0], shape[1] = self.rows.n, self.d
        strides[0], strides[1] = self.rows.stride * self.item(), self.rows.column * self.item()
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
    cdef bint mean
    cdef double factor                  # of the kernel's loss: 1, or 1 / beta for SmoothL1, which is Huber's over beta
    cdef double scale                   # factor for sum, factor / elements for mean
    cdef double loss
    cdef ndarray weight_gradient        # in the shape of the weight, or k x d where that has another order
    cdef ndarray bias_gradient

    cdef bint saves(self) noexcept:
        return self.step == POINTWISE or self.step == LOSS

    cdef bint unread(self) noexcept:
        return self.result is None and self.inner is not None and self.inner.unread()

    cdef tuple parents(self):
        return () if self.inner is None else (self.inner,)

    cdef tuple arguments(self):
        if self.inner is None or not (self.step == RESIDUAL or self.named):
            return self.parents()
        if self.named and self.kind == ABSOLUTE:
            return (between("AbsBackward0", between("SubBackward0", self.inner, None)),)
        return (None, self.inner) if self.step == RESIDUAL and self.sign < 0 else (self.inner, None)

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
            return np.asarray(np.nan_to_num(np.sign(residual)))     # torch's sign of NaN is 0
        return np.asarray(np.clip(residual, -self.delta, self.delta))

    cdef ndarray named_slope(self, ndarray prediction):
        if self.kind != LOGISTIC:
            return self.slope(self.residual(prediction))
        small = np.exp(-np.abs(prediction))
        target = self.target.reshape((<object>prediction).shape)
        return np.asarray(np.where(prediction > 0, 1, small) / (1 + small) - target)

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
        if self.root.bias is not None:
            gradient = self.hand_over(self.bias_gradient, factor, sweep)
            if cnp.PyArray_SIZE(self.root.bias_like) != self.root.k:
                gradient = fit_bias(gradient, self.root)
            sweep.send(self.root.bias, gradient, True)
        if self.root.weight is not None:
            gradient = self.hand_over(self.weight_gradient, factor, sweep)
            if not laid_out_alike(self.root):
                gradient = fit_weight(gradient, self.root)
            sweep.send(self.root.weight, gradient, True)
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
            gradient = self.named_slope(self.inner.value()) * dtype(factor * self.scale)
        else:
            gradient = np.full(shape, factor * self.scale, dtype)
        sweep.send(self.inner, np.asarray(gradient), False)

    cdef void let_go(self, Sweep sweep):
        self.freed = sweep.number
        self.inner = self.root = self.target = self.target_storage = None
        self.weight_gradient = self.bias_gradient = None


include "_recognition.pxi"
include "_fused_losses.pxi"
include "_description.pxi"
