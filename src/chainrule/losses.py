"""Losses: a rule per sample, one reduction for all, and the classes that choose between rules.

A loss function gives one number per sample, in nats for cross-entropies and in squared units of
the target for squared errors; :func:`weighted_mean` makes one number of them. So sample weights
exist in one place, and no factor can get lost between a loss and its gradient.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from chainrule import config
from chainrule.core.plan import divisor
from chainrule.core.registry import Registry
from chainrule.core.rule import Rule, rule
from chainrule.errors import ArgumentError

# ---------------------------------------------------------------- the reduction


@rule("weighted_mean", "losses[*N] weight[*N] divisor[] -> y[]")
def weighted_mean(losses, weight, divisor):
    """One number from the losses of all samples."""
    return np.sum(losses * weight) / divisor  # L = Σₙ wₙ ℓₙ / d


@weighted_mean.wrt("losses")
def weighted_mean_wrt_losses(weight, divisor, y_bar):
    return y_bar * weight / divisor  # ∂L/∂ℓₙ = L̄ · wₙ / d


# ---------------------------------------------------------------- regression


@rule("mean_squared_error", "y_true[*N,K] y_pred[*N,K] -> losses[*N]")
def mean_squared_error(y_true, y_pred):
    """Mean over the last axis of the squared error."""
    return np.mean(np.square(y_pred - y_true), axis=-1)  # ℓ = Σₖ (pₖ − tₖ)² / K


@mean_squared_error.wrt("y_pred")
def mean_squared_error_wrt_y_pred(y_true, y_pred, losses_bar):
    factor = losses_bar[..., None] / y_pred.shape[-1]  # c = ℓ̄ / K
    return factor * 2 * (y_pred - y_true)  # ∂L/∂pₖ = c · 2 (pₖ − tₖ)


@rule("mean_absolute_error", "y_true[*N,K] y_pred[*N,K] -> losses[*N]")
def mean_absolute_error(y_true, y_pred):
    """Mean over the last axis of the absolute error; at its kink, p = t, the derivative is 0."""
    return np.mean(np.abs(y_pred - y_true), axis=-1)  # ℓ = Σₖ |pₖ − tₖ| / K


@mean_absolute_error.wrt("y_pred")
def mean_absolute_error_wrt_y_pred(y_true, y_pred, losses_bar):
    factor = losses_bar[..., None] / y_pred.shape[-1]  # c = ℓ̄ / K
    return factor * np.sign(y_pred - y_true)  # ∂L/∂pₖ = c · sign(pₖ − tₖ)


# ---------------------------------------------------------------- cross-entropy of probabilities
# The formulas of Keras: probabilities are kept ε away from 0 and 1, where the gradient is 0.


@rule("binary_crossentropy", "y_true[*N,K]:unit y_pred[*N,K]:unit -> losses[*N]")
def binary_crossentropy(y_true, y_pred, *, label_smoothing=0.0, epsilon=1e-7):
    """Cross-entropy of independent probabilities, mean over the last axis."""
    t = y_true * (1 - label_smoothing) + 0.5 * label_smoothing  # t ← t (1 − s) + s/2
    p = np.clip(y_pred, epsilon, 1 - epsilon)  # p ← clip(p, ε, 1 − ε)
    h = t * np.log(p) + (1 - t) * np.log1p(-p)  # h = t ln p + (1 − t) ln(1 − p)
    return -np.mean(h, axis=-1)  # ℓ = − Σₖ hₖ / K


@binary_crossentropy.wrt("y_pred")
def binary_crossentropy_wrt_y_pred(
    y_true, y_pred, losses_bar, *, label_smoothing=0.0, epsilon=1e-7
):
    t = y_true * (1 - label_smoothing) + 0.5 * label_smoothing  # t ← t (1 − s) + s/2
    p = np.clip(y_pred, epsilon, 1 - epsilon)  # p ← clip(p, ε, 1 − ε)
    factor = losses_bar[..., None] / y_pred.shape[-1]  # c = ℓ̄ / K
    return (p == y_pred) * factor * (p - t) / (p * (1 - p))  # ∂L/∂pₖ = c (p − t) / (p (1 − p))


@rule("categorical_crossentropy", "y_true[*N,K]:unit y_pred[*N,K]:positive -> losses[*N]")
def categorical_crossentropy(y_true, y_pred, *, label_smoothing=0.0, epsilon=1e-7):
    """Cross-entropy of one distribution over the last axis; p need not sum to 1."""
    t = y_true * (1 - label_smoothing) + label_smoothing / y_true.shape[-1]  # t ← t (1 − s) + s/K
    q = y_pred / np.sum(y_pred, axis=-1, keepdims=True)  # q = p / Σ p
    return -np.sum(t * np.log(np.clip(q, epsilon, 1 - epsilon)), axis=-1)  # ℓ = − Σₖ tₖ ln qₖ


@categorical_crossentropy.wrt("y_pred")
def categorical_crossentropy_wrt_y_pred(
    y_true, y_pred, losses_bar, *, label_smoothing=0.0, epsilon=1e-7
):
    t = y_true * (1 - label_smoothing) + label_smoothing / y_true.shape[-1]  # t ← t (1 − s) + s/K
    total = np.sum(y_pred, axis=-1, keepdims=True)  # Σ p
    q = y_pred / total  # q = p / Σ p
    inside = (q > epsilon) & (q < 1 - epsilon)  # where q is not clipped
    q_bar = np.where(inside, -t / np.clip(q, epsilon, 1 - epsilon), 0)  # q̄ₖ = − tₖ / qₖ
    inner = np.sum(q_bar * q, axis=-1, keepdims=True)  # s = Σⱼ q̄ⱼ qⱼ
    return losses_bar[..., None] * (q_bar - inner) / total  # ∂L/∂pₖ = ℓ̄ (q̄ₖ − s) / Σ p


@rule("sparse_categorical_crossentropy", "y_true[*N]:label(K) y_pred[*N,K]:positive -> losses[*N]")
def sparse_categorical_crossentropy(y_true, y_pred, *, epsilon=1e-7):
    """Cross-entropy of one distribution over the last axis, the target being a class number."""
    q = y_pred / np.sum(y_pred, axis=-1, keepdims=True)  # q = p / Σ p
    q_t = np.take_along_axis(q, y_true[..., None], axis=-1)[..., 0]  # the true class's q
    return -np.log(np.clip(q_t, epsilon, 1 - epsilon))  # ℓ = − ln qₜ


@sparse_categorical_crossentropy.wrt("y_pred")
def sparse_categorical_crossentropy_wrt_y_pred(y_true, y_pred, losses_bar, *, epsilon=1e-7):
    total = np.sum(y_pred, axis=-1, keepdims=True)  # Σ p
    q = y_pred / total  # q = p / Σ p
    hot = np.arange(y_pred.shape[-1]) == y_true[..., None]  # [k = t]
    inside = hot & (q > epsilon) & (q < 1 - epsilon)  # where qₜ is not clipped
    q_bar = np.where(inside, -1 / np.clip(q, epsilon, 1), 0)  # q̄ₜ = − 1 / qₜ
    inner = np.sum(q_bar * q, axis=-1, keepdims=True)  # s = q̄ₜ qₜ
    return losses_bar[..., None] * (q_bar - inner) / total  # ∂L/∂pₖ = ℓ̄ (q̄ₖ − s) / Σ p


# ---------------------------------------------------------------- cross-entropy of logits
# Exact for any finite z: what an activation and a loss become when fused.


@rule("sigmoid_binary_crossentropy", "z[*N,K] y_true[*N,K]:unit -> losses[*N] (p[*N,K])")
def sigmoid_binary_crossentropy(z, y_true, *, label_smoothing=0.0):
    """Sigmoid, then binary cross-entropy, in one: stable because ln never sees a rounded p."""
    t = y_true * (1 - label_smoothing) + 0.5 * label_smoothing  # t ← t (1 − s) + s/2
    e = np.exp(-np.abs(z))  # e = e^(−|z|)
    p = np.where(z >= 0, 1, e) / (1 + e)  # p = σ(z)
    h = np.maximum(z, 0) - z * t + np.log1p(e)  # h = max(z, 0) − z t + ln(1 + e)
    losses = np.mean(h, axis=-1)  # ℓ = Σₖ hₖ / K
    return losses, p  # ℓ, p


@sigmoid_binary_crossentropy.wrt("z")
def sigmoid_binary_crossentropy_wrt_z(y_true, p, losses_bar, *, label_smoothing=0.0):
    t = y_true * (1 - label_smoothing) + 0.5 * label_smoothing  # t ← t (1 − s) + s/2
    return losses_bar[..., None] / p.shape[-1] * (p - t)  # ∂L/∂zₖ = ℓ̄ (pₖ − tₖ) / K


@rule("softmax_crossentropy", "z[*N,K] y_true[*N,K]:unit -> losses[*N] (p[*N,K])")
def softmax_crossentropy(z, y_true, *, label_smoothing=0.0):
    """Softmax, then cross-entropy, in one, from the log-probabilities."""
    t = y_true * (1 - label_smoothing) + label_smoothing / z.shape[-1]  # t ← t (1 − s) + s/K
    shifted = z - np.max(z, axis=-1, keepdims=True)  # uₖ = zₖ − max z
    e = np.exp(shifted)  # eₖ = exp uₖ
    total = np.sum(e, axis=-1, keepdims=True)  # Σⱼ eⱼ
    p = e / total  # pₖ = eₖ / Σⱼ eⱼ
    losses = np.sum(t * (np.log(total) - shifted), axis=-1)  # ℓ = − Σₖ tₖ ln pₖ
    return losses, p  # ℓ, p


@softmax_crossentropy.wrt("z")
def softmax_crossentropy_wrt_z(y_true, p, losses_bar, *, label_smoothing=0.0):
    t = y_true * (1 - label_smoothing) + label_smoothing / p.shape[-1]  # t ← t (1 − s) + s/K
    mass = np.sum(t, axis=-1, keepdims=True)  # Σⱼ tⱼ, usually 1
    return losses_bar[..., None] * (p * mass - t)  # ∂L/∂zₖ = ℓ̄ (pₖ Σ t − tₖ)


@rule("softmax_sparse_crossentropy", "z[*N,K] y_true[*N]:label(K) -> losses[*N] (p[*N,K])")
def softmax_sparse_crossentropy(z, y_true):
    """Softmax, then cross-entropy with a class number, in one."""
    shifted = z - np.max(z, axis=-1, keepdims=True)  # uₖ = zₖ − max z
    e = np.exp(shifted)  # eₖ = exp uₖ
    total = np.sum(e, axis=-1)  # Σⱼ eⱼ
    p = e / total[..., None]  # pₖ = eₖ / Σⱼ eⱼ
    u_t = np.take_along_axis(shifted, y_true[..., None], axis=-1)[..., 0]  # the true class's u
    losses = np.log(total) - u_t  # ℓ = − ln pₜ
    return losses, p  # ℓ, p


@softmax_sparse_crossentropy.wrt("z")
def softmax_sparse_crossentropy_wrt_z(y_true, p, losses_bar):
    hot = np.arange(p.shape[-1]) == y_true[..., None]  # [k = t]
    return losses_bar[..., None] * (p - hot)  # ∂L/∂zₖ = ℓ̄ (pₖ − [k = t])


FUSIONS = {
    ("sigmoid", "binary_crossentropy"): sigmoid_binary_crossentropy,
    ("softmax", "categorical_crossentropy"): softmax_crossentropy,
    ("softmax", "sparse_categorical_crossentropy"): softmax_sparse_crossentropy,
}
"""An activation and the loss behind it, and the one rule that is both."""

# ---------------------------------------------------------------- classes

REDUCTIONS = ("sum_over_batch_size", "mean", "sum", "mean_with_sample_weight")


class Loss:
    """Base of the losses: a rule, its options, and how samples are reduced.

    Calling a loss gives one number: ``MeanSquaredError()(y_true, y_pred, sample_weight=None)``.

    Args:
        reduction: ``"sum_over_batch_size"`` (or ``"mean"``): Σ wₙℓₙ / number of losses, weights
            or not; ``"sum"``: Σ wₙℓₙ; ``"mean_with_sample_weight"``: Σ wₙℓₙ / Σ wₙ;
            ``"none"``: when called, the losses themselves (a model cannot train on these).
        name: Shown in messages; the rule's by default.
        dtype: Float type of a direct call; the global one by default.
    """

    rule: ClassVar[Rule]
    logits_rule: ClassVar[Rule | None] = None
    """The exact rule for logits, where the loss is one of probabilities."""

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        reduction = reduction or "none"
        if reduction not in (*REDUCTIONS, "none"):
            raise ArgumentError(
                f"`reduction` must be one of {(*REDUCTIONS, 'none')}.", reduction=reduction
            )
        self.reduction = reduction
        self.name = name or self.rule.name
        self.dtype = None if dtype is None else config.float_name("dtype", dtype)
        self.from_logits = False
        self.options: dict[str, Any] = {}

    @property
    def sparse(self) -> bool:
        """Whether targets are class numbers."""
        return self.rule.signature.inputs[0].domain == "label"

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """The loss as one number (or, with reduction ``"none"``, one per sample)."""
        dtype = self.dtype or config.floatx()
        p = np.asarray(y_pred, dtype=dtype)
        t = np.asarray(y_true, dtype=np.int64 if self.sparse else dtype)
        t, p = reconcile(t, p, self.sparse)
        active = self.logits_rule if self.from_logits and self.logits_rule else self.rule
        made = active.forward(
            **{name: t if name == "y_true" else p for name in active.inputs},
            **{k: v for k, v in self.options.items() if k in active.options},
        )
        losses = made[0] if isinstance(made, tuple) else made
        weight = np.ones_like(losses)
        if sample_weight is not None:
            given = match_rank(np.asarray(sample_weight, dtype=dtype), losses.shape)
            weight = np.broadcast_to(given, losses.shape)
        if self.reduction == "none":
            return losses * weight
        return weighted_mean.forward(losses, weight, divisor(self.reduction, weight))

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {"reduction": self.reduction, "name": self.name, "dtype": self.dtype}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Loss:
        """A loss from :meth:`get_config`."""
        return cls(**config)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name!r}>"


def reconcile(y_true: Any, y_pred: Any, sparse: bool) -> tuple[Any, Any]:
    """Targets and predictions of one rank: a row (N,) and a column (N, 1) mean the same."""
    if sparse:
        return match_rank(y_true, y_pred.shape[:-1]), y_pred
    if y_pred.ndim == 1 and y_true.ndim == 2 and y_true.shape[1] == 1:
        y_pred = y_pred[:, None]
    return match_rank(y_true, y_pred.shape), y_pred


def match_rank(array: Any, shape: tuple[int, ...]) -> Any:
    """Add or drop a last axis of length 1, so that (N,) and (N, 1) mean the same."""
    if array.ndim == len(shape) + 1 and array.shape[-1] == 1:
        return array[..., 0]
    if array.ndim == len(shape) - 1 and (array.ndim == 0 or shape[-1] == 1):
        return array[..., None]
    return array


class MeanSquaredError(Loss):
    """Mean squared error: Σ (p − t)² / K per sample."""

    rule = mean_squared_error


class MeanAbsoluteError(Loss):
    """Mean absolute error: Σ |p − t| / K per sample."""

    rule = mean_absolute_error


class _Crossentropy(Loss):
    """What the cross-entropies share: logits or probabilities, and smoothed targets."""

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(reduction, name, dtype)
        if axis != -1:
            raise ArgumentError("`axis` must be -1: classes lie on the last axis.", axis=axis)
        if not 0 <= label_smoothing <= 1:
            raise ArgumentError(
                "`label_smoothing` must be between 0 and 1.", label_smoothing=label_smoothing
            )
        self.from_logits = bool(from_logits)
        self.options = {"epsilon": config.epsilon()}
        if not self.sparse:
            self.options["label_smoothing"] = float(label_smoothing)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config() | {"from_logits": self.from_logits, "axis": -1}
        if not self.sparse:
            config["label_smoothing"] = self.options["label_smoothing"]
        return config


class BinaryCrossentropy(_Crossentropy):
    """Cross-entropy of yes/no targets, in nats: −t ln p − (1 − t) ln(1 − p), mean over outputs.

    Args:
        from_logits: Whether predictions are pre-activations z, with p = σ(z).
        label_smoothing: s moves targets towards one half: t(1 − s) + s/2.
        axis: Must be -1.
        reduction: See :class:`Loss`.
        name: See :class:`Loss`.
        dtype: See :class:`Loss`.

    Note:
        Behind a sigmoid a model fuses the two, so that the gradient is exactly p − t, also where
        p has rounded to 0 or 1. Keras does so on TensorFlow only; elsewhere it clips p to
        [1e-7, 1 − 1e-7], which stops the gradient of a saturated unit.
    """

    rule = binary_crossentropy
    logits_rule = sigmoid_binary_crossentropy


class CategoricalCrossentropy(_Crossentropy):
    """Cross-entropy of one-hot (or soft) targets, in nats: −Σ tₖ ln pₖ.

    Args:
        from_logits: Whether predictions are pre-activations z, with p = softmax(z).
        label_smoothing: s moves targets towards uniform: t(1 − s) + s/K.
        axis: Must be -1.
        reduction: See :class:`Loss`.
        name: See :class:`Loss`.
        dtype: See :class:`Loss`.

    Note:
        Behind a softmax a model fuses the two; see :class:`BinaryCrossentropy`.
    """

    rule = categorical_crossentropy
    logits_rule = softmax_crossentropy


class SparseCategoricalCrossentropy(_Crossentropy):
    """Cross-entropy of class numbers, in nats: −ln pₜ.

    Args:
        from_logits: Whether predictions are pre-activations z, with p = softmax(z).
        reduction: See :class:`Loss`.
        axis: Must be -1.
        name: See :class:`Loss`.
        dtype: See :class:`Loss`.

    Note:
        Behind a softmax a model fuses the two; see :class:`BinaryCrossentropy`.
    """

    rule = sparse_categorical_crossentropy
    logits_rule = softmax_sparse_crossentropy

    def __init__(
        self,
        from_logits: bool = False,
        reduction: str | None = "sum_over_batch_size",
        axis: int = -1,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(from_logits, axis=axis, reduction=reduction, name=name, dtype=dtype)


LOSSES: Registry[type[Loss]] = Registry("loss")
LOSSES.add("mean_squared_error", MeanSquaredError, "mse", "MSE", "MeanSquaredError")
LOSSES.add("mean_absolute_error", MeanAbsoluteError, "mae", "MAE", "MeanAbsoluteError")
LOSSES.add("binary_crossentropy", BinaryCrossentropy, "bce", "BCE", "BinaryCrossentropy")
LOSSES.add("categorical_crossentropy", CategoricalCrossentropy, "CategoricalCrossentropy")
LOSSES.add(
    "sparse_categorical_crossentropy",
    SparseCategoricalCrossentropy,
    "SparseCategoricalCrossentropy",
)


def get(identifier: Any) -> Loss:
    """The loss for a name, a loss, a loss's rule, or a serialised loss.

    Raises:
        UnknownNameError: There is no loss of that name.
        ArgumentError: A plain function was given: it has no derivative.
    """
    if isinstance(identifier, Loss):
        return identifier
    if isinstance(identifier, dict):
        return LOSSES.find(identifier.get("class_name")).from_config(identifier["config"])
    if isinstance(identifier, Rule):
        return LOSSES.find(identifier.name)()
    if isinstance(identifier, type) and issubclass(identifier, Loss):
        return identifier()
    if callable(identifier):
        raise ArgumentError(
            "A loss must be a name, a Loss or a loss rule; a plain function has no derivative.",
            loss=identifier,
        )
    return LOSSES.find(identifier)()


def serialize(loss: Loss) -> dict[str, Any]:
    """The loss as JSON-ready data, for :func:`get`."""
    return {"class_name": type(loss).__name__, "config": loss.get_config()}
