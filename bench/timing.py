"""How every row is timed: long runs less short ones, in turns, so that a slow second hits all competitors alike."""

import statistics

from .worker import Absent, Worker

LONGEST = 1 << 22  # runs in one repeat
median = statistics.median


class Workers:
    """The processes of a question's competitors: one for each column and number of threads.

    Args:
        cores: what the competitors may run on; the first of them is the one of a single thread.
        say: where a line about an absent or failing competitor goes.
    """

    def __init__(self, cores, say):
        self.cores, self.say = cores, say
        self.workers, self.absent, self.failed = {}, {}, False

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for worker in self.workers.values():
            worker.close()

    def make(self, row):
        """(worker, what making the competitor answered) by column, for the row's competitors that are there."""
        there = {}
        for name, make in row.competitors.items():
            if (name, row.threads) not in self.workers:
                self.workers[name, row.threads] = Worker(self.cores[: row.threads])
            worker = self.workers[name, row.threads]
            try:
                there[name] = worker, worker.ask(make)
            except Absent as error:
                if self.absent.get(name) != str(error):
                    self.say(f"{name} is left out: {error}")
                self.absent[name] = str(error)
            except Exception as error:
                self.fail(row, name, error)
        return there

    def fail(self, row, name, error):
        self.failed = True
        self.say(f"{name} FAILED at {row.group}, {row.size}: {str(error).strip() or type(error).__name__}")
        self.workers.pop((name, row.threads)).process.kill()

    def taken(self, row, seconds, repeats):
        """A list of figures by column: `repeats` times of one run each, or the figure of a competitor that is one.

        Args:
            seconds: how long a long run takes at most, where a single one is not longer.
        """
        there = self.make(row)
        taken = {name: [figure] for name, (_, figure) in there.items() if figure is not None}
        timed = {name: worker for name, (worker, figure) in there.items() if figure is None}
        lengths = {}
        for name, worker in list(timed.items()):
            try:
                lengths[name] = length(worker, seconds)
            except Exception as error:
                self.fail(row, name, error)
                del timed[name]
        for _ in range(repeats):
            for name, worker in timed.items():
                long, short = lengths[name], lengths[name] // 2
                elapsed = worker.ask(long) - worker.ask(short)
                taken.setdefault(name, []).append(max(elapsed, 1e-12) / (long - short))
        return {name: taken[name] for name in row.competitors if name in taken}


def length(worker, seconds):
    """How many runs take at most that many seconds: a power of two, 2 or more, that has been run once, and its half.

    Some competitors compile for each length, so the first run of a length does not count.
    """
    n = 1
    while True:
        first = worker.ask(n)
        took = first if first < seconds / 4 else worker.ask(n)
        if took >= seconds / 4 or n >= LONGEST:
            break
        n *= 4
    while n < LONGEST and 2 * took <= seconds:
        n, took = 2 * n, 2 * took
    n = max(n, 2)
    worker.ask(n), worker.ask(n // 2)
    return n
