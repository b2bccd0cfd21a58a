"""The results beside peers as a chart: a panel a group, a line a row, a mark a competitor, time on a logarithmic axis.

The tables have the rest: groups that vary another one, rows with no peer, groups of more rows than a panel can show.
"""

import math
from itertools import groupby

from .timing import median

MARKS = "osD^vPX*<>"
LONGEST = 20  # rows of a panel


def charted(rows):
    """The groups of measured rows that the chart shows."""
    rows = [row for row in rows if row["unit"] == "s" and any(row["ours"].values()) and not row["base"]]
    groups = [list(group) for _, group in groupby(rows, key=lambda row: (row["question"], row["group"]))]
    return [group for group in groups if len(group) <= LONGEST]


def draw(groups, about, path):
    """Writes the chart; its ending says which format.

    Args:
        groups: what `charted` gives, at least one.
        about: the circumstances.

    Raises:
        ImportError: there is no matplotlib.
    """
    import matplotlib

    matplotlib.use("agg")
    matplotlib.rcParams |= {"svg.hashsalt": "bench", "svg.fonttype": "none"}  # the same results are the same file
    from matplotlib import pyplot, ticker

    timed = [row for group in groups for row in group]
    names = list(dict.fromkeys(name for row in timed for name in row["taken"]))
    ours = {name for row in timed for name in row["ours"]}
    limits = {name for row in timed for name in row["limits"]}
    peers = [name for name in names if name not in ours | limits]
    colours = dict(zip(sorted(limits), ("0.75", "0.5"))) | {name: f"C{i % 10}" for i, name in enumerate(peers)}
    heights = [len(rows) + 1.2 for rows in groups]
    figure, panels = pyplot.subplots(
        len(groups), figsize=(10, 0.3 * sum(heights) + 1.5), squeeze=False, height_ratios=heights, layout="constrained"
    )
    handles = {}
    for panel, rows in zip(panels[:, 0], groups):
        for place, row in enumerate(rows):
            for name, taken in row["taken"].items():
                mark = "|" if name in limits else MARKS[names.index(name) % len(MARKS)]
                handles[name] = panel.plot(
                    median(taken), place, mark, color=colours.get(name, "black"), fillstyle="full" if name in ours else
                    "none", markersize=9 if name in limits else 6, label=name,
                )[0]  # fmt: skip
        figures = [median(taken) for row in rows for taken in row["taken"].values()]
        panel.set_xscale("log")
        panel.set_xlim(10 ** (math.floor(math.log10(min(figures)))), 10 ** (math.ceil(math.log10(max(figures)))))
        panel.xaxis.set_major_formatter(ticker.EngFormatter(unit="s"))
        panel.xaxis.set_minor_formatter(ticker.NullFormatter())
        panel.set_yticks(range(len(rows)), [row["size"] for row in rows], fontsize=8)
        panel.set_ylim(len(rows) - 0.5, -0.5)
        panel.set_title(f"{rows[0]['question']}: {rows[0]['group']}", fontsize=9, loc="left")
        panel.grid(axis="x", color="0.9")
        panel.tick_params(axis="x", labelsize=8)
    title = f"{about['processor']}, {about['date']}: time of one run, less is better"
    figure.legend(handles.values(), handles.keys(), loc="outside upper center", ncols=6, fontsize=8, title=title)
    figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)
    pyplot.close(figure)
