"""Benchmarks: `python -m bench` runs every question and prints its tables, losing rows included.

A question is a module of this package, named in `bench.__main__.QUESTIONS`, with two things in it:

- a docstring whose first line is the question as it is printed;
- `rows()`, which yields a `Row` for each line of its tables. It runs no library and measures nothing.

The rest is the same for all questions: `timing` measures a row, each competitor in a process of its own (`worker`);
`report` prints, saves and compares; `chart` draws. A competitor is a function that makes `run(n)`, which does the work
n times. It is called in the competitor's process, so it and its arguments must be picklable: a function at the top of
a module, or `functools.partial` of one, which imports its library inside. A whole question:

    '''How long does adding two arrays of ten numbers take?'''

    def adding(library):
        library = importlib.import_module(library)
        a = library.ones(10)

        def run(n):
            for _ in range(n):
                a + a

        return run

    def rows():
        libraries = {name: partial(adding, name) for name in ("fastgd", "numpy", "torch")}
        yield Row("a + a", "10", libraries, ours={"fastgd": ("numpy", "torch")}, quick=True)
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Row:
    """One line of a table; question, group and size together are its name in a results file.

    Args:
        group: the table it belongs to; rows of one group follow one another.
        size: what its line begins with.
        competitors: column -> function that makes run(n), or returns a figure where the unit is not seconds. One that
            raises ImportError is left out with a line that says so. A column has one process for all rows of a
            question with the same number of threads, so that its library is imported once.
        ours: column of fastgd -> the columns it must beat; where it does not, the row is marked LOSES.
        limits: column of a limit of the machine -> (how much work a run is, its unit: "B" or "madd").
        base: the group whose row of the same size fastgd's columns are compared with, or none.
        threads: and cores; a row that wants more cores than there are is left out with a line that says so.
        unit: "s" for a time; "B" for a size, which the competitor's function returns itself.
        quick: also measured by --quick.
    """

    group: str
    size: str
    competitors: Mapping[str, Callable]
    ours: Mapping[str, tuple[str, ...]]
    limits: Mapping[str, tuple[float, str]] = field(default_factory=dict)
    base: str = ""
    threads: int = 1
    unit: str = "s"
    quick: bool = False
