"""What was measured, as text, as a file, and beside an earlier file.

A measured row is a dict, as it is saved: question, group, size, unit, base, ours, limits, and taken: a list of figures
by column, one a repeat.
"""

import datetime
import importlib.metadata
import json
import os
import platform
from itertools import groupby
from pathlib import Path

from .timing import median

LIBRARIES = ("fastgd", "numpy", "torch", "jax", "numba", "scikit-learn")
SLOWER = 1.1  # a median this many times the old one is a regression, where the peers' did not grow as much


def measured(question, row, taken):
    return {
        "question": question, "group": row.group, "size": row.size, "unit": row.unit, "base": row.base,
        "threads": row.threads, "ours": {name: list(rivals) for name, rivals in row.ours.items()},
        "limits": {name: list(amount) for name, amount in row.limits.items()}, "taken": taken,
    }  # fmt: skip


def processor():
    for line in Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []:
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def circumstances(cores):
    """Where, when and with what: the first lines of a table."""
    versions = {"python": platform.python_version()}
    for library in LIBRARIES:
        try:
            versions[library] = importlib.metadata.version(library)
        except importlib.metadata.PackageNotFoundError:
            pass
    return {
        "processor": processor(), "cores": os.cpu_count(), "measured on cores": list(cores),
        "date": str(datetime.date.today()), "versions": versions,
    }  # fmt: skip


def heading(about):
    return (
        f"{about['processor']}, {about['cores']} cores, {about['date']}; one thread on core "
        f"{about['measured on cores'][0]} where no other number is said\n"
        + ", ".join(f"{name} {version}" for name, version in about["versions"].items())
    )


# ---- figures


def scaled(value, steps):
    for unit, scale in steps:
        if value * scale < 999.5:
            break
    return f"{value * scale:.3g} {unit}"


def shown(figure, unit="s"):
    """A figure in the unit that suits it."""
    if unit == "s":
        return scaled(figure, (("ns", 1e9), ("us", 1e6), ("ms", 1e3), ("s", 1)))
    return scaled(figure, (("B", 1), ("kB", 1e-3), ("MB", 1e-6), ("GB", 1e-9)))


def shown_rate(amount, unit, seconds):
    return f"{amount / seconds * 1e-9:.3g} G{unit}/s"


def ratio(value):
    return f"{value:.3g}"


def best_rival(row, name):
    """(column, how many times its figure is ours) of the nearest of the rivals that are there; or None."""
    taken = {rival: median(row["taken"][rival]) for rival in row["ours"][name] if row["taken"].get(rival)}
    if not taken or name not in row["taken"]:
        return None
    rival = min(taken, key=taken.get)
    return rival, taken[rival] / median(row["taken"][name])


# ---- the table


def cells(row, names, rows):
    """What one row shows, by title of its column."""
    taken, limits = row["taken"], row["limits"]
    line = {row["group"] + (f" (base: {row['base']})" if row["base"] else ""): row["size"]}
    for name in names:
        line[name] = shown(median(taken[name]), row["unit"]) if name in taken else ""
        if name in limits and name in taken:
            line[name] += f" ({shown_rate(*limits[name], median(taken[name]))})"
    for name in row["ours"]:
        if (best := best_rival(row, name)) is not None:
            rivals = row["ours"][name]
            title = f"{rivals[0] if len(rivals) == 1 else 'best peer'} / {name}"
            line[title] = ratio(best[1]) + (f" ({best[0]})" if len(rivals) > 1 else "")
            line[title] += " LOSES" if best[1] < 1 else ""
    ours = [name for name in row["ours"] if name in taken]
    floor = [median(taken[name]) for name in limits if name in taken]
    if ours and floor:
        line[f"{ours[0]} / limit"] = ratio(median(taken[ours[0]]) / max(floor))
    base = [one for one in rows if row["base"] and (one["group"], one["size"]) == (row["base"], row["size"])]
    for name in (*ours, *limits) if base else ():
        if name in taken and name in base[0]["taken"]:
            line[f"{name} / base"] = ratio(median(taken[name]) / median(base[0]["taken"][name]))
    return line


