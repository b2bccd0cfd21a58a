"""Writes recorded/serialization_*.pth with torch, for tests where torch is not installed."""

from pathlib import Path

import numpy as np
import torch

here = Path(__file__).parent / "recorded"

model = torch.nn.Linear(3, 1)
with torch.no_grad():
    model.weight.copy_(torch.tensor([[1.0, 2.0, 3.0]]))
    model.bias.fill_(4.0)
torch.save(model.state_dict(), here / "serialization_state_dict.pth")
torch.save(model.state_dict(), here / "serialization_legacy.pth", _use_new_zipfile_serialization=False)
torch.save(model, here / "serialization_module.pth")

optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
torch.nn.functional.mse_loss(model(torch.ones(2, 3)), torch.zeros(2, 1)).backward()
optimizer.step()
checkpoint = {
    "epoch": 7,
    "model": model.state_dict(),
    "optimizer": optimizer.state_dict(),
    "losses": [100.0, np.float64(0.5), float("inf")],
    "best": None,
    "done": (True, False),
    "name": "Łódź",
    "bytes": b"\x00\xff",
    "none": b"",
    "large": [255, 256, 65536, -1, 2**31, -(2**70)],
    "complex": 1 - 2j,
    "set": {1, 2},
    "size": torch.Size([2, 3]),
    "dtype": torch.float64,
    "device": torch.device("cpu"),
    "array": np.arange(6, dtype=np.float32).reshape(2, 3),
    "columns": np.asfortranarray(np.arange(6).reshape(2, 3)),
    "words": np.array(["a", "bc"]),
    3: {(1, "a"): []},
}
torch.save(checkpoint, here / "serialization_checkpoint.pth")

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
names = ("float16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8", "bool")
tensors |= {name: torch.tensor([0, 1, 100]).to(getattr(torch, name)) for name in names}
torch.save(tensors, here / "serialization_tensors.pth")
