"""Layers that change the shape of a sample and none of its numbers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from chainrule.core.graph import GraphBuilder
from chainrule.core.rule import rule
from chainrule.core.shapes import Shape
from chainrule.errors import ArgumentError, ShapeError
from chainrule.layers.layer import Layer


@rule("reshape", "x[N,*A] -> y[N,*shape]", example={"shape": lambda axes: (math.prod(axes["*A"]),)})
def reshape(x, *, shape):
    """The same numbers of each sample, in the same (row-major) order, in another shape."""
    return x.reshape(x.shape[:1] + shape)  # y = x


@reshape.wrt("x")
def reshape_wrt_x(x, y_bar):
    return y_bar.reshape(x.shape)  # ∂L/∂x = ȳ


@rule(
    "permute",
    "x[N,*A] -> y[N,*shape]",
    example={
        "order": lambda axes: (0, *range(len(axes["*A"]), 0, -1)),
        "back": lambda axes: (0, *range(len(axes["*A"]), 0, -1)),
        "shape": lambda axes: axes["*A"][::-1],
    },
)
def permute(x, *, order, back, shape):
    """The axes of each sample in another order; ``back`` is the order that undoes it."""
    return np.transpose(x, order)  # y = x, axes permuted


@permute.wrt("x")
def permute_wrt_x(y_bar, *, back):
    return np.transpose(y_bar, back)  # ∂L/∂x = ȳ, axes permuted back


@rule("repeat_vector", "x[N,C] -> y[N,T,C]", example={"T": 3})
def repeat_vector(x, *, T):
    """Each sample's row, T times."""
    return np.repeat(x[:, None, :], T, axis=1)  # yₜ = x


@repeat_vector.wrt("x")
def repeat_vector_wrt_x(y_bar):
    return np.sum(y_bar, axis=1)  # ∂L/∂x = Σₜ ȳₜ


@rule("shaped_weight", "w[*A] -> y[*shape]", example={"shape": lambda axes: (1, *axes["*A"])})
def shaped_weight(w, *, shape):
    """The same numbers of a weight in another shape."""
    return w.reshape(shape)  # y = w


@shaped_weight.wrt("w")
def shaped_weight_wrt_w(w, y_bar):
    return y_bar.reshape(w.shape)  # ∂L/∂w = ȳ


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


class Flatten(Layer):
    """Each sample as one row: (samples, 28, 28) becomes (samples, 784), row by row.

    Args:
        data_format: ``"channels_last"`` for the order in which the numbers lie;
            ``"channels_first"`` to put the first axis of a sample last before.
        **kwargs: See :class:`Layer`.
    """

    def __init__(self, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.data_format = "channels_last" if data_format is None else data_format
        if self.data_format not in ("channels_last", "channels_first"):
            raise ArgumentError(
                f"Layer {self.name!r}: `data_format` must be 'channels_last' or 'channels_first'.",
                data_format=data_format,
            )

    def expand(self, graph: GraphBuilder, x: str) -> str:
        sample = known_sample(self, graph.shapes[x])
        if self.data_format == "channels_first" and len(sample) > 1:
            x = permuted(graph, x, (*range(2, len(sample) + 1), 1), "channels_last")
        return reshaped(graph, x, (math.prod(sample),), "y")

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"data_format": self.data_format}


class Reshape(Layer):
    """Each sample in another shape, its numbers in the same row-major order.

    Args:
        target_shape: Shape of a sample; one axis may be -1: whatever is left.
        **kwargs: See :class:`Layer`.

    The shape of the input must be known. (Keras lets axes of unknown length through.)
    """

    def __init__(self, target_shape: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        given = target_shape if isinstance(target_shape, list | tuple) else (target_shape,)
        integers = all(isinstance(axis, int | np.integer) for axis in given)
        if not integers or any(axis < -1 or axis == 0 for axis in given) or given.count(-1) > 1:
            raise ArgumentError(
                f"Layer {self.name!r}: `target_shape` must be positive integers, at most one -1.",
                target_shape=target_shape,
            )
        self.target_shape = tuple(int(axis) for axis in given)

    def expand(self, graph: GraphBuilder, x: str) -> str:
        sample = known_sample(self, graph.shapes[x])
        size, known = math.prod(sample), math.prod(n for n in self.target_shape if n != -1)
        rest = size // known
        shape = tuple(rest if axis == -1 else axis for axis in self.target_shape)
        if math.prod(shape) != size:
            raise ShapeError(
                f"Layer {self.name!r} (Reshape): {size} numbers of shape {sample} do not fill "
                f"{self.target_shape}.",
                input_shape=graph.shapes[x],
            )
        return reshaped(graph, x, shape, "y")

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"target_shape": self.target_shape}


