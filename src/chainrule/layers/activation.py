"""Activations as layers of their own."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule import activations
from chainrule.core.graph import GraphBuilder
from chainrule.core.rule import rule
from chainrule.core.shapes import Shape
from chainrule.errors import ArgumentError
from chainrule.layers.axes import checked_axis, chosen_axes
from chainrule.layers.layer import Layer
from chainrule.layers.shaping import first, known_sample, last, spread


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
        self.max_value = None if max_value is None else _not_negative(self, max_value=max_value)
        self.negative_slope = _not_negative(self, negative_slope=negative_slope)
        self.threshold = _not_negative(self, threshold=threshold)

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
        self.negative_slope = _not_negative(self, negative_slope=negative_slope)

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
        axis: The axis or axes of a sample. (Keras also takes 0, a softmax over the batch.)
        **kwargs: See :class:`Layer`.
    """

    def __init__(self, axis: Any = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = checked_axis(self, axis)

    def expand(self, graph: GraphBuilder, x: str) -> str:
        axes = chosen_axes(self, self.axis, graph.shapes[x])
        moved = last(graph, x, axes, "moved")
        return first(graph, graph.apply(activations.softmax, {"z": moved}, "a"), x, axes, "y")

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
        self.shared_axes: list[int] | None = None
        if shared_axes is not None:
            axes = checked_axis(self, shared_axes, "shared_axes")
            self.shared_axes = [axes] if isinstance(axes, int) else list(axes)

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
        sample, shape = known_sample(self, graph.shapes[x]), graph.shapes[alpha]
        if shape != sample:
            wide = tuple(i for i, (n, m) in enumerate(zip(shape, sample, strict=True)) if n != m)
            alpha = graph.apply(spread, {"w": alpha}, "alpha/all", shape=sample, stretched=wide)
        return graph.apply(prelu, {"x": x, "alpha": alpha}, "y")

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"shared_axes": self.shared_axes}


def _not_negative(layer: Layer, **given: Any) -> float:
    """The only argument, as a float."""
    ((argument, value),) = given.items()
    if not isinstance(value, int | float | np.number) or not value >= 0:
        raise ArgumentError(
            f"Layer {layer.name!r} ({type(layer).__name__}): `{argument}` must be a number of at "
            "least 0.",
            **given,
        )
    return float(value)
