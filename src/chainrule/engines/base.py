"""What an engine is: it builds a program from a plan, and a program trains, evaluates, predicts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

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
    """What is added up over batches: with it, losses and metrics stream.

    Attributes:
        samples: Number of samples.
        loss: Sum over batches of the batch's loss times its number of samples.
        measures: The sums of each metric.
    """

    samples: int = 0
    loss: float = 0.0
    measures: dict[str, Array] = field(default_factory=dict)

    def add(self, samples: int, loss: float, measures: Mapping[str, Array]) -> None:
        """Add one batch, or the sums of several."""
        self.samples += samples
        self.loss += loss
        for name, sums in measures.items():
            self.measures[name] = self.measures[name] + sums if name in self.measures else sums

    @property
    def mean_loss(self) -> float:
        """Mean loss per sample, in the loss's unit."""
        return self.loss / self.samples if self.samples else 0.0


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
    ) -> list[Sums]:
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
