"""Dropout: in training, a random part of the inputs is set to zero."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.core.graph import GraphBuilder
from chainrule.core.rule import rule
from chainrule.core.shapes import Shape
from chainrule.errors import ArgumentError, ShapeError
from chainrule.layers.layer import Layer


@rule("dropout", "x[*S] keep[*S]:unit -> y[*S]")
def dropout(x, keep, *, rate=0.5):
    """Inverted dropout (Srivastava et al., 2014): what is kept is scaled up, so the mean stays."""
    return x * keep * (1 / (1 - rate))  # y = x · k / (1 − r)


@dropout.wrt("x")
def dropout_wrt_x(keep, y_bar, *, rate=0.5):
    return y_bar * keep * (1 / (1 - rate))  # ∂L/∂x = ȳ · k / (1 − r)


class Dropout(Layer):
    """Sets each input to 0 with probability ``rate`` while training; else the identity.

    Args:
        rate: Fraction to drop, in [0, 1). (Keras also takes 1, with which nothing is left.)
        noise_shape: Shape of the mask with 1 where it is shared along an axis, and ``None`` or
            the axis' length elsewhere.
        seed: A seed of the layer's own; ``None`` for the model's.
        **kwargs: See :class:`Layer`.
    """

    def __init__(
        self,
        rate: float,
        noise_shape: Any = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.rate = checked_rate(self, rate)
        self.noise_shape = None if noise_shape is None else self._checked_shape(noise_shape)
        self.seed = checked_seed(self, seed)

    def expand(self, graph: GraphBuilder, x: str) -> str:
        if not graph.training or self.rate == 0:
            return x
        return graph.apply(dropout, {"x": x, "keep": self.keep(graph, x)}, "y", rate=self.rate)

    def keep(self, graph: GraphBuilder, x: str) -> str:
        """The random mask: 1 for what is kept."""
        drawn = self._drawn_shape(graph.shapes[x])
        return graph.noise("keep", x, keep=1 - self.rate, shape=drawn, seed=self.seed)

    def _drawn_shape(self, shape: Shape) -> Shape:
        """The shape of the mask: the input's where ``noise_shape`` says nothing."""
        if self.noise_shape is None:
            return shape
        pairs = tuple(zip(shape, self.noise_shape, strict=False))
        fits = all(n in (None, 1, axis) for axis, n in pairs[1:])
        if len(self.noise_shape) != len(shape) or not fits:
            raise ShapeError(
                f"Layer {self.name!r}: `noise_shape` must have {len(shape)} axes, of the lengths "
                f"of {shape} or 1.",
                noise_shape=self.noise_shape,
            )
        return tuple(axis if given is None else given for axis, given in pairs)

    def _checked_shape(self, noise_shape: Any) -> Shape:
        given = tuple(noise_shape) if isinstance(noise_shape, list | tuple) else ()
        lengths = [length for length in given if length is not None]
        if not given or not all(isinstance(n, int | np.integer) and n > 0 for n in lengths):
            raise ArgumentError(
                f"Layer {self.name!r}: `noise_shape` must be positive integers or None.",
                noise_shape=noise_shape,
            )
        return given

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {
            "rate": self.rate,
            "noise_shape": self.noise_shape,
            "seed": self.seed,
        }


def checked_rate(layer: Layer, rate: Any) -> float:
    """A fraction to drop.

    Raises:
        ArgumentError: It is not a number in [0, 1).
    """
    if not isinstance(rate, int | float | np.number) or not 0 <= rate < 1:
        raise ArgumentError(
            f"Layer {layer.name!r}: `rate` must be at least 0 and less than 1.", rate=rate
        )
    return float(rate)


def checked_seed(layer: Layer, seed: Any) -> int | None:
    """A layer's own seed.

    Raises:
        ArgumentError: It is no integer of at least 0.
    """
    if seed is not None and (not isinstance(seed, int | np.integer) or seed < 0):
        raise ArgumentError(
            f"Layer {layer.name!r}: `seed` must be an integer of at least 0, or None.", seed=seed
        )
    return None if seed is None else int(seed)
