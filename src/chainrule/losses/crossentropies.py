"""Losses of probabilities as classes: the cross-entropies, their kin, and divergences."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from chainrule.errors import ArgumentError
from chainrule.losses import probabilities
from chainrule.losses.loss import Loss
from chainrule.losses.lossrule import last_axis


class _Crossentropy(Loss):
    """What the cross-entropies share: logits or probabilities, and smoothed targets."""

    def __init__(
        self,
        from_logits: bool,
        label_smoothing: float,
        axis: int,
        reduction: str | None,
        name: str | None,
        dtype: Any,
    ) -> None:
        super().__init__(reduction, name, dtype)
        if not 0 <= label_smoothing <= 1:
            raise ArgumentError(
                "`label_smoothing` must be between 0 and 1.", label_smoothing=label_smoothing
            )
        self.axis = last_axis(axis)
        self.from_logits = bool(from_logits)
        if not self.sparse:
            self.options["label_smoothing"] = float(label_smoothing)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"from_logits": self.from_logits, "axis": self.axis}


class BinaryCrossentropy(_Crossentropy):
    """Cross-entropy of yes/no targets, in nats: −t ln p − (1 − t) ln(1 − p), mean over outputs.

    Args:
        from_logits: Whether predictions are pre-activations z, with p = σ(z).
        label_smoothing: s moves targets towards one half: t(1 − s) + s/2.
        axis: Must be -1.
        reduction: See :class:`Loss`.
        name: See :class:`Loss`.
        dtype: See :class:`Loss`.

    Raises:
        ArgumentError: ``axis`` or ``label_smoothing`` is out of range.

    Note:
        Behind a sigmoid a model fuses the two, so that the gradient is exactly p − t, also where
        p has rounded to 0 or 1. Keras does so on TensorFlow only; elsewhere it clips p to
        [1e-7, 1 − 1e-7], which stops the gradient of a saturated unit.
    """

    rule = probabilities.binary_crossentropy

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(from_logits, label_smoothing, axis, reduction, name, dtype)


class CategoricalCrossentropy(_Crossentropy):
    """Cross-entropy of one-hot (or soft) targets, in nats: −Σ tₖ ln pₖ.

    Args:
        from_logits: Whether predictions are pre-activations z, with p = softmax(z).
        label_smoothing: s moves targets towards uniform: t(1 − s) + s/K.
        axis: Must be -1.
        reduction: See :class:`Loss`.
        name: See :class:`Loss`.
        dtype: See :class:`Loss`.

    Raises:
        ArgumentError: ``axis`` or ``label_smoothing`` is out of range.

    Note:
        Behind a softmax a model fuses the two; see :class:`BinaryCrossentropy`.
    """

    rule = probabilities.categorical_crossentropy

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(from_logits, label_smoothing, axis, reduction, name, dtype)


class SparseCategoricalCrossentropy(_Crossentropy):
    """Cross-entropy of class numbers, in nats: −ln pₜ.

    Args:
        from_logits: Whether predictions are pre-activations z, with p = softmax(z).
        ignore_class: A class number (out of range or not) whose samples do not count: they cost
            0, and a mean is over the others. ``None`` if all count.
        reduction: See :class:`Loss`.
        axis: Must be -1.
        name: See :class:`Loss`.
        dtype: See :class:`Loss`.

    Raises:
        ArgumentError: ``axis`` is another, or ``ignore_class`` is no integer.

    Note:
        Behind a softmax a model fuses the two; see :class:`BinaryCrossentropy`.
    """

    rule = probabilities.sparse_categorical_crossentropy

    def __init__(
        self,
        from_logits: bool = False,
        ignore_class: int | None = None,
        reduction: str | None = "sum_over_batch_size",
        axis: int = -1,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(from_logits, 0.0, axis, reduction, name, dtype)
        if ignore_class is not None and (
            isinstance(ignore_class, bool) or int(ignore_class) != ignore_class
        ):
            raise ArgumentError("`ignore_class` must be an integer.", ignore_class=ignore_class)
        self.ignore_class = None if ignore_class is None else int(ignore_class)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"ignore_class": self.ignore_class}


class BinaryFocalCrossentropy(_Crossentropy):
    """Cross-entropy of yes/no targets times (1 − pₜ)ᵞ: easy samples weigh less (Lin 2017).

    Args:
        apply_class_balancing: Whether α weighs the classes.
        alpha: α, the weight of class 1; class 0 has 1 − α.
        gamma: γ, 0 being plain cross-entropy.
        from_logits: Whether predictions are pre-activations z, with p = σ(z).
        label_smoothing: s moves targets towards one half: t(1 − s) + s/2.
        axis: Must be -1.
        reduction: See :class:`Loss`.
        name: See :class:`Loss`.
        dtype: See :class:`Loss`.

    Raises:
        ArgumentError: ``axis``, ``gamma`` or ``label_smoothing`` is out of range.

    Note:
        Logits, and a sigmoid in front, never meet the clip that Keras puts on p.
    """

    rule = probabilities.binary_focal_crossentropy

    def __init__(
        self,
        apply_class_balancing: bool = False,
        alpha: float = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(from_logits, label_smoothing, axis, reduction, name, dtype)
        self.options |= {
            "apply_class_balancing": bool(apply_class_balancing),
            "alpha": float(alpha),
            "gamma": _exponent(gamma),
        }


class CategoricalFocalCrossentropy(_Crossentropy):
    """Cross-entropy of one-hot targets times α (1 − pₖ)ᵞ: sure answers weigh less (Lin 2017).

    Args:
        alpha: α, one number or one per class.
        gamma: γ, 0 being plain cross-entropy times α.
        from_logits: Whether predictions are pre-activations z, with p = softmax(z).
        label_smoothing: s moves targets towards uniform: t(1 − s) + s/K.
        axis: Must be -1.
        reduction: See :class:`Loss`.
        name: See :class:`Loss`.
        dtype: See :class:`Loss`.

    Raises:
        ArgumentError: ``axis``, ``gamma`` or ``label_smoothing`` is out of range.

    Note:
        Logits, and a softmax in front, never meet the clip that Keras puts on p.
    """

    rule = probabilities.categorical_focal_crossentropy

    def __init__(
        self,
        alpha: float | Sequence[float] = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(from_logits, label_smoothing, axis, reduction, name, dtype)
        each = tuple(float(a) for a in np.ravel(alpha))
        self.options["alpha"] = each if np.ndim(alpha) else each[0]
        self.options["gamma"] = _exponent(gamma)

    def check(self, shape: tuple[int | None, ...]) -> None:
        alpha = self.options["alpha"]
        if isinstance(alpha, tuple) and len(alpha) not in (1, shape[-1]):
            raise ArgumentError(
                f"`alpha` must be one number, or one for each of {shape[-1]} classes.", alpha=alpha
            )

    def get_config(self) -> dict[str, Any]:
        alpha = self.options["alpha"]
        return super().get_config() | {"alpha": list(alpha) if isinstance(alpha, tuple) else alpha}


class CategoricalGeneralizedCrossEntropy(Loss):
    """(1 − pₜ^q) / q of class numbers, which wrong labels harm less (Zhang 2018).

    Args:
        q: Between 0 (cross-entropy) and 1 (absolute error), both excluded.
        reduction: See :class:`Loss`.
        name: See :class:`Loss`.
        dtype: See :class:`Loss`.

    Raises:
        ArgumentError: ``q`` is out of range.

    Note:
        The gradient at p = 0 is large but finite; that of Keras is NaN.
    """

    rule = probabilities.categorical_generalized_cross_entropy

    def __init__(
        self,
        q: float = 0.5,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(reduction, name, dtype)
        if not 0 < q < 1:
            raise ArgumentError("`q` must be between 0 and 1, both excluded.", q=q)
        self.options["q"] = float(q)


class KLDivergence(Loss):
    """Kullback-Leibler divergence of the prediction from the target, in nats: Σ t ln(t / p).

    Both are clipped to [ε, 1] and need not sum to 1.
    """

    rule = probabilities.kl_divergence


def _exponent(gamma: float) -> float:
    if not gamma >= 0:
        raise ArgumentError("`gamma` must not be negative.", gamma=gamma)
    return float(gamma)
