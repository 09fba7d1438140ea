"""One optimizer's race: what is measured after each epoch, and what it costs."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.callbacks import Callback
from chainrule.callbacks.callback import Logs
from chainrule.core.bar import Bar
from chainrule.core.graph import LOSS
from chainrule.optimizers import GaussNewton, Newton

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from chainrule.models.model import Model

    Array = NDArray[Any]

PRODUCT = 2
"""Gradients that a product with the Hessian counts for: its forward-over-reverse pass does the
work of a gradient once for the values and once for their derivatives."""
TANGENT = 1
"""Gradients that the change of all predictions with one parameter counts for: a forward pass of
values and of their derivatives."""
MEMORY = 2**28
"""Bytes of weights kept along one path, at most."""
POINTS = 300
"""Points of a path that are drawn, at most."""


@dataclass(frozen=True, eq=False)
class Race:
    """How one optimizer did.

    All arrays begin with the start, before any step.

    Attributes:
        name: What it is called here.
        optimizer: Its class and settings.
        losses: The true loss on all training data after each epoch, weights at rest: (E + 1,).
        gradients: How many gradients were computed until then, counted in passes over the data.
        seconds: How long training took until then, without what measures it.
        updates: How many times the weights were moved until then.
        validation: The loss on the validation data, if there are any: (E + 1,).
        points: The weights along the way: (T, all parameters), T ≤ E + 1.
        epochs: The epoch of each of these points.
        ended: Why it ended before its budget; empty if it did not.
        model: The trained model.
    """

    name: str
    optimizer: str
    losses: Array
    gradients: Array
    seconds: Array
    updates: Array
    validation: Array | None
    points: Array = field(repr=False)
    epochs: Array = field(repr=False)
    ended: str = ""
    model: Any = field(default=None, repr=False)

    @property
    def diverged(self) -> bool:
        """Whether it ended with a loss or a weight that is no number."""
        return not math.isfinite(self.losses[-1]) or self.ended.startswith("diverging")

    @property
    def drawn(self) -> Array:
        """The epochs of those points that are drawn: all, or some hundreds of many."""
        return self.epochs[thinned(len(self.epochs), POINTS)]

    def to_reach(self, loss: float) -> float | None:
        """Gradients, in passes over the data, until the loss was no more than that; or never."""
        below = np.flatnonzero(self.losses <= loss)
        return float(self.gradients[below[0]]) if below.size else None


class Referee(Callback):
    """Measures after each epoch, while the clock stands still, and ends what used up its budget."""

    every_batch = False

    def __init__(
        self,
        loss: Callable[[Array], float],
        validation: Callable[[Array], float] | None,
        budget: int,
        bar: Bar,
    ) -> None:
        self.loss, self.validation, self.budget, self.bar = loss, validation, budget, bar
        self.losses: list[float] = []
        self.validations: list[float] = []
        self.gradients: list[float] = []
        self.seconds: list[float] = []
        self.updates: list[int] = []
        self.points: list[Array] = []
        self.epochs: list[int] = []
        self.ended = ""
        self._began = 0.0

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._every = max(1, -(-self.model.theta.nbytes * self.budget // MEMORY))
        self._measure(0.0, 0.0)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        seconds = self.seconds[-1] + time.perf_counter() - self._began
        gradients = self.gradients[-1] + gradients_of(self.model, logs or {})
        self._measure(seconds, gradients)
        self.bar.update(min(int(gradients), self.budget), {LOSS: self.losses[-1]})
        if not math.isfinite(self.losses[-1]) or not np.isfinite(self.model.theta).all():
            self.ended = f"diverging in epoch {epoch + 1}"
        if self.ended or gradients >= self.budget:
            self.model.stop_training = True

    def _measure(self, seconds: float, gradients: float) -> None:
        theta = self.model.theta
        with np.errstate(all="ignore"):
            self.losses.append(self.loss(theta))
            if self.validation is not None:
                self.validations.append(self.validation(theta))
        self.seconds.append(seconds)
        self.gradients.append(gradients)
        self.updates.append(self.model.optimizer.iterations)
        epoch = len(self.losses) - 1
        if epoch % self._every == 0 and np.isfinite(theta).all():
            self.points.append(theta.copy())
            self.epochs.append(epoch)
        self._began = time.perf_counter()

    def race(self, name: str, model: Model) -> Race:
        """What was measured."""
        optimizer = model.optimizer
        stopped = getattr(optimizer, "stopped", "")
        return Race(
            name,
            described(optimizer),
            np.array(self.losses),
            np.array(self.gradients),
            np.array(self.seconds),
            np.array(self.updates),
            np.array(self.validations) if self.validations else None,
            np.array(self.points),
            np.array(self.epochs),
            self.ended or stopped,
            model,
        )


def gradients_of(model: Model, logs: Logs) -> float:
    """Passes over the data for whose gradients an epoch did the work."""
    if "evaluations" not in logs:
        return 1.0
    parameters = model.layout.trainable_size
    match model.optimizer:
        case Newton():  # the whole Hessian: a product for each parameter
            more = PRODUCT * parameters
        case GaussNewton():  # how the predictions change with each parameter
            more = TANGENT * parameters
        case _:
            more = PRODUCT * int(logs.get("products", 0))
    return float(logs["evaluations"]) + more


def thinned(count: int, most: int) -> Array:
    """Places of at most ``most`` of ``count`` points, the first and the last among them.

    Half of them are spread evenly over the path, half over the early part where most happens.
    """
    if count <= most:
        return np.arange(count)
    even = np.linspace(0, count - 1, most // 2)
    early = np.geomspace(1, count, most // 2) - 1
    return np.unique(np.concatenate([even, early]).round().astype(int))


def described(optimizer: Any) -> str:
    """An optimizer's class with the settings that matter most."""
    config = optimizer.get_config()
    kept = ("learning_rate", "momentum", "nesterov", "line_search")
    shown = [
        f"{name}={value:g}" if isinstance(value, float) else f"{name}={value}"
        for name, value in config.items()
        if name in kept and value not in (None, False, 0.0) and not isinstance(value, Mapping)
    ]
    return f"{type(optimizer).__name__}({', '.join(shown)})"
