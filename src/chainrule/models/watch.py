"""An eye on a training's numbers: always on, and cheap. The first that is lost is looked for."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.core.plan import Plan
from chainrule.engines.base import Program, Run, Sums
from chainrule.models.recorder import Call, Recorder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from chainrule.models.breakdown import Breakdown
    from chainrule.models.data import Data
    from chainrule.models.model import Model

    Array = NDArray[Any]


class Watch:
    """One ``fit`` is watched.

    Args:
        model: The model.

    Attributes:
        breakdown: The first step that lost a number, once there is one.
    """

    def __init__(self, model: Model) -> None:
        self._model, self._recorder, self._told = model, Recorder(), False
        self._whole: Data | None = None
        self.breakdown: Breakdown | None = None

    def before(self, run: Run, call: Call) -> None:
        """Called before each call of the engine."""
        if not self.breakdown:
            self._recorder.note(run, call)

    def after(self, sums: Sums, program: Program) -> None:
        """Called after each call of the engine."""
        if not self.breakdown and not np.isfinite(sums.losses).all():
            self._examine(program)

    def epochs(self, losses: Sequence[float] | Array, first: int) -> None:
        """Called after epochs, counted from 0: say once that the loss is lost, and where."""
        (lost,) = np.nonzero(~np.isfinite(losses))
        if lost.size:
            loss = losses[lost[0]]
            self._tell(f"The loss became {loss} in epoch {first + 1 + lost[0]}", 5)

    def end(self, program: Program) -> None:
        """Called after the last epoch: what the very last step lost is in no loss."""
        if self._told or bool(np.isfinite(self._model.theta).all()):
            return
        if not self.breakdown:
            self._examine(program)
        self._tell("The last step made weights that are not finite", 4)

    def _examine(self, program: Program) -> None:
        from chainrule.models.breakdown import examine  # reads source: not before it must

        self.breakdown = examine(self._model, self._recorder, program)

    def _tell(self, what: str, depth: int) -> None:
        """Warn at the user's call of ``fit``, so many calls up."""
        if self._told:
            return
        self._told = True
        where = f" First: {self.breakdown} See `model.breakdown`." if self.breakdown else ""
        warnings.warn(
            f"{what}: training diverged and the weights are no longer usable.{where}",
            RuntimeWarning,
            stacklevel=depth,
        )

    def trains_on(self, data: Data) -> None:
        """Called by who trains on all samples at once, not in calls of the engine."""
        self._whole = data

    def sample(self, most: int) -> tuple[Plan, Run, dict[str, Array]]:
        """The weights, and up to so many of the samples trained last."""
        if self._whole is not None:
            arrays = dict(self._whole.take(slice(0, most)).arrays)
        else:
            arrays = self._recorder.latest(most)
        return self._model.plan, self._model._run(), arrays

    def next_step(self, most: int) -> tuple[Plan, Run, dict[str, Array], dict[str, float]]:
        """What the next step would be given, on up to so many of the samples trained last."""
        plan, run, arrays = self.sample(most)
        optimizer = self._model.optimizer
        assert optimizer is not None  # noqa: S101  (it is being trained)
        scalars = optimizer.scalars(run.step + 1, 1)
        return plan, run, arrays, {name: float(values[0]) for name, values in scalars.items()}
