"""torch.cuda, where there is no GPU: asking is answered, using one is an error."""


def is_available():
    """False: fastgd runs on the CPU."""
    return False


def device_count():
    """0."""
    return 0


def is_initialized():
    """False."""
    return False


def manual_seed(seed):
    """Without effect: there is no GPU to seed."""


def manual_seed_all(seed):
    """Without effect: there is no GPU to seed."""


def empty_cache():
    """Without effect."""


def __getattr__(name):
    if name.startswith("__"):
        raise AttributeError(name)

    def refuse(*args, **options):
        raise AssertionError(
            f"Torch not compiled with CUDA enabled: fastgd runs on the CPU; torch.cuda.{name} needs torch"
        )

    if name in ("synchronize", "current_device", "get_device_name", "get_device_properties", "set_device", "device",
                "memory_allocated", "max_memory_allocated", "reset_peak_memory_stats", "Stream", "Event"):  # fmt: skip
        return refuse
    raise AttributeError(f"fastgd covers linear models; torch.cuda.{name} needs torch")
