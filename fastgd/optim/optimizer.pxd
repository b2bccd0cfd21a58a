from numpy cimport ndarray

from .._tensor cimport Tensor


cdef class Optimizer:
    cdef public object defaults
    cdef public object state                        # parameter -> its dict
    cdef public list param_groups
    cdef public dict _optimizer_step_pre_hooks      # None until there is one
    cdef public dict _optimizer_step_post_hooks
    cdef dict __dict__
    cdef object __weakref__

    cdef object read(self, dict group)              # takes the options of a group over, checked
    cdef object update(self, Tensor param)          # one parameter that has a gradient

# What an update works on: contiguous arrays of float32 or float64, all of the parameter's shape and type.
cdef ndarray begin(Tensor param)
cdef ndarray gradient_of(Tensor param, ndarray p)
cdef ndarray state_of(dict state, str name, ndarray p, double initial)
cdef Tensor start_step(dict state)
cdef double count_step(dict state) except? -1
cdef object finish(Tensor param, ndarray p)
