"""A competitor's process: it makes the competitor, and runs it as often as it is asked.

A message in is pickled: a function that makes the competitor, or a number of runs. A message out is the seconds of the
runs, the figure of a competitor that is one, or the error.
"""

import os
import pickle
import subprocess
import sys
import time
import traceback

THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")


class Absent(Exception):
    """The competitor's library is not installed."""


class Worker:
    """The parent's end of the process: pinned to its cores before any library is loaded.

    Args:
        cores: what it may run on; as many threads.
    """

    def __init__(self, cores):
        self.process = subprocess.Popen(
            [sys.executable, "-m", "bench.worker", *map(str, cores)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=os.environ | dict.fromkeys(THREAD_VARIABLES, str(len(cores))),
        )  # fmt: skip

    def ask(self, message):
        pickle.dump(message, self.process.stdin)
        self.process.stdin.flush()
        answer = pickle.load(self.process.stdout)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def close(self):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


def main(cores):
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, cores)
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints does not get among the answers
    run = None
    while True:
        try:
            message = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        try:
            if callable(message):
                run = None  # its arrays go before the next one's come
                run = message()
                answer = None if callable(run) else run
            else:
                start = time.perf_counter()
                run(message)
                answer = time.perf_counter() - start
        except ImportError as error:
            answer = Absent(str(error))
        except Exception:
            answer = RuntimeError(traceback.format_exc())
        pickle.dump(answer, answers)
        answers.flush()


if __name__ == "__main__":
    # Absent must pickle under the name that the parent knows.
    from bench import worker

    worker.main([int(core) for core in sys.argv[1:]])