class Permute(Layer):
    """The axes of each sample in another order.

    Args:
        dims: For each axis of the result the axis of the input, counted from 1, without the
            samples' axis: ``(2, 1)`` swaps two axes.
        **kwargs: See :class:`Layer`.
    """

    def __init__(self, dims: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        given = tuple(dims) if isinstance(dims, list | tuple) else (dims,)
        if set(given) != set(range(1, len(given) + 1)):
            raise ArgumentError(
                f"Layer {self.name!r}: `dims` must be a permutation of 1 to {len(given)}.",
                dims=dims,
            )
        self.dims = tuple(int(axis) for axis in given)

    def expand(self, graph: GraphBuilder, x: str) -> str:
        if len(graph.shapes[x]) != len(self.dims) + 1:
            raise ShapeError(
                f"Layer {self.name!r} (Permute) needs samples of {len(self.dims)} axes.",
                input_shape=graph.shapes[x],
            )
        return permuted(graph, x, self.dims, "y")

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"dims": self.dims}


class RepeatVector(Layer):
    """Each sample's row ``n`` times: (samples, features) becomes (samples, n, features).

    Args:
        n: How often.
        **kwargs: See :class:`Layer`.
    """

    def __init__(self, n: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if isinstance(n, bool) or not isinstance(n, int | np.integer) or n < 1:
            raise ArgumentError(f"Layer {self.name!r}: `n` must be a positive integer.", n=n)
        self.n = int(n)

    def expand(self, graph: GraphBuilder, x: str) -> str:
        return graph.apply(repeat_vector, {"x": x}, "y", T=self.n)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {"n": self.n}


def known_sample(layer: Layer, shape: Shape) -> tuple[int, ...]:
    """The shape of a sample.

    Raises:
        ShapeError: A length is not known.
    """
    return _known(f"{layer.name!r} ({type(layer).__name__})", shape[1:], shape)


def _known(layer: str, lengths: Shape, shape: Shape) -> tuple[int, ...]:
    known = tuple(length for length in lengths if length is not None)
    if len(known) < len(lengths):
        raise ShapeError(f"Layer {layer} needs samples of known shape.", input_shape=shape)
    return known


def reshaped(graph: GraphBuilder, x: str, sample: Shape, output: str) -> str:
    """Write a node that gives each sample another shape.

    Raises:
        ShapeError: A length is not known.
    """
    shape = _known(repr(graph.layer), sample, graph.shapes[x])
    return graph.apply(reshape, {"x": x}, output, shape=shape)


def permuted(graph: GraphBuilder, x: str, dims: tuple[int, ...], output: str) -> str:
    """Write a node that permutes axes; ``dims`` as for :class:`Permute`."""
    order = (0, *dims)
    back = tuple(order.index(axis) for axis in range(len(order)))
    shape = tuple(graph.shapes[x][axis] for axis in dims)
    return graph.apply(permute, {"x": x}, output, order=order, back=back, shape=shape)


def last(graph: GraphBuilder, x: str, axes: tuple[int, ...], output: str) -> str:
    """Write nodes that bring some axes to the end, as one; nothing if it is the last one alone.

    Args:
        graph: Where to write.
        x: The array.
        axes: Axes counted from 0, the samples' among them, in ascending order.
        output: What the result is called.
    """
    rank = len(graph.shapes[x])
    if axes == (rank - 1,):
        return x
    others = tuple(axis for axis in range(1, rank) if axis not in axes)
    if (*others, *axes) != tuple(range(1, rank)):
        x = permuted(graph, x, (*others, *axes), f"{output}/permuted")
    if len(axes) == 1:
        return x
    sample = graph.shapes[x][1:]
    size = math.prod(n or 0 for n in sample[len(others) :])
    return reshaped(graph, x, (*sample[: len(others)], size), output)


def first(graph: GraphBuilder, y: str, like: str, axes: tuple[int, ...], output: str) -> str:
    """Undo :func:`last`: the axes go back to where they are in ``like``."""
    shape = graph.shapes[like]
    rank = len(shape)
    if axes == (rank - 1,):
        return y
    others = tuple(axis for axis in range(1, rank) if axis not in axes)
    order = (*others, *axes)
    if len(axes) > 1:
        y = reshaped(graph, y, tuple(shape[axis] for axis in order), f"{output}/shaped")
    if order == tuple(range(1, rank)):
        return y
    return permuted(graph, y, tuple(order.index(axis) + 1 for axis in range(1, rank)), output)
