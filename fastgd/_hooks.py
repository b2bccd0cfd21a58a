"""How hooks are taken away again."""


class RemovableHandle:
    """Takes a hook away again: handle.remove(), or `with handle:`."""

    made = 0

    def __init__(self, hooks, hook, prepend=False):
        RemovableHandle.made += 1
        self.id = RemovableHandle.made
        self._hooks = hooks
        before = list(hooks.items()) if prepend else ()
        hooks[self.id] = hook
        for key, other in before:
            del hooks[key]
            hooks[key] = other

    def remove(self):
        self._hooks.pop(self.id, None)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.remove()
