"""Programs that draw, into tensors or as initial values, for fastgd and torch alike.

A program is a function of the library that returns tensors and numbers.
"""

from random_outcomes import into

FLOATS = ["float32", "float64"]
SIZES = [0, 1, 2, 7, 15, 16, 17, 31, 32, 33, 50]

DRAWS = {}
INITS = {}


@into(DRAWS)
def rand(t):
    return [t.rand(n, dtype=getattr(t, dtype)) for n in SIZES for dtype in FLOATS] + [
        t.rand(2, 3),
        t.rand(()),
        t.rand([4]),
    ]


@into(DRAWS)
def randn(t):
    return [t.randn(n, dtype=getattr(t, dtype)) for n in SIZES for dtype in FLOATS] + [
        t.randn((3, 6)),
        t.randn(size=(2,)),
    ]


@into(DRAWS)
def default_dtype(t):
    t.set_default_dtype(t.float64)
    try:
        return [
            t.rand(3),
            t.randn(3),
            t.randn(20),
            t.normal(0.0, 1.0, (3,)),
            t.randint(9, (3,)),
            t.nn.Linear(2, 1).weight,
        ]
    finally:
        t.set_default_dtype(t.float32)


@into(DRAWS)
def randint(t):
    bounds = [(0, 2), (-7, 100), (0, 2**28 - 1), (0, 2**28), (-(2**62), 2**62)]
    made = [t.randint(low, high, (6,)) for low, high in bounds]
    made += [t.randint(9, (2, 3)), t.randint(high=9, size=[3]), t.randint(3, high=9, size=(3,)), t.randint(5, (0,))]
    return made + [t.randint(9, (3,), dtype=getattr(t, dtype)) for dtype in (*FLOATS, "int32", "uint8", "bool")[:4]]


@into(DRAWS)
def randperm(t):
    made = [t.randperm(n) for n in (0, 1, 2, 10, 33)]
    return made + [t.randperm(5, dtype=getattr(t, dtype)) for dtype in ("float32", "int32", "uint8")]


@into(DRAWS)
def normal(t):
    made = []
    for dtype in FLOATS:
        for n in (3, 18):
            x = t.arange(1, n + 1, dtype=getattr(t, dtype)) / 7
            made += [
                t.normal(x),
                t.normal(x, 0.5),
                t.normal(0.5, x),
                t.normal(x, x),
                t.normal(x[:1], x),
                t.normal(x[0], x),
            ]
    return [*made, t.normal(1.0, 2.0, (4,)), t.normal(mean=0.0, std=1.0, size=(2, 9), dtype=t.float64)]


@into(DRAWS)
def bernoulli(t):
    made = []
    for dtype in FLOATS:
        p = t.arange(12, dtype=getattr(t, dtype)).reshape(3, 4) / 11
        made += [t.bernoulli(p), t.bernoulli(p.t()), p.bernoulli(), t.bernoulli(p, 0.3), p.bernoulli(0.7)]
        made += [
            t.empty(3, 4).bernoulli_(p),
            t.empty(9).bernoulli_(),
            t.empty(2, 3, 4).bernoulli_(p),
            t.bernoulli(p[1, 1]),
        ]
    return [*made, t.bernoulli(t.empty(5, dtype=t.int64), 0.5)]


@into(DRAWS)
def multinomial(t):
    made = []
    for dtype in FLOATS:
        p = t.arange(12, dtype=getattr(t, dtype)).reshape(3, 4) + 1
        for count, replacement in ((1, True), (3, False), (4, False), (7, True)):
            made += [t.multinomial(p, count, replacement), p[2].multinomial(count, replacement)]
    return made


@into(DRAWS)
def likes(t):
    made = []
    for dtype in FLOATS:
        x = t.zeros(3, 8, dtype=getattr(t, dtype))
        for like in (x, x.t(), x[:, ::2], x[1], x[0, 0]):
            made += [t.rand_like(like), t.randn_like(like), t.randint_like(like, 9), t.randint_like(like, -3, 3)]
        made += [t.rand_like(x, dtype=t.float64), t.randn_like(x, dtype=t.float32), t.randint_like(x, 5, dtype=t.int64)]
    return made


@into(DRAWS)
def methods(t):
    made = []
    for dtype in FLOATS:
        for n in (1, 5, 16, 21):
            x = t.empty(n, dtype=getattr(t, dtype))
            made += [
                x.uniform_().clone(),
                x.uniform_(-1.5, 0.25).clone(),
                x.normal_().clone(),
                x.normal_(3.0, 0.5).clone(),
            ]
            made += [
                x.exponential_().clone(),
                x.exponential_(2.5).clone(),
                x.random_(7).clone(),
                x.random_(-3, 3).clone(),
            ]
            made += [x.random_().clone(), x.bernoulli_(0.25).clone(), x.uniform_(to=2).clone(), x.random_(-3, to=4)]
    return made + [t.empty(4, dtype=getattr(t, dtype)).random_() for dtype in ("int64", "int32", "uint8")]


@into(DRAWS)
def strided(t):
    made = []
    for dtype in FLOATS:
        x = t.zeros(4, 10, dtype=getattr(t, dtype))
        x.t().normal_()
        x[:, ::3].uniform_()
        x[1].normal_()
        x[:, 2].random_(9)
        made.append(x)
    return made


@into(DRAWS)
def interleaved(t):
    """The second normal of a pair is kept through other draws, of either type."""
    made = []
    for i in range(6):
        made += [t.randn(1), t.rand(2), t.randn(1, dtype=t.float64), t.randint(9, (2,)), t.randn(3), t.randperm(3)]
        made += [t.randn(16 + i), t.randn(())]
    return made


