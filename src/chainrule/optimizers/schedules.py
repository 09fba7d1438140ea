"""Learning rates that change from step to step, each a formula of the step number.

Steps count from 0; with gradient accumulation every batch is a step. A formula takes one number or
an array of them, so that the rates of a whole epoch are computed at once.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.core.configurable import resolve, revive
from chainrule.core.configurable import serialize as serialize
from chainrule.core.registry import Registry
from chainrule.errors import ArgumentError
from chainrule.optimizers.schedule import LearningRateSchedule

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

__all__ = [
    "CosineDecay",
    "CosineDecayRestarts",
    "ExponentialDecay",
    "InverseTimeDecay",
    "LearningRateSchedule",
    "PiecewiseConstantDecay",
    "PolynomialDecay",
    "deserialize",
    "get",
    "serialize",
]


class _Formula(LearningRateSchedule):
    """A schedule whose ``__call__`` takes arrays, and whose fields are its arguments."""

    def over(self, steps: Array) -> Array:
        return np.asarray(self(steps), np.float64)

    def get_config(self) -> dict[str, Any]:
        return asdict(self)  # type: ignore[call-overload]  # every subclass is a dataclass


@dataclass(frozen=True)
class ExponentialDecay(_Formula):
    """The rate is multiplied by ``decay_rate`` in every ``decay_steps`` steps.

    Args:
        initial_learning_rate: η₀, the rate at step 0.
        decay_steps: S > 0.
        decay_rate: r.
        staircase: Whether it changes at the end of each S steps only.
        name: Kept for Keras' configuration.
    """

    initial_learning_rate: float
    decay_steps: float
    decay_rate: float
    staircase: bool = False
    name: str = "ExponentialDecay"

    def __post_init__(self) -> None:
        _check_positive("decay_steps", self.decay_steps)

    def __call__(self, step: Any) -> Any:
        p = _progress(step, self.decay_steps, self.staircase)
        return self.initial_learning_rate * np.power(float(self.decay_rate), p)  # η = η₀ rᵖ


@dataclass(frozen=True)
class InverseTimeDecay(_Formula):
    """The rate is divided by a number that grows by ``decay_rate`` in every ``decay_steps`` steps.

    Args:
        initial_learning_rate: η₀, the rate at step 0.
        decay_steps: S > 0.
        decay_rate: r.
        staircase: Whether it changes at the end of each S steps only.
        name: Kept for Keras' configuration.
    """

    initial_learning_rate: float
    decay_steps: float
    decay_rate: float
    staircase: bool = False
    name: str = "InverseTimeDecay"

    def __post_init__(self) -> None:
        _check_positive("decay_steps", self.decay_steps)

    def __call__(self, step: Any) -> Any:
        p = _progress(step, self.decay_steps, self.staircase)
        return self.initial_learning_rate / (1 + self.decay_rate * p)  # η = η₀ / (1 + r p)


@dataclass(frozen=True)
class PolynomialDecay(_Formula):
    """The rate falls to ``end_learning_rate`` in ``decay_steps`` steps, and stays there.

    Args:
        initial_learning_rate: η₀, the rate at step 0.
        decay_steps: S > 0.
        end_learning_rate: η₁.
        power: k: 1 for a straight line.
        cycle: Whether it rises again after S steps, to fall to η₁ at the end of the next S.
        name: Kept for Keras' configuration.
    """

    initial_learning_rate: float
    decay_steps: float
    end_learning_rate: float = 0.0001
    power: float = 1.0
    cycle: bool = False
    name: str = "PolynomialDecay"

    def __post_init__(self) -> None:
        _check_positive("decay_steps", self.decay_steps)

    def __call__(self, step: Any) -> Any:
        s = np.asarray(step, np.float64)
        if self.cycle:
            period = self.decay_steps * np.maximum(np.ceil(s / self.decay_steps), 1)  # S ⌈s / S⌉
            p = s / period
        else:
            p = np.minimum(s, self.decay_steps) / self.decay_steps
        span = self.initial_learning_rate - self.end_learning_rate
        return span * np.power(1 - p, self.power) + self.end_learning_rate  # (η₀ − η₁)(1−p)ᵏ + η₁


@dataclass(frozen=True)
class PiecewiseConstantDecay(_Formula):
    """The rate is ``values[0]`` up to and including step ``boundaries[0]``, and so on.

    Args:
        boundaries: The last step of each value but the last, in rising order.
        values: One more than there are boundaries.
        name: Kept for Keras' configuration.

    Raises:
        ArgumentError: The numbers of boundaries and values do not fit, or the boundaries do not
            rise (Keras adds values up then).
    """

    boundaries: Sequence[float]
    values: Sequence[float]
    name: str = "PiecewiseConstant"

    def __post_init__(self) -> None:
        if len(self.boundaries) != len(self.values) - 1:
            raise ArgumentError(
                "There must be one more of `values` than of `boundaries`.",
                boundaries=self.boundaries,
                values=self.values,
            )
        if any(a >= b for a, b in zip(self.boundaries, self.boundaries[1:], strict=False)):
            raise ArgumentError("`boundaries` must rise.", boundaries=self.boundaries)

    def __call__(self, step: Any) -> Any:
        piece = np.searchsorted(np.asarray(self.boundaries, np.float64), step, side="left")
        return np.asarray(self.values, np.float64)[piece]


@dataclass(frozen=True)
class CosineDecay(_Formula):
    """The rate falls along half a cosine (Loshchilov & Hutter, 2017, eq. 5), after a warm-up.

    Args:
        initial_learning_rate: η₀, the rate at step 0.
        decay_steps: S > 0: how long the fall takes, after the warm-up.
        alpha: α: the share of the highest rate that is left in the end.
        name: Kept for Keras' configuration.
        warmup_target: The rate to which it rises first, in a straight line; ``None`` for none.
        warmup_steps: How long the rise takes.
    """

    initial_learning_rate: float
    decay_steps: float
    alpha: float = 0.0
    name: str = "CosineDecay"
    warmup_target: float | None = None
    warmup_steps: float = 0

    def __post_init__(self) -> None:
        _check_positive("decay_steps", self.decay_steps)

    def __call__(self, step: Any) -> Any:
        s = np.asarray(step, np.float64)
        if self.warmup_target is None:
            return self._fall(s, self.initial_learning_rate)
        risen = s / max(self.warmup_steps, 1)
        rise = (
            self.initial_learning_rate + (self.warmup_target - self.initial_learning_rate) * risen
        )
        fall = self._fall(s - self.warmup_steps, self.warmup_target)
        return np.where(s < self.warmup_steps, rise, fall)[()]

    def _fall(self, s: Array, highest: float) -> Any:
        p = np.minimum(s, self.decay_steps) / self.decay_steps
        cosine = 0.5 * (1 + np.cos(math.pi * p))  # c = (1 + cos π p) / 2
        return highest * ((1 - self.alpha) * cosine + self.alpha)  # η = η₀ ((1 − α) c + α)


@dataclass(frozen=True)
class CosineDecayRestarts(_Formula):
    """The rate falls along half a cosine again and again (Loshchilov & Hutter, 2017, SGDR).

    Rounding may make a restart of Keras' one step late; here it does not.

    Args:
        initial_learning_rate: η₀, the rate at step 0.
        first_decay_steps: How long the first fall takes.
        t_mul: How many times longer each fall is than the one before; at least 1. (Keras takes
            less, and gives NaN once all its periods, which are of finite length then, are over.)
        m_mul: How many times higher each fall begins.
        alpha: α: the share of η₀ that is left at the end of each fall.
        name: Kept for Keras' configuration.
    """

    initial_learning_rate: float
    first_decay_steps: float
    t_mul: float = 2.0
    m_mul: float = 1.0
    alpha: float = 0.0
    name: str = "SGDRDecay"

    def __post_init__(self) -> None:
        _check_positive("first_decay_steps", self.first_decay_steps)
        if not self.t_mul >= 1:
            raise ArgumentError("`t_mul` must be at least 1.", t_mul=self.t_mul)

    def __call__(self, step: Any) -> Any:
        done = np.asarray(step, np.float64) / self.first_decay_steps
        if self.t_mul == 1:
            restarts = np.floor(done)
            p = done - restarts
        else:  # n falls take (tⁿ − 1) / (t − 1) times the first
            grown = 1 + done * (self.t_mul - 1)
            logarithm = np.log(grown) / math.log(self.t_mul)
            restarts = np.floor(logarithm + 1e-9)  # rounding must not put a restart off by a step
            length = np.power(float(self.t_mul), restarts)
            p = (done - (length - 1) / (self.t_mul - 1)) / length
        height = np.power(float(self.m_mul), restarts)
        cosine = 0.5 * height * (1 + np.cos(math.pi * p))  # c = mⁿ (1 + cos π p) / 2
        return self.initial_learning_rate * ((1 - self.alpha) * cosine + self.alpha)


SCHEDULES: Registry[type[LearningRateSchedule]] = Registry("learning rate schedule")
for _kind in (
    ExponentialDecay,
    InverseTimeDecay,
    PolynomialDecay,
    PiecewiseConstantDecay,
    CosineDecay,
    CosineDecayRestarts,
):
    SCHEDULES.add(_kind.__name__, _kind, _kind.__name__.lower())


def get(identifier: Any) -> LearningRateSchedule:
    """The schedule for an object or a serialised one, of this library or of Keras.

    Raises:
        UnknownNameError: There is no schedule of that name.
    """
    return resolve(identifier, LearningRateSchedule, SCHEDULES)


def deserialize(
    config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None
) -> LearningRateSchedule:
    """The schedule from :func:`serialize`.

    Args:
        config: A serialised schedule, of this library or of Keras.
        custom_objects: Classes of your own by name, looked up first.

    Raises:
        UnknownNameError: The class is in neither table.
    """
    return revive(config, custom_objects, get)


def _progress(step: Any, decay_steps: float, staircase: bool) -> Any:
    p = np.asarray(step, np.float64) / decay_steps  # p = s / S
    return np.floor(p) if staircase else p


def _check_positive(name: str, value: float) -> None:
    if not value > 0:
        raise ArgumentError(f"`{name}` must be greater than 0.", **{name: value})
