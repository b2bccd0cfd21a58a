"""Whole training runs: what they print is what torch prints from the same seed, line by line."""

import re

import pytest
from random_outcomes import needs_torch, record, run, torch
from random_runs import RUNS

import fastgd

NUMBER = re.compile(r"\d+(?:\.\d+)?")


def same_line(found, expected):
    """Text letter for letter, integers exactly, decimals but for two units of their last place."""
    if NUMBER.split(found) != NUMBER.split(expected):
        return False
    for one, other in zip(NUMBER.findall(found), NUMBER.findall(expected)):
        unit = 10.0 ** -max(len(text.partition(".")[2]) for text in (one, other)) if "." in one + other else 0
        if abs(float(one) - float(other)) > 2.01 * unit:
            return False
    return True


def check(found, expected):
    assert found["next_word"] == expected["next_word"]
    assert len(found["made"]) == len(expected["made"])
    for line, wanted in zip(found["made"], expected["made"]):
        assert same_line(line, wanted), f"expected {wanted!r}, but got {line!r}"


@pytest.mark.parametrize("name", RUNS)
def test_runs_print_what_torch_printed(name, either_way):
    for seed, expected in record()["programs"]["RUNS"][name].items():
        check(run(fastgd, RUNS[name], int(seed)), expected)


@needs_torch
@pytest.mark.parametrize("name", RUNS)
def test_runs_print_what_torch_prints(name):
    for seed in (0, 1, 2**40):
        check(run(fastgd, RUNS[name], seed), run(torch, RUNS[name], seed))


def test_lines_differ_where_they_should():
    assert same_line("epoch 1: 0.327884", "epoch 1: 0.327883")
    assert not same_line("epoch 1: 0.327884", "epoch 1: 0.327881")
    assert not same_line("epoch 1: 0.327884", "epoch 2: 0.327884")
    assert not same_line("epoch 1: 0.327884", "loss 1: 0.327884")
