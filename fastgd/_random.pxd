from libc.stdint cimport int64_t, uint32_t, uint64_t

cdef extern from *:
    """
    typedef struct Engine Engine;
    """
    ctypedef struct Engine:  # defined in _random.h, which only _random.pyx includes
        uint32_t word[624]
        int next
        int left
        bint has_spare
        double spare
        uint64_t seed


cdef class Stream:
    cdef Engine *engine

    # Nothing locks the stream: without the GIL, one thread at a time.
    cdef uint32_t next32(self) noexcept nogil
    cdef uint64_t next64(self) noexcept nogil
    cdef void permute(self, int64_t *out, int64_t n) noexcept nogil
