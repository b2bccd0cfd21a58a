"""A thermometer of unknown scale: by hand, by autograd, by an optimizer; parameters unpacked from one leaf."""

import torch
import torch.optim as optim

torch.set_printoptions(edgeitems=2, linewidth=75)

celsius = [1.5, 13.0, 16.5, 27.0, 10.0, 9.0, 2.0, 22.5, 29.0, 5.5, 12.0]
unknown = [36.2, 55.4, 59.8, 82.1, 51.3, 46.9, 34.2, 71.0, 85.0, 43.3, 52.6]
t_c = torch.tensor(celsius)
t_u = torch.tensor(unknown)
print(t_c, t_u.shape, t_u.dtype)


def model(t_u, w, b):
    return w * t_u + b


def loss_fn(t_p, t_c):
    squared_diffs = (t_p - t_c) ** 2
    return squared_diffs.mean()


w = torch.ones(())
b = torch.zeros(())
t_p = model(t_u, w, b)
print(t_p)
loss = loss_fn(t_p, t_c)
print(loss)

delta = 0.1
rate_w = (loss_fn(model(t_u, w + delta, b), t_c) - loss_fn(model(t_u, w - delta, b), t_c)) / (2.0 * delta)
print("numerical slope", rate_w)


def dmodel_dw(t_u, w, b):
    return t_u


def dmodel_db(t_u, w, b):
    return 1.0


def grad_fn(t_u, t_c, t_p, w, b):
    dloss_dtp = 2 * (t_p - t_c) / t_p.size(0)
    return torch.stack([(dloss_dtp * dmodel_dw(t_u, w, b)).sum(), (dloss_dtp * dmodel_db(t_u, w, b)).sum()])


def training_loop(n_epochs, learning_rate, params, t_u, t_c, print_params=True):
    for epoch in range(1, n_epochs + 1):
        w, b = params
        t_p = model(t_u, w, b)
        loss = loss_fn(t_p, t_c)
        grad = grad_fn(t_u, t_c, t_p, w, b)
        params = params - learning_rate * grad
        if epoch in {1, 2, 3, 10, 100}:
            print("Epoch %d, Loss %f" % (epoch, float(loss)))
            if print_params:
                print("    Params:", params)
                print("    Grad:  ", grad)
    return params


t_un = 0.1 * t_u
print(training_loop(n_epochs=100, learning_rate=1e-2, params=torch.tensor([1.0, 0.0]), t_u=t_un, t_c=t_c))

params = torch.tensor([1.0, 0.0], requires_grad=True)
print(params.grad is None)
loss = loss_fn(model(t_u, *params), t_c)
loss.backward()
print(params.grad)
if params.grad is not None:
    params.grad.zero_()

for epoch in range(1, 501):
    if params.grad is not None:
        params.grad.zero_()
    loss = loss_fn(model(t_un, *params), t_c)
    loss.backward()
    with torch.no_grad():
        params -= 1e-2 * params.grad
    if epoch % 100 == 0:
        print("Epoch %d, Loss %f" % (epoch, float(loss)))
print(params)

n_samples = t_u.shape[0]
n_val = int(0.2 * n_samples)
torch.manual_seed(3)
shuffled = torch.randperm(n_samples)
train_indices, val_indices = shuffled[:-n_val], shuffled[-n_val:]
print(train_indices, val_indices)
train_t_un, train_t_c = 0.1 * t_u[train_indices], t_c[train_indices]
val_t_un, val_t_c = 0.1 * t_u[val_indices], t_c[val_indices]


def calc_forward(t_u, t_c, is_train):
    with torch.set_grad_enabled(is_train):
        return loss_fn(model(t_u, *params), t_c)


params = torch.tensor([1.0, 0.0], requires_grad=True)
optimizer = optim.SGD([params], lr=1e-2)
for epoch in range(1, 301):
    train_loss = calc_forward(train_t_un, train_t_c, True)
    val_loss = calc_forward(val_t_un, val_t_c, False)
    assert not val_loss.requires_grad
    optimizer.zero_grad()
    train_loss.backward()
    optimizer.step()
    if epoch <= 3 or epoch % 100 == 0:
        print(f"Epoch {epoch}, Training loss {train_loss.item():.4f}, Validation loss {val_loss.item():.4f}")
print(params, train_loss)

params = torch.tensor([1.0, 0.0], requires_grad=True)
optimizer = optim.Adam([params], lr=1e-1)
for epoch in range(1, 201):
    loss = loss_fn(model(t_u, *params), t_c)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
print(params, optimizer)