def table(rows, others):
    """The rows of one group as lines, columns aligned; also valid Markdown.

    Args:
        rows: measured rows of one group.
        others: all measured rows of the question, where bases are looked up.
    """
    names = list(dict.fromkeys(name for row in rows for name in row["taken"]))
    lines = [cells(row, names, others) for row in rows]
    titles = list(dict.fromkeys(title for line in lines for title in line))
    widths = {title: max(len(title), *(len(line.get(title, "")) for line in lines)) for title in titles}

    def joined(texts):
        return "| " + " | ".join(f"{text:<{widths[title]}}" for title, text in zip(titles, texts)) + " |"

    rule = "|" + "|".join("-" * (widths[title] + 2) for title in titles) + "|"
    return "\n".join([joined(titles), rule] + [joined([line.get(title, "") for title in titles]) for line in lines])


def whole(results, questions):
    """Everything in a results file, as text.

    Args:
        questions: the question's text by name.
    """
    parts = [heading(results["about"])]
    for question, group in groupby(results["rows"], key=lambda row: row["question"]):
        rows = list(group)
        parts.append(questions[question])
        parts += [table(list(part), rows) for _, part in groupby(rows, key=lambda row: row["group"])]
    return "\n\n".join(parts + [losses(results["rows"])]) + "\n"


def losses(rows):
    """How many figures lose, and which."""
    lost = [
        f"{row['group']}, {row['size']}: {name} behind {best[0]} ({ratio(best[1])})"
        for row in rows
        for name in row["ours"]
        if (best := best_rival(row, name)) is not None and best[1] < 1
    ]
    return "\n".join([f"{len(lost)} losses in {len(rows)} rows" + (":" if lost else "")] + lost)


# ---- files


def load(path):
    return json.loads(Path(path).read_text())


def save(path, results):
    """A line a row, so that two versions of the file show which rows changed."""
    rest = {name: value for name, value in results.items() if name != "rows"}
    rows = ",\n".join(json.dumps(row) for row in results["rows"])
    path.write_text(json.dumps(rest)[:-1] + ', "rows": [\n' + rows + "\n]}\n")


def under(results):
    """What must be the same for questions of two runs to stand in one file."""
    return results["about"], results["quick"]


def joined(old, new, questions):
    """The results of a file whose questions are answered by a new run where it asked them."""
    asked = {row["question"] for row in new["rows"]}
    rows = new["rows"] + [row for row in old["rows"] if row["question"] not in asked]
    return new | {"rows": sorted(rows, key=lambda row: list(questions).index(row["question"]))}


def comparison(old, new):
    """(lines, whether a row of ours became slower) of two results files, row by row.

    A row is slower where its median grew by a tenth, and by a tenth more than the median change of its peers and
    limits, which is the machine's; and where its repeats' range is wholly above the old one.
    """

    def key(row):
        return row["question"], row["group"], row["size"]

    before = {key(row): row for row in old["rows"]}
    lines, slower = [f"against {old['about']['date']}, {old['about']['processor']}" + ", quick" * old["quick"]], False
    for row in new["rows"]:
        earlier = before.get(key(row))
        if earlier is None:
            continue
        both = [name for name in row["taken"] if name in earlier["taken"]]
        changes = {name: median(row["taken"][name]) / median(earlier["taken"][name]) for name in both}
        others = [changes[name] for name in both if name not in row["ours"]]
        machine = median(others) if others else 1
        for name in (name for name in both if name in row["ours"]):
            then, now = earlier["taken"][name], row["taken"][name]
            worse = changes[name] > SLOWER * max(machine, 1) and min(now) > max(then)
            slower |= worse
            was, now = (shown(median(figures), row["unit"]) for figures in (then, now))
            lines.append(
                f"{row['group'] + ', ' + row['size']:45} {name:12} {was:>8} -> {now:>8}   {changes[name]:.2f}"
                + (f"   (the others {machine:.2f})" if others else "")
                + ("   SLOWER" if worse else "")
            )
    return lines, slower
