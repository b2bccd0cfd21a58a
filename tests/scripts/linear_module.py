"""The course's first regression: nn.Linear in a class of one's own, MSELoss, SGD, predictions printed."""

import numpy as np
import torch
import torch.nn as nn

input_size = 1
output_size = 1
num_epochs = 60
learning_rate = 0.001
torch.manual_seed(42)

x_train = np.array([[3.3], [4.4], [5.5], [6.7], [6.9], [4.2], [9.8], [6.2], [7.6], [2.2], [7.0]], dtype=np.float32)
y_train = 0.7 * x_train + np.float32(1.3) + np.sin(x_train)


class LinearRegression(nn.Module):
    def __init__(self, input_size, output_size):
        super(LinearRegression, self).__init__()
        self.linear = nn.Linear(input_size, output_size)

    def forward(self, x):
        out = self.linear(x)
        return out


model = LinearRegression(input_size, output_size)
print(model)
device = torch.device("cuda:0" if torch.cuda.is_available() else "cpu")
print(device, repr(device))
model.to(device)
criterion = nn.MSELoss()
optimizer = torch.optim.SGD(model.parameters(), lr=learning_rate)

for epoch in range(num_epochs):
    inputs = torch.from_numpy(x_train).to(device)
    targets = torch.from_numpy(y_train).to(device)
    outputs = model(inputs)
    loss = criterion(outputs, targets)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if (epoch + 1) % 5 == 0:
        print("Epoch [{}/{}], Loss: {:.4f}".format(epoch + 1, num_epochs, loss.item()))

print(loss, criterion, optimizer)
predicted = model(torch.from_numpy(x_train)).detach().numpy()
print(predicted.shape, predicted.dtype, predicted[:3].ravel())
print(list(model.parameters()))
print(dict(model.named_parameters()))
print(model.linear.weight.data, model.linear.bias.item())
for name, param in model.named_parameters():
    print(name, param.size(), param.requires_grad, param.data.tolist())
torch.save(model.state_dict(), "model.ckpt")
other = LinearRegression(1, 1)
print(other.load_state_dict(torch.load("model.ckpt")))
print(torch.equal(other.linear.weight, model.linear.weight), other.state_dict())
model.state_dict()["linear.weight"][0] = 5.0
print(model.linear.weight)
print(sum(p.numel() for p in model.parameters() if p.requires_grad))
