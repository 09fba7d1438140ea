"""Normalization layers: activations of mean 0 and variance 1, scaled and shifted by weights."""

from __future__ import annotations

import math
from typing import Any

from chainrule.core.graph import GraphBuilder
from chainrule.core.shapes import Shape
from chainrule.errors import ArgumentError
from chainrule.layers.axes import checked_axis, chosen_axes
from chainrule.layers.layer import Layer
from chainrule.layers.shaping import first, known_sample, last, permuted, reshaped, shaped_weight
from chainrule.layers.standardizing import (
    batch_standardize,
    layer_standardize,
    rms_standardize,
    running_average,
    scale,
    shift,
    standardize_by,
)


class _Affine(Layer):
    """What the normalization layers share: an axis, ε, and γ and β along the axis."""

    def __init__(
        self,
        axis: Any,
        epsilon: float,
        center: bool,
        scale: bool,
        beta: tuple[Any, Any, Any],
        gamma: tuple[Any, Any, Any],
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.axis = checked_axis(self, axis)
        self.epsilon = float(epsilon)
        self.center, self.scale = bool(center), bool(scale)
        self.treat("gamma", *gamma)
        self.treat("beta", *beta)

    def _add_affine(self, shape: Shape, axes: tuple[int, ...]) -> None:
        lengths = tuple(int(shape[axis] or 0) for axis in axes)
        if self.scale:
            self.add_weight(lengths, name="gamma")
        if self.center:
            self.add_weight(lengths, name="beta")

    def _affine(self, graph: GraphBuilder, x: str) -> str:
        """Scale and shift along the last axis."""
        if self.scale:
            x = graph.apply(scale, {"x": x, "gamma": _row(self, graph, "gamma")}, "scaled")
        if self.center:
            x = graph.apply(shift, {"x": x, "beta": _row(self, graph, "beta")}, "shifted")
        return x

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {
            "axis": self.axis,
            "epsilon": self.epsilon,
            "center": self.center,
            "scale": self.scale,
        }


class BatchNormalization(_Affine):
    """Standardizes every feature over the batch; afterwards, by what it remembers of training.

    In training μ and σ² are those of the batch, and moving averages remember them:
    ``moving = momentum * moving + (1 - momentum) * batch``. In prediction, and in training of a
    layer that is not trainable, the moving averages take their place. The weights are, in this
    order, gamma, beta, moving_mean and moving_variance.

    Args:
        axis: The axis of the features.
        momentum: How slowly the moving averages forget.
        epsilon: ε, added to the variance.
        center: Whether there is β.
        scale: Whether there is γ.
        beta_initializer: How β begins.
        gamma_initializer: How γ begins.
        moving_mean_initializer: How the moving mean begins.
        moving_variance_initializer: How the moving variance begins.
        beta_regularizer: What β adds to the loss.
        gamma_regularizer: What γ adds to the loss.
        beta_constraint: What is done to β after every update.
        gamma_constraint: What is done to γ after every update.
        renorm: Must be off: batch renormalization is not offered.
        renorm_clipping: See ``renorm``.
        renorm_momentum: See ``renorm``.
        synchronized: Must be off: there is one replica.
        **kwargs: See :class:`Layer`.
    """

    def __init__(
        self,
        axis: int = -1,
        momentum: float = 0.99,
        epsilon: float = 0.001,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        moving_mean_initializer: Any = "zeros",
        moving_variance_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        renorm: bool = False,
        renorm_clipping: Any = None,
        renorm_momentum: float = 0.99,
        synchronized: bool = False,
        **kwargs: Any,
    ) -> None:
        beta = (beta_initializer, beta_regularizer, beta_constraint)
        gamma = (gamma_initializer, gamma_regularizer, gamma_constraint)
        super().__init__(axis, epsilon, center, scale, beta, gamma, **kwargs)
        _check_one(self, axis)
        if renorm or synchronized:
            raise ArgumentError(
                f"Layer {self.name!r}: `renorm` and `synchronized` must be off.",
                renorm=renorm,
                synchronized=synchronized,
            )
        if not 0 <= momentum <= 1:
            raise ArgumentError(
                f"Layer {self.name!r}: `momentum` must be between 0 and 1.", momentum=momentum
            )
        self.momentum = float(momentum)
        self.treat("moving_mean", moving_mean_initializer)
        self.treat("moving_variance", moving_variance_initializer)

    def build(self, input_shape: Shape) -> None:
        (axis,) = chosen_axes(self, self.axis, input_shape)
        self._add_affine(input_shape, (axis,))
        length = (int(input_shape[axis] or 0),)
        self.add_weight(length, trainable=False, name="moving_mean")
        self.add_weight(length, trainable=False, name="moving_variance")

    def expand(self, graph: GraphBuilder, x: str) -> str:
        axes = chosen_axes(self, self.axis, graph.shapes[x])
        moved = last(graph, x, axes, "moved")
        remembered = {s: self.weight_name(f"moving_{s}") for s in ("mean", "variance")}
        if graph.training and self.trainable:
            y = graph.apply(batch_standardize, {"x": moved}, "standard", epsilon=self.epsilon)
            for statistic, weight in remembered.items():
                inputs = {"old": graph.state(weight), "new": f"{y}/{statistic}"}
                name = f"moving_{statistic}/new"
                average = graph.apply(running_average, inputs, name, momentum=self.momentum)
                graph.assign(weight, average)
        else:
            inputs = {"x": moved, **{s: graph.state(weight) for s, weight in remembered.items()}}
            y = graph.apply(standardize_by, inputs, "standard", epsilon=self.epsilon)
        return first(graph, self._affine(graph, y), x, axes, "y")

    def get_config(self) -> dict[str, Any]:
        config = super().get_config() | {"momentum": self.momentum}
        for name in ("moving_mean", "moving_variance"):
            del config[f"{name}_regularizer"], config[f"{name}_constraint"]
        return config


class _SampleNormalization(_Affine):
    """A normalization of every sample by itself, with γ and β along the axes."""

    def __init__(
        self,
        axis: Any = -1,
        epsilon: float = 0.001,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        beta = (beta_initializer, beta_regularizer, beta_constraint)
        gamma = (gamma_initializer, gamma_regularizer, gamma_constraint)
        super().__init__(axis, epsilon, center, scale, beta, gamma, **kwargs)

    def build(self, input_shape: Shape) -> None:
        self._add_affine(input_shape, chosen_axes(self, self.axis, input_shape))


class LayerNormalization(_SampleNormalization):
    """Standardizes every sample over its own features (Ba et al., 2016).

    Args:
        axis: The axis of the features, or several.
        epsilon: ε, added to the variance.
        center: Whether there is β.
        scale: Whether there is γ.
        beta_initializer: How β begins.
        gamma_initializer: How γ begins.
        beta_regularizer: What β adds to the loss.
        gamma_regularizer: What γ adds to the loss.
        beta_constraint: What is done to β after every update.
        gamma_constraint: What is done to γ after every update.
        **kwargs: See :class:`Layer`.
    """

    def expand(self, graph: GraphBuilder, x: str) -> str:
        axes = chosen_axes(self, self.axis, graph.shapes[x])
        moved = last(graph, x, axes, "moved")
        y = graph.apply(layer_standardize, {"x": moved}, "standard", epsilon=self.epsilon)
        return first(graph, self._affine(graph, y), x, axes, "y")


class GroupNormalization(_SampleNormalization):
    """Standardizes every sample over groups of its features (Wu & He, 2018).

    Args:
        groups: How many groups the features are cut into; -1: one feature each. (Keras' layer
            then holds their number, once it is built, and writes that down instead.)
        axis: The axis of the features. Each group is standardized over it and all other axes.
        epsilon: ε, added to the variance.
        center: Whether there is β.
        scale: Whether there is γ.
        beta_initializer: How β begins.
        gamma_initializer: How γ begins.
        beta_regularizer: What β adds to the loss.
        gamma_regularizer: What γ adds to the loss.
        beta_constraint: What is done to β after every update.
        gamma_constraint: What is done to γ after every update.
        **kwargs: See :class:`Layer`.
    """

    def __init__(
        self,
        groups: int = 32,
        axis: int = -1,
        epsilon: float = 0.001,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            axis,
            epsilon,
            center,
            scale,
            beta_initializer,
            gamma_initializer,
            beta_regularizer,
            gamma_regularizer,
            beta_constraint,
            gamma_constraint,
            **kwargs,
        )
        _check_one(self, axis)
        if not isinstance(groups, int) or (groups < 1 and groups != -1):
            raise ArgumentError(
                f"Layer {self.name!r}: `groups` must be a positive integer, or -1.", groups=groups
            )
        self.groups = groups

    def build(self, input_shape: Shape) -> None:
        (axis,) = chosen_axes(self, self.axis, input_shape)
        features = int(input_shape[axis] or 0)
        if features % self.groups:
            raise ArgumentError(
                f"Layer {self.name!r}: `groups` must divide the {features} features.",
                groups=self.groups,
            )
        super().build(input_shape)

    def expand(self, graph: GraphBuilder, x: str) -> str:
        axes = chosen_axes(self, self.axis, graph.shapes[x])
        moved = last(graph, x, axes, "moved")
        *places, features = known_sample(self, graph.shapes[moved])
        groups = features if self.groups == -1 else self.groups
        share, spots = features // groups, math.prod(places)
        cut = reshaped(graph, moved, (spots, groups, share), "cut")
        by_group = permuted(graph, cut, (2, 1, 3), "by_group")
        rows = reshaped(graph, by_group, (groups, spots * share), "rows")
        y = graph.apply(layer_standardize, {"x": rows}, "standard", epsilon=self.epsilon)
        back = reshaped(graph, y, (groups, spots, share), "back")
        by_place = permuted(graph, back, (2, 1, 3), "by_place")
        whole = reshaped(graph, by_place, (*places, features), "whole")
        return first(graph, self._affine(graph, whole), x, axes, "y")

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"groups": self.groups}


class RMSNormalization(Layer):
    """Divides every sample by its root mean square (Zhang & Sennrich, 2019).

    Args:
        axis: The axis of the features, or several. (Keras' layer fails for any but the last.)
        epsilon: ε, added to the mean square.
        **kwargs: See :class:`Layer`.
    """

    def __init__(self, axis: Any = -1, epsilon: float = 1e-6, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis, self.epsilon = checked_axis(self, axis), float(epsilon)

    def build(self, input_shape: Shape) -> None:
        axes = chosen_axes(self, self.axis, input_shape)
        lengths = tuple(int(input_shape[axis] or 0) for axis in axes)
        self.add_weight(lengths, "ones", name="scale")

    def expand(self, graph: GraphBuilder, x: str) -> str:
        axes = chosen_axes(self, self.axis, graph.shapes[x])
        moved = last(graph, x, axes, "moved")
        y = graph.apply(rms_standardize, {"x": moved}, "standard", epsilon=self.epsilon)
        y = graph.apply(scale, {"x": y, "gamma": _row(self, graph, "scale")}, "scaled")
        return first(graph, y, x, axes, "y")

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"axis": self.axis, "epsilon": self.epsilon}


def _row(layer: Layer, graph: GraphBuilder, weight: str) -> str:
    """A weight as one row."""
    name = layer.weight_name(weight)
    shape = graph.shapes[name]
    if len(shape) == 1:
        return name
    size = math.prod(n or 0 for n in shape)
    return graph.apply(shaped_weight, {"w": name}, f"{weight}/row", shape=(size,))


def _check_one(layer: Layer, axis: Any) -> None:
    if not isinstance(axis, int):
        raise ArgumentError(
            f"Layer {layer.name!r} ({type(layer).__name__}): `axis` must be one integer.", axis=axis
        )
