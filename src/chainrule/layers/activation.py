"""Activations as layers of their own."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule import activations
from chainrule.core.graph import GraphBuilder
from chainrule.core.rule import rule
from chainrule.core.shapes import Shape
from chainrule.errors import ArgumentError
from chainrule.layers.layer import Layer
from chainrule.layers.shaping import known_sample


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


class ReLU(Layer):
    """The rectifier, with a slope below a threshold and a cap if wanted.

    Args:
        max_value: The cap; ``None`` for none.
        negative_slope: Slope below the threshold.
        threshold: At and below it, x becomes negative_slope · (x − threshold).
        **kwargs: See :class:`Layer`.
    """

    def __init__(
        self,
        max_value: float | None = None,
        negative_slope: float = 0.0,
        threshold: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        given = {
            "max_value": 0.0 if max_value is None else max_value,
            "negative_slope": negative_slope,
            "threshold": threshold,
        }
        for argument, value in given.items():
            if value is None or not value >= 0:
                raise ArgumentError(
                    f"Layer {self.name!r}: `{argument}` must not be negative.", **{argument: value}
                )
        self.max_value = None if max_value is None else float(max_value)
        self.negative_slope, self.threshold = float(negative_slope), float(threshold)

    def expand(self, graph: GraphBuilder, x: str) -> str:
        return graph.apply(
            activations.relu,
            {"z": x},
            "a",
            negative_slope=self.negative_slope,
            max_value=self.max_value,
            threshold=self.threshold,
        )

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {
            "max_value": self.max_value,
            "negative_slope": self.negative_slope,
            "threshold": self.threshold,
        }


class LeakyReLU(Layer):
    """The rectifier with a slope below 0 (Maas et al., 2013).

    Args:
        negative_slope: The slope; 0.3 here as in Keras, where the function has 0.2.
        **kwargs: See :class:`Layer`.
    """

    def __init__(self, negative_slope: float = 0.3, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if negative_slope is None or not negative_slope >= 0:
            raise ArgumentError(
                f"Layer {self.name!r}: `negative_slope` must not be negative.",
                negative_slope=negative_slope,
            )
        self.negative_slope = float(negative_slope)

    def expand(self, graph: GraphBuilder, x: str) -> str:
        slope = self.negative_slope
        return graph.apply(activations.leaky_relu, {"z": x}, "a", negative_slope=slope)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"negative_slope": self.negative_slope}


class ELU(Layer):
    """The exponential linear unit (Clevert et al., 2016).

    Args:
        alpha: α: it tends to −α at −∞.
        **kwargs: See :class:`Layer`.
    """

    def __init__(self, alpha: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.alpha = float(alpha)

    def expand(self, graph: GraphBuilder, x: str) -> str:
        return graph.apply(activations.elu, {"z": x}, "a", alpha=self.alpha)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"alpha": self.alpha}


class Softmax(Layer):
    """Probabilities over an axis, or over several at once.

    Args:
        axis: The axis or axes.
        **kwargs: See :class:`Layer`.
    """

    def __init__(self, axis: Any = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = axis if isinstance(axis, int) else tuple(axis)

    def expand(self, graph: GraphBuilder, x: str) -> str:
        axis = self.axis
        if axis in (-1, len(graph.shapes[x]) - 1):
            return graph.apply(activations.softmax, {"z": x}, "a")
        return graph.apply(activations.softmax, {"z": x}, "a", axis=axis)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"axis": self.axis}


@rule("prelu", "x[N,*S] alpha[*S] -> y[N,*S]")
def prelu(x, alpha):
    """The rectifier with a learned slope below 0 (He et al., 2015, eq. 1); at 0 it has slope 0."""
    return np.maximum(x, 0) + alpha * np.minimum(x, 0)  # y = max(x, 0) + α min(x, 0)


@prelu.wrt("x")
def prelu_wrt_x(x, alpha, y_bar):
    return y_bar * ((x > 0) + alpha * (x < 0))  # ∂L/∂x = ȳ ([x > 0] + α [x < 0])


@prelu.wrt("alpha")
def prelu_wrt_alpha(x, y_bar):
    return np.sum(y_bar * np.minimum(x, 0), axis=0)  # ∂L/∂α = Σₙ ȳₙ min(xₙ, 0)


@rule(
    "spread",
    "w[*A] -> y[*shape]",
    example={
        "shape": lambda axes: tuple(3 if n == 1 else n for n in axes["*A"]),
        "stretched": lambda axes: tuple(i for i, n in enumerate(axes["*A"]) if n == 1),
    },
)
def spread(w, *, shape, stretched):
    """A weight repeated along axes of length 1; ``stretched`` says which."""
    return np.broadcast_to(w, shape)  # y = w, repeated


@spread.wrt("w")
def spread_wrt_w(y_bar, *, stretched):
    return np.sum(y_bar, axis=stretched, keepdims=True)  # ∂L/∂w = Σ ȳ over the repetitions


class PReLU(Layer):
    """The rectifier with a slope below 0 that is learned, for every element of a sample.

    Args:
        alpha_initializer: How the slopes begin.
        alpha_regularizer: What they add to the loss.
        alpha_constraint: What is done to them after every update.
        shared_axes: Axes along which elements share a slope, the samples' axis being 0.
        **kwargs: See :class:`Layer`.
    """

    def __init__(
        self,
        alpha_initializer: Any = "zeros",
        alpha_regularizer: Any = None,
        alpha_constraint: Any = None,
        shared_axes: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.treat("alpha", alpha_initializer, alpha_regularizer, alpha_constraint)
        given = [shared_axes] if isinstance(shared_axes, int) else shared_axes
        self.shared_axes = None if given is None else list(given)

    def build(self, input_shape: Shape) -> None:
        shared = self.shared_axes or []
        if any(not 1 <= axis < len(input_shape) for axis in shared):
            raise ArgumentError(
                f"Layer {self.name!r}: `shared_axes` must be between 1 and {len(input_shape) - 1}.",
                shared_axes=self.shared_axes,
            )
        free = tuple(1 if axis in shared else n for axis, n in enumerate(input_shape))
        self.add_weight(known_sample(self, free), name="alpha")

    def expand(self, graph: GraphBuilder, x: str) -> str:
        alpha = self.weight_name("alpha")
        sample, shape = graph.shapes[x][1:], graph.shapes[alpha]
        if shape != sample:
            wide = tuple(i for i, (n, m) in enumerate(zip(shape, sample, strict=True)) if n != m)
            alpha = graph.apply(spread, {"w": alpha}, "alpha/all", shape=sample, stretched=wide)
        return graph.apply(prelu, {"x": x, "alpha": alpha}, "y")

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"shared_axes": self.shared_axes}
