"""Penalties on weights or outputs: one number that training adds to the loss.

A regularizer names a rule of shape ``w[*S] -> y[]`` and holds its options, so that every engine
can run it and its derivative: ``L2(0.01)([[3.0, 4.0]])`` is 0.25.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import FunctionType
from typing import Any, ClassVar, Literal

import numpy as np

from chainrule import config
from chainrule.core.configurable import resolve, revive
from chainrule.core.configurable import serialize as serialize
from chainrule.core.registry import Registry
from chainrule.core.rule import Rule, rule
from chainrule.errors import ArgumentError

__all__ = [
    "L1",
    "L1L2",
    "L2",
    "OrthogonalRegularizer",
    "Regularizer",
    "deserialize",
    "get",
    "l1",
    "l1_l2",
    "l2",
    "orthogonal_regularizer",
    "serialize",
]


@rule("l1_penalty", "w[*S] -> y[]")
def l1_penalty(w, *, l1):
    """The sum of magnitudes.

    At its kink, w = 0, the derivative is taken to be 0, as in Keras on TensorFlow and PyTorch, so
    that a weight of 0 stays there. (JAX takes it from the right.)
    """
    return l1 * np.sum(np.abs(w))  # y = λ₁ Σ |w|


@l1_penalty.wrt("w")
def l1_penalty_wrt_w(w, y_bar, *, l1):
    return y_bar * l1 * np.sign(w)  # ∂L/∂w = ȳ · λ₁ sign(w)


@rule("l2_penalty", "w[*S] -> y[]")
def l2_penalty(w, *, l2):
    """The sum of squares."""
    return l2 * np.sum(np.square(w))  # y = λ₂ Σ w²


@l2_penalty.wrt("w")
def l2_penalty_wrt_w(w, y_bar, *, l2):
    return y_bar * (2 * l2) * w  # ∂L/∂w = ȳ · 2 λ₂ w


@rule("l1_l2_penalty", "w[*S] -> y[]")
def l1_l2_penalty(w, *, l1, l2):
    """The sum of magnitudes and the sum of squares."""
    return l1 * np.sum(np.abs(w)) + l2 * np.sum(np.square(w))  # y = λ₁ Σ |w| + λ₂ Σ w²


@l1_l2_penalty.wrt("w")
def l1_l2_penalty_wrt_w(w, y_bar, *, l1, l2):
    return y_bar * (l1 * np.sign(w) + (2 * l2) * w)  # ∂L/∂w = ȳ · (λ₁ sign(w) + 2 λ₂ w)


@rule("orthogonal_penalty", "w[I,O] -> y[]")
def orthogonal_penalty(w, *, factor, axis=0, epsilon=1e-7):
    """The mean magnitude of the cosine between two rows (``axis`` 0) or columns (1).

    As in Keras a vector shorter than ε counts as one of length ε; a single vector, for which Keras
    divides 0 by 0, has no penalty.
    """
    v = np.moveaxis(w, axis, 0)  # vᵢ: the vectors, one a row
    norm = np.maximum(np.sqrt(np.sum(v * v, axis=1, keepdims=True)), epsilon)  # nᵢ = max(‖vᵢ‖, ε)
    u = v / norm  # uᵢ = vᵢ / nᵢ
    cosines = (u @ u.T) * (1 - np.eye(v.shape[0], dtype=w.dtype))  # cᵢⱼ = uᵢ · uⱼ, and cᵢᵢ = 0
    pairs = max(v.shape[0] * (v.shape[0] - 1), 1)  # m = I (I − 1)
    return factor * np.sum(np.abs(cosines)) / pairs  # y = λ Σᵢⱼ |cᵢⱼ| / m


@orthogonal_penalty.wrt("w")
def orthogonal_penalty_wrt_w(w, y_bar, *, factor, axis=0, epsilon=1e-7):
    v = np.moveaxis(w, axis, 0)  # vᵢ: the vectors, one a row
    norm = np.sqrt(np.sum(v * v, axis=1, keepdims=True))  # ‖vᵢ‖
    u = v / np.maximum(norm, epsilon)  # uᵢ = vᵢ / nᵢ, nᵢ = max(‖vᵢ‖, ε)
    signs = np.sign(u @ u.T) * (1 - np.eye(v.shape[0], dtype=w.dtype))  # sᵢⱼ = sign(cᵢⱼ), sᵢᵢ = 0
    pairs = max(v.shape[0] * (v.shape[0] - 1), 1)  # m = I (I − 1)
    u_bar = y_bar * (2 * factor) * (signs @ u) / pairs  # ūᵢ = ȳ · 2 λ Σⱼ sᵢⱼ uⱼ / m
    along = np.where(norm > epsilon, np.sum(u_bar * u, axis=1, keepdims=True), 0)  # aᵢ = ūᵢ · uᵢ
    v_bar = (u_bar - along * u) / np.maximum(norm, epsilon)  # v̄ᵢ = (ūᵢ − aᵢ uᵢ) / nᵢ
    return np.moveaxis(v_bar, 0, axis)  # ∂L/∂w


class Regularizer:
    """Base: a rule, and attributes that have the names of its options.

    A penalty of your own is a rule (see :mod:`chainrule.core.rule`) with a derivative, named by a
    subclass. (Keras takes any function of an array; here it would have no derivative.)

    Example:
        >>> @rule("fourth_power", "w[*S] -> y[]")
        ... def fourth_power(w, *, strength):
        ...     return strength * np.sum(w**4)         # y = λ Σ w⁴
        >>> @fourth_power.wrt("w")
        ... def fourth_power_wrt_w(w, y_bar, *, strength):
        ...     return y_bar * 4 * strength * w**3     # ∂L/∂w = ȳ · 4 λ w³
        >>> class FourthPower(Regularizer):
        ...     rule = fourth_power
        ...     def __init__(self, strength=0.01):
        ...         self.strength = strength
    """

    rule: ClassVar[Rule]

    @property
    def options(self) -> dict[str, Any]:
        """The rule's options: the attributes of those names."""
        return {name: getattr(self, name) for name in self.rule.options}

    def __call__(self, x: Any) -> Any:
        """The penalty of an array as one number, of the array's float type.

        Raises:
            ShapeError: The rule is not for arrays of this shape.
        """
        return self.rule(x, **self.options)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return self.options

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Regularizer:
        """A regularizer from :meth:`get_config`."""
        return cls(**config)

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in self.get_config().items())
        return f"{type(self).__name__}({shown})"


