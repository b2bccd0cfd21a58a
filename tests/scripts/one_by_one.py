"""Row by row: a forward pass and a step for each example, Variables, gradients printed on the way."""

import torch
from torch.autograd import Variable

x_data = [1.0, 2.0, 3.0]
y_data = [2.0, 4.0, 6.0]
w = Variable(torch.Tensor([1.0]), requires_grad=True)


def forward(x):
    return x * w


def loss(x, y):
    y_pred = forward(x)
    return (y_pred - y) * (y_pred - y)


print("predict (before training)", 4, forward(4).data[0])
for epoch in range(5):
    for x_val, y_val in zip(x_data, y_data):
        l = loss(x_val, y_val)
        l.backward()
        print("\tgrad: ", x_val, y_val, w.grad.data[0])
        w.data = w.data - 0.01 * w.grad.data
        w.grad.data.zero_()
    print("progress:", epoch, l.data[0], l)
print("predict (after training)", 4, forward(4).data[0], forward(4))


class Model(torch.nn.Module):
    def __init__(self):
        super(Model, self).__init__()
        self.linear = torch.nn.Linear(1, 1)

    def forward(self, x):
        y_pred = self.linear(x)
        return y_pred


torch.manual_seed(21)
x_data = Variable(torch.Tensor([[1.0], [2.0], [3.0]]))
y_data = Variable(torch.Tensor([[2.0], [4.0], [6.0]]))
model = Model()
criterion = torch.nn.MSELoss(reduction="sum")
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
for epoch in range(100):
    for x, y in zip(x_data, y_data):
        y_pred = model(x)
        loss = criterion(y_pred, y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    if epoch % 20 == 0:
        print(epoch, loss.data, loss.item())
hour_var = Variable(torch.Tensor([[4.0]]))
print("predict", 4, model(hour_var).data[0][0], model.forward(hour_var), model(hour_var).data.numpy())

weight = torch.rand(1)
history = []
for x, y in zip(torch.arange(1, 5), torch.arange(2, 10, 2)):
    error = weight * x - y
    weight = weight - 0.02 * error * x
    history.append(error)
print(weight, history, torch.stack(history).squeeze(), torch.tensor(history))
