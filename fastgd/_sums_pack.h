/* Rows of X, shifted and weighted, turned into features: panel[j][r] = root[r] * (X[r][j] - shift[j]). */

NOINLINE void JOIN(NAME(pack), REAL)(
    const REAL *X, Py_ssize_t stride, Py_ssize_t rows, Py_ssize_t d, const double *shift, const double *root,
    double *panel)
{
    Py_ssize_t r = 0;
    if (d == 1 && stride == 1) {
        for (; r < rows; r++) panel[r] = ((double)X[r] - shift[0]) * root[r];
        return;
    }
#if LANES > 1
    typedef REAL Piece __attribute__((vector_size(LANES * sizeof(REAL))));
    for (; d >= LANES && r + LANES <= rows; r += LANES)
        for (Py_ssize_t next = 0; next < d; next += LANES) {
            Py_ssize_t j = next + LANES <= d ? next : d - LANES;        /* the last square overlaps */
            VEC square[LANES], middle = NAME(load)(shift + j);
            UNROLL for (int l = 0; l < LANES; l++) {
                Piece piece;
                memcpy(&piece, X + (r + l) * stride + j, sizeof piece);
                square[l] = (__builtin_convertvector(piece, VEC) - middle) * root[r + l];
            }
            NAME(transpose)(square);
            UNROLL for (int l = 0; l < LANES; l++) memcpy(panel + (j + l) * STRIDE + r, square + l, sizeof(VEC));
        }
#endif
    for (Py_ssize_t j = 0; j < d; j++)
        for (Py_ssize_t i = r; i < rows; i++) panel[j * STRIDE + i] = ((double)X[i * stride + j] - shift[j]) * root[i];
}
