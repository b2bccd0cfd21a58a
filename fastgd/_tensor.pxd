"""Tensor and the tape, as other compiled rooms see them."""

from cpython.object cimport PyObject
from numpy cimport ndarray

cdef enum:
    MAX_DIMS = 8


cdef class Storage:
    """What a tensor and its views have in common: how often they were written to."""
    cdef Py_ssize_t version
    cdef str writer                             # the label of the last recorded operation that wrote to it, or None


cdef class Node:
    """A recorded operation: hands the gradient of its output on to what it was made from."""
    cdef readonly Py_ssize_t sequence           # later operations have larger numbers
    cdef readonly str label                     # torch's name, such as MulBackward0
    cdef Py_ssize_t freed                       # number of the sweep that used it up, or 0
    cdef dict hooks                             # on the gradient of the output
    cdef object retained_by                     # weak reference to a tensor that asked for its gradient
    cdef bint watched(self, Sweep sweep)
    cdef object visit(self, ndarray gradient, Sweep sweep)
    cdef tuple parents(self)
    cdef tuple arguments(self)                  # as next_functions shows them: None where no gradient goes


cdef class Lazy(Node):
    """An operation whose value nobody has read yet, so that it has not been computed."""
    cdef int ndim
    cdef Py_ssize_t shape[MAX_DIMS]
    cdef int type_num                           # numpy's
    cdef Storage storage                        # of the tensor, if anybody counted its versions
    cdef ndarray result                         # the value, once somebody read it
    cdef void *earlier                          # neighbours in the list of those that wait
    cdef void *later
    cdef bint waiting
    cdef void wait(self) noexcept
    cdef void stop_waiting(self) noexcept
    cdef ndarray value(self)
    cdef ndarray compute(self)
    cdef Storage storage_of_result(self)
    cdef bint reads(self, const char *low, const char *high) noexcept


cdef class Sweep:
    """One backward run over the tape."""
    cdef Py_ssize_t number
    cdef bint retain
    cdef dict captured                          # leaf or node -> its gradient, for autograd.grad; else None
    cdef set leading                            # the nodes that lead to one of these
    cdef dict pending                           # node, or leaf with hooks -> sum so far; None until needed
    cdef list order                             # heap of (-sequence, node)
    cdef void collect(self)
    cdef object send(self, object target, ndarray gradient, bint owned)
    cdef object arrive(self, Node node, ndarray gradient)
    cdef object run(self)


cdef class Tensor:
    cdef ndarray _array                         # None while the node is Lazy and unread
    cdef Storage _storage                       # None until something counts versions
    cdef Node _node                             # grad_fn; None for a leaf
    cdef object _grad                           # None, a tensor, or the array of one that nobody has looked at
    cdef readonly Tensor _base                  # what this is a view of
    cdef Py_ssize_t _followed                   # of a view: the number of the base's node when it was last looked at
    cdef bint _requires_grad                    # of a leaf
    cdef dict _hooks                            # of a leaf
    cdef dict _hooks_after                      # of a leaf, called when its gradient has been added
    cdef PyObject *_attributes                  # the __dict__, made when somebody sets an attribute
    cdef object __weakref__
    cdef object one_element(self)


cdef class Parameter(Tensor):
    pass


ctypedef object (*Recogniser)(Row row, tuple args, dict options)


cdef class Row:
    """One operation: how it is computed, and the gradient of each argument."""
    cdef readonly str name                      # as in the table, such as "mul"
    cdef readonly object label                  # of grad_fn; or a function of arrays and options that gives it
    cdef readonly object forward                # arrays and options -> array
    cdef readonly object gradients              # per argument: (gradient, out, *arrays, **options) -> array
    cdef readonly object arguments              # label and parents -> what next_functions shows, or None: the parents
    cdef readonly object needs                  # per argument: saved arguments its gradient reads; -1 is the output
    cdef readonly bint view
    cdef Recogniser recognise
    cdef int arithmetic                         # which of the few that are computed without numpy


cdef bint switch_grad_mode(bint mode) noexcept
cdef bint recognising() noexcept
cdef ndarray array_of(Tensor tensor)
cdef Tensor grad_of_leaf(Tensor tensor)
cdef ndarray grad_array(Tensor tensor)
cdef Tensor wrap(ndarray array)
cdef Tensor wrap_node(Node node)
cdef int follow_base(Tensor view) except -1


cdef inline bint requires_grad(Tensor tensor) except -1:
    if tensor._base is not None:
        follow_base(tensor)
    return tensor._requires_grad or tensor._node is not None


cdef void be_part(Tensor part, Tensor whole)
cdef Storage storage_of(Tensor tensor)
cdef void before_write(ndarray array) except *
cdef void written(Tensor tensor) except *
cdef object check_freed(Node node, Sweep sweep)
cdef object check_version(Storage storage, Py_ssize_t version, ndarray saved, Node made_by, bint as_made=*)
cpdef tuple linear_arguments(str label, inputs, weight, bias)
cdef Row row_of(str name)
cpdef apply(Row row, tuple args, dict options)
cpdef Tensor view_of(Row row, Tensor input, ndarray array, dict options)
