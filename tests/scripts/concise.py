"""The same regression, concisely: TensorDataset, DataLoader, Sequential, init by hand."""

import torch
from torch import nn
from torch.utils import data

torch.manual_seed(1)
true_w, true_b = torch.tensor([2, -3.4]), 4.2
features = torch.randn(300, 2)
labels = (features @ true_w + true_b + 0.01 * torch.randn(300)).reshape(-1, 1)


def load_array(data_arrays, batch_size, is_train=True):
    dataset = data.TensorDataset(*data_arrays)
    return data.DataLoader(dataset, batch_size, shuffle=is_train)


data_iter = load_array((features, labels), 10)
print(next(iter(data_iter)))
print(len(data_iter), len(data_iter.dataset), data_iter.dataset[0], data_iter.dataset[2:4])

net = nn.Sequential(nn.Linear(2, 1))
net[0].weight.data.normal_(0, 0.01)
net[0].bias.data.fill_(0)
loss = nn.MSELoss()
trainer = torch.optim.SGD(net.parameters(), lr=0.03)
num_epochs = 3
for epoch in range(num_epochs):
    for X, y in data_iter:
        l = loss(net(X), y)
        trainer.zero_grad()
        l.backward()
        trainer.step()
    l = loss(net(features), labels)
    print(f"epoch {epoch + 1}, loss {l:f}")
w = net[0].weight.data
print("error in w:", true_w - w.reshape(true_w.shape))
b = net[0].bias.data
print("error in b:", true_b - b)
print(net[0].weight.grad, net[0].bias.grad)

net = nn.Sequential()
net.add_module("linear", nn.Linear(2, 1))
nn.init.normal_(net[0].weight, mean=0, std=0.01)
nn.init.constant_(net[0].bias, val=0)
print(net, net.linear is net[0], len(net))
trainer = torch.optim.SGD(
    [{"params": net[0].weight, "weight_decay": 3}, {"params": net[0].bias}], lr=0.03
)
for param in net.parameters():
    param.data.normal_()
for epoch in range(4):
    for X, y in data_iter:
        trainer.zero_grad()
        l = nn.functional.mse_loss(net(X), y, reduction="none")
        l.mean().backward()
        trainer.step()
    print(epoch, l.mean(), net[0].weight.norm().item())
print(trainer)
