"""Layers that disturb their input while training and are the identity afterwards."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from chainrule.core.graph import GraphBuilder
from chainrule.core.rule import rule
from chainrule.errors import ArgumentError
from chainrule.layers.dropout import Dropout, checked_rate, checked_seed
from chainrule.layers.layer import Layer

SELU_FLOOR = -1.7580993408473766
"""What SELU tends to at −∞: − scale · alpha (Klambauer et al., 2017)."""


@rule("gaussian_noise", "x[*S] noise[*S] -> y[*S]")
def gaussian_noise(x, noise, *, stddev=1.0):
    """Normal noise added."""
    return x + stddev * noise  # y = x + σ n


@gaussian_noise.wrt("x")
def gaussian_noise_wrt_x(y_bar):
    return y_bar  # ∂L/∂x = ȳ


@rule("gaussian_dropout", "x[*S] noise[*S] -> y[*S]")
def gaussian_dropout(x, noise, *, stddev=1.0):
    """Every number times normal noise of mean 1 (Srivastava et al., 2014, section 10)."""
    return x * (1 + stddev * noise)  # y = x (1 + σ n)


@gaussian_dropout.wrt("x")
def gaussian_dropout_wrt_x(noise, y_bar, *, stddev=1.0):
    return y_bar * (1 + stddev * noise)  # ∂L/∂x = ȳ (1 + σ n)


@rule("alpha_dropout", "x[*S] keep[*S]:unit -> y[*S]")
def alpha_dropout(x, keep, *, floor=SELU_FLOOR, slope=1.0, offset=0.0):
    """What is dropped becomes SELU's floor, and mean and variance stay (Klambauer et al., 2017)."""
    return slope * (x * keep + floor * (1 - keep)) + offset  # y = a (x k + α′ (1 − k)) + b


@alpha_dropout.wrt("x")
def alpha_dropout_wrt_x(keep, y_bar, *, slope=1.0):
    return slope * keep * y_bar  # ∂L/∂x = a k ȳ


class GaussianNoise(Layer):
    """Adds normal noise while training; else the identity.

    Args:
        stddev: Standard deviation of the noise. (Keras takes none above 1.)
        seed: A seed of the layer's own; ``None`` for the model's.
        **kwargs: See :class:`Layer`.
    """

    def __init__(self, stddev: float, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not isinstance(stddev, int | float | np.number) or not stddev >= 0:
            raise ArgumentError(
                f"Layer {self.name!r}: `stddev` must be a number of at least 0.", stddev=stddev
            )
        self.stddev, self.seed = float(stddev), checked_seed(self, seed)

    def expand(self, graph: GraphBuilder, x: str) -> str:
        if not graph.training or self.stddev == 0:
            return x
        noise = graph.noise("noise", x, "normal", seed=self.seed)
        return graph.apply(gaussian_noise, {"x": x, "noise": noise}, "y", stddev=self.stddev)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"stddev": self.stddev, "seed": self.seed}


class GaussianDropout(Layer):
    """Multiplies by normal noise of mean 1 and variance rate / (1 − rate) while training.

    Args:
        rate: The fraction that a ``Dropout`` of the same variance drops, in [0, 1).
        seed: A seed of the layer's own; ``None`` for the model's.
        **kwargs: See :class:`Layer`.
    """

    def __init__(self, rate: float, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.rate, self.seed = checked_rate(self, rate), checked_seed(self, seed)

    def expand(self, graph: GraphBuilder, x: str) -> str:
        if not graph.training or self.rate == 0:
            return x
        noise = graph.noise("noise", x, "normal", seed=self.seed)
        stddev = math.sqrt(self.rate / (1 - self.rate))
        return graph.apply(gaussian_dropout, {"x": x, "noise": noise}, "y", stddev=stddev)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"rate": self.rate, "seed": self.seed}


class AlphaDropout(Dropout):
    """Dropout for networks of SELU units: mean and variance of the activations stay.

    Args:
        rate: Fraction to drop, in [0, 1).
        noise_shape: Shape of the mask with 1 where it is shared along an axis, as in Keras.
        seed: A seed of the layer's own; ``None`` for the model's.
        **kwargs: See :class:`Layer`.
    """

    def expand(self, graph: GraphBuilder, x: str) -> str:
        if not graph.training or self.rate == 0:
            return x
        kept = 1 - self.rate
        slope = (kept * (1 + self.rate * SELU_FLOOR**2)) ** -0.5
        options = {"slope": slope, "offset": -slope * SELU_FLOOR * self.rate}
        return graph.apply(alpha_dropout, {"x": x, "keep": self.keep(graph, x)}, "y", **options)
