"""The engines of a Trainer: stream (the rows, in C) and eager (the loop written out)."""
