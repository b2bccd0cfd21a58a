"""What torch warns of: each form is run twice, for some warnings come once in a process.

`python warning_forms.py torch` prints, as JSON, the warnings of every form by a library.
"""

import json
import re
import sys
import warnings
from importlib import import_module

FORMS = [form.strip() for form in """
torch.ones(2, 2).T
torch.ones(3).T
torch.ones(2, 2, 2).T
torch.tensor(1.0).T
torch.tensor(1.0).mT
torch.tensor(1.0).mH
torch.meshgrid(v, v, indexing="xy")
torch.meshgrid(v, v)
torch.cartesian_prod(v, v)
torch.tensor(v)
v.new_tensor(v)
torch.tensor([numpy.ones(2), numpy.ones(2)])
torch.tensor(numpy.ones(2))
float(w.sum())
w.sum().grad
w.grad
torch.ones(1).std()
torch.ones(1, 3).var(0)
torch.std_mean(torch.ones(1))
torch.var_mean(torch.ones(1))
torch.range(0, 3)
torch.set_default_tensor_type("torch.FloatTensor")
torch.cholesky(torch.eye(2))
torch.qr(torch.eye(2))
torch.chain_matmul(torch.eye(2), torch.eye(2))
v[torch.tensor([1, 0, 1], dtype=torch.uint8)]
torch.where(torch.tensor([1, 0, 1], dtype=torch.uint8), v, v)
torch.add(v, 2, v)
v.add_(2, v)
v.sub_(2, v)
torch.addcmul(v, 2.0, v, v)
v.addcdiv_(2.0, v, v)
nn.MSELoss(size_average=False)
nn.MSELoss(reduce=False)
nn.functional.l1_loss(v, v, size_average=False)
nn.functional.mse_loss(v, v, reduction="elementwise_mean")
nn.MSELoss()(torch.ones(3, 1), torch.ones(3, 2))
nn.functional.huber_loss(torch.ones(1), torch.tensor(1.0))
nn.functional.kl_div(v, v)
nn.functional.softmax(v)
nn.LogSoftmax()(v)
nn.Linear(0, 1)
nn.init.normal(torch.empty(2))
nn.init.trunc_normal_(torch.empty(3), mean=5.0, a=-1, b=1)
nn.utils.clip_grad_norm([w], 1.0)
torch.optim.SGD([w, w], lr=0.1)
schedule.StepLR(sgd(), 1).step()
after_a_step(schedule.StepLR, 1).step(3)
after_a_step(schedule.StepLR, 1).get_lr()
after_a_step(schedule.ReduceLROnPlateau).step(1.0, 3)
overridden(schedule.StepLR, 1).step()
next(iter(torch.utils.data.DataLoader([1], pin_memory=True)))
torch.utils.data.random_split([1, 2], [0.99, 0.01])
type("Own", (torch.autograd.Function,), {"__module__": "here"})()
torch.autograd.backward(w.sum(), grad_variables=torch.tensor(1.0))
""".strip().split("\n")]  # fmt: skip


def warned(library):
    """The category and text of each warning of each form, without where torch was built."""
    torch = import_module(library)
    found = {}
    for form in FORMS:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            for _ in range(2):
                eval(form, _inputs(torch))
        found[form] = [
            [warning.category.__name__, re.sub(r" \(Triggered internally at .*\)$", "", str(warning.message))]
            for warning in caught
        ]
    return found


def _inputs(torch):
    w = torch.ones(2, requires_grad=True)

    def sgd():
        return torch.optim.SGD([w], lr=0.1)

    def after_a_step(schedule, *options):
        optimizer = sgd()
        scheduler = schedule(optimizer, *options)
        optimizer.step()
        return scheduler

    def overridden(schedule, *options):
        optimizer = sgd()
        scheduler = schedule(optimizer, *options)
        optimizer.step = print
        return scheduler

    return {
        "torch": torch, "nn": torch.nn, "numpy": import_module("numpy"), "schedule": torch.optim.lr_scheduler,
        "v": torch.tensor([1.0, 2.0, 3.0]), "w": w, "sgd": sgd, "after_a_step": after_a_step,
        "overridden": overridden,
    }  # fmt: skip


if __name__ == "__main__":
    print(json.dumps(warned(sys.argv[1])))
