"""How every question is timed: repeats taken in turns, so that a slow second hits all competitors alike."""

import platform
import statistics
import time
from pathlib import Path


def in_turns(competitors, seconds=0.15, repeats=7):
    """Seconds a call of each competitor: a list of `repeats` figures by name.

    Args:
        competitors: name -> function that does its work n times.
        seconds: how long one repeat takes, about.
    """
    times = {}
    for name, run in competitors.items():
        n = 1
        while (elapsed := clocked(run, n)) < seconds / 4 and n < 1 << 24:
            n *= 2
        times[name] = max(1, round(n * seconds / max(elapsed, 1e-9)))
    taken = {name: [] for name in competitors}
    for _ in range(repeats):
        for name, run in competitors.items():
            taken[name].append(clocked(run, times[name]) / times[name])
    return taken


def clocked(run, n):
    start = time.perf_counter()
    run(n)
    return time.perf_counter() - start


def median(taken):
    return statistics.median(taken)


def processor():
    for line in Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []:
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def shown(seconds):
    """A time in the unit that suits it."""
    for unit, scale in (("ns", 1e9), ("us", 1e6), ("ms", 1e3)):
        if seconds * scale < 1000:
            return f"{seconds * scale:.3g} {unit}"
    return f"{seconds:.3g} s"
