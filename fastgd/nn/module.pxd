from .._tensor cimport Tensor


cdef class Module:
    cdef public bint training
    cdef public dict _parameters        # name -> Parameter or None
    cdef public dict _buffers
    cdef public dict _modules
    cdef public set _non_persistent_buffers_set
    cdef public dict _forward_hooks     # None until there is one
    cdef public dict _forward_pre_hooks
    cdef public dict _backward_hooks
    cdef public dict _backward_pre_hooks
    cdef public dict _state_hooks       # what registered it -> hooks
    cdef bint _forward_replaced         # on the instance
    cdef dict __dict__
    cdef object __weakref__
    cdef bint hooked(self) noexcept
    cdef dict attributes(self)
    cdef dict registry_of(self, name)
    cdef object run(self, tuple args, dict options)
