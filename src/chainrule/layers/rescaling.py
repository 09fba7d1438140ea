"""Rescaling inside the model, so that images can stay bytes in memory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from chainrule.core.graph import GraphBuilder
from chainrule.core.rule import rule
from chainrule.errors import ArgumentError, ShapeError
from chainrule.layers.layer import Layer


@rule("rescaling", "x[*S] -> y[*S]")
def rescaling(x, *, scale=1.0, offset=0.0):
    """A linear map of every number."""
    return x * scale + offset  # y = s x + o


@rescaling.wrt("x")
def rescaling_wrt_x(y_bar, *, scale=1.0):
    return y_bar * scale  # ∂L/∂x = s ȳ


@rule("rescale_each", "x[*S] -> y[*S]", example={"scale": 2.0, "offset": -1.0})
def rescale_each(x, *, scale, offset):
    """A linear map for each place along the last axes: ``scale`` and ``offset`` are tuples."""
    shifts = np.asarray(offset, x.dtype)  # o
    return x * np.asarray(scale, x.dtype) + shifts  # y = s x + o


@rescale_each.wrt("x")
def rescale_each_wrt_x(y_bar, *, scale):
    return y_bar * np.asarray(scale, y_bar.dtype)  # ∂L/∂x = s ȳ


class Rescaling(Layer):
    """``x * scale + offset``: for images of bytes, ``Rescaling(1 / 255)``.

    Args:
        scale: Factor; or several, which lie along the last axis as in NumPy's broadcasting.
        offset: Added afterwards; or several.
        **kwargs: See :class:`Layer`.
    """

    def __init__(self, scale: Any, offset: Any = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.scale, self.offset = numbers(self, "scale", scale), numbers(self, "offset", offset)

    def expand(self, graph: GraphBuilder, x: str) -> str:
        return rescaled(graph, x, self.scale, self.offset)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"scale": self.scale, "offset": self.offset}


def rescaled(graph: GraphBuilder, x: str, scale: Any, offset: Any) -> str:
    """Write the node of a linear map by numbers, or by arrays that fit the last axes.

    Raises:
        ShapeError: They do not fit.
    """
    if isinstance(scale, float) and isinstance(offset, float):
        return graph.apply(rescaling, {"x": x}, "y", scale=scale, offset=offset)
    sample = graph.shapes[x][1:]
    for given in (scale, offset):
        lengths = zip(np.shape(given)[::-1], sample[::-1], strict=False)
        if np.ndim(given) > len(sample) or any(own not in (1, n) for own, n in lengths):
            raise ShapeError(
                f"Layer {graph.layer!r}: `scale` and `offset` must fit the last axes of {sample}.",
                shape=np.shape(given),
            )
    return graph.apply(rescale_each, {"x": x}, "y", scale=scale, offset=offset)


def numbers(layer: Layer, argument: str, value: Any) -> Any:
    """A number, or an array of numbers as nested tuples: an option of a rule.

    Args:
        layer: Who asks, for messages.
        argument: What it is, for messages.
        value: A number, a list, an array, or an array as Keras serialises it.

    Raises:
        ArgumentError: There is something else than numbers.
    """
    given = value["config"]["value"] if isinstance(value, Mapping) else value
    try:
        return _nested(np.asarray(given, np.float64).tolist())
    except (TypeError, ValueError):
        raise ArgumentError(
            f"Layer {layer.name!r} ({type(layer).__name__}): `{argument}` must be a number or an "
            "array of numbers.",
            **{argument: value},
        ) from None


def _nested(value: Any) -> Any:
    return tuple(map(_nested, value)) if isinstance(value, list) else value
