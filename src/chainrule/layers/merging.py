"""Layers that make one array of several: where branches of a network join.

Each merges two arrays at a time, from the left; lengths of 1 are stretched to fit, as in Keras. A
single array in a list stays as it is.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from chainrule.core.graph import GraphBuilder
from chainrule.core.rule import Rule, rule
from chainrule.core.shapes import Shape
from chainrule.errors import ArgumentError, ShapeError
from chainrule.layers.layer import Layer
from chainrule.layers.rescaling import rescaling
from chainrule.layers.shaping import known_sample, reshaped


@rule("add", "a[*S] b[*S] -> y[*S]")
def add_rule(a, b):
    """The sum."""
    return a + b  # y = a + b


@add_rule.wrt("a")
def add_wrt_a(y_bar):
    return y_bar  # ∂L/∂a = ȳ


@add_rule.wrt("b")
def add_wrt_b(y_bar):
    return y_bar  # ∂L/∂b = ȳ


@rule("subtract", "a[*S] b[*S] -> y[*S]")
def subtract_rule(a, b):
    """The difference."""
    return a - b  # y = a − b


@subtract_rule.wrt("a")
def subtract_wrt_a(y_bar):
    return y_bar  # ∂L/∂a = ȳ


@subtract_rule.wrt("b")
def subtract_wrt_b(y_bar):
    return -y_bar  # ∂L/∂b = − ȳ


@rule("multiply", "a[*S] b[*S] -> y[*S]")
def multiply_rule(a, b):
    """The product, element by element."""
    return a * b  # y = a b


@multiply_rule.wrt("a")
def multiply_wrt_a(b, y_bar):
    return y_bar * b  # ∂L/∂a = ȳ b


@multiply_rule.wrt("b")
def multiply_wrt_b(a, y_bar):
    return y_bar * a  # ∂L/∂b = ȳ a


@rule("maximum", "a[*S] b[*S] -> y[*S]")
def maximum_rule(a, b):
    """The larger; where both are equal each gets half of the gradient, as in JAX."""
    return np.maximum(a, b)  # y = max(a, b)


@maximum_rule.wrt("a")
def maximum_wrt_a(a, b, y_bar):
    return np.where(a > b, y_bar, np.where(a == b, 0.5 * y_bar, 0))  # ∂L/∂a = ȳ [a > b]


@maximum_rule.wrt("b")
def maximum_wrt_b(a, b, y_bar):
    return np.where(b > a, y_bar, np.where(a == b, 0.5 * y_bar, 0))  # ∂L/∂b = ȳ [b > a]


@rule("minimum", "a[*S] b[*S] -> y[*S]")
def minimum_rule(a, b):
    """The smaller; where both are equal each gets half of the gradient, as in JAX."""
    return np.minimum(a, b)  # y = min(a, b)


@minimum_rule.wrt("a")
def minimum_wrt_a(a, b, y_bar):
    return np.where(a < b, y_bar, np.where(a == b, 0.5 * y_bar, 0))  # ∂L/∂a = ȳ [a < b]


@minimum_rule.wrt("b")
def minimum_wrt_b(a, b, y_bar):
    return np.where(b < a, y_bar, np.where(a == b, 0.5 * y_bar, 0))  # ∂L/∂b = ȳ [b < a]


@rule(
    "broadcast",
    "x[N,*A] -> y[N,*shape]",
    example={
        "shape": lambda axes: tuple(3 if n == 1 else n for n in axes["*A"]),
        "stretched": lambda axes: tuple(i + 1 for i, n in enumerate(axes["*A"]) if n == 1),
    },
)
def broadcast(x, *, shape, stretched):
    """Axes of length 1 repeated; ``stretched`` says which."""
    return np.broadcast_to(x, x.shape[:1] + shape)  # y = x, repeated


@broadcast.wrt("x")
def broadcast_wrt_x(y_bar, *, stretched):
    return np.sum(y_bar, axis=stretched, keepdims=True)  # ∂L/∂x = Σ ȳ over the repetitions


class Merge(Layer):
    """Base of the layers that merge a list of arrays, two at a time."""

    pair: ClassVar[Rule]
    """The rule for two arrays."""

    def build(self, input_shape: Any) -> None:
        if not isinstance(input_shape, list):
            raise ArgumentError(
                f"Layer {self.name!r} ({type(self).__name__}) takes a list of arrays.",
                input_shape=input_shape,
            )

    def expand(self, graph: GraphBuilder, x: list[str]) -> str:
        merged, *others = self._alike(graph, x)
        for place, array in enumerate(others, start=1):
            name = "y" if place == len(others) else f"y{place}"
            merged = graph.apply(self.pair, {"a": merged, "b": array}, name)
        return merged

    def _alike(self, graph: GraphBuilder, arrays: list[str]) -> list[str]:
        """The arrays, stretched to one shape."""
        shapes = [graph.shapes[array] for array in arrays]
        common = self._common(shapes)
        found = []
        for place, (array, shape) in enumerate(zip(arrays, shapes, strict=True)):
            sample = (1,) * (len(common) - len(shape) + 1) + tuple(shape[1:])
            if len(shape) <= len(common):
                array = reshaped(graph, array, sample, f"shaped{place}")
            if sample != common:
                array = self._stretched(graph, array, common, f"stretched{place}")
            found.append(array)
        return found

    def _stretched(self, graph: GraphBuilder, array: str, common: Shape, name: str) -> str:
        """The array, repeated along the axes where its length is 1."""
        sample = graph.shapes[array][1:]
        pairs = enumerate(zip(sample, common, strict=True), start=1)
        wide = tuple(axis for axis, (own, wanted) in pairs if own == 1 != wanted)
        if not wide:
            return array  # lengths that are not known must turn out to be the same
        shape = known_sample(self, (None, *common))
        return graph.apply(broadcast, {"x": array}, name, shape=shape, stretched=wide)

    def _common(self, shapes: list[Shape]) -> Shape:
        """The shape of a sample of the result."""
        rank = max(len(shape) for shape in shapes) - 1
        samples = [(1,) * (rank - len(shape) + 1) + tuple(shape[1:]) for shape in shapes]
        common: list[int | None] = []
        for lengths in zip(*samples, strict=True):
            longer = set(lengths) - {1}
            if len(longer) > 1:
                longer.discard(None)
            if len(longer) > 1:
                raise ShapeError(
                    f"Layer {self.name!r} ({type(self).__name__}): the arrays must have one shape, "
                    "up to lengths of 1.",
                    input_shapes=shapes,
                )
            common.append(longer.pop() if longer else 1)
        return tuple(common)


class Add(Merge):
    """The sum of arrays: where a residual connection joins (He et al., 2016)."""

    pair = add_rule


class Subtract(Merge):
    """The first of two arrays minus the second."""

    pair = subtract_rule

    def build(self, input_shape: Any) -> None:
        super().build(input_shape)
        check_two(self, input_shape)


class Multiply(Merge):
    """The product of arrays, element by element."""

    pair = multiply_rule


class Average(Merge):
    """The mean of arrays, element by element."""

    pair = add_rule

    def expand(self, graph: GraphBuilder, x: list[str]) -> str:
        total = super().expand(graph, x)
        return graph.apply(rescaling, {"x": total}, "mean", scale=1 / len(x))


class Maximum(Merge):
    """The largest of arrays, element by element."""

    pair = maximum_rule


class Minimum(Merge):
    """The smallest of arrays, element by element."""

    pair = minimum_rule


def add(inputs: Any, **kwargs: Any) -> Any:
    """The sum of a list: ``Add()(inputs)``."""
    return Add(**kwargs)(inputs)


def subtract(inputs: Any, **kwargs: Any) -> Any:
    """The difference of two: ``Subtract()(inputs)``."""
    return Subtract(**kwargs)(inputs)


def multiply(inputs: Any, **kwargs: Any) -> Any:
    """The product of a list: ``Multiply()(inputs)``."""
    return Multiply(**kwargs)(inputs)


def average(inputs: Any, **kwargs: Any) -> Any:
    """The mean of a list: ``Average()(inputs)``."""
    return Average(**kwargs)(inputs)


def maximum(inputs: Any, **kwargs: Any) -> Any:
    """The largest of a list: ``Maximum()(inputs)``."""
    return Maximum(**kwargs)(inputs)


def minimum(inputs: Any, **kwargs: Any) -> Any:
    """The smallest of a list: ``Minimum()(inputs)``."""
    return Minimum(**kwargs)(inputs)


def check_two(layer: Layer, shapes: list[Shape]) -> None:
    """Let a layer take no list but one of two arrays.

    Raises:
        ArgumentError: There are fewer or more.
    """
    if len(shapes) != 2:
        raise ArgumentError(
            f"Layer {layer.name!r} ({type(layer).__name__}) takes exactly 2 arrays.",
            input_shapes=shapes,
        )
