"""Layers that change no number."""

from __future__ import annotations

from typing import Any

from chainrule import regularizers
from chainrule.core.graph import GraphBuilder
from chainrule.layers.layer import Layer


class Identity(Layer):
    """Passes its input on: a place to look at, or to hold a layer's."""

    def expand(self, graph: GraphBuilder, x: str) -> str:
        return x


class ActivityRegularization(Identity):
    """Passes its input on and adds a penalty on it to the loss, per sample.

    Args:
        l1: Strength of the sum of magnitudes.
        l2: Strength of the sum of squares.
        **kwargs: See :class:`Layer`.
    """

    def __init__(self, l1: float = 0.0, l2: float = 0.0, **kwargs: Any) -> None:
        super().__init__(activity_regularizer=regularizers.L1L2(l1, l2), **kwargs)
        self.l1, self.l2 = float(l1), float(l2)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config() | {"l1": self.l1, "l2": self.l2}
        del config["activity_regularizer"]
        return config
