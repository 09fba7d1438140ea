"""Arguments of optimizers: their ranges, and those that all optimizers take."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from typing import Any, TypedDict

import numpy as np

from chainrule.errors import ArgumentError
from chainrule.optimizers.schedule import LearningRateSchedule

Rate = float | LearningRateSchedule | Callable[[], float]
"""A learning rate: a number, a schedule, or a function that is called at every step."""


class Undecayed(TypedDict, total=False):
    """The arguments that every optimizer takes, without ``weight_decay``."""

    clipnorm: float | None
    clipvalue: float | None
    global_clipnorm: float | None
    use_ema: bool
    ema_momentum: float
    ema_overwrite_frequency: int | None
    loss_scale_factor: float | None
    gradient_accumulation_steps: int | None
    name: str | None
    decay: Any


class Common(Undecayed, total=False):
    """The arguments that every optimizer takes; see :class:`Optimizer`."""

    weight_decay: float | None


def fraction(name: str, value: float) -> float:
    """A number that must lie in [0, 1).

    Raises:
        ArgumentError: It does not.
    """
    if not 0 <= value < 1:
        raise ArgumentError(f"`{name}` must be at least 0 and less than 1.", **{name: value})
    return float(value)


def share(name: str, value: float) -> float:
    """A number that must lie in [0, 1].

    Raises:
        ArgumentError: It does not.
    """
    if not 0 <= value <= 1:
        raise ArgumentError(f"`{name}` must be between 0 and 1.", **{name: value})
    return float(value)


def positive(name: str, value: float) -> float:
    """A number that must be greater than 0.

    Raises:
        ArgumentError: It is not.
    """
    if not value > 0:
        raise ArgumentError(f"`{name}` must be greater than 0.", **{name: value})
    return float(value)


def not_negative(name: str, value: float) -> float:
    """A number that must be at least 0.

    Raises:
        ArgumentError: It is less.
    """
    if not value >= 0:
        raise ArgumentError(f"`{name}` must be at least 0.", **{name: value})
    return float(value)


def whole(name: str, value: int, least: int) -> int:
    """An integer that must be at least ``least``.

    Raises:
        ArgumentError: It is no integer, or less.
    """
    if isinstance(value, bool) or not hasattr(value, "__index__") or value < least:
        raise ArgumentError(f"`{name}` must be an integer of at least {least}.", **{name: value})
    return int(value)


def learning_rate(value: Any) -> Rate:
    """A learning rate; numbers of all kinds become floats.

    Raises:
        ArgumentError: It is no learning rate, or negative, or not finite.
    """
    if isinstance(value, LearningRateSchedule):
        return value
    if isinstance(value, int | float | np.number) and not isinstance(value, bool):
        if not (np.isfinite(value) and value >= 0):
            raise ArgumentError(
                "`learning_rate` must be finite and not negative.", learning_rate=value
            )
        return float(value)
    if callable(value) and not isinstance(value, type):
        return value
    raise ArgumentError(
        "`learning_rate` must be a number, a LearningRateSchedule or a function without arguments.",
        learning_rate=value,
    )


def _integer_from(least: int) -> Callable[[str, Any], int]:
    return lambda name, value: whole(name, value, least)


_COMMON: dict[str, tuple[Any, Callable[[str, Any], Any]]] = {
    "weight_decay": (None, not_negative),
    "clipnorm": (None, positive),
    "global_clipnorm": (None, positive),
    "clipvalue": (None, positive),
    "use_ema": (False, lambda _, value: bool(value)),
    "ema_momentum": (0.99, share),
    "ema_overwrite_frequency": (None, _integer_from(1)),
    "loss_scale_factor": (None, positive),
    "gradient_accumulation_steps": (None, _integer_from(2)),
}
"""Default and check of each common argument, in the order of Keras' configuration."""

DEFAULTS = {name: default for name, (default, _) in _COMMON.items()}


def common_settings(given: Mapping[str, Any]) -> dict[str, Any]:
    """The common arguments, checked and complete; ``decay`` is dropped with a warning.

    Raises:
        ArgumentError: One is unknown or out of its range, or two kinds of clipping are asked for.
    """
    given = dict(given)
    if given.pop("decay", None) is not None:
        warnings.warn(
            "`decay` is ignored, as in Keras. Use a schedule as learning rate, or `weight_decay`.",
            stacklevel=4,
        )
    if unknown := {name: value for name, value in given.items() if name not in _COMMON}:
        raise ArgumentError("Optimizers have no such argument.", **unknown)
    clippings = ("clipnorm", "clipvalue", "global_clipnorm")
    asked = {name: given[name] for name in clippings if given.get(name) is not None}
    if len(asked) > 1:
        raise ArgumentError(
            "Only one of `clipnorm`, `clipvalue` and `global_clipnorm` may be given.", **asked
        )
    values = {**DEFAULTS, **given}
    return {
        name: None if values[name] is None and default is None else check(name, values[name])
        for name, (default, check) in _COMMON.items()
    }
