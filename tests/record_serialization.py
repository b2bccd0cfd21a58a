"""Writes recorded/serialization_*.pth with torch, for tests where torch is not installed.

Run in an environment with torch 2.13 and fastgd, from the tests folder: python record_serialization.py
"""

import torch
from archives import NAMES, RECORDED, checkpoint_parts

model = torch.nn.Linear(3, 1)
with torch.no_grad():
    model.weight.copy_(torch.tensor([[1.0, 2.0, 3.0]]))
    model.bias.fill_(4.0)
torch.save(model.state_dict(), RECORDED / "serialization_state_dict.pth")
torch.save(model.state_dict(), RECORDED / "serialization_legacy.pth", _use_new_zipfile_serialization=False)
torch.save(model, RECORDED / "serialization_module.pth")

optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
torch.nn.functional.mse_loss(model(torch.ones(2, 3)), torch.zeros(2, 1)).backward()
optimizer.step()
checkpoint = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), **checkpoint_parts(torch)}
torch.save(checkpoint, RECORDED / "serialization_checkpoint.pth")

base = torch.arange(12.0).reshape(3, 4)
same = base[1]
noted = torch.ones(1)
noted.note = "of a tensor"
parameter = torch.nn.Parameter(torch.ones(1))
parameter.note = "of a parameter"
tensors = {
    "base": base,
    "row": same,
    "again": same,
    "columns": base.T[1::2],
    "scalar": torch.tensor(2.5),
    "empty": base[3:, 2:],
    "expanded": torch.ones(1).expand(4),
    "leaf": torch.ones(2, requires_grad=True),
    "parameter": torch.nn.Parameter(base[0], requires_grad=False),
    "noted": noted,
    "noted parameter": parameter,
    "buffer": torch.nn.Buffer(torch.ones(1)),
}
tensors |= {name: torch.tensor([0, 1, 100]).to(getattr(torch, name)) for name in NAMES}
torch.save(tensors, RECORDED / "serialization_tensors.pth")
