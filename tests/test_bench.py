"""The benchmark's own machinery: what it marks, what it leaves out, and that every question's rows can be measured."""

import copy
import pickle
import time
from functools import partial
from types import SimpleNamespace

import pytest

from bench import Row, chart, report
from bench.__main__ import QUESTIONS, answers, questions
from bench.timing import Workers


def steady(seconds):
    """A competitor whose process has a clock of its own: so much a run, and some before."""
    clock = [0.0]
    time.perf_counter = lambda: clock[0]

    def run(n):
        clock[0] += 0.002 + n * seconds

    return run


def not_installed():
    raise ImportError("No module named 'elsewhere'")


def broken(n=None):
    if n is not None:
        raise ValueError("broken")
    return broken


def size():
    return 1000


def measured(row, taken, question="descent"):
    return report.measured(question, row, taken)


FULL = Row(
    "full batch", "10 x 2", {}, {"fit": ("numba", "JAX"), "loop": ("torch",)}, {"reading X": (4e6, "B")}
)  # fmt: skip
DOUBLE = Row("float64", "10 x 2", {}, FULL.ours, base="full batch")
TAKEN = {
    "fit": [1e-3, 1.1e-3, 5e-3], "loop": [2e-3], "torch": [1.9e-3], "numba": [2.2e-3], "JAX": [3.3e-3],
    "reading X": [1e-3],
}  # fmt: skip


def results(*rows):
    about = {"processor": "P", "cores": 2, "measured on cores": [0], "date": "2026-01-02", "versions": {"fastgd": "1"}}
    return {"about": about, "quick": False, "rows": list(rows)}


def test_names_and_pickles_of_all_rows():
    for name, module in QUESTIONS.items():
        rows = list(module.rows())
        keys = [(row.group, row.size) for row in rows]
        assert len(set(keys)) == len(keys), name
        assert any(row.quick for row in rows), name
        for row in rows:
            assert set(row.ours) | {rival for rivals in row.ours.values() for rival in rivals} <= set(row.competitors)
            assert set(row.limits) <= set(row.competitors)
            assert not row.base or (row.base, row.size) in keys, row
        for group in {row.group for row in rows}:
            assert len({row.base for row in rows if row.group == group}) == 1  # one heading for all its rows
            pickle.dumps(row.competitors)


def test_a_row_follows_its_base_and_stands_in_its_own_table(monkeypatch, capsys):
    first, second = (Row("full batch", text, {"a": size}, {"a": ()}) for text in ("10 x 2", "20 x 2"))
    doubles = [Row("float64", row.size, {"a": size}, {"a": ()}, base="full batch") for row in (first, second)]
    monkeypatch.setitem(QUESTIONS, "some", SimpleNamespace(rows=lambda: [first, second, *doubles]))
    order = []
    monkeypatch.setattr(Workers, "taken", lambda self, row, *_: order.append((row.group, row.size)) or {"a": [1.0]})
    rows, failed = answers("some", [0], False, print)
    assert not failed
    assert [row["group"] for row in rows] == ["full batch", "full batch", "float64", "float64"]
    assert order == [(group, text) for text in ("10 x 2", "20 x 2") for group in ("full batch", "float64")]
    tables = capsys.readouterr().out.strip().split("\n\n")
    assert [table.split("|")[1].strip() for table in tables] == ["full batch", "float64 (base: full batch)"]
    assert [table.count("\n") for table in tables] == [3, 3]


def test_a_row_is_measured():
    said = []
    competitors = {"a": partial(steady, 0.004), "b": not_installed, "c": broken, "d": size}
    row = Row("group", "size", competitors, {"a": ()})
    with Workers([0], said.append) as workers:
        taken = workers.taken(row, 0.02, 2)
    assert taken == {"a": pytest.approx([0.004, 0.004]), "d": [1000]}  # what comes before the runs does not count
    assert said == ["b is left out: No module named 'elsewhere'", "c FAILED at group, size"]
    assert workers.failed


def test_table():
    rows = [measured(FULL, TAKEN), measured(DOUBLE, TAKEN | {"fit": [2.2e-3]})]
    assert report.cells(rows[0], list(TAKEN), rows) == {
        "full batch": "10 x 2", "fit": "1.1 ms", "loop": "2 ms", "torch": "1.9 ms", "numba": "2.2 ms", "JAX": "3.3 ms",
        "reading X": "1 ms (4 GB/s)", "best peer / fit": "2 (numba)", "torch / loop": "0.95 LOSES",
        "fit / limit": "1.1",
    }  # fmt: skip
    line = report.cells(rows[1], list(TAKEN), rows)
    assert line["fit / base"] == "2"
    text = report.whole(results(*rows), questions())
    assert "2 losses in 2 rows:\n" in text
    assert "full batch, 10 x 2: loop behind torch (0.95)" in text
    widths = {len(line) for line in report.table(rows[:1], rows).splitlines()}
    assert len(widths) == 1


@pytest.mark.parametrize(
    "figure, text", [(9.996e-7, "1 us"), (2e-9, "2 ns"), (0.0123, "12.3 ms"), (5, "5 s"), (9.99e-7, "999 ns")]
)
def test_shown(figure, text):
    assert report.shown(figure) == text


def test_saved_and_compared(tmp_path):
    path = tmp_path / "old.json"
    old = results(measured(FULL, TAKEN))
    report.save(path, old)
    assert report.load(path) == old

    same, slower = report.comparison(old, old)
    assert not slower
    assert len(same) == 3  # what it is compared with, fit and loop

    new = copy.deepcopy(old)
    new["rows"][0]["taken"]["loop"] = [2.5e-3]
    new["rows"][0]["taken"]["fit"] = [2e-3]  # within the old one's range
    new["rows"].append(measured(DOUBLE, TAKEN))  # not in the old file
    lines, slower = report.comparison(old, new)
    assert slower
    assert [line.endswith("SLOWER") for line in lines] == [False, False, True]
    assert "1.25" in lines[2]

    new["rows"][0]["taken"] |= {name: [1.3 * t for t in TAKEN[name]] for name in ("torch", "numba", "JAX", "reading X")}
    assert not report.comparison(old, new)[1]  # the machine was slower, and fastgd no more than that


def test_a_question_asked_again_keeps_the_others():
    old = results(measured(FULL, TAKEN, "turn"), measured(FULL, TAKEN), measured(FULL, TAKEN, "spectral"))
    new = results(measured(DOUBLE, TAKEN))
    assert report.under(old) == report.under(new) != report.under(new | {"quick": True})
    rows = report.joined(old, new, QUESTIONS)["rows"]
    assert [(row["question"], row["group"]) for row in rows] == [
        ("turn", "full batch"), ("descent", "float64"), ("spectral", "full batch")
    ]  # fmt: skip


def test_what_the_chart_shows():
    alone = Row("100 epochs", "10 x 2", {}, {"spectral": ()})
    many = [Row("operations", str(i), {}, {"fit": ("torch",)}) for i in range(chart.LONGEST + 1)]
    rows = [measured(row, TAKEN) for row in (FULL, DOUBLE, alone, *many)]
    assert [[row["group"] for row in group] for group in chart.charted(rows)] == [["full batch"]]
