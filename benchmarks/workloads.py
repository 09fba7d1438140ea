"""The work that everybody is given: data, order of rows, first weights, hyper-parameters.

This module imports NumPy alone, so that no peer pays for another's imports.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

SEED = 812
"""Of everything drawn: data, order of rows, first weights."""
BETA_1, BETA_2, EPSILON = 0.9, 0.999, 1e-7
"""Adam's, as in Keras: ε is added to the root of the uncorrected average."""
PREDICTING = 1024
"""Rows computed at once where many are predicted (W9)."""
LOOKED_AT = 65_536
"""Rows computed at once by :func:`loss_of`, to bound its memory."""

Action = Literal["train", "start", "row", "rows"]


@dataclass(frozen=True)
class Workload:
    """One line of the table.

    Attributes:
        name: ``"W3"``.
        title: What it is, in a few words.
        action: What is timed: ``"train"`` is training from the first weights; ``"start"`` the same
            from the start of the process; ``"row"`` one prediction of one row; ``"rows"`` the
            prediction of all rows.
        data: Which of :data:`DATA` makes the data.
        rows: Number of samples.
        widths: Units of the layers, the input first.
        hidden: Activation of the hidden layers, ``"sigmoid"`` or ``"relu"``.
        output: Activation of the last layer, ``"sigmoid"``, ``"softmax"`` or ``"linear"``.
        loss: ``"mse"``, or ``"sparse_categorical_crossentropy"``.
        optimizer: ``"sgd"`` or ``"adam"``.
        learning_rate: Its step size.
        batch_size: Rows per update; the last batch of an epoch may be smaller.
        epochs: Passes over the rows, all in the same order.
        metric: ``"mae"``, recorded for every epoch beside the loss; or none.
        rescaling: What the first layer multiplies the inputs by; 1 for no such layer.
    """

    name: str
    title: str
    action: Action
    data: str
    rows: int
    widths: tuple[int, ...]
    hidden: str
    output: str
    loss: str
    optimizer: str = "adam"
    learning_rate: float = 0.001
    batch_size: int = 32
    epochs: int = 1
    metric: str | None = None
    rescaling: float = 1.0

    @property
    def trains(self) -> bool:
        """Whether training is what is timed."""
        return self.action in ("train", "start")

    @property
    def layers(self) -> list[tuple[int, int, str]]:
        """Inputs, units and activation of each dense layer."""
        pairs = list(pairwise(self.widths))
        activations = [self.hidden] * (len(pairs) - 1) + [self.output]
        return [(*pair, name) for pair, name in zip(pairs, activations, strict=True)]

    @property
    def parameters(self) -> int:
        """Number of weights."""
        return sum((inputs + 1) * units for inputs, units, _ in self.layers)

    @property
    def steps(self) -> int:
        """Number of updates in all."""
        return self.epochs * -(-self.rows // self.batch_size)

    def batches(self) -> Iterator[slice]:
        """The rows of each batch of an epoch."""
        for first in range(0, self.rows, self.batch_size):
            yield slice(first, min(first + self.batch_size, self.rows))


class Data(NamedTuple):
    """What everybody is given, in the order of rows that everybody keeps to.

    Attributes:
        x: Inputs of shape (rows, inputs): float32, or the bytes of images.
        y: float32 of shape (rows, 1), or class numbers as int32 of shape (rows,).
        weights: First weights in float32: kernel (inputs, units), bias (units,), kernel, …
    """

    x: Array
    y: Array
    weights: list[Array]


# ---------------------------------------------------------------- data


def _lesson(rows: int, inputs: int) -> tuple[Array, Array]:
    """Three students of the lesson: hours of study and sleep, score."""
    hours = np.array([[8, 8], [2, 5], [7, 6]])[:rows]
    score = hours @ [[5], [2]]
    return hours / hours.max(axis=0), score / score.max()


def _exam(rows: int, inputs: int) -> tuple[Array, Array]:
    """The lesson's 1,000 students."""
    hours = np.random.default_rng(SEED).uniform(1, 8, (rows, 2))
    return hours / hours.max(axis=0), (hours @ [[5], [2]] + 40) / 100


def _fashion(rows: int, inputs: int) -> tuple[Array, Array]:
    """Fashion-MNIST as bytes; up to 6,000 rows from the sample that comes with chainrule."""
    from chainrule.datasets import fashion_mnist

    small = rows <= 6_000
    (x, y), _ = fashion_mnist.load_sample() if small else fashion_mnist.load_data()
    return x[:rows].reshape(rows, -1), y[:rows]


def _table(rows: int, inputs: int) -> tuple[Array, Array]:
    """A made table: normal columns; a target of one layer of tanh and noise."""
    rng = np.random.default_rng(SEED)
    x = rng.standard_normal((rows, inputs), np.float32)
    directions = rng.standard_normal((inputs, 4), np.float32) / np.float32(inputs) ** 0.5
    noise = 0.1 * rng.standard_normal((rows, 1), np.float32)
    return x, np.tanh(x @ directions).sum(axis=1, keepdims=True) + noise


DATA: dict[str, Callable[[int, int], tuple[Array, Array]]] = {
    "lesson": _lesson,
    "exam": _exam,
    "fashion": _fashion,
    "table": _table,
}


def load(work: Workload) -> Data:
    """Data and first weights, the same in every process."""
    x, y = DATA[work.data](work.rows, work.widths[0])
    order = np.random.default_rng(SEED + 1).permutation(work.rows)
    x = x if x.dtype == np.uint8 else x.astype(np.float32)
    y = y.astype(np.int32 if y.ndim == 1 else np.float32)
    return Data(x[order], y[order], first_weights(work))


def first_weights(work: Workload) -> list[Array]:
    """Glorot's uniform kernels and biases of zero."""
    rng = np.random.default_rng(SEED + 2)
    weights: list[Array] = []
    for inputs, units, _ in work.layers:
        limit = (6 / (inputs + units)) ** 0.5
        weights.append(rng.uniform(-limit, limit, (inputs, units)).astype(np.float32))
        weights.append(np.zeros(units, np.float32))
    return weights


# ---------------------------------------------------------------- judging


def outputs_of(work: Workload, weights: list[Array], x: Array) -> Array:
    """The network's outputs in float64: the judge's own forward pass."""
    y = x * np.float64(work.rescaling)
    for (_, _, activation), kernel, bias in zip(
        work.layers, weights[::2], weights[1::2], strict=True
    ):
        y = y @ kernel.astype(np.float64) + bias
        if activation == "relu":
            y = np.maximum(y, 0)
        elif activation == "sigmoid":
            y = 1 / (1 + np.exp(-y))
        elif activation == "softmax":
            y = np.exp(y - y.max(axis=1, keepdims=True))
            y = y / y.sum(axis=1, keepdims=True)
    return y


def loss_of(work: Workload, data: Data, outputs: Callable[[slice], Array]) -> float:
    """Mean loss over all rows, in float64.

    Args:
        work: The workload.
        data: Its data.
        outputs: Gives the network's outputs for a slice of the rows.
    """
    total = 0.0
    for first in range(0, work.rows, LOOKED_AT):
        rows = slice(first, min(first + LOOKED_AT, work.rows))
        y, truth = np.asarray(outputs(rows), np.float64), data.y[rows]
        if work.loss == "mse":
            total += float(np.square(y - truth).sum())
        else:
            total -= float(np.log(y[np.arange(len(y)), truth] + 1e-300).sum())
    return total / work.rows


# ---------------------------------------------------------------- the table's lines

EXAMS = Workload(
    name="W2",
    title="exam scores, 2-3-1, 50 epochs, with History and a metric",
    action="train",
    data="exam",
    rows=1000,
    widths=(2, 3, 1),
    hidden="sigmoid",
    output="sigmoid",
    loss="mse",
    epochs=50,
    metric="mae",
)
LESSON = replace(
    EXAMS,
    name="W1",
    title="the lesson: 3 rows, 2-3-1, 10,000 full-batch steps of SGD",
    data="lesson",
    rows=3,
    optimizer="sgd",
    learning_rate=1.5,  # the lesson sums gradients of half the squares; we average whole squares
    batch_size=3,
    epochs=10_000,
    metric=None,
)
CLOTHES = Workload(
    name="W4",
    title="Fashion-MNIST, 784-128-10, one epoch",
    action="train",
    data="fashion",
    rows=60_000,
    widths=(784, 128, 10),
    hidden="relu",
    output="softmax",
    loss="sparse_categorical_crossentropy",
    rescaling=1 / 255,
)
TABLE = Workload(
    name="W6",
    title="table of 1,000,000 × 50, 50-64-64-1, one epoch",
    action="train",
    data="table",
    rows=1_000_000,
    widths=(50, 64, 64, 1),
    hidden="relu",
    output="linear",
    loss="mse",
    batch_size=256,
)
WORKLOADS: tuple[Workload, ...] = (
    LESSON,
    EXAMS,
    replace(CLOTHES, name="W3", title="Fashion-MNIST, 784-10, one epoch", widths=(784, 10)),
    CLOTHES,
    replace(
        CLOTHES,
        name="W5",
        title="Fashion-MNIST, 784-512-512-10, batch 128, one epoch",
        widths=(784, 512, 512, 10),
        batch_size=128,
    ),
    TABLE,
    replace(EXAMS, name="W7", title="W2 from the start of the process", action="start"),
    replace(CLOTHES, name="W8a", title="predict one row, 784-128-10", action="row", rows=1),
    replace(EXAMS, name="W8b", title="predict one row, 2-3-1", action="row", rows=1),
    replace(CLOTHES, name="W9", title="predict 60,000 rows, 784-128-10", action="rows"),
)


def chosen(names: str) -> list[Workload]:
    """Workloads by names with commas between; ``"W8"`` is all that begin so.

    Raises:
        ValueError: A name is no workload's.
    """
    found: list[Workload] = []
    for name in names.split(","):
        matches = [w for w in WORKLOADS if w.name.rstrip("ab") == name or w.name == name]
        if not matches:
            known = ", ".join(work.name for work in WORKLOADS)
            raise ValueError(f"There are the workloads {known}; no {name}.")
        found += matches
    return found


def quick(work: Workload) -> Workload:
    """The same with so few rows and epochs that it takes no time: to try the code, not to time."""
    rows = min(work.rows, 2 * work.batch_size + 8)  # two whole batches and a short one
    return replace(work, rows=rows, epochs=min(work.epochs, 3))
