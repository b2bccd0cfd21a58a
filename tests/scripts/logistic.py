"""Two classes by a linear model: sigmoid by hand, BCELoss, BCEWithLogitsLoss, CrossEntropyLoss, accuracy."""

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.manual_seed(31)
n = 100
x0 = torch.normal(2 * torch.ones(n, 2), 1)
x1 = torch.normal(-2 * torch.ones(n, 2), 1)
x = torch.cat((x0, x1), 0).type(torch.FloatTensor)
y = torch.cat((torch.zeros(n), torch.ones(n)), 0)
print(x[:2], y.sum(), y.dtype)

w = torch.zeros(2, 1, requires_grad=True)
b = torch.zeros(1, requires_grad=True)
for step in range(50):
    p = 1 / (1 + torch.exp(-(x.mm(w) + b)))
    loss = -(y[:, None] * torch.log(p) + (1 - y[:, None]) * torch.log(1 - p)).mean()
    loss.backward()
    with torch.no_grad():
        w -= 0.5 * w.grad
        b -= 0.5 * b.grad
    w.grad.zero_()
    b.grad.zero_()
print(w, b, loss)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(2, 1)
        self.sigmoid = nn.Sigmoid()

    def forward(self, x):
        return self.sigmoid(self.linear(x))


net = Net()
print(net)
criterion = nn.BCELoss()
optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
for epoch in range(40):
    out = net(x).squeeze()
    loss = criterion(out, y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if epoch % 10 == 9:
        mask = out.ge(0.5).float()
        correct = (mask == y).sum().item()
        print(f"epoch {epoch + 1}, loss {loss.item():.4f}, accuracy {correct / x.size(0):.3f}", loss)

logits = nn.Linear(2, 1)
optimizer = torch.optim.Adam(logits.parameters(), lr=0.1)
for epoch in range(30):
    loss = F.binary_cross_entropy_with_logits(logits(x).view(-1), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(logits.weight, loss, torch.sigmoid(logits(x[:3])))

softmax = nn.Linear(2, 2)
optimizer = torch.optim.SGD(softmax.parameters(), lr=0.2)
labels = y.long()
for epoch in range(30):
    scores = softmax(x)
    loss = nn.CrossEntropyLoss()(scores, labels)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
prediction = torch.max(scores, 1)[1]
print(loss, (prediction == labels).float().mean(), scores.argmax(1)[:5], F.softmax(scores[:2], dim=1))
_, predicted = torch.max(scores.data, 1)
print((predicted == labels).sum().item() / labels.size(0), labels.unique(), torch.bincount(predicted))
