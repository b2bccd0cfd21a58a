"""Benchmarks: `python -m bench` runs every question and prints its table, losing rows included."""
