"""A time series by linear models: lagged columns, windows, one step ahead and many, differences, seasons, averages."""

import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

torch.manual_seed(0)
T = 200
time = torch.arange(1, T + 1, dtype=torch.float32)
x = torch.sin(0.05 * time) + torch.normal(0, 0.2, (T,))
tau = 4
features = torch.zeros((T - tau, tau))
for i in range(tau):
    features[:, i] = x[i : T - tau + i]
labels = x[tau:].reshape((-1, 1))
print(features[:2], labels[:2], torch.equal(x.unfold(0, tau + 1, 1)[:, :tau], features))


class Windows(Dataset):
    def __init__(self, series, size):
        self.windows = series.unfold(0, size + 1, 1)

    def __len__(self):
        return self.windows.shape[0]

    def __getitem__(self, i):
        return self.windows[i, :-1], self.windows[i, -1:]


def init_weights(m):
    if type(m) == nn.Linear:
        nn.init.xavier_uniform_(m.weight)
        nn.init.zeros_(m.bias)


n_train = 120
loader = DataLoader(Windows(x[: n_train + tau], tau), batch_size=16, shuffle=True)
net = nn.Sequential(nn.Linear(tau, 1)).apply(init_weights)
loss = nn.MSELoss(reduction="none")
trainer = torch.optim.Adam(net.parameters(), 0.01)
for epoch in range(15):
    for X, y in loader:
        trainer.zero_grad()
        l = loss(net(X), y)
        l.sum().backward()
        trainer.step()
    if epoch % 5 == 4:
        print(f"epoch {epoch + 1}, loss: {loss(net(features), labels).mean():f}")

multistep = torch.zeros(T)
multistep[: n_train + tau] = x[: n_train + tau]
for i in range(n_train + tau, T):
    multistep[i] = net(multistep[i - tau : i].reshape((1, -1)))
print(multistep[-3:], multistep.requires_grad)
max_steps = 8
steps = torch.zeros((T - tau - max_steps + 1, tau + max_steps))
for i in range(tau):
    steps[:, i] = x[i : i + T - tau - max_steps + 1]
for i in range(tau, tau + max_steps):
    steps[:, i] = net(steps[:, i - tau : i].clone()).reshape(-1)
for s in (1, 4, 8):
    print(s, steps[:, tau + s - 1][-2:])

d = torch.diff(x)
print(d[:3], d.mean(), torch.cumsum(torch.cat([x[:1], d]), 0).allclose(x, atol=1e-5))
acf = torch.stack([((x[k:] - x.mean()) * (x[: T - k] - x.mean())).sum() for k in range(6)])
print((acf / acf[0]).round(decimals=3))
R = acf[torch.abs(torch.arange(4)[:, None] - torch.arange(4))]
print(torch.linalg.solve(R, acf[1:5]))
season = torch.nn.functional.one_hot((time.long() - 1) % 12, 12).float()
design = torch.cat([torch.ones(T, 1), time[:, None] / T, season[:, 1:]], 1)
coef = torch.linalg.lstsq(design, x[:, None]).solution
print(coef.squeeze()[:3], coef.shape)
print(x.unfold(0, 5, 1).mean(-1)[:3], (x > x.mean()).int().diff().abs().sum())
smooth = [x[0]]
for v in x[1:]:
    smooth.append(0.9 * smooth[-1] + 0.1 * v)
print(torch.stack(smooth)[-3:], torch.tensor(smooth)[-1])
