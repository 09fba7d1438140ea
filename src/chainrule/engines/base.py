"""What an engine is: it builds a program from a plan, and a program trains, evaluates, predicts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from chainrule.core.plan import Plan

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

Arrays = Mapping[str, "Array"]
"""Arrays by their names in the plan."""


@dataclass
class Run:
    """What training changes: the program writes it in place.

    Attributes:
        theta: The flat parameter vector.
        states: The optimizer's state vectors by name.
        step: Updates done so far.
        seed: Seed of the model's random streams.
    """

    theta: Array
    states: dict[str, Array]
    step: int
    seed: int


@dataclass
class Sums:
    """What is added up over batches, in each of E passes: with it, losses and metrics stream.

    Attributes:
        samples: Number of samples in a pass.
        losses: Sums over batches of the batch's loss times its number of samples, shape (E,).
        measures: The sums of each metric, shape (E, S).
    """

    samples: int = 0
    losses: Array = field(default_factory=lambda: np.zeros(1))
    measures: dict[str, Array] = field(default_factory=dict)

    def add(self, other: Sums) -> None:
        """Add what further batches of these passes gave."""
        self.samples += other.samples
        self.losses = self.losses + other.losses
        for name, sums in other.measures.items():
            self.measures[name] = self.measures[name] + sums if name in self.measures else sums

    @property
    def mean_losses(self) -> Array:
        """Each pass's mean loss per sample, in the loss's unit."""
        return self.losses / max(self.samples, 1)


class Program(Protocol):
    """A plan made ready to run by an engine.

    Data are arrays by their names in the plan (inputs, targets, and sample weights where there
    are any), of any numeric type, each with one row per sample.
    """

    def train(
        self,
        run: Run,
        data: Arrays,
        order: Array,
        batch_size: int,
        scalars: Mapping[str, Array],
        passes: int = 1,
    ) -> Sums:
        """Do one update per batch of ``order``.

        Args:
            run: Parameters and optimizer state, changed in place.
            data: Inputs, targets and weights.
            order: Row numbers; each ``batch_size`` of them are one batch, the last may be short.
            batch_size: Samples in a batch.
            scalars: For each option of the update rules, its value at each of these steps.
            passes: How many equal parts ``order`` has; no batch reaches from one into the next.

        Returns:
            The sums of each pass.
        """
        ...

    def evaluate(self, run: Run, data: Arrays, batch_size: int) -> Sums:
        """Losses and metrics with the parameters as they are."""
        ...

    def predict(self, run: Run, data: Arrays, batch_size: int) -> tuple[Array, ...]:
        """Each output's predictions for all rows of the inputs, in the plan's float type."""
        ...


class Engine(Protocol):
    """Makes programs."""

    name: str

    def build(self, plan: Plan) -> Program:
        """A program for ``plan``."""
        ...
