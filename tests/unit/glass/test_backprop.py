"""check_backprop: whatever way a network is written in, its gradients are found and judged."""

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from chainrule.errors import ArgumentError, DataError, UnknownNameError
from chainrule.glass import FAULTS, check_backprop


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def slope(z):
    return sigmoid(z) * (1 - sigmoid(z))


DRAW = np.random.default_rng(4)
X = DRAW.normal(size=(6, 3))
Y = DRAW.uniform(0.1, 0.9, (6, 2))


class Plain:
    """Attributes, a forward pass that keeps what it computed, a step in place."""

    def __init__(self):
        draw = np.random.default_rng(1)
        self.w1 = draw.normal(size=(3, 4))
        self.b1 = draw.normal(size=4)
        self.w2 = draw.normal(size=(4, 2))
        self.b2 = draw.normal(size=2)
        self.learning_rate = 0.1

    def forward(self, x):
        self.h = sigmoid(x @ self.w1 + self.b1)
        self.o = sigmoid(self.h @ self.w2 + self.b2)
        return self.o

    def deltas(self, y):
        d2 = (self.o - y) * self.o * (1 - self.o)
        return (d2 @ self.w2.T) * self.h * (1 - self.h), d2

    def train(self, x, y):
        self.forward(x)
        d1, d2 = self.deltas(y)
        self.w1 -= self.learning_rate * x.T @ d1
        self.b1 -= self.learning_rate * d1.sum(axis=0)
        self.w2 -= self.learning_rate * self.h.T @ d2
        self.b2 -= self.learning_rate * d2.sum(axis=0)


STEP = "        self.w2 -= self.learning_rate * self.h.T @ d2"


class Stores(Plain):
    """Gradients as attributes, and an optimizer of its own."""

    def backward(self, x, y):
        d1, d2 = self.deltas(y)
        self.dw1, self.dw2 = x.T @ d1, self.h.T @ d2
        self.db1, self.db2 = d1.sum(axis=0), d2.sum(axis=0)

    def train(self, x, y):
        raise AssertionError("never needed")


class ReturnsTuple(Plain):
    """Gradients as a tuple in the order of the backward pass."""

    def backprop(self, x, y):
        d1, d2 = self.deltas(y)
        dw2, db2 = self.h.T @ d2, d2.sum(axis=0)
        dw1, db1 = x.T @ d1, d1.sum(axis=0)
        return dw2, db2, dw1, db1


class Lists:
    """Lists of weights, loops, a loop over epochs, prints, column biases of shape (1, n)."""

    def __init__(self, sizes=(3, 4, 4, 2)):
        draw = np.random.default_rng(2)
        pairs = list(pairwise(sizes))
        self.weights = [draw.normal(size=pair) for pair in pairs]
        self.biases = [draw.normal(size=(1, o)) for _, o in pairs]

    def feedforward(self, X):
        self.activations = [X]
        for w, b in zip(self.weights, self.biases, strict=True):
            self.activations.append(np.tanh(self.activations[-1] @ w + b))
        return self.activations[-1]

    def fit(self, X, y, epochs=1000, lr=0.05, verbose=True):
        for epoch in range(epochs):
            out = self.feedforward(X)
            if verbose:
                print(epoch, out)
            delta = (out - y) * (1 - out**2)
            steps = []
            for k in range(len(self.weights) - 1, -1, -1):
                steps.append((k, self.activations[k].T @ delta, delta.sum(axis=0, keepdims=True)))
                delta = (delta @ self.weights[k].T) * (1 - self.activations[k] ** 2)
            for k, dw, db in steps:
                self.weights[k] -= lr * dw
                self.biases[k] -= lr * db


class Columns:
    """Samples in columns, parameters in a dictionary, caches handed over, means."""

    def __init__(self):
        draw = np.random.default_rng(3)
        self.params = {
            "W1": draw.normal(size=(4, 3)),
            "b1": draw.normal(size=(4, 1)),
            "W2": draw.normal(size=(2, 4)),
            "b2": draw.normal(size=(2, 1)),
        }

    def forward_propagation(self, X):
        p = self.params
        A1 = np.maximum(0, p["W1"] @ X + p["b1"])
        A2 = sigmoid(p["W2"] @ A1 + p["b2"])
        return A2, {"A1": A1, "A2": A2}

    def backward_propagation(self, X, Y, cache):
        m = X.shape[1]
        dZ2 = cache["A2"] - Y
        dZ1 = (self.params["W2"].T @ dZ2) * (cache["A1"] > 0)
        return {
            "dW1": dZ1 @ X.T / m,
            "db1": dZ1.sum(axis=1, keepdims=True) / m,
            "dW2": dZ2 @ cache["A1"].T / m,
            "db2": dZ2.sum(axis=1, keepdims=True) / m,
        }


