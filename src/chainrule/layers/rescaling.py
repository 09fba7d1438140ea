"""Rescaling inside the model, so that images can stay bytes in memory."""

from __future__ import annotations

from typing import Any

import numpy as np  # noqa: F401  (rules are rebound to other namespaces by this name)

from chainrule.core.graph import GraphBuilder
from chainrule.core.rule import rule
from chainrule.layers.layer import Layer


@rule("rescaling", "x[*S] -> y[*S]")
def rescaling(x, *, scale=1.0, offset=0.0):
    """A linear map of every number."""
    return x * scale + offset  # y = s x + o


@rescaling.wrt("x")
def rescaling_wrt_x(y_bar, *, scale=1.0):
    return y_bar * scale  # ∂L/∂x = s ȳ


class Rescaling(Layer):
    """``x * scale + offset``: for images of bytes, ``Rescaling(1 / 255)``.

    Args:
        scale: Factor.
        offset: Added afterwards.
        **kwargs: See :class:`Layer`.
    """

    def __init__(self, scale: float, offset: float = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.scale, self.offset = float(scale), float(offset)

    def expand(self, graph: GraphBuilder, x: str) -> str:
        return graph.apply(rescaling, {"x": x}, "y", scale=self.scale, offset=self.offset)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"scale": self.scale, "offset": self.offset}
