"""A competitor's process, `python -m bench.worker CORE...`: makes the competitor, and runs it as often as it is asked.

A message in is pickled: a function that makes the competitor, or a number of runs. A message out is a pair: "absent"
and why; "figure" and the figure, of a competitor that is one; "ready" and None; "seconds" and those of the runs.
"""

import os
import pickle
import sys
import time


def main(cores):
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, cores)  # before any library looks how many there are
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints does not get among the answers
    run = None
    while True:
        try:
            message = pickle.load(sys.stdin.buffer)
        except EOFError:
            return
        if callable(message):
            run = None  # its arrays go before the next one's come
            try:
                run = message()
                answer = ("ready", None) if callable(run) else ("figure", run)
            except ImportError as error:
                answer = ("absent", str(error))
        else:
            start = time.perf_counter()
            run(message)
            answer = ("seconds", time.perf_counter() - start)
        pickle.dump(answer, answers)
        answers.flush()


if __name__ == "__main__":
    main([int(core) for core in sys.argv[1:]])