class Layer:
    """A layer as an object."""

    def __init__(self, i, o, seed):
        draw = np.random.default_rng(seed)
        self.W, self.b = draw.normal(size=(i, o)), draw.normal(size=o)

    def forward(self, x):
        self.x, self.a = x, sigmoid(x @ self.W + self.b)
        return self.a

    def backward(self, grad):
        delta = grad * self.a * (1 - self.a)
        self.dW, self.db = self.x.T @ delta, delta.sum(axis=0)
        return delta @ self.W.T


class Layers:
    """A network of layer objects."""

    def __init__(self):
        self.layers = [Layer(3, 4, 1), Layer(4, 2, 2)]

    def forward(self, x):
        for layer in self.layers:
            x = layer.forward(x)
        return x

    def backward(self, x, y):
        grad = self.forward(x) - y
        for layer in reversed(self.layers):
            grad = layer.backward(grad)


class DataInside:
    """Data handed to the constructor, methods without arguments."""

    def __init__(self, x, y):
        draw = np.random.default_rng(1)
        self.input, self.y = x, y
        self.weights1 = draw.normal(size=(3, 4))
        self.weights2 = draw.normal(size=(4, 2))
        self.output = np.zeros(y.shape)

    def feedforward(self):
        self.layer1 = sigmoid(self.input @ self.weights1)
        self.output = sigmoid(self.layer1 @ self.weights2)

    def backprop(self):
        d2 = 2 * (self.y - self.output) * self.output * (1 - self.output)
        d1 = (d2 @ self.weights2.T) * self.layer1 * (1 - self.layer1)
        self.weights1 += self.input.T @ d1
        self.weights2 += self.layer1.T @ d2


class SampleBySample:
    """A step after every sample."""

    def __init__(self):
        draw = np.random.default_rng(1)
        self.W1, self.W2 = draw.normal(size=(3, 4)), draw.normal(size=(4, 2))

    def predict(self, X):
        return sigmoid(sigmoid(X @ self.W1) @ self.W2)

    def train(self, X, y):
        for row, target in zip(X, y, strict=True):
            h = sigmoid(row @ self.W1)
            o = sigmoid(h @ self.W2)
            d2 = (o - target) * o * (1 - o)
            d1 = (self.W2 @ d2) * h * (1 - h)
            self.W2 -= 0.1 * np.outer(h, d2)
            self.W1 -= 0.1 * np.outer(row, d1)


class Single(Plain):
    """All in single precision, whatever comes."""

    def forward(self, x):
        self.h = sigmoid(x.astype("f4") @ self.w1.astype("f4") + self.b1.astype("f4"))
        self.o = sigmoid(self.h @ self.w2.astype("f4") + self.b2.astype("f4"))
        return self.o


NETWORKS = {
    "plain": (Plain, X, Y),
    "stores": (Stores, X, Y),
    "returns a tuple": (ReturnsTuple, X, Y),
    "lists": (Lists, X, Y),
    "columns": (Columns, X.T, Y.T),
    "layers": (Layers, X, Y),
    "data inside": (lambda: DataInside(X, Y), X, Y),
    "sample by sample": (SampleBySample, X, Y),
    "single": (Single, X, Y),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_a_right_network_is_right_however_it_is_written(name):
    make, x, y = NETWORKS[name]
    report = check_backprop(make(), x, y)
    assert report.ok, str(report)
    assert report.layers


@pytest.mark.parametrize("name", NETWORKS)
def test_it_is_left_as_it_was(name, capsys):
    make, x, y = NETWORKS[name]
    network = make()
    random = np.random.get_state()[1].copy()
    before = json.dumps(_numbers(network))
    check_backprop(network, x, y)
    assert json.dumps(_numbers(network)) == before
    assert capsys.readouterr().out == ""
    assert np.array_equal(np.random.get_state()[1], random)


def _numbers(value):
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, list | tuple):
        return [_numbers(one) for one in value]
    if isinstance(value, dict):
        return {key: _numbers(one) for key, one in value.items()}
    return _numbers(vars(value)) if hasattr(value, "__dict__") else value


