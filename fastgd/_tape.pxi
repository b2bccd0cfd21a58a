# Part of _tensor: the nodes of recorded operations, and the sweep that carries gradients back over them.

cdef class Node:
    def __cinit__(self):
        global nodes_made
        nodes_made += 1
        self.sequence = nodes_made

    cdef bint watched(self, Sweep sweep):
        """Whether somebody wants to see the gradient that arrives here."""
        return (
            self.hooks is not None
            or self.retained_by is not None
            or (sweep.captured is not None and self in sweep.captured)
        )

    cdef object visit(self, ndarray gradient, Sweep sweep):
        """Hands the gradient on; None stands for the 1 of a scalar loss."""
        raise NotImplementedError

    cdef tuple parents(self):
        return ()

    cdef tuple arguments(self):
        return self.parents()


class GradFn:
    """What `grad_fn` shows of a node: a class for every kind of operation, named as torch names it."""

    __slots__ = ("_node",)
    kinds = {}

    def __init__(self, node):
        self._node = node

    def name(self):
        name = type(self).__name__
        return f"torch::autograd::{name}" if name in ("CopyBackwards", "CopySlices") else name

    @property
    def next_functions(self):
        """The operations, and leaves, that this one's arguments came from; None where no gradient goes."""
        made_from = self._node if isinstance(self._node, tuple) else (<Node>self._node).arguments()
        return tuple([(shown_parent(made), 0) for made in made_from])

    def _key(self):
        if isinstance(self._node, tuple):
            return type(self), *[made._key() if isinstance(made, GradFn) else id(made) for made in self._node]
        return id(self._node)

    def __eq__(self, other):
        return isinstance(other, GradFn) and self._key() == other._key()

    def __hash__(self):
        return hash(self._key())

    def __repr__(self):
        module = type(self).__module__
        name = type(self).__name__
        return f"<{'' if module == 'builtins' else module + '.'}{name} object at {hash(self):#x}>"


def between(str label, *made_from):
    """The GradFn of a step that torch takes, and that is none here: `made_from` are the nodes or leaves before it."""
    return kind_of(label)(made_from)


cpdef tuple linear_arguments(str label, inputs, weight, bias):
    """Those of F.linear, by torch's way of computing it."""
    transposed = None if weight is None else between("TBackward0", weight)
    if label in ("MmBackward0", "MvBackward0"):
        return inputs, transposed
    if label == "AddmmBackward0":
        return bias, inputs, transposed
    # Of a vector, or of a stack: the product of a matrix in another shape.
    if label == "ViewBackward0":
        return (between("AddmmBackward0", bias, inputs, transposed),)
    return (between("MmBackward0", inputs, transposed),)


cdef object shown_parent(parent):
    if parent is None or isinstance(parent, GradFn):
        return parent
    return AccumulateGrad(parent) if isinstance(parent, Tensor) else shown(parent)


def shown(Node node):
    """The GradFn of a node."""
    return kind_of(node.label)(node)


cdef object kind_of(str label):
    """The class of GradFn that has this name."""
    kind = GradFn.kinds.get(label)
    if kind is None:
        # Those of an autograd.Function bear its name, and no number.
        module = "torch.autograd.function" if label.endswith("Backward") else "builtins"
        kind = GradFn.kinds[label] = type(label, (GradFn,), {"__slots__": (), "__module__": module})
    return kind


class AccumulateGrad:
    """Stands for a leaf at the end of `grad_fn.next_functions`."""

    def __init__(self, variable):
        self.variable = variable

    next_functions = ()

    def name(self):
        return "torch::autograd::AccumulateGrad"

    def __repr__(self):
        return f"<AccumulateGrad object at {id(self):#x}>"


cdef class Lazy(Node):
    cdef void wait(self) noexcept:
        global first_waiting
        self.earlier = NULL
        self.later = first_waiting
        if first_waiting != NULL:
            (<Lazy>first_waiting).earlier = <void *>self
        first_waiting = <void *>self
        self.waiting = True

    def __dealloc__(self):
        self.stop_waiting()

    cdef void stop_waiting(self) noexcept:
        global first_waiting
        if not self.waiting:
            return
        self.waiting = False
        if self.earlier == NULL:
            first_waiting = self.later
        else:
            (<Lazy>self.earlier).later = self.later
        if self.later != NULL:
            (<Lazy>self.later).earlier = self.earlier

    cdef ndarray value(self):
        if self.result is None:
            context = enter_quiet()
            try:
                self.result = self.compute()
            finally:
                PyContext_Exit(context)
            self.stop_waiting()
        return self.result

    cdef ndarray compute(self):
        raise NotImplementedError

    cdef Storage storage_of_result(self):
        if self.storage is None:
            self.storage = Storage.__new__(Storage)
        return self.storage

    cdef bint reads(self, const char *low, const char *high) noexcept:
        return False


