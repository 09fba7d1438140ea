"""Layers that make one array of several: where branches of a network join.

Each merges two arrays at a time, from the left; lengths of 1 are stretched to fit, as in Keras.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from chainrule.core.graph import GraphBuilder
from chainrule.core.rule import Rule, rule
from chainrule.core.shapes import Shape
from chainrule.errors import ArgumentError, ShapeError
from chainrule.layers.axes import chosen_axes
from chainrule.layers.layer import Layer
from chainrule.layers.rescaling import rescaling
from chainrule.layers.shaping import last, permuted, reshape
from chainrule.layers.unit_normalization import unit_normalize


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
    return y_bar * (0.5 * (a > b) + 0.5 * (a >= b)).astype(a.dtype)  # ∂L/∂a = ȳ [a > b]


@maximum_rule.wrt("b")
def maximum_wrt_b(a, b, y_bar):
    return y_bar * (0.5 * (b > a) + 0.5 * (b >= a)).astype(b.dtype)  # ∂L/∂b = ȳ [b > a]


@rule("minimum", "a[*S] b[*S] -> y[*S]")
def minimum_rule(a, b):
    """The smaller; where both are equal each gets half of the gradient, as in JAX."""
    return np.minimum(a, b)  # y = min(a, b)


@minimum_rule.wrt("a")
def minimum_wrt_a(a, b, y_bar):
    return y_bar * (0.5 * (a < b) + 0.5 * (a <= b)).astype(a.dtype)  # ∂L/∂a = ȳ [a < b]


@minimum_rule.wrt("b")
def minimum_wrt_b(a, b, y_bar):
    return y_bar * (0.5 * (b < a) + 0.5 * (b <= a)).astype(b.dtype)  # ∂L/∂b = ȳ [b < a]


@rule(
    "concatenate",
    "a[*N,A] b[*N,B] -> y[*N,width]",
    example={"width": lambda axes: axes["A"] + axes["B"]},
)
def concatenate_rule(a, b, *, width):
    """The one, then the other, along the last axis."""
    return np.concatenate([a, b], axis=-1)  # y = (a, b)


@concatenate_rule.wrt("a")
def concatenate_wrt_a(a, y_bar):
    return y_bar[..., : a.shape[-1]]  # ∂L/∂a: the first part of ȳ


@concatenate_rule.wrt("b")
def concatenate_wrt_b(a, y_bar):
    return y_bar[..., a.shape[-1] :]  # ∂L/∂b: the rest of ȳ


@rule("batch_dot", "a[N,I,J] b[N,J,K] -> y[N,I,K]")
def batch_dot(a, b):
    """A matrix product for each sample."""
    return np.matmul(a, b)  # yₙ = aₙ bₙ


@batch_dot.wrt("a")
def batch_dot_wrt_a(b, y_bar):
    return np.matmul(y_bar, np.swapaxes(b, 1, 2))  # ∂L/∂aₙ = ȳₙ bₙᵀ


@batch_dot.wrt("b")
def batch_dot_wrt_b(a, y_bar):
    return np.matmul(np.swapaxes(a, 1, 2), y_bar)  # ∂L/∂bₙ = aₙᵀ ȳₙ


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
        if not isinstance(input_shape, list) or len(input_shape) < 2:
            raise ArgumentError(
                f"Layer {self.name!r} ({type(self).__name__}) takes a list of at least 2 arrays.",
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
                array = graph.apply(reshape, {"x": array}, f"shaped{place}", shape=sample)
            if sample != common:
                wide = tuple(
                    axis
                    for axis, (n, m) in enumerate(zip(sample, common, strict=True), start=1)
                    if n != m
                )
                given = {"shape": common, "stretched": wide}
                array = graph.apply(broadcast, {"x": array}, f"stretched{place}", **given)
            found.append(array)
        return found

    def _common(self, shapes: list[Shape]) -> tuple[Any, ...]:
        rank = max(len(shape) for shape in shapes) - 1
        samples = [(1,) * (rank - len(shape) + 1) + tuple(shape[1:]) for shape in shapes]
        common = []
        for lengths in zip(*samples, strict=True):
            longer = {length for length in lengths if length != 1}
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
        _check_two(self, input_shape)


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


class Concatenate(Merge):
    """Arrays side by side along an axis.

    Args:
        axis: The axis, the samples' axis being 0; all others must agree.
        **kwargs: See :class:`Layer`.
    """

    pair = concatenate_rule

    def __init__(self, axis: int = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = axis

    def expand(self, graph: GraphBuilder, x: list[str]) -> str:
        rank = len(graph.shapes[x[0]])
        (axis,) = chosen_axes(self, self.axis, graph.shapes[x[0]])
        for array in x[1:]:
            if len(graph.shapes[array]) != rank:
                raise ShapeError(
                    f"Layer {self.name!r} (Concatenate): all arrays must have as many axes.",
                    input_shapes=[graph.shapes[array] for array in x],
                )
        moved = [last(graph, array, (axis,), f"moved{place}") for place, array in enumerate(x)]
        merged, *others = moved
        for place, array in enumerate(others, start=1):
            name = "y" if place == len(others) else f"y{place}"
            width = (graph.shapes[merged][-1] or 0) + (graph.shapes[array][-1] or 0)
            merged = graph.apply(self.pair, {"a": merged, "b": array}, name, width=width)
        if axis == rank - 1:
            return merged
        dims = [*range(1, axis), rank - 1, *range(axis, rank - 1)]
        return permuted(graph, merged, tuple(dims), "back")

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"axis": self.axis}


class Dot(Merge):
    """The scalar product of two arrays along an axis of each.

    Args:
        axes: The axis, or one for each array, the samples' axis being 0.
        normalize: Whether to divide by the norms first: the cosine of the angle.
        **kwargs: See :class:`Layer`.
    """

    def __init__(self, axes: Any, normalize: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        pair = (axes, axes) if isinstance(axes, int) else tuple(axes)
        if len(pair) != 2 or not all(isinstance(axis, int) for axis in pair):
            raise ArgumentError(
                f"Layer {self.name!r}: `axes` must be an integer or two of them.", axes=axes
            )
        self.axes, self.normalize = axes, bool(normalize)

    def build(self, input_shape: Any) -> None:
        super().build(input_shape)
        _check_two(self, input_shape)

    def expand(self, graph: GraphBuilder, x: list[str]) -> str:
        pair = (self.axes, self.axes) if isinstance(self.axes, int) else self.axes
        rows, kept = [], []
        for place, (array, given) in enumerate(zip(x, pair, strict=True)):
            (axis,) = chosen_axes(self, given, graph.shapes[array])
            kept += [n for at, n in enumerate(graph.shapes[array]) if at not in (0, axis)]
            array = last(graph, array, (axis,), f"moved{place}")
            if self.normalize:
                array = graph.apply(unit_normalize, {"x": array}, f"unit{place}", epsilon=1e-12)
            sample = graph.shapes[array][1:]
            others = int(np.prod([n or 0 for n in sample[:-1]], dtype=np.int64))
            flat = (others, sample[-1])
            rows.append(graph.apply(reshape, {"x": array}, f"rows{place}", shape=flat))
        columns = permuted(graph, rows[1], (2, 1), "columns")
        product = graph.apply(batch_dot, {"a": rows[0], "b": columns}, "product")
        return graph.apply(reshape, {"x": product}, "y", shape=tuple(kept) or (1,))

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"axes": self.axes, "normalize": self.normalize}


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


def concatenate(inputs: Any, axis: int = -1, **kwargs: Any) -> Any:
    """A list side by side: ``Concatenate(axis)(inputs)``."""
    return Concatenate(axis, **kwargs)(inputs)


def dot(inputs: Any, axes: Any = -1, **kwargs: Any) -> Any:
    """The scalar product of two: ``Dot(axes)(inputs)``."""
    return Dot(axes, **kwargs)(inputs)


def _check_two(layer: Layer, shapes: list[Shape]) -> None:
    if len(shapes) != 2:
        raise ArgumentError(
            f"Layer {layer.name!r} ({type(layer).__name__}) takes exactly 2 arrays.",
            input_shapes=shapes,
        )