def test_parameters_are_called_as_in_the_code():
    found = [f.subject for f in check_backprop(Columns(), X.T, Y.T).findings]
    assert found == ["params['W1']", "params['b1']", "params['W2']", "params['b2']"]
    found = [f.subject for f in check_backprop(Layers(), X, Y).findings]
    assert found == ["layers[0].W", "layers[0].b", "layers[1].W", "layers[1].b"]


def test_functions_of_parameters():
    def forward(params, x):
        return np.tanh(x @ params["W"]) @ params["V"]

    def backward(params, x, y):
        h = np.tanh(x @ params["W"])
        error = (h @ params["V"] - y) / len(x)
        return {"W": x.T @ (error @ params["V"].T * (1 - h**2)), "V": h.T @ error}

    params = {"W": DRAW.normal(size=(3, 4)), "V": DRAW.normal(size=(4, 2))}
    report = check_backprop(params, X, Y, forward=forward, backward=backward)
    assert report.ok
    assert report.layers == ("tanh", "linear")
    assert report.loss == "½ Σ (a − y)² / n"


def test_parameters_may_be_arguments_of_their_names():
    def forward(x, W, b):
        return x @ W + b

    def backward(x, y, W, b):
        error = x @ W + b - y
        return x.T @ error, error.sum(axis=0)

    params = {"W": np.ones((3, 2)), "b": np.zeros(2)}
    assert check_backprop(params, X, Y, forward=forward, backward=backward).ok


@pytest.mark.parametrize("labels", [np.array([0, 1, 2, 1, 0, 2]), np.eye(3)[[0, 1, 2, 1, 0, 2]]])
def test_class_numbers_and_ones_at_their_places(labels):
    class Softmax:
        def __init__(self):
            self.W, self.b = np.ones((3, 3)), np.zeros(3)

        def forward(self, x):
            e = np.exp(x @ self.W + self.b)
            self.p = e / e.sum(axis=1, keepdims=True)
            return self.p

        def backward(self, x, y):
            d = self.p.copy()
            if y.ndim == 1:
                d[np.arange(len(y)), y] -= 1
            else:
                d -= y
            d /= len(x)
            self.dW, self.db = x.T @ d, d.sum(axis=0)

    report = check_backprop(Softmax(), X, labels)
    assert report.ok, str(report)
    assert report.loss == "−Σ y ln a / n"


def test_a_factor_is_a_convention_until_the_loss_is_stated():
    class Doubled(Stores):
        def backward(self, x, y):
            super().backward(x, y)
            for name in ("dw1", "db1", "dw2", "db2"):
                setattr(self, name, 2 * getattr(self, name))

    assert check_backprop(Doubled(), X, Y).loss == "Σ (a − y)²"
    assert check_backprop(Doubled(), X, Y, loss="sse").ok
    report = check_backprop(Doubled(), X, Y, loss="half_sse")
    assert {f.faults for f in report.findings} == {("gradient-doubled",)}
    report = check_backprop(Stores(), X, Y, loss=lambda y, o: ((o - y) ** 2).sum() / 2 / len(y))
    assert {f.faults for f in report.findings} == {("gradient-not-averaged",)}


@pytest.mark.parametrize(("sign", "step", "right"), [(1, -1, True), (-1, 1, True), (1, 1, False)])
def test_the_sign_of_what_is_stored_is_judged_by_what_is_done_with_it(sign, step, right):
    class Signed(Stores):
        def backward(self, x, y):
            super().backward(x, y)
            for name in ("dw1", "db1", "dw2", "db2"):
                setattr(self, name, sign * getattr(self, name))

        def update(self, lr):
            for name in ("w1", "b1", "w2", "b2"):
                setattr(self, name, getattr(self, name) + step * lr * getattr(self, f"d{name}"))

    report = check_backprop(Signed(), X, Y)
    assert report.ok == right
    if not right:
        assert {f.faults for f in report.findings} == {("error-sign",)}


def test_its_own_loss_method_says_which_loss_it_is():
    class CrossEntropy(Stores):
        def loss(self, y, output):
            return -np.mean(y * np.log(output) + (1 - y) * np.log(1 - output))

    report = check_backprop(CrossEntropy(), X, Y)
    assert not report.ok
    assert report.findings[-1].faults == ("cross-entropy-extra-derivative",)