@cython.final
@cython.freelist(8)
cdef class Sweep:
    cdef void collect(self):
        self.pending = {}
        self.order = []

    cdef object send(self, object target, ndarray gradient, bint owned):
        """Adds to the gradient of a leaf or node; `owned` says that nobody else has this array."""
        cdef Tensor leaf
        if target is None:
            return
        if isinstance(target, Tensor):
            leaf = <Tensor>target
            if leaf._hooks is None and leaf._hooks_after is None and self.captured is None:
                accumulate(leaf, gradient, owned)
                return
        if self.captured is not None and target not in self.captured and target not in self.leading:
            return
        if self.pending is None:
            self.collect()
        so_far = self.pending.get(target)
        if so_far is None:
            self.pending[target] = gradient
            if isinstance(target, Node):
                heappush(self.order, (-(<Node>target).sequence, target))
        else:
            self.pending[target] = np.asarray(so_far + gradient)

    cdef object run(self):
        cdef Node node
        context = enter_quiet()
        try:
            while self.order:
                node = heappop(self.order)[1]
                self.arrive(node, self.pending.pop(node))
        finally:
            PyContext_Exit(context)
        for leaf, gradient in self.pending.items():
            if (<Tensor>leaf)._hooks is not None:
                gradient = call_hooks((<Tensor>leaf)._hooks, gradient)
            if self.captured is None:
                accumulate(leaf, gradient, False)
                if (<Tensor>leaf)._hooks_after is not None:
                    for hook in list((<Tensor>leaf)._hooks_after.values()):
                        hook(leaf)
            else:
                self.captured[leaf] = gradient

    cdef object arrive(self, Node node, ndarray gradient):
        if node.watched(self):
            if gradient is None:
                gradient = np.ones((), of_lazy(node) if isinstance(node, Lazy) else (<OpNode>node).out.dtype)
            if node.hooks is not None:
                gradient = call_hooks(node.hooks, gradient)
            if node.retained_by is not None:
                tensor = node.retained_by()
                if tensor is not None:
                    retain(tensor, gradient)
            if self.captured is not None:
                if node in self.captured:
                    self.captured[node] = gradient
                if node not in self.leading:
                    return
        check_freed(node, self)
        node.visit(gradient, self)


cdef object check_freed(Node node, Sweep sweep):
    if node.freed and node.freed != sweep.number:
        raise RuntimeError(
            "Trying to backward through the graph a second time (or directly access saved tensors after they have "
            "already been freed). Saved intermediate values of the graph are freed when you call .backward() or "
            "autograd.grad(). Specify retain_graph=True if you need to backward through the graph a second time or "
            "if you need to access saved tensors after calling backward."
        )


cdef object of_lazy(Lazy node):
    return cnp.PyArray_DescrFromType(node.type_num)


cdef ndarray call_hooks(dict hooks, ndarray gradient):
    for hook in list(hooks.values()):
        replaced = hook(wrap(gradient))
        if replaced is not None:
            gradient = array_of(replaced)
    return gradient


cdef object retain(Tensor tensor, ndarray gradient):
    """What retain_grad() asked for: the sum over all backward runs, each time in a tensor of its own."""
    tensor._grad = gradient.copy() if tensor._grad is None else np.asarray(grad_array(tensor) + gradient)


cdef object accumulate(Tensor leaf, ndarray gradient, bint owned):
    cdef ndarray total
    if not leaf._requires_grad:
        return
    if leaf._grad is None:
        leaf._grad = gradient if owned else np.array(gradient, order="C")
        return
    total = grad_array(leaf)
    before_write(total)
    if arithmetic(ADD, total, gradient, total) is None:
        np.add(total, gradient, total)
    if isinstance(leaf._grad, Tensor):
        written(<Tensor>leaf._grad)


cdef Sweep new_sweep(bint retain):
    global sweeps_made
    cdef Sweep sweep = Sweep.__new__(Sweep)
    sweeps_made += 1
    sweep.number = sweeps_made
    sweep.retain = retain
    return sweep


cdef object start(Sweep sweep, Tensor tensor, ndarray gradient):
    """Lets the gradient of a tensor in; None stands for 1."""
    if sweep.pending is None and isinstance(tensor._node, Lazy):
        sweep.arrive(tensor._node, gradient)
        return
    if gradient is None:
        gradient = np.ones_like(array_of(tensor))
    sweep.send(key_of(tensor), gradient, False)


