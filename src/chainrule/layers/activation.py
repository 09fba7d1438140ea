"""An activation as a layer of its own."""

from __future__ import annotations

from typing import Any

from chainrule import activations
from chainrule.core.plan import GraphBuilder
from chainrule.layers.layer import Layer


class Activation(Layer):
    """Applies an activation function.

    Args:
        activation: Name or rule.
        **kwargs: See :class:`Layer`.
    """

    def __init__(self, activation: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.activation = activations.get(activation)

    def expand(self, graph: GraphBuilder, x: str) -> str:
        return graph.apply(self.activation, {self.activation.inputs[0]: x}, "a")

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"activation": activations.serialize(self.activation)}
