# Part of _random: the types that are drawn, their names in torch's messages, and the integers that random_ draws.

# dtype: torch's name for it, the C++ name its messages use, and the integers that random_ draws from it
KINDS = {
    np.dtype(code): (name, written, smallest, largest)
    for code, name, written, smallest, largest in (
        ("?", "Bool", "bool", 0, 1),
        ("u1", "Byte", "unsigned char", 0, 2**8 - 1),
        ("i1", "Char", "signed char", -(2**7), 2**7 - 1),
        ("i2", "Short", "short", -(2**15), 2**15 - 1),
        ("i4", "Int", "int", -(2**31), 2**31 - 1),
        ("i8", "Long", "long", -(2**63), 2**63 - 1),
        ("u2", "UInt16", "short unsigned int", 0, 2**16 - 1),
        ("u4", "UInt32", "unsigned int", 0, 2**32 - 1),
        ("u8", "UInt64", "long unsigned int", 0, 2**64 - 1),
        ("f4", "Float", "float", -(2**24), 2**24),
        ("f8", "Double", "double", -(2**53), 2**53),
    )
}
UNSIGNED = [np.dtype(code) for code in ("u2", "u4", "u8")]  # torch has random_(from, to) for them, and little else


cdef str name_of(dtype):
    return KINDS[dtype][0] if dtype in KINDS else dtype.name


cdef object as_long(value):
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise TypeError(f"expected an int, not {type(value).__name__}; pass int(value)")
    value = value.__index__()
    if not -(2**63) <= value < 2**63:
        raise ValueError(f"Overflow when unpacking long long: expected -2**63 to 2**63 - 1, got {value}")
    return value


cdef object stored(value, dtype):
    """An integer as a float type holds it, back in 64 bits (2^63 wraps)."""
    return (int(dtype.type(value)) + 2**63) % 2**64 - 2**63


cdef object bounded(dtype, tuple bounds):
    """The first value of random_(to) or random_(from, to), and the number of values."""
    low, high = bounds if len(bounds) == 2 else (0, as_long(bounds[0]))
    low = as_long(low)
    name, written, smallest, largest = KINDS[dtype]
    if high is not None:
        high = as_long(high)
        if low >= high:
            raise advised(
                RuntimeError(f"random_ expects 'from' to be less than 'to', but got from={low} >= to={high}"),
                "Pass a range that is not empty.",
            )
        last = high - 1
    elif low > -(2**63):
        last = largest
    elif name in ("Long", "Float", "Double"):
        return 0, 2**64
    else:
        raise RuntimeError(
            f"random_full_64_bits_range_kernel_cpu handles only int64, double, float and bfloat16, got {name}; cast an "
            "int64 array"
        )
    if dtype.kind == "f":
        # a bound that the type cannot hold moves to the next one inside the range that it can
        digits = largest.bit_length() - 1
        if stored(low + 1, dtype) < low:
            low = stored(low + 1, dtype) + 2 ** (abs(low + 1).bit_length() - digits)
        if high is not None and stored(last, dtype) > last:
            last = stored(last, dtype) - 2 ** (abs(last).bit_length() - digits) - 1
        if high is None and low >= last:
            raise RuntimeError(
                "random_ expects 'from' casted to dtype to be less than or equal to 'to_inc' casted to dtype, but got "
                f"from={low} > to_inc={last}; pass a range that {dtype} holds"
            )
        if low > last:
            raise RuntimeError(
                "random_ expects 'from' casted to dtype to be less than 'to' casted to dtype, but got "
                f"from={low} >= to={last + 1}; pass a range that {dtype} holds"
            )
    for which, bound in (("from", low), ("to - 1", last)):
        if smallest <= bound <= min(largest, 2**63 - 1):
            continue
        if dtype.kind == "f":
            warnings.warn(
                f"{which} is out of bounds [-(2^{digits}), 2^{digits}]. Due to precision limitations {written} can "
                "support discrete uniform distribution only within this range.",
                stacklevel=2,
            )
        else:
            raise RuntimeError(
                f"{which} is out of bounds for {written}: expected {smallest} to {largest}, got {bound}; choose bounds "
                "that the type holds"
            )
    return low, last - low + 1
