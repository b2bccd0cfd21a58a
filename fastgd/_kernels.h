/* What the kernels are told about their data; _kernels.pxd shows it to Cython. */
#ifndef FASTGD_KERNELS_H
#define FASTGD_KERNELS_H

#include <Python.h>

typedef enum { SQUARED, ABSOLUTE, HUBER } Loss;
typedef enum { SINGLE, DOUBLE } Precision;

typedef struct {
    Precision precision;
    Py_ssize_t n, d, k;
    const void *X;
    Py_ssize_t x_stride;
    const void *y;
    Py_ssize_t y_stride;
    const Py_ssize_t *index;
} Rows;

#endif