def test_a_mistake_is_named_where_it_is_and_its_formula_shown():
    class Wrong(Plain):
        def deltas(self, y):
            d2 = (self.o - y) * slope(self.o)
            return (d2 @ self.w2.T) * self.h * (1 - self.h), d2

    report = check_backprop(Wrong(), X, Y)
    w1, _, w2, _ = report.findings
    assert not report.ok
    assert w1.faults == w2.faults == ("derivative-of-activation",)
    assert "δ₂ = (a₂ − y) ⊙ σ′(a₂)" in w2.written
    line = Path(__file__).read_text().split("\n").index(STEP) + 1
    assert w2.written.endswith(f"(test_backprop.py:{line})")
    assert "δ₂ = (a₂ − y) ⊙ σ′(z₂)" in w2.right
    assert "sigmoid: ∂L/∂z = ȳ · y · (1 − y)" in w2.right
    assert w2.message.startswith("In δ₂, the derivative is applied to the activation")
    assert w2.error > 0.01
    assert FAULTS["derivative-of-activation"].explanation in str(report)
    told = json.loads(json.dumps(report.to_dict()))
    assert told["ok"] is False
    assert told["findings"][0]["subject"] == "w1"


def test_what_cannot_be_explained_is_wrong_and_located():
    class Strange(Plain):
        def deltas(self, y):
            d1, d2 = super().deltas(y)
            return d1 * np.cos(d1 * 50), d2

    report = check_backprop(Strange(), X, Y)
    assert [f.verdict for f in report.findings] == ["wrong", "wrong", "right", "right"]
    assert report.findings[0].faults == ()
    assert "no known mistake" in report.findings[0].message


def test_a_mistake_beside_one_that_nobody_knows_is_still_named():
    class Strange(Stores):
        def backward(self, x, y):
            super().backward(x, y)
            self.dw1 = self.dw1**3 + 1
            self.db2 = self.db2 / len(x)

    found = {f.subject: f for f in check_backprop(Strange(), X, Y).findings}
    assert found["w1"].verdict == "wrong"
    assert found["b2"].faults == ("bias-averaged",)
    assert found["w2"].verdict == found["b1"].verdict == "right"


class Squares:
    """No chain of dense layers: only measuring helps."""

    def __init__(self, factor=1.0, turned=False):
        self.W = np.random.default_rng(0).normal(size=(3, 3))
        self.factor, self.turned = factor, turned

    def forward(self, x):
        return (x @ self.W) ** 2 + x @ self.W

    def backward(self, x, y):
        z = x @ self.W
        self.dW = self.factor * x.T @ ((self.forward(x) - y) * (2 * z + 1))
        if self.turned:
            self.dW = self.dW.T


@pytest.mark.parametrize(
    ("options", "faults"),
    [
        ({}, ()),
        ({"factor": 2.0}, ("gradient-doubled",)),
        ({"factor": -1.0}, ("gradient-sign",)),
        ({"turned": True}, ("gradient-transposed",)),
    ],
)
def test_another_network_is_measured(options, faults):
    y = DRAW.normal(size=(6, 3))
    report = check_backprop(Squares(**options), X, y, loss="half_sse")
    assert report.layers == ()
    (finding,) = report.findings
    assert finding.faults == faults
    assert report.ok == (not faults)


def test_what_is_asked_for_must_be_there():
    class Empty:
        def forward(self, x):
            return x

    class NoTraining(Plain):
        train = None

    with pytest.raises(ArgumentError, match="weights were not found"):
        check_backprop(Empty(), X, Y)
    with pytest.raises(ArgumentError, match="`backward=`"):
        check_backprop(NoTraining(), X, Y)
    with pytest.raises(ArgumentError, match="`forward=`"):
        check_backprop(object(), X, Y)
    with pytest.raises(ArgumentError, match="no such method"):
        check_backprop(Plain(), X, Y, backward="nope")
    with pytest.raises(ArgumentError, match="forward\\(params, x\\)"):
        check_backprop({"W": np.ones((3, 2))}, X, Y)
    with pytest.raises(ArgumentError, match="could not be run on this `x`"):
        check_backprop(Plain(), X[:, :2], Y)
    with pytest.raises(UnknownNameError, match="half_sse"):
        check_backprop(Plain(), X, Y, loss="huber")
    with pytest.raises(DataError, match="`y`"):
        check_backprop(Plain(), X, "labels")
