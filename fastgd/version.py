"""torch.version: what scripts ask for before they use a GPU."""

cuda = None
hip = None
debug = False
git_version = "unknown"


def __getattr__(name):
    if name == "__version__":
        import fastgd

        return fastgd.__version__
    raise AttributeError(f"module 'fastgd.version' has no attribute '{name}'")