cdef ndarray root_gradient(Tensor tensor, object given):
    """The gradient to start from; None stands for 1."""
    if not requires_grad(tensor):
        raise advised(
            RuntimeError("element 0 of tensors does not require grad and does not have a grad_fn"),
            "Nothing that it was computed from has requires_grad=True, or it was computed under no_grad().",
        )
    if given is None:
        if numel(tensor) != 1:
            raise advised(
                RuntimeError("grad can be implicitly created only for scalar outputs"),
                f"This one has shape {shape_of(tensor)}: take its .sum() or .mean(), or pass backward(gradient=...).",
            )
        if ndim(tensor):
            return np.ones(shape_of(tensor), array_dtype(tensor))
        return None
    if not isinstance(given, Tensor):
        raise TypeError(f"gradients can be either Tensors or None, but got {type(given).__name__}")
    gradient = array_of(given)
    if shape_of(given) != shape_of(tensor):
        raise RuntimeError(
            f"Mismatch in shape: grad_output[0] has a shape of {shape_of(given)} and output[0] has a shape of "
            f"{shape_of(tensor)}."
        )
    return gradient


cdef list root_gradients(tensors, given):
    if len(tensors) != len(given):
        raise RuntimeError(f"got {len(tensors)} tensors and {len(given)} gradients")
    return [root_gradient(tensor, gradient) for tensor, gradient in zip(tensors, given)]


cdef object start_all(Sweep sweep, tensors, list gradients):
    sweep.collect()
    for tensor, gradient in zip(tensors, gradients):
        start(sweep, tensor, gradient)
    sweep.run()


def backward_of(tensors, gradients, bint retain_graph):
    """Adds the gradients of all these tensors to the leaves, in one sweep over what they share."""
    starts = root_gradients(tensors, gradients)
    start_all(new_sweep(retain_graph), tensors, starts)


def backward_into(tensors, gradients, inputs, bint retain_graph):
    """Adds the gradients of all these tensors to the `.grad` of the inputs, leaves or not, and to no others."""
    wanted = [inputs] if isinstance(inputs, Tensor) else list(inputs)
    if not wanted:
        raise advised(
            RuntimeError("`inputs` argument to `backward()` cannot be empty."), "Leave it out for all the leaves."
        )
    for tensor in wanted:
        if not isinstance(tensor, Tensor):
            raise RuntimeError(f"all inputs have to be Tensors or GradientEdges, but got {type(tensor).__name__}")
        if not (<Tensor>tensor).is_leaf or not requires_grad(tensor):
            tensor.retain_grad()        # and backward leaves it there
    found = grad_of(tensors, wanted, gradients, retain_graph)
    for tensor, gradient in zip(wanted, found):
        if gradient is not None and (<Tensor>tensor).is_leaf:
            accumulate(tensor, array_of(gradient), True)


def grad_of(outputs, inputs, grad_outputs, bint retain_graph):
    """The gradients of outputs with respect to inputs as arrays, None where there is no path."""
    cdef dict captured = {}
    for tensor in inputs:
        if not requires_grad(tensor):
            raise RuntimeError("One of the differentiated Tensors does not require grad")
        captured[key_of(tensor)] = None
    starts = root_gradients(outputs, grad_outputs)
    sweep = new_sweep(retain_graph)
    sweep.captured = captured
    sweep.leading = leading_to(captured, outputs)
    start_all(sweep, outputs, starts)
    found = [captured[key_of(tensor)] for tensor in inputs]
    return [None if gradient is None else wrap(np.array(gradient)) for gradient in found]


cdef set leading_to(dict inputs, outputs):
    """The nodes between outputs and inputs: autograd.grad runs no others, and leaves them usable."""
    cdef dict parents = {}
    cdef list found = [key_of(tensor) for tensor in outputs]
    cdef set leading = set()
    while found:
        node = found.pop()
        if isinstance(node, Node) and node not in parents:
            parents[node] = (<Node>node).parents()
            found.extend(parents[node])
    for node in sorted(parents, key=lambda node: node.sequence):
        if (<Node>node).freed and not parents[node]:    # a form: it is run, and says that it was used up
            leading.add(node)
        for parent in parents[node]:
            if parent in inputs or parent in leading:
                leading.add(node)
    return leading


cdef object key_of(Tensor tensor):
    return tensor if tensor._node is None else tensor._node
