"""The learning-rate range test: batches at ever larger rates, until the loss blows up.

Smith, L. N. (2017), Cyclical learning rates for training neural networks, section 3.3.
"""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.engines.base import Run
from chainrule.errors import ArgumentError
from chainrule.models.evaluation import BATCH_SIZE, positive_integer
from chainrule.models.feeding import ArrayFeed
from chainrule.optimizers import FullBatch
from chainrule.optimizers.schedules import ExponentialDecay

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from chainrule.models.model import Model
    from chainrule.optimizers import Optimizer

    Array = NDArray[Any]

FORGETTING = 0.9
"""How much of the smoothed loss stays from batch to batch."""
EXPLODED = 4.0
"""The test ends where the smoothed loss is so many times its lowest."""
MEASURED = 5
"""Batches, at least, whose mean is the first level of the loss."""
PLATEAU = 0.9
"""The curve is still near its first level if this share of the fall lies below it."""


@dataclass(frozen=True)
class RateRange:
    """What a range test found.

    Attributes:
        rates: The learning rate of each batch, in order; shape (batches,).
        losses: Each batch's loss before its update.
        smoothed: Their moving average, without the bias of its beginning.
        suggestion: The rate at which the smoothed loss falls most steeply over log(rate), on its
            way to its lowest point; ``None`` if it never fell by more than batches differ.
        exploded: Whether the test ended because the loss did.
    """

    rates: Array
    losses: Array
    smoothed: Array
    suggestion: float | None
    exploded: bool

    def plot(self, ax: Any = None) -> Any:
        """Draw the curve and the suggestion.

        Args:
            ax: The Axes to draw on; a new figure by default.

        Returns:
            The Axes.

        Raises:
            ImportError: matplotlib is not installed.
        """
        from chainrule.report.rate_range_plots import plot_rate_range

        return plot_rate_range(self, ax)

    def __repr__(self) -> str:
        end = "until the loss exploded" if self.exploded else "to the end"
        shown = "none" if self.suggestion is None else f"{self.suggestion:.2g}"
        return (
            f"RateRange({len(self.rates)} batches, rates {self.rates[0]:.2g} to "
            f"{self.rates[-1]:.2g}, {end}; suggestion: {shown})"
        )


def find_learning_rate(
    model: Model,
    x: Any,
    y: Any,
    sample_weight: Any = None,
    *,
    smallest: float = 1e-6,
    largest: float = 10.0,
    batches: int = 100,
    batch_size: int = BATCH_SIZE,
) -> RateRange:
    """Train for some batches, each at a larger learning rate, and see where the loss falls fastest.

    All happens on copies: the model, its optimizer and its random streams stay as they are.

    Args:
        model: A compiled model; its optimizer is tested, as at the beginning of a training.
        x: Inputs, as for ``fit``: arrays.
        y: Targets.
        sample_weight: One weight per sample.
        smallest: The first batch's rate.
        largest: The last batch's rate.
        batches: How many rates are tried, each the same factor larger than the one before.
        batch_size: Samples per batch.

    Raises:
        ArgumentError: The rates do not grow, or the optimizer is one of the whole batch.
        StateError: ``compile()`` was not called.
        ShapeError, DataError: The data do not fit the model.

    Example:
        >>> from chainrule.layers import Dense, Input
        >>> from chainrule.models import Sequential
        >>> x = np.linspace(-1, 1, 200)[:, None]
        >>> model = Sequential([Input((1,)), Dense(1)])
        >>> model.compile("sgd", "mse")
        >>> found = find_learning_rate(model, x, 3 * x)
        >>> model.optimizer.learning_rate = found.suggestion
        >>> 0.01 < found.suggestion < 1
        True
    """
    if not 0 < smallest < largest < math.inf:
        raise ArgumentError(
            "`smallest` must be greater than 0, and `largest` greater still.",
            smallest=smallest,
            largest=largest,
        )
    if positive_integer("batches", batches) < 2:
        raise ArgumentError("`batches` must be at least 2.", batches=batches)
    data = model._data(x, y, sample_weight)
    feed = ArrayFeed(data, positive_integer("batch_size", batch_size), model._permuted)
    optimizer = _ramp(model.optimizer, smallest, largest, batches)
    assert model.plan.update is not None  # noqa: S101  (it is compiled)
    optimizer.allocate(model.plan.update, model.plan.dtype)
    run = Run(model.theta.copy(), optimizer.state, 0, model.seed or 0)
    program = model._engine_program()
    smoothed = Smoothed()
    rates: list[float] = []
    losses: list[float] = []
    while len(rates) < batches and not smoothed.exploded:
        for stretch in feed.take(1):
            scalars = optimizer.scalars(run.step + 1, 1)
            rates.append(float(scalars["learning_rate"][0]))
            sums = program.train(
                run, stretch.data.arrays, stretch.order, stretch.batch_size, scalars
            )
            losses += sums.mean_losses.tolist()
            smoothed.add(losses[-1])
    curve = np.array(smoothed.values)
    return RateRange(
        np.array(rates),
        np.array(losses),
        curve,
        _suggestion(rates, np.array(losses), curve),
        smoothed.exploded,
    )


class Smoothed:
    """A moving average that starts without bias.

    Attributes:
        values: The average after each number.
    """

    def __init__(self) -> None:
        self.values: list[float] = []
        self._sum, self._weight = 0.0, 0.0

    def add(self, value: float) -> None:
        """Take in a number."""
        self._sum = FORGETTING * self._sum + (1 - FORGETTING) * value
        self._weight = FORGETTING * self._weight + 1 - FORGETTING
        self.values.append(self._sum / self._weight)

    @property
    def exploded(self) -> bool:
        """Whether the latest is no number, or many times the lowest."""
        if not self.values:
            return False
        latest, lowest = self.values[-1], min(self.values)
        return not math.isfinite(latest) or (lowest > 0 and latest > EXPLODED * lowest)


def _ramp(optimizer: Optimizer | None, smallest: float, largest: float, batches: int) -> Optimizer:
    """A copy of the optimizer before its first step, whose rate grows with every batch."""
    assert optimizer is not None  # noqa: S101  (the model is compiled)
    if isinstance(optimizer, FullBatch):
        raise ArgumentError(
            f"The range test is for optimizers of mini-batches: {type(optimizer).__name__} looks "
            "at all samples before each step.",
            optimizer=type(optimizer).__name__,
        )
    made = copy.copy(optimizer)
    made.steps, made.state = 0, {}
    made.learning_rate = ExponentialDecay(
        smallest, decay_steps=1, decay_rate=(largest / smallest) ** (1 / (batches - 1))
    )
    return made


def _suggestion(rates: list[float], losses: Array, curve: Array) -> float | None:
    """Where the curve falls most steeply over log(rate), on its way to the lowest point.

    Batches differ, so the curve trembles before it falls: only what comes after it last was near
    its first level counts, and only a fall that is deeper than batches differ.
    """
    first = losses[: max(MEASURED, len(losses) // 10)]
    end = int(np.argmin(np.where(np.isfinite(curve), curve, np.inf)))
    fall = float(np.mean(first)) - float(curve[end])
    if not fall > np.std(first):  # of what is no number neither
        return None
    near = np.flatnonzero(curve[: end + 1] >= curve[end] + PLATEAU * fall)
    begin = int(near[-1]) if len(near) else 0
    if end - begin < 2:
        return None
    slopes = np.gradient(curve[begin : end + 1], np.log(rates[begin : end + 1]))
    return rates[begin + int(np.argmin(slopes))]
