"""Whether predictions go up and down with the targets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from chainrule import config
from chainrule.metrics.base import Metric
from chainrule.metrics.reduction import Function
from chainrule.metrics.shapes import alike

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]


def pearson_correlation(y_true: Any, y_pred: Any, axis: int = -1) -> Array:
    """Pearson's correlation along ``axis``, in [−1, 1]: Σ uv / √(Σ u² Σ v²), u and v centred.

    Not a number where targets or predictions are all equal.
    """
    t, p = alike(y_true, y_pred)
    u = t - np.mean(t, axis=axis, keepdims=True)  # u = t − t̄
    v = p - np.mean(p, axis=axis, keepdims=True)  # v = p − p̄
    u = u / np.std(u, axis=axis, keepdims=True)  # u ← u / σ(u)
    v = v / np.std(v, axis=axis, keepdims=True)  # v ← v / σ(v)
    found: Array = np.mean(u * v, axis=axis)  # ρ = Σ uv / K
    return found


def concordance_correlation(y_true: Any, y_pred: Any, axis: int = -1) -> Array:
    """Lin's concordance correlation along ``axis``, in [−1, 1] (Lin, 1989, Biometrics 45, 255).

    Unlike Pearson's, it is 1 only for p = t. The denominator has ε added, as in Keras.
    """
    t, p = alike(y_true, y_pred)
    t_mean, p_mean = (np.mean(a, axis=axis, keepdims=True) for a in (t, p))  # t̄, p̄
    norm = np.var(t, axis=axis, keepdims=True) + np.var(p, axis=axis, keepdims=True)  # σₜ² + σₚ²
    norm = norm + np.square(t_mean - p_mean) + config.epsilon()  # n = σₜ² + σₚ² + (t̄ − p̄)² + ε
    found: Array = np.mean(2 * (t - t_mean) * (p - p_mean) / norm, axis=axis)  # 2 cov(t, p) / n
    return found


class _Correlation(Metric):
    """The mean of a correlation for each sample.

    Args:
        name: See :class:`Metric`.
        dtype: See :class:`Metric`.
        axis: The axis over which is correlated: the last by default.
    """

    direction = "up"
    function: ClassVar[Function]

    def __init__(self, name: str | None = None, dtype: Any = None, axis: int = -1) -> None:
        super().__init__(name, dtype)
        self.axis = axis

    def values(self, y_true: Array, y_pred: Array) -> Array:
        """One correlation for all that is along the axis."""
        found: Array = type(self).function(y_true, y_pred, self.axis)
        return found

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return super().get_config() | {"axis": self.axis}


class PearsonCorrelation(_Correlation):
    """The mean of :func:`pearson_correlation` over samples."""

    default_name, function = "pearson_correlation", pearson_correlation


class ConcordanceCorrelation(_Correlation):
    """The mean of :func:`concordance_correlation` over samples."""

    default_name, function = "concordance_correlation", concordance_correlation
