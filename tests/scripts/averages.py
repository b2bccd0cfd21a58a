"""Averages of the parameters: the mean of the last steps, fading ones, and the rate that goes with them."""

import torch
from torch import nn
from torch.optim.swa_utils import SWALR, AveragedModel, get_ema_avg_fn, get_ema_multi_avg_fn, get_swa_avg_fn, update_bn

torch.manual_seed(4)
x = torch.randn(60, 3)
y = x @ torch.tensor([[1.0], [-2.0], [0.5]]) + 0.1 * torch.randn(60, 1)
model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
averages = {
    "swa": AveragedModel(model),
    "swa function": AveragedModel(model, avg_fn=get_swa_avg_fn()),
    "swa buffers": AveragedModel(model, use_buffers=True),
    "ema": AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(0.9)),
    "ema function": AveragedModel(model, avg_fn=get_ema_avg_fn(0.9)),
    "own": AveragedModel(model, avg_fn=lambda average, parameter, n: 0.5 * average + 0.5 * parameter),
}
scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=5, gamma=0.5)
late = SWALR(optimizer, swa_lr=0.02, anneal_epochs=4, anneal_strategy="linear")
for epoch in range(16):
    optimizer.zero_grad()
    loss = nn.functional.mse_loss(model(x), y)
    loss.backward()
    print(epoch, loss.item(), nn.utils.get_total_norm([p.grad for p in model.parameters()]))
    optimizer.step()
    if epoch < 8:
        scheduler.step()
        continue
    late.step()
    print(late.get_last_lr())
    for average in averages.values():
        average.update_parameters(model)
for name, average in averages.items():
    average.eval()
    print(name, average.n_averaged, nn.functional.mse_loss(average(x), y), average.module[0].weight)
    print({key: value for key, value in average.state_dict().items() if "running" in key or "n_" in key})
update_bn([(x[:20], y[:20]), x[20:]], averages["swa"], device="cpu")
update_bn([x], nn.Linear(1, 1))
print({key: value for key, value in averages["swa"].state_dict().items() if "running" in key or "tracked" in key})
print([(part.training, part.momentum) for part in averages["swa"].modules() if isinstance(part, nn.BatchNorm1d)])
print(averages["swa"])
print({key: value for key, value in late.state_dict().items() if "lr" in key or "anneal" in key})
for strategy, epochs in ("cos", 6), ("linear", 3), ("cos", 0):
    optimizer = torch.optim.Adam([{"params": [torch.zeros(1)]}, {"params": [torch.ones(1)], "lr": 0.3}], lr=0.1)
    rates = SWALR(optimizer, [0.01, 0.5], anneal_epochs=epochs, anneal_strategy=strategy)
    for step in range(8):
        print(rates.get_last_lr())
        optimizer.step()
        rates.step()
for wrong in (
    lambda: SWALR(optimizer, 0.1, anneal_strategy="no"),
    lambda: SWALR(optimizer, 0.1, anneal_epochs=-1),
    lambda: SWALR(optimizer, [0.1]),
    lambda: get_ema_avg_fn(2),
    lambda: AveragedModel(model, avg_fn=get_swa_avg_fn(), multi_avg_fn=get_ema_multi_avg_fn()),
):
    try:
        wrong()
    except (ValueError, AssertionError) as error:
        print(type(error).__name__, error)
