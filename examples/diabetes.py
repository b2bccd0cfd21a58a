"""Predicts how diabetes progresses from ten measurements, by gradient descent.

Trains nn.Linear on 353 of 442 patients, compares its weights with the least-squares answer, scores the 89 held-out
patients, saves the model, loads it again and predicts.
"""

import tempfile
from pathlib import Path

import numpy as np

import fastgd
from fastgd import nn, optim

EPOCHS = 1_000

try:
    from tqdm import tqdm
except ImportError:
    tqdm = None


def read_patients():
    """Names of the columns, and one row a patient: ten measurements, then the progression a year later."""
    path = Path(__file__).with_name("diabetes.csv")
    with path.open() as file:
        file.readline()
        names = file.readline().strip().split(",")
        return names, np.loadtxt(file, delimiter=",", dtype=np.float32)


def train(model, X, y):
    """The loop of any torch script, with a progress bar on a terminal."""
    optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    criterion = nn.MSELoss()
    bar = tqdm(total=EPOCHS, unit=" epochs", disable=None) if tqdm else None
    for epoch in range(EPOCHS):
        loss = criterion(model(X), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if epoch % 100 == 0 or epoch == EPOCHS - 1:
            line = f"epoch {epoch:6d}   loss {loss.item():10.3f}"
            if bar is None:
                print(line)
            else:
                bar.update(epoch + 1 - bar.n)
                bar.write(line)
    if bar is not None:
        bar.close()


def r_squared(prediction, target):
    return 1 - ((target - prediction) ** 2).sum() / ((target - target.mean()) ** 2).sum()


def main():
    fastgd.manual_seed(0)
    names, table = read_patients()
    order = fastgd.randperm(len(table)).numpy()
    train_rows, test_rows = table[order[:353]], table[order[353:]]
    mean, spread = train_rows[:, :-1].mean(0), train_rows[:, :-1].std(0)

    def standardised(rows):
        return (rows[:, :-1] - mean) / spread

    X, y = fastgd.from_numpy(standardised(train_rows)), fastgd.from_numpy(train_rows[:, -1:])
    model = nn.Linear(X.shape[1], 1)
    print(f"{len(train_rows)} patients to train on, {len(test_rows)} held out, {X.shape[1]} features\n")
    train(model, X, y)

    with_ones = np.column_stack([X.numpy().astype(np.float64), np.ones(len(X))])
    exact = np.linalg.lstsq(with_ones, train_rows[:, -1].astype(np.float64), rcond=None)[0]
    learned = [*model.weight[0].tolist(), model.bias.item()]
    print(f"\n{'feature':>10} {'weight':>10} {'least squares':>15}")
    for name, weight, least_squares in zip([*names[:-1], "(bias)"], learned, exact):
        print(f"{name:>10} {weight:10.3f} {least_squares:15.3f}")

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "diabetes.pth"
        fastgd.save(model.state_dict(), path)
        loaded = nn.Linear(X.shape[1], 1)
        loaded.load_state_dict(fastgd.load(path))
        prediction = loaded(fastgd.from_numpy(standardised(test_rows))).detach().numpy()
        print(f"\nsaved and loaded {path.stat().st_size} bytes")
    print(f"R^2 on held-out patients: {r_squared(prediction, test_rows[:, -1:]):.3f}")
    print(f"first held-out patient: predicted {prediction[0, 0]:.0f}, measured {test_rows[0, -1]:.0f}")


if __name__ == "__main__":
    main()
