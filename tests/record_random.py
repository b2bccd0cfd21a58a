"""Records what torch draws: python tests/record_random.py (with torch installed) writes tests/recorded/random.json."""

import json
from pathlib import Path

import numpy as np

RECORDED = Path(__file__).parent / "recorded" / "random.json"
SEEDS = [0, 42, -1, 2**32 + 5, 2**64 - 1]

# One draw is (method, size, dtype, what the method needs). They run one after another on one stream.
PROGRAM = [
    *(("normal_", n, dtype, 0, 1) for n in (1, 2, 3, 15, 16, 17, 31, 32, 33) for dtype in ("float32", "float64")),
    *(("uniform_", n, dtype, 0, 1) for n in (0, 1, 7, 16) for dtype in ("float32", "float64")),
    *(("uniform_", 9, dtype, -0.3, 0.7) for dtype in ("float32", "float64")),
    *(("normal_", n, dtype, 0.3, 2.5) for n in (1, 5, 20) for dtype in ("float32", "float64")),
    *(("normal", n, dtype, form) for n in (3, 18) for dtype in ("float32", "float64") for form in ("m", "s", "ms")),
    *(("strided", 20, dtype, method) for dtype in ("float32", "float64") for method in ("uniform_", "normal_")),
    *(("exponential_", 5, dtype, 1.5) for dtype in ("float32", "float64")),
    *(("random_", 5, dtype) for dtype in ("bool", "uint8", "int8", "int16", "int32", "int64", "float32", "float64")),
    *(("random_", 5, dtype, 2) for dtype in ("bool", "uint8", "uint16", "uint32", "uint64", "int64", "float32")),
    *(("random_", 5, "int64", *bounds) for bounds in ((-7, 100), (2**28 - 1,), (2**28,), (3, None), (-(2**63), None))),
    *(("randperm", n, "int64") for n in (0, 1, 2, 10, 33)),
    ("randperm", 12, "float32"),
    *(("bernoulli_", 9, dtype, 0.3) for dtype in ("float32", "float64", "int64")),
    *(("bernoulli_", 9, dtype, p) for dtype in ("float32", "bool") for p in ("float32", "float64")),
    *(
        ("multinomial", 8, dtype, *how)
        for dtype in ("float32", "float64")
        for how in ((1, True), (5, False), (9, True))
    ),
    ("normal_", 1, "float32", 0, 1),
]


def weights(n, dtype):
    return ((np.arange(n) * 5 % 7 + 1) / 8).astype(dtype)


def theirs(generator, method, n, dtype, *rest):
    import torch

    of_type = {"dtype": getattr(torch, dtype)}
    if method in ("normal", "multinomial") or rest and isinstance(rest[0], str) and method == "bernoulli_":
        values = torch.from_numpy(weights(n, rest[0] if method == "bernoulli_" else dtype))
    if method == "randperm":
        return torch.randperm(n, generator=generator, **of_type).numpy()
    if method == "normal":
        mean, std = (values if letter in rest[0] else 0.5 for letter in "ms")
        return torch.normal(mean, std, generator=generator).numpy()
    if method == "multinomial":
        return torch.multinomial(values, *rest, generator=generator).numpy()
    if method == "strided":
        return getattr(torch.zeros(4, n // 4, **of_type).t(), rest[0])(generator=generator).numpy()
    if method == "bernoulli_" and isinstance(rest[0], str):
        rest = (values,)
    return getattr(torch.zeros(n, **of_type), method)(*rest, generator=generator).numpy()


if __name__ == "__main__":
    import torch

    runs = []
    for seed in SEEDS:
        generator = torch.Generator().manual_seed(seed)
        draws = [theirs(generator, *draw).ravel().tolist() for draw in PROGRAM]
        runs.append(
            {"seed": seed, "draws": draws, "next_word": int(torch.empty(1).random_(2**24, generator=generator))}
        )
    record = {"torch": torch.__version__, "capability": torch.backends.cpu.get_cpu_capability(), "runs": runs}
    RECORDED.write_text(json.dumps(record, separators=(",", ":")) + "\n")
