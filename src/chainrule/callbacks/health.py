"""How each layer is doing while a network learns, in numbers, and in a sentence where it ails."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.callbacks.ailments import Ailment, LayerHealth, ailments
from chainrule.callbacks.callback import Callback, Logs
from chainrule.callbacks.looking import by_layer, look
from chainrule.core.console import say
from chainrule.core.plan import Plan
from chainrule.core.table import aligned
from chainrule.engines import interpret
from chainrule.engines.base import Run
from chainrule.errors import ArgumentError
from chainrule.optimizers import FullBatch

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

SLOPES = {"sigmoid": 0.25, "tanh": 1.0}
"""Activations that saturate, and their steepest slope."""
FLAT = 0.01
"""A unit is saturated where its slope is below this part of the steepest."""


@dataclass(frozen=True)
class HealthReport:
    """All layers after one epoch.

    Attributes:
        epoch: From 1.
        loss: The epoch's.
        layers: Those with parameters, in order.
        ailments: What ails, in a sentence each.
    """

    epoch: int
    loss: float
    layers: tuple[LayerHealth, ...]
    ailments: tuple[Ailment, ...]

    def __str__(self) -> str:
        rows: list[tuple[str, ...]] = [
            ("layer", "gradient", "weights", "update/weights", "dead", "saturated")
        ]
        for one in self.layers:
            parts = ("" if p is None else f"{p:.0%}" for p in (one.dead, one.saturated))
            numbers = (one.gradient_norm, one.weight_norm, one.update_ratio)
            rows.append((one.layer, *(f"{number:.2e}" for number in numbers), *parts))
        head = f"epoch {self.epoch}, loss {self.loss:.6g}"
        return "\n".join([head, *aligned(rows), *(ailment.sentence for ailment in self.ailments)])


class HealthMonitor(Callback):
    """Looks at every layer after each epoch, on a batch of the training data.

    Args:
        every: Look after every so many epochs.
        rows: Samples that are looked at.
        verbose: 1 prints each ailment when it is first found, 0 nothing.

    Attributes:
        reports: One :class:`HealthReport` for each look.

    Raises:
        ArgumentError: A number is no whole number from 1; or, when training begins, the optimizer
            looks at the whole batch.
    """

    def __init__(self, every: int = 1, rows: int = 256, verbose: int = 1) -> None:
        for name, number in (("every", every), ("rows", rows)):
            if not isinstance(number, int) or number < 1:
                raise ArgumentError(f"`{name}` must be a whole number from 1.", **{name: number})
        self.every, self.rows, self.verbose = every, rows, verbose
        self.reports: list[HealthReport] = []
        self._losses: list[float] = []
        self._told: set[tuple[str, str]] = set()

    def on_train_begin(self, logs: Logs | None = None) -> None:
        optimizer = getattr(self.model, "optimizer", None)
        if isinstance(optimizer, FullBatch):
            raise ArgumentError(
                "HealthMonitor judges steps on mini-batches, which this optimizer does not do; "
                "DistributionRecorder watches any.",
                optimizer=type(optimizer).__name__,
            )
        self.reports, self._losses, self._told = [], [], set()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        loss = float((logs or {}).get("loss", np.nan))
        self._losses.append(loss)
        if (epoch + 1) % self.every:
            return
        plan, run, arrays, scalars = self.model._watch.next_step(self.rows)
        with np.errstate(all="ignore"):
            layers = tuple(_layers(plan, run, arrays, scalars))
        found = tuple(ailments(layers, self._losses))
        self.reports.append(HealthReport(epoch + 1, loss, layers, found))
        for name, layer, sentence in found:
            if self.verbose and (name, layer) not in self._told:
                say(f"Epoch {epoch + 1}: {sentence}")
            self._told.add((name, layer))


def _layers(
    plan: Plan, run: Run, arrays: dict[str, Array], scalars: dict[str, float]
) -> Iterator[LayerHealth]:
    """Every layer with trainable parameters."""
    assert plan.update is not None  # noqa: S101  (compiled)
    values, gradient = look(plan, run, arrays)
    theta = run.theta[plan.layout.trainable]
    vectors = {"theta": theta, "grad": gradient * plan.update.loss_scale, **run.states}
    moved = interpret.update(plan.update, vectors, scalars)
    parts = [by_layer(plan, vector) for vector in (theta, gradient, moved["theta"] - theta)]
    dead, saturated = _activations(plan, values)
    for layer in parts[0]:
        weights, slopes, steps = (
            np.concatenate([array.ravel() for array in part[layer]]).astype(np.float64)
            for part in parts
        )
        norm = float(np.linalg.norm(weights))
        moves = float(np.linalg.norm(steps)) / norm if norm else 0.0
        yield LayerHealth(
            layer,
            float(np.linalg.norm(slopes)),
            float(np.sqrt(np.mean(slopes**2))) if slopes.size else 0.0,
            norm,
            moves,
            dead.get(layer),
            saturated.get(layer),
        )


def _activations(plan: Plan, values: interpret.Values) -> tuple[dict[str, float], dict[str, float]]:
    """By layer: the part of ReLUs that are 0 throughout, and of activations that are flat.

    The outputs are left out: where classes are told apart well, they saturate as they should.
    """
    assert plan.train is not None  # noqa: S101
    dead: dict[str, float] = {}
    saturated: dict[str, float] = {}
    last = {head.output for head in plan.heads}
    for node in plan.train.nodes:
        layer = node.output.rpartition("/")[0]
        if node.output in last:
            continue
        y = values[node.output]
        if node.rule.name == "relu":
            dead[layer] = float(np.mean(np.all(y == 0, axis=tuple(range(y.ndim - 1)))))
        elif node.rule.name in SLOPES:
            known = {"z": values[node.inputs["z"]], "y": y, "y_bar": np.ones_like(y)}
            slope = node.rule.cotangents["z"]
            slopes = slope(**{name: known[name] for name in interpret.needs(slope)})
            saturated[layer] = float(np.mean(np.abs(slopes) < FLAT * SLOPES[node.rule.name]))
    return dead, saturated
