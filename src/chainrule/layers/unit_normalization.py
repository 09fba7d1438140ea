"""Vectors of length 1: each divided by its own norm."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.core.graph import GraphBuilder
from chainrule.core.rule import rule
from chainrule.layers.axes import checked_axis, chosen_axes
from chainrule.layers.layer import Layer
from chainrule.layers.shaping import first, last


@rule("unit_normalize", "x[*N,C] -> y[*N,C]")
def unit_normalize(x, *, epsilon=1e-12):
    """Each row divided by its Euclidean norm; one shorter than ε is divided by ε."""
    norm = np.sqrt(np.sum(np.square(x), axis=-1, keepdims=True))  # r = ‖x‖
    return x / np.maximum(norm, epsilon)  # y = x / max(r, ε)


@unit_normalize.wrt("x")
def unit_normalize_wrt_x(x, y, y_bar, *, epsilon=1e-12):
    norm = np.sqrt(np.sum(np.square(x), axis=-1, keepdims=True))  # r = ‖x‖
    along = np.sum(y_bar * y, axis=-1, keepdims=True) * (norm > epsilon)  # a = ȳ · y
    return (y_bar - along * y) / np.maximum(norm, epsilon)  # ∂L/∂x = (ȳ − a y) / r


class UnitNormalization(Layer):
    """Scales each vector along ``axis`` to Euclidean length 1; a vector of zeros stays.

    Args:
        axis: The axis along which a vector lies, or several.
        **kwargs: See :class:`Layer`.
    """

    def __init__(self, axis: Any = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = checked_axis(self, axis)

    def expand(self, graph: GraphBuilder, x: str) -> str:
        axes = chosen_axes(self, self.axis, graph.shapes[x])
        moved = last(graph, x, axes, "moved")
        y = graph.apply(unit_normalize, {"x": moved}, "unit", epsilon=1e-12)
        return first(graph, y, x, axes, "y")

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"axis": self.axis}
