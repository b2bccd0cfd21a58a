"""Results that are several tensors with names: torch.return_types."""


class _Named(tuple):
    """Several tensors with names, printed as torch prints them."""

    names = ()

    def __repr__(self):
        parts = ",\n".join(f"{name}={value!r}" for name, value in zip(self.names, self))
        return f"torch.return_types.{type(self).__name__}(\n{parts})"

    def __reduce__(self):
        return type(self), (tuple(self),)


def named(type_name, *names):
    """A tuple type of that name, whose elements are attributes too."""
    members = {name: property(lambda self, i=i: self[i]) for i, name in enumerate(names)}
    members |= {"names": names, "__module__": "fastgd.return_types"}
    # As in torch, what was written to out=... has another name.
    return type(type_name, (_Named,), {"given_out": type(type_name + "_out", (_Named,), members), **members})


def values_and_indices(name):
    return named(name, "values", "indices")