class L1(Regularizer):
    """λ₁ Σ |w|: draws weights to exactly 0 (Tibshirani, 1996, "lasso").

    Args:
        l1: λ₁.

    Raises:
        ArgumentError: ``l1`` is not a finite number of at least 0.
    """

    rule = l1_penalty

    def __init__(self, l1: float = 0.01) -> None:
        self.l1 = _strength("l1", l1)


class L2(Regularizer):
    """λ₂ Σ w²: draws weights towards 0 (Hoerl & Kennard, 1970, "ridge").

    There is no factor ½, as in Keras; PyTorch's ``weight_decay`` of w is 2 λ₂.

    Args:
        l2: λ₂.

    Raises:
        ArgumentError: ``l2`` is not a finite number of at least 0.
    """

    rule = l2_penalty

    def __init__(self, l2: float = 0.01) -> None:
        self.l2 = _strength("l2", l2)


class L1L2(Regularizer):
    """λ₁ Σ |w| + λ₂ Σ w² (Zou & Hastie, 2005, "elastic net").

    As in Keras neither is on unless given, so the mere name ``"l1_l2"`` penalises nothing.

    Args:
        l1: λ₁.
        l2: λ₂.

    Raises:
        ArgumentError: One of them is not a finite number of at least 0.
    """

    rule = l1_l2_penalty

    def __init__(self, l1: float = 0.0, l2: float = 0.0) -> None:
        self.l1, self.l2 = _strength("l1", l1), _strength("l2", l2)


class OrthogonalRegularizer(Regularizer):
    """λ times the mean magnitude of the cosine between two rows, or columns, of a matrix.

    Args:
        factor: λ.
        mode: ``"rows"`` or ``"columns"``.

    Raises:
        ArgumentError: ``factor`` is not a finite number of at least 0, or ``mode`` is another.
    """

    rule = orthogonal_penalty

    def __init__(self, factor: float = 0.01, mode: Literal["rows", "columns"] = "rows") -> None:
        if mode not in ("rows", "columns"):
            raise ArgumentError("`mode` must be 'rows' or 'columns'.", mode=mode)
        self.factor = _strength("factor", factor)
        self.mode = mode

    @property
    def options(self) -> dict[str, Any]:
        """The rule's options; ε is ``config.epsilon()``."""
        axis = ("rows", "columns").index(self.mode)
        return {"factor": self.factor, "axis": axis, "epsilon": config.epsilon()}

    def get_config(self) -> dict[str, Any]:
        return {"factor": self.factor, "mode": self.mode}


l1, l2, l1_l2, orthogonal_regularizer = L1, L2, L1L2, OrthogonalRegularizer

REGULARIZERS: Registry[type[Regularizer]] = Registry("regularizer")
REGULARIZERS.add("l1", L1, "L1")
REGULARIZERS.add("l2", L2, "L2")
REGULARIZERS.add("l1l2", L1L2, "L1L2", "l1_l2")
REGULARIZERS.add("orthogonal_regularizer", OrthogonalRegularizer, "OrthogonalRegularizer")


def get(identifier: Any) -> Regularizer | None:
    """The regularizer for a name, an object, a class or a serialised one; ``None`` for ``None``.

    Beyond Keras' names, ``"l1_l2"`` is understood (Keras has that alias, but not as a string).

    Raises:
        UnknownNameError: There is no regularizer of that name.
        ArgumentError: A plain function was given: it has no derivative.
    """
    if identifier is None:
        return None
    if isinstance(identifier, FunctionType):
        raise ArgumentError(
            "A regularizer must be a name or a Regularizer; a plain function has no derivative. "
            "Make it a rule, and name that in a subclass of chainrule.regularizers.Regularizer.",
            regularizer=identifier,
        )
    return resolve(identifier, Regularizer, REGULARIZERS)


def deserialize(
    config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None
) -> Regularizer | None:
    """The regularizer from :func:`serialize`.

    Args:
        config: A serialised regularizer, of this library or of Keras.
        custom_objects: Classes of your own by name, looked up first.

    Raises:
        UnknownNameError: The class is in neither table.
    """
    return revive(config, custom_objects, get)


def _strength(name: str, value: Any) -> float:
    if (
        isinstance(value, bool)
        or not isinstance(value, int | float | np.number)
        or not 0 <= value < math.inf
    ):
        raise ArgumentError(f"`{name}` must be a finite number of at least 0.", **{name: value})
    return float(value)
