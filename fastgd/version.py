"""torch.version: what scripts ask for before they use a GPU; and the version of what is installed."""

cuda = None
hip = None
debug = False
git_version = "unknown"


def __getattr__(name):
    if name == "__version__":
        # importlib.metadata takes 15 ms, a fifth of what importing numpy takes.
        from importlib.metadata import version

        globals()["__version__"] = found = version("fastgd")
        return found
    raise AttributeError(f"module 'fastgd.version' has no attribute '{name}'")
