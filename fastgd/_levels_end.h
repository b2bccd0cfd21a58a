#undef NAME
#undef SHUFFLE
#undef LANES
#undef VEC
#undef LEVEL
#undef BYTES
