"""What scripts do about GPUs and half precision where there are none."""

import warnings

import torch
import torch.backends.cudnn as cudnn
from torch import nn
from torch.cuda.amp import GradScaler as OldScaler, autocast as old_autocast

device = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
if torch.accelerator.is_available():
    device = torch.accelerator.current_accelerator().type
print(device, torch.accelerator.current_accelerator(), torch.mps.is_available(), torch.xpu.is_available())
device = torch.device(device)
torch.manual_seed(0)
torch.cuda.manual_seed(0)
torch.cuda.manual_seed_all(0)
torch.mps.manual_seed(0)
cudnn.deterministic, cudnn.benchmark = True, False
torch.backends.cuda.matmul.allow_tf32 = True
torch.use_deterministic_algorithms(True, warn_only=True)
print(torch.get_float32_matmul_precision() in ("highest", "high"))
torch.set_float32_matmul_precision("medium")
print(
    torch.get_float32_matmul_precision(), cudnn.deterministic, torch.cuda.memory_allocated(), torch.cuda.device_count()
)
torch.cuda.empty_cache()
print([torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())], torch.cuda.get_rng_state_all())

x = torch.linspace(-1, 1, 20).unsqueeze(1).to(device, non_blocking=True)
y = (3 * x + 1).to(device)
print(x.is_cuda, x.is_cpu, x.is_pinned(), x.device, x.get_device())

use_amp = device.type == "cuda"
dtype = torch.float16 if use_amp else torch.bfloat16
model = nn.Linear(1, 1).to(device)
criterion = nn.MSELoss()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
scaler = torch.amp.GradScaler(device.type, enabled=use_amp)
for epoch in range(30):
    optimizer.zero_grad(set_to_none=True)
    with torch.autocast(device_type=device.type, dtype=dtype, enabled=use_amp):
        loss = criterion(model(x), y)
    scaler.scale(loss).backward()
    scaler.unscale_(optimizer)
    norm = nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    scaler.step(optimizer)
    scaler.update()
    if epoch % 10 == 0:
        print(epoch, loss.item(), norm, scaler.get_scale())
print(scaler.state_dict(), scaler.is_enabled(), dtype, dtype == torch.float16, torch.is_autocast_enabled())
scaler.load_state_dict(scaler.state_dict())

warnings.simplefilter("ignore")
scaler = OldScaler()  # warns, and is off
with old_autocast():
    loss = criterion(model(x), y)
scaler.scale(loss).backward()
print(scaler.step(optimizer, lambda: 3.0), scaler.is_enabled())


@torch.autocast("cpu", enabled=False)
def predict(x):
    return model(x)


with torch.device("cpu"):
    print(predict(torch.ones(2, 1)))
with torch.amp.autocast("cuda", enabled=False), torch.no_grad():
    print(model(x[:2]).dtype)

for use in (
    torch.cuda.synchronize, torch.cuda.current_device, lambda: torch.cuda.get_device_name(0), x.cuda, model.cuda,
    lambda: x.to("cuda"), torch.accelerator.synchronize, torch.mps.empty_cache, lambda: torch.autocast(3),
    lambda: torch.autocast("nowhere"), lambda: torch.autocast("cpu", enable=False),
    lambda: torch.cuda.get_device_properties(0),
):  # fmt: skip
    try:
        use()
    except Exception as error:
        print(f"{type(error).__name__}: {error}")