@into(DRAWS)
def outs(t):
    x = t.empty(3)
    made = [t.rand(3, out=x).clone(), t.randn(3, out=x).clone(), t.randint(9, (3,), out=x).clone(), x.clone()]
    made += [t.rand(2, 3, out=t.empty(0)), t.randn(20, out=x).clone(), x]
    made += [t.randperm(4, out=t.empty(0, dtype=t.int64)), t.randperm(4, out=t.empty(4))]
    made += [t.normal(0.0, 1.0, (2,), out=t.empty(2, dtype=t.float64)), t.normal(t.zeros(3), 1.0, out=t.empty(3))]
    made += [t.bernoulli(t.full((3,), 0.5), out=t.empty(3))]
    return [*made, t.multinomial(t.ones(3), 2, out=t.empty(0, dtype=t.int64))]


@into(DRAWS)
def generators(t):
    """With a generator nothing is drawn from the default stream."""
    g = t.Generator().manual_seed(t.initial_seed() % 1000)
    made = [
        t.rand(3, generator=g),
        t.randn(3, generator=g),
        t.randint(9, (3,), generator=g),
        t.randperm(4, generator=g),
    ]
    made += [
        t.normal(0.0, 1.0, (3,), generator=g),
        t.normal(t.zeros(2), 1.0, generator=g),
        t.empty(2).normal_(generator=g),
    ]
    made += [t.bernoulli(t.full((3,), 0.5), generator=g), t.multinomial(t.ones(4), 2, generator=g)]
    made += [t.empty(2).uniform_(generator=g), t.empty(2).exponential_(generator=g), t.empty(2).random_(generator=g)]
    made += [t.empty(2).bernoulli_(generator=g), t.nn.init.xavier_normal_(t.empty(2, 2), generator=g), g.initial_seed()]
    made += [t.rand_like(t.zeros(3), generator=g), t.randn_like(t.zeros(3), generator=g)]
    state = g.get_state()
    made += [t.rand(3, generator=g), t.rand(3, generator=g.clone_state()), t.rand(3, generator=g.set_state(state))]
    return [*made, t.rand(3, generator=t.Generator())]


@into(DRAWS)
def states(t):
    made = [t.randn(3)]
    state = t.get_rng_state()
    with t.random.fork_rng():
        made += [t.randn(3), t.rand(2)]
    made.append(t.randn(3))
    t.set_rng_state(state)
    made += [t.randn(3), t.initial_seed()]
    with t.random.fork_rng(enabled=False):
        made.append(t.rand(2))
    made.append(t.manual_seed(7).initial_seed())
    return [*made, t.randn(1), t.default_generator.initial_seed(), t.rand(2, generator=t.default_generator)]


@into(DRAWS)
def differentiated(t):
    """A draw does not depend on its parameters: their gradients are zero."""
    m, s = t.ones(3, requires_grad=True), t.full((3,), 0.5, requires_grad=True)
    made = [t.normal(m, s), t.normal(m, 0.5), t.normal(0.5, s), t.bernoulli(s)]
    (made[0].sum() + made[1].sum() + made[2].sum() + made[3].sum()).backward()
    return [*made, *[made.grad_fn.name() for made in made], m.grad, s.grad, t.rand(2, requires_grad=True)]


SHAPES = [(1, 1), (3, 4), (5, 7), (2, 4, 2)]
FILLS = {
    "uniform_": [{}, {"a": -1, "b": 2}],
    "normal_": [{}, {"mean": 1, "std": 0.1}],
    "constant_": [{"val": 0.3}],
    "ones_": [{}],
    "zeros_": [{}],
    "xavier_uniform_": [{}, {"gain": 1.3}],
    "xavier_normal_": [{}, {"gain": 1.3}],
    "kaiming_uniform_": [{}, {"a": 5**0.5}, {"mode": "fan_out", "nonlinearity": "relu"}, {"mode": "FAN_IN"}],
    "kaiming_normal_": [{}, {"a": 1}, {"mode": "fan_out", "nonlinearity": "tanh"}],
    "trunc_normal_": [
        {}, {"std": 0.02}, {"a": -0.5, "b": 0.5}, {"mean": 1, "std": 2}, {"a": 1.0, "b": 2.0, "mean": 0.3, "std": 0.7},
        {"a": -0.1, "b": 0.1}, {"mean": 2.5, "a": 0, "b": 2},
    ],
}  # fmt: skip


def fill_program(name):
    def program(t):
        made = [
            getattr(t.nn.init, name)(t.empty(*shape, dtype=getattr(t, dtype)), **options)
            for shape in SHAPES
            for dtype in FLOATS
            for options in FILLS[name]
        ]
        return made + [getattr(t.nn.init, name)(t.empty(4, 6)[:, ::2], **FILLS[name][0])]

    return program


INITS |= {name: fill_program(name) for name in FILLS}


@into(INITS)
def linear(t):
    made = []
    for inputs, outputs in ((1, 1), (3, 1), (10, 2), (17, 5)):
        for dtype in FLOATS:
            for bias in (True, False):
                made += t.nn.Linear(inputs, outputs, bias=bias, dtype=getattr(t, dtype)).parameters()
    model = t.nn.Linear(3, 2)
    model.reset_parameters()
    return made + list(model.parameters())


@into(INITS)
def gains(t):
    names = [
        "linear",
        "conv1d",
        "conv2d",
        "conv3d",
        "conv_transpose1d",
        "sigmoid",
        "tanh",
        "relu",
        "leaky_relu",
        "selu",
    ]
    return [*map(t.nn.init.calculate_gain, names), *[t.nn.init.calculate_gain("leaky_relu", a) for a in (0, 1, 0.2)]]
