"""Tables of how good predictions are, per class or per error."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]


def per_class(matrix: Array, class_names: tuple[str, ...]) -> list[dict[str, Any]]:
    """Precision, recall and F1 of every class; 0 where there is nothing to divide by."""
    hits = np.diag(matrix).astype(float)
    predicted, support = matrix.sum(axis=0), matrix.sum(axis=1)
    precision = hits / np.maximum(predicted, 1)
    recall = hits / np.maximum(support, 1)
    f1 = 2 * hits / np.maximum(predicted + support, 1)
    return [
        {
            "class": name,
            "precision": float(precision[k]),
            "recall": float(recall[k]),
            "f1": float(f1[k]),
            "samples": int(support[k]),
        }
        for k, name in enumerate(class_names)
    ]


def errors(y_true: Array, y_pred: Array) -> dict[str, float]:
    """Mean, root mean square and largest error, and the share of variance explained (R²)."""
    error = np.ravel(y_pred - y_true).astype(np.float64)
    variance = float(np.var(y_true))
    return {
        "mean_absolute_error": float(np.abs(error).mean()),
        "root_mean_squared_error": float(np.sqrt(np.mean(error**2))),
        "largest_error": float(np.abs(error).max()),
        "r2": 1 - float(np.mean(error**2)) / variance if variance else 0.0,
    }


def table(scores: list[dict[str, Any]]) -> list[list[str]]:
    """Rows of text, the first being the heads."""
    heads = list(scores[0])
    return [heads] + [
        [f"{value:.3f}" if isinstance(value, float) else str(value) for value in row.values()]
        for row in scores
    ]
