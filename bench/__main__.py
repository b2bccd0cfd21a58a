"""python -m bench [--quick] [--save results.json] [--compare old.json] [question ...]"""

import argparse
import os
import sys
import time
from collections import Counter
from pathlib import Path

from . import chart, descent, footprint, limits, report, small, spectral, turn
from .timing import Workers

QUESTIONS = {
    "limits": limits,
    "turn": turn,
    "small": small,
    "descent": descent,
    "spectral": spectral,
    "footprint": footprint,
}


def beside_bases(rows):
    """The rows, each with a base right behind it: their ratio is of one minute."""
    place = {(row.group, row.size): i for i, row in enumerate(rows)}
    return sorted(rows, key=lambda row: place.get((row.base, row.size), place[row.group, row.size]))


def answers(name, cores, quick, say):
    """(measured rows, whether a competitor failed) of a question; a table is printed when it has all its rows."""
    seconds, repeats = (0.02, 2) if quick else (0.2, 5)
    rows = [row for row in QUESTIONS[name].rows() if row.quick or not quick]
    order = [(row.group, row.size) for row in rows]
    left, done = Counter(row.group for row in rows), {}
    with Workers(cores, say) as workers:
        for row in beside_bases(rows):
            if row.threads <= len(cores):
                taken = workers.taken(row, seconds, repeats)
                done[row.group, row.size] = report.measured(name, row, taken)
            else:
                say(f"{row.group}, {row.size}: left out, it needs {row.threads} cores and may use {len(cores)}")
            left[row.group] -= 1
            here = [done[key] for key in order if key in done and key[0] == row.group]
            if here and not left[row.group]:
                print(report.table(here, list(done.values())), end="\n\n", flush=True)
    return [done[key] for key in order if key in done], workers.failed


def save(path, results):
    report.save(path, results)
    path.with_suffix(".txt").write_text(report.whole(results, questions()))
    groups = chart.charted(results["rows"])
    try:
        if groups:
            chart.draw(groups, results["about"], path.with_suffix(".svg"))
    except ImportError as error:
        print(f"no chart: {error}")


def questions():
    return {name: module.__doc__.splitlines()[0] for name, module in QUESTIONS.items()}


def main():
    parser = argparse.ArgumentParser(prog="python -m bench", description="How fast fastgd is, and how fast its peers.")
    parser.add_argument("questions", nargs="*", help=f"of {', '.join(QUESTIONS)}; all if none is named")
    parser.add_argument("--quick", action="store_true", help="few rows, few short repeats: whether it runs")
    parser.add_argument(
        "--save", type=Path, metavar="JSON",
        help="also beside it as .txt and, with matplotlib, as .svg; a question that is not asked keeps its rows there",
    )  # fmt: skip
    parser.add_argument("--compare", type=report.load, metavar="JSON", help="row by row against an earlier file")
    given = parser.parse_args()
    unknown = set(given.questions) - set(QUESTIONS)
    if unknown:
        parser.error(f"no question {sorted(unknown)}: there are {', '.join(QUESTIONS)}")
    if given.save and not given.save.parent.is_dir():
        parser.error(f"--save: there is no folder {given.save.parent}")
    earlier = report.load(given.save) if given.save and given.questions and given.save.exists() else None
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else list(range(os.cpu_count()))

    started = time.perf_counter()
    results = {"about": report.circumstances(cores), "quick": given.quick, "rows": []}
    if earlier and report.under(earlier) != report.under(results):
        parser.error(f"--save: {given.save} was measured in other circumstances: name another file")
    print(report.heading(results["about"]), flush=True)
    failed = False
    for name in given.questions or QUESTIONS:
        print(f"\n{questions()[name]}\n")
        rows, fails = answers(name, cores, given.quick, say=lambda line: print(line, flush=True))
        results["rows"] += rows
        failed |= fails
    print(report.losses(results["rows"]))
    print(f"took {time.perf_counter() - started:.0f} s")
    if given.save:
        save(given.save, report.joined(earlier, results, QUESTIONS) if earlier else results)
    if given.compare:
        lines, slower = report.comparison(given.compare, results)
        print("\n" + "\n".join(lines))
        failed |= slower
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
