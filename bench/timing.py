"""How every row is timed: long runs less short ones, in turns, so that a slow second hits all competitors alike."""

import os
import pickle
import statistics
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

LONGEST = 1 << 22  # runs in one repeat
THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
median = statistics.median


class Worker:
    """A competitor's process, on its cores and with as many threads."""

    def __init__(self, cores):
        threads = dict.fromkeys(THREAD_VARIABLES, str(len(cores)))
        self.process = subprocess.Popen(
            [sys.executable, "-m", "bench.worker", *map(str, cores)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=os.environ | threads, cwd=Path(__file__).parents[1],
        )  # fmt: skip

    def ask(self, message):
        """The answer to one of bench.worker's messages: its kind, and what it is.

        Raises:
            OSError, EOFError: the process has ended; its error is on stderr.
        """
        pickle.dump(message, self.process.stdin)
        self.process.stdin.flush()
        return pickle.load(self.process.stdout)

    def seconds(self, n):
        return self.ask(n)[1]

    def close(self):
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            pass
        self.process.wait()
        self.process.stdout.close()


class Workers:
    """The processes of a question's competitors: one for each column and number of threads.

    Args:
        cores: what the competitors may run on; the first of them is the one of a single thread.
        say: where a line about an absent or failing competitor goes.
    """

    def __init__(self, cores, say):
        self.cores, self.say = cores, say
        self.workers, self.absent, self.failed = {}, set(), False

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for worker in self.workers.values():
            worker.close()

    def prepared(self, row, name, seconds):
        """(worker, how many runs are a long one, figure) of a competitor; None if it is absent."""
        if (name, row.threads) not in self.workers:
            self.workers[name, row.threads] = Worker(self.cores[: row.threads])
        worker = self.workers[name, row.threads]
        kind, what = worker.ask(row.competitors[name])
        if kind == "absent":
            if (name, what) not in self.absent:
                self.absent.add((name, what))
                self.say(f"{name} is left out: {what}")
            return None
        return worker, length(worker, seconds) if kind == "ready" else None, what

    def taken(self, row, seconds, repeats):
        """A list of figures by column: `repeats` times of one run each, or the figure of a competitor that is one.

        Args:
            seconds: how long a long run takes at most, where a single one is not longer.
        """
        timed, taken = {}, {}
        for name in row.competitors:
            with self.surviving(row, name):
                prepared = self.prepared(row, name, seconds)
                if prepared is not None:
                    worker, long, figure = prepared
                    taken[name] = [] if long else [figure]
                    if long:
                        timed[name] = worker, long, long // 2
        for _ in range(repeats):
            for name, (worker, long, short) in timed.items():
                if (name, row.threads) not in self.workers:
                    continue
                with self.surviving(row, name):
                    while (elapsed := worker.seconds(long) - worker.seconds(short)) <= 0:
                        pass  # something else took the core during the short one
                    taken[name].append(elapsed / (long - short))
        return {name: figures for name, figures in taken.items() if figures}

    @contextmanager
    def surviving(self, row, name):
        """Goes on without a competitor whose process ends; the next row starts another."""
        try:
            yield
        except (OSError, EOFError):
            self.failed = True
            self.say(f"{name} FAILED at {row.group}, {row.size}")
            self.workers.pop((name, row.threads)).close()


def length(worker, seconds):
    """How many runs take at most that many seconds: a power of two, 2 or more, that has been run once, and its half.

    Some competitors compile for each length, so the first run of a length does not count.
    """
    n = 1
    while True:
        first = worker.seconds(n)
        took = first if first < seconds / 4 else worker.seconds(n)
        if took >= seconds / 4 or n >= LONGEST:
            break
        n *= 4
    while n < LONGEST and 2 * took <= seconds:
        n, took = 2 * n, 2 * took
    n = max(n, 2)
    worker.seconds(n), worker.seconds(n // 2)
    return n


def fastest(ways):
    """The one of a competitor's ways to run that takes the least time, found in its own process."""

    def seconds(run):
        def elapsed(n):
            start = time.perf_counter()
            run(n)
            return time.perf_counter() - start

        n = 1
        run(n)
        while elapsed(n) < 5e-3:
            n *= 4
        return min(elapsed(n) for _ in range(3)) / n

    return min(ways, key=seconds)
