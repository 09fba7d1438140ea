"""What weights must satisfy after every update: each constraint moves them to where they do.

A constraint names an update rule of shape ``theta[*S] -> theta[*S]``, applied to each weight in
its own shape, and holds its options: ``NonNeg()([-1.0, 2.0])`` is ``[0.0, 2.0]``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import FunctionType
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from chainrule import config
from chainrule.core.configurable import resolve, revive
from chainrule.core.configurable import serialize as serialize
from chainrule.core.registry import Registry
from chainrule.core.rule import UpdateRule, update_rule
from chainrule.errors import ArgumentError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

__all__ = [
    "Constraint",
    "MaxNorm",
    "MinMaxNorm",
    "NonNeg",
    "UnitNorm",
    "deserialize",
    "get",
    "max_norm",
    "min_max_norm",
    "non_neg",
    "serialize",
    "unit_norm",
]

Axis = int | Sequence[int]


@update_rule("max_norm", "theta[*S] -> theta[*S]")
def max_norm_rule(theta, *, max_value=2.0, axis=0, epsilon=1e-7):
    """Vectors along ``axis`` that are longer than c are shortened to c."""
    norm = np.sqrt(np.sum(np.square(theta), axis=axis, keepdims=True))  # n = ‖θ‖
    wanted = np.clip(norm, 0, max_value)  # w = min(n, c)
    return theta * (wanted / (epsilon + norm))  # θ ← θ w / (ε + n)


@update_rule("min_max_norm", "theta[*S] -> theta[*S]")
def min_max_norm_rule(theta, *, min_value=0.0, max_value=1.0, rate=1.0, axis=0, epsilon=1e-7):
    """Vectors along ``axis`` go the share ρ of the way to a length between a and b."""
    norm = np.sqrt(np.sum(np.square(theta), axis=axis, keepdims=True))  # n = ‖θ‖
    inside = np.clip(norm, min_value, max_value)  # m = clip(n, a, b)
    wanted = rate * inside + (1 - rate) * norm  # w = ρ m + (1 − ρ) n
    return theta * (wanted / (epsilon + norm))  # θ ← θ w / (ε + n)


@update_rule("non_neg", "theta[*S] -> theta[*S]")
def non_neg_rule(theta):
    """Negative numbers become 0."""
    return np.maximum(theta, 0)  # θ ← max(θ, 0)


@update_rule("unit_norm", "theta[*S] -> theta[*S]")
def unit_norm_rule(theta, *, axis=0, epsilon=1e-7):
    """Vectors along ``axis`` become of length 1 (but for ε)."""
    norm = np.sqrt(np.sum(np.square(theta), axis=axis, keepdims=True))  # n = ‖θ‖
    return theta / (epsilon + norm)  # θ ← θ / (ε + n)


class Constraint:
    """Base: an update rule, and attributes that have the names of its options.

    A constraint of your own is an update rule, named by a subclass.

    Example:
        >>> @update_rule("at_most", "theta[*S] -> theta[*S]")
        ... def at_most_rule(theta, *, bound):
        ...     return np.minimum(theta, bound)     # θ ← min(θ, b)
        >>> class AtMost(Constraint):
        ...     rule = at_most_rule
        ...     def __init__(self, bound):
        ...         self.bound = bound
    """

    rule: ClassVar[UpdateRule]

    @property
    def epsilon(self) -> float:
        """What is added to a norm before dividing by it: ``config.epsilon()``."""
        return config.epsilon()

    @property
    def options(self) -> dict[str, Any]:
        """The rule's options: the attributes of those names."""
        return {name: getattr(self, name) for name in self.rule.options}

    def __call__(self, w: Any) -> Array:
        """The constrained array; lists and integers become of ``config.floatx()``."""
        theta = np.asarray(w)
        if theta.dtype.kind != "f" or not isinstance(w, np.ndarray | np.generic):
            theta = theta.astype(config.floatx())
        return self.rule.forward(theta, **self.options)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {name: value for name, value in self.options.items() if name != "epsilon"}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Constraint:
        """A constraint from :meth:`get_config`."""
        return cls(**config)

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in self.get_config().items())
        return f"{type(self).__name__}({shown})"


