"""Layers that change the shape of a sample and none of its numbers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np  # noqa: F401  (rules are rebound to other namespaces by this name)

from chainrule.core.plan import GraphBuilder
from chainrule.core.rule import rule
from chainrule.errors import ArgumentError, ShapeError
from chainrule.layers.layer import Layer


@rule("reshape", "x[N,*A] -> y[N,*shape]", example={"shape": lambda axes: (math.prod(axes["*A"]),)})
def reshape(x, *, shape):
    """The same numbers of each sample, in the same (row-major) order, in another shape."""
    return x.reshape(x.shape[:1] + shape)  # y = x


@reshape.wrt("x")
def reshape_wrt_x(x, y_bar):
    return y_bar.reshape(x.shape)  # ∂L/∂x = ȳ


class Flatten(Layer):
    """Each sample as one row: (samples, 28, 28) becomes (samples, 784), row by row.

    Args:
        data_format: ``"channels_last"``, the only order there is.
        **kwargs: See :class:`Layer`.
    """

    def __init__(self, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.data_format = data_format or "channels_last"
        if self.data_format != "channels_last":
            raise ArgumentError(
                f"Layer {self.name!r}: `data_format` must be 'channels_last'.",
                data_format=data_format,
            )

    def expand(self, graph: GraphBuilder, x: str) -> str:
        sample = graph.shapes[x][1:]
        if None in sample:
            raise ShapeError(
                f"Layer {self.name!r} (Flatten) needs a known shape of a sample.",
                input_shape=graph.shapes[x],
            )
        return graph.apply(reshape, {"x": x}, "y", shape=(math.prod(sample),))  # type: ignore[arg-type]

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"data_format": self.data_format}
