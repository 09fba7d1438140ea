"""Layers that join arrays along an axis: side by side, or by the products of their numbers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from chainrule import config
from chainrule.core.graph import GraphBuilder
from chainrule.core.rule import rule
from chainrule.core.shapes import Shape
from chainrule.errors import ArgumentError, ShapeError
from chainrule.layers.axes import chosen_axes
from chainrule.layers.merging import Merge, check_two
from chainrule.layers.shaping import known_sample, last, permuted, reshaped
from chainrule.layers.unit_normalization import unit_normalize


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


class Concatenate(Merge):
    """Arrays side by side along an axis.

    Args:
        axis: The axis, the samples' axis being 0; all others must agree.
        **kwargs: See :class:`Layer`.
    """

    pair = concatenate_rule

    def __init__(self, axis: int = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not isinstance(axis, int):
            raise ArgumentError(f"Layer {self.name!r}: `axis` must be an integer.", axis=axis)
        self.axis = axis

    def expand(self, graph: GraphBuilder, x: list[str]) -> str:
        shapes = [graph.shapes[array] for array in x]
        rank = len(shapes[0])
        if any(len(shape) != rank for shape in shapes):
            raise ShapeError(
                f"Layer {self.name!r} (Concatenate): all arrays must have as many axes.",
                input_shapes=shapes,
            )
        (axis,) = {chosen_axes(self, self.axis, shape)[0] for shape in shapes}
        self._check_others(axis, shapes)
        merged, *others = [
            last(graph, array, (axis,), f"moved{place}") for place, array in enumerate(x)
        ]
        width = int(shapes[0][axis] or 0)
        for place, (array, shape) in enumerate(zip(others, shapes[1:], strict=True), start=1):
            name = "y" if place == len(others) else f"y{place}"
            width += int(shape[axis] or 0)
            merged = graph.apply(self.pair, {"a": merged, "b": array}, name, width=width)
        if axis == rank - 1:
            return merged
        dims = [*range(1, axis), rank - 1, *range(axis, rank - 1)]
        return permuted(graph, merged, tuple(dims), "back")

    def _check_others(self, axis: int, shapes: list[Shape]) -> None:
        """Axes but that one must agree, where their lengths are known."""
        for lengths in zip(*(shape[:axis] + shape[axis + 1 :] for shape in shapes), strict=True):
            if len(set(lengths) - {None}) > 1:
                raise ShapeError(
                    f"Layer {self.name!r} (Concatenate): all axes but {axis} must agree.",
                    input_shapes=shapes,
                )

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
        self.pair_of_axes = tuple(axes) if isinstance(axes, list | tuple) else (axes, axes)
        if [isinstance(axis, int) for axis in self.pair_of_axes] != [True, True]:
            raise ArgumentError(
                f"Layer {self.name!r}: `axes` must be an integer or two of them.", axes=axes
            )
        self.axes, self.normalize = axes, bool(normalize)

    def build(self, input_shape: Any) -> None:
        super().build(input_shape)
        check_two(self, input_shape)

    def expand(self, graph: GraphBuilder, x: list[str]) -> str:
        shapes = [graph.shapes[array] for array in x]
        pairs = zip(self.pair_of_axes, shapes, strict=True)
        axes = [chosen_axes(self, axis, shape)[0] for axis, shape in pairs]
        if shapes[0][axes[0]] != shapes[1][axes[1]]:
            raise ShapeError(
                f"Layer {self.name!r} (Dot): axis {axes[0]} of the first array must be as long as "
                f"axis {axes[1]} of the second.",
                input_shapes=shapes,
            )
        rows: list[str] = []
        kept: list[int] = []
        for place, (array, axis) in enumerate(zip(x, axes, strict=True)):
            lengths = known_sample(self, shapes[place])
            others = [length for at, length in enumerate(lengths, start=1) if at != axis]
            row = last(graph, array, (axis,), f"moved{place}")
            if self.normalize:
                given = {"epsilon": config.epsilon()}
                row = graph.apply(unit_normalize, {"x": row}, f"unit{place}", **given)
            flat = (math.prod(others), lengths[axis - 1])
            rows.append(reshaped(graph, row, flat, f"rows{place}"))
            kept += others
        columns = permuted(graph, rows[1], (2, 1), "columns")
        product = graph.apply(batch_dot, {"a": rows[0], "b": columns}, "product")
        return reshaped(graph, product, tuple(kept) or (1,), "y")

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"axes": self.axes, "normalize": self.normalize}


def concatenate(inputs: Any, axis: int = -1, **kwargs: Any) -> Any:
    """A list side by side: ``Concatenate(axis)(inputs)``."""
    return Concatenate(axis, **kwargs)(inputs)


def dot(inputs: Any, axes: Any = -1, **kwargs: Any) -> Any:
    """The scalar product of two: ``Dot(axes)(inputs)``."""
    return Dot(axes, **kwargs)(inputs)