class MaxNorm(Constraint):
    """Every unit's incoming weights have at most the given norm (Srivastava et al., 2014, §5.1).

    Args:
        max_value: The largest Euclidean norm.
        axis: The axis or axes along which a unit's weights lie: 0 for ``Dense`` kernels
            (inputs, units), ``[0, 1, 2]`` for two-dimensional convolutions.

    Raises:
        ArgumentError: ``max_value`` is negative, or an axis is no integer.
    """

    rule = max_norm_rule

    def __init__(self, max_value: float = 2, axis: Axis = 0) -> None:
        self.max_value = _not_negative("max_value", max_value)
        self.axis = _axis(axis)


class MinMaxNorm(Constraint):
    """Every unit's incoming weights have a norm between two bounds.

    Args:
        min_value: The smallest Euclidean norm.
        max_value: The largest.
        rate: Which share of the way a norm outside goes at each step; 1 for all of it.
        axis: As for :class:`MaxNorm`.

    Raises:
        ArgumentError: The bounds are negative or not in order, ``rate`` is not between 0 and 1,
            or an axis is no integer.
    """

    rule = min_max_norm_rule

    def __init__(
        self, min_value: float = 0.0, max_value: float = 1.0, rate: float = 1.0, axis: Axis = 0
    ) -> None:
        self.min_value = _not_negative("min_value", min_value)
        self.max_value = _not_negative("max_value", max_value)
        if min_value > max_value:
            raise ArgumentError(
                "`min_value` must be at most `max_value`.",
                min_value=min_value,
                max_value=max_value,
            )
        if not 0 <= rate <= 1:
            raise ArgumentError("`rate` must be between 0 and 1.", rate=rate)
        self.rate = rate
        self.axis = _axis(axis)


class NonNeg(Constraint):
    """No weight is negative."""

    rule = non_neg_rule


class UnitNorm(Constraint):
    """Every unit's incoming weights have norm 1.

    Args:
        axis: As for :class:`MaxNorm`.

    Raises:
        ArgumentError: An axis is no integer.
    """

    rule = unit_norm_rule

    def __init__(self, axis: Axis = 0) -> None:
        self.axis = _axis(axis)


max_norm, min_max_norm, non_neg, unit_norm = MaxNorm, MinMaxNorm, NonNeg, UnitNorm

CONSTRAINTS: Registry[type[Constraint]] = Registry("constraint")
CONSTRAINTS.add("max_norm", MaxNorm, "MaxNorm")
CONSTRAINTS.add("min_max_norm", MinMaxNorm, "MinMaxNorm")
CONSTRAINTS.add("non_neg", NonNeg, "NonNeg")
CONSTRAINTS.add("unit_norm", UnitNorm, "UnitNorm")


def get(identifier: Any) -> Constraint | None:
    """The constraint for a name, an object, a class or a serialised one; ``None`` for ``None``.

    Raises:
        UnknownNameError: There is no constraint of that name.
        ArgumentError: A plain function was given: an engine cannot read it.
    """
    if identifier is None:
        return None
    if isinstance(identifier, FunctionType):
        raise ArgumentError(
            "A constraint must be a name or a Constraint, not a plain function. Make it an "
            "update rule, and name that in a subclass of chainrule.constraints.Constraint.",
            constraint=identifier,
        )
    return resolve(identifier, Constraint, CONSTRAINTS)


def deserialize(
    config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None
) -> Constraint | None:
    """The constraint from :func:`serialize`.

    Args:
        config: A serialised constraint, of this library or of Keras.
        custom_objects: Classes of your own by name, looked up first.

    Raises:
        UnknownNameError: The class is in neither table.
    """
    return revive(config, custom_objects, get)


def _not_negative(name: str, value: float) -> float:
    if not value >= 0:
        raise ArgumentError(f"`{name}` must be at least 0.", **{name: value})
    return value


def _axis(axis: Axis) -> int | tuple[int, ...]:
    """One axis, or several as the tuple that NumPy wants."""
    axes = tuple(axis) if isinstance(axis, Sequence) else (axis,)
    if not all(isinstance(one, int | np.integer) and not isinstance(one, bool) for one in axes):
        raise ArgumentError("`axis` must be an integer or several.", axis=axis)
    return tuple(map(int, axes)) if isinstance(axis, Sequence) else int(axes[0])
