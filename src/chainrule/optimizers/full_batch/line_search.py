"""The line search: how far to go in a direction, by the strong Wolfe conditions.

Nocedal & Wright, Numerical Optimization (2006), algorithms 3.5 and 3.6. Along θ + α p the loss is a
function φ of α. A step is good if the loss fell enough, φ(α) ≤ φ(0) + c₁ α φ′(0), and the slope
became flat enough, |φ′(α)| ≤ c₂ |φ′(0)|.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from chainrule.optimizers.full_batch.point import Point

ENOUGH = 1e-4
"""c₁: the share of the fall that the first slope promises."""
WIDENINGS = 20
"""Steps tried, each longer than the last, until a good one is passed."""
NARROWINGS = 30
"""Steps tried between two that enclose a good one."""
ROUNDING = 8.0
"""Relative spacings of numbers by which two computed losses may differ though equal."""


@dataclass(frozen=True)
class Trial:
    """A step that was tried.

    Attributes:
        step: α.
        point: Where it led.
        slope: φ′(α).
    """

    step: float
    point: Point
    slope: float

    @property
    def loss(self) -> float:
        """φ(α); infinite where the loss or its gradient is no number."""
        return self.point.loss if self.point.is_finite else math.inf


class LineSearch:
    """A search along one direction.

    Args:
        along: Tries a step.
        start: The trial of step 0; its slope is negative.
        flat: c₂.
        precision: The relative spacing of the numbers that losses are made of.

    Attributes:
        evaluations: Steps tried.
    """

    def __init__(
        self,
        along: Callable[[float], Trial],
        start: Trial,
        flat: float,
        precision: float,
    ) -> None:
        self._along, self._start, self._flat = along, start, flat
        self._slack = ROUNDING * precision * abs(start.loss)
        self._precision = precision
        self.evaluations = 0

    def find(self, first: float) -> Trial | None:
        """A good step: algorithm 3.5.

        Args:
            first: The step to try first.

        Returns:
            A step that meets the strong Wolfe conditions. Where there is none within
            :data:`WIDENINGS` and :data:`NARROWINGS`: the best one, if the loss fell enough;
            else ``None``.
        """
        before, step = self._start, first
        for _ in range(WIDENINGS):
            trial = self._try(step)
            if self._is_good(trial):
                return trial
            if not self._fell(trial) or trial.loss >= before.loss:
                return self._between(before, trial)
            if trial.slope >= 0:
                return self._between(trial, before)
            before, step = trial, _longer(before, trial)
        return before

    def _between(self, low: Trial, high: Trial) -> Trial | None:
        """A good step between two: algorithm 3.6. ``low`` is the better."""
        for _ in range(NARROWINGS):
            if abs(high.step - low.step) <= self._precision * max(low.step, high.step):
                break
            trial = self._try(_inside(low, high))
            if self._is_good(trial):
                return trial
            if not self._fell(trial) or trial.loss >= low.loss:
                high = trial
            else:
                if trial.slope * (high.step - low.step) >= 0:
                    high = low
                low = trial
        return low if low.step > 0 else None

    def _try(self, step: float) -> Trial:
        self.evaluations += 1
        return self._along(step)

    def _fell(self, trial: Trial) -> bool:
        """The first condition."""
        return trial.loss <= self._start.loss + ENOUGH * trial.step * self._start.slope

    def _is_good(self, trial: Trial) -> bool:
        """Both conditions.

        Where losses differ by less than their rounding, slopes alone decide (Hager & Zhang, 2005,
        eq. 4.1).
        """
        if not math.isfinite(trial.loss) or abs(trial.slope) > -self._flat * self._start.slope:
            return False
        equal = abs(trial.loss - self._start.loss) <= self._slack
        return self._fell(trial) or (equal and trial.slope <= (2 * ENOUGH - 1) * self._start.slope)


def _longer(before: Trial, trial: Trial) -> float:
    """Where a straight line through two slopes is 0, between twice and ten times the step."""
    turn = before.slope - trial.slope
    reach = trial.step - (trial.step - before.step) * trial.slope / turn if turn else math.inf
    farther = reach if reach > trial.step else math.inf
    return min(max(farther, 2 * trial.step), 10 * trial.step)


def _inside(low: Trial, high: Trial) -> float:
    """The minimum of the cubic through losses and slopes of two trials (eq. 3.59).

    It keeps a tenth of their distance from both; where there is no minimum, the middle.
    """
    width = high.step - low.step
    step = low.step + 0.5 * width
    if math.isfinite(high.loss):
        bend = low.slope + high.slope - 3 * (low.loss - high.loss) / (low.step - high.step)
        square = bend * bend - low.slope * high.slope
        if square >= 0:
            root = math.copysign(math.sqrt(square), width)
            below = high.slope - low.slope + 2 * root
            if below:
                step = high.step - width * (high.slope + root - bend) / below
    nearest, farthest = sorted((low.step + 0.1 * width, high.step - 0.1 * width))
    return min(max(step, nearest), farthest)
