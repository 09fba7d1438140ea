"""Preparing data inside the model: so that whoever gets the model gets the preparation too."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule import config
from chainrule.core.graph import GraphBuilder
from chainrule.core.rule import rule
from chainrule.core.shapes import Shape
from chainrule.errors import ArgumentError, ShapeError
from chainrule.layers.adapting import batches
from chainrule.layers.axes import checked_axis, chosen_axes
from chainrule.layers.layer import Layer
from chainrule.layers.rescaling import numbers, rescaled
from chainrule.layers.shaping import known_sample, shaped_weight, spread

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]


@rule("normalize", "x[N,*S] mean[*S] variance[*S]:positive -> y[N,*S]")
def normalize(x, mean, variance, *, epsilon=1e-7):
    """Every number by the mean and standard deviation of the data it comes from."""
    return (x - mean) / np.maximum(np.sqrt(variance), epsilon)  # y = (x − μ) / max(σ, ε)


@normalize.wrt("x")
def normalize_wrt_x(variance, y_bar, *, epsilon=1e-7):
    return y_bar / np.maximum(np.sqrt(variance), epsilon)  # ∂L/∂x = ȳ / max(σ, ε)


@rule("denormalize", "x[N,*S] mean[*S] variance[*S]:positive -> y[N,*S]")
def denormalize(x, mean, variance, *, epsilon=1e-7):
    """The way back from normalized numbers."""
    return mean + x * np.maximum(np.sqrt(variance), epsilon)  # y = μ + x max(σ, ε)


@denormalize.wrt("x")
def denormalize_wrt_x(variance, y_bar, *, epsilon=1e-7):
    return y_bar * np.maximum(np.sqrt(variance), epsilon)  # ∂L/∂x = ȳ max(σ, ε)


@rule("normalize_by", "x[*S] -> y[*S]", example={"mean": 0.5, "deviation": 2.0})
def normalize_by(x, *, mean, deviation):
    """Every number by a mean and a standard deviation that are known beforehand."""
    centred = x - np.asarray(mean, x.dtype)  # c = x − μ
    return centred / np.asarray(deviation, x.dtype)  # y = c / σ


@normalize_by.wrt("x")
def normalize_by_wrt_x(y_bar, *, deviation):
    return y_bar / np.asarray(deviation, y_bar.dtype)  # ∂L/∂x = ȳ / σ


class Normalization(Layer):
    """Every feature by its mean and standard deviation in data that it has seen.

    Its weights are mean, variance and count (which is 0, as in Keras); none if both are given.

    Args:
        axis: The axis or axes that keep a mean each; ``None`` for one mean of all numbers.
        mean: The mean, instead of :meth:`adapt`: a number, or an array with an axis for each of
            ``axis``, or for the last of them.
        variance: The variance, of the same shape.
        invert: Whether to go back from normalized numbers.
        **kwargs: See :class:`Layer`.

    Raises:
        ArgumentError: Only one of ``mean`` and ``variance`` is given, or their shapes differ.
    """

    def __init__(
        self,
        axis: Any = -1,
        mean: Any = None,
        variance: Any = None,
        invert: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if (mean is None) != (variance is None) or np.shape(mean) != np.shape(variance):
            raise ArgumentError(
                f"Layer {self.name!r}: give both `mean` and `variance` in one shape, or neither.",
                mean=mean,
                variance=variance,
            )
        several = isinstance(axis, list | tuple)
        given = () if axis is None else tuple(axis) if several else (axis,)
        self.axis = checked_axis(self, given) if given else ()
        self.input_mean: Any = None if mean is None else numbers(self, "mean", mean)
        self.input_variance: Any = None if mean is None else numbers(self, "variance", variance)
        self.invert = bool(invert)

    def build(self, input_shape: Shape) -> None:
        if self.input_mean is not None:
            return
        lengths = tuple(int(input_shape[axis] or 0) for axis in self._kept(input_shape))
        self.add_weight(lengths, "zeros", trainable=False, name="mean")
        self.add_weight(lengths, "ones", trainable=False, name="variance")
        self.add_weight((), "zeros", trainable=False, name="count")

    def adapt(self, data: Any) -> None:
        """Take mean and variance from data; what was there before is forgotten.

        Args:
            data: An array with the samples' axis, or an iterable of such batches.

        Raises:
            ArgumentError: There are no data, or the layer was given mean and variance.
            ShapeError: The data have other features than the layer.
        """
        if self.input_mean is not None:
            raise ArgumentError(
                f"Layer {self.name!r} was given `mean` and `variance`; it cannot adapt.",
                mean=self.input_mean,
            )
        count, mean, square = 0, np.zeros(()), np.zeros(())
        for batch in batches(self, data):
            own_mean, own_variance, size = self._statistics(batch)
            if size:
                gap, share = own_mean - mean, size / (count + size)
                square = square + own_variance * size + gap**2 * (count * share)
                mean, count = mean + gap * share, count + size
        if not count:
            raise ArgumentError(f"Layer {self.name!r} cannot adapt to no data.", data=data)
        self.weights[0][...] = mean
        self.weights[1][...] = square / count

    def _statistics(self, batch: Array) -> tuple[Array, Array, int]:
        """Mean and variance over all but the axes that keep one, and of how many numbers each."""
        self.ensure_built((None, *batch.shape[1:]))
        kept = self._kept(batch.shape)
        lengths = tuple(batch.shape[axis] for axis in kept)
        if lengths != self.declared[0].slot.shape:
            raise ShapeError(
                f"Layer {self.name!r} was built for {self.declared[0].slot.shape} features.",
                data_shape=batch.shape,
            )
        others = tuple(axis for axis in range(batch.ndim) if axis not in kept)
        size = math.prod(batch.shape[axis] for axis in others)
        if not size:
            return np.zeros(()), np.zeros(()), 0
        return batch.mean(axis=others), batch.var(axis=others), size

    def expand(self, graph: GraphBuilder, x: str) -> str:
        if self.input_mean is not None:
            return self._by_given(graph, x)
        kept = self._kept(graph.shapes[x])
        sample = known_sample(self, graph.shapes[x])
        statistics = {
            name: self._spread(graph, name, sample, kept) for name in ("mean", "variance")
        }
        formula = denormalize if self.invert else normalize
        return graph.apply(formula, {"x": x, **statistics}, "y", epsilon=config.epsilon())

    def _by_given(self, graph: GraphBuilder, x: str) -> str:
        shape = self._given_shape(graph.shapes[x])
        widths = np.maximum(np.sqrt(self.input_variance), config.epsilon())
        mean = numbers(self, "mean", np.reshape(self.input_mean, shape))
        deviation = numbers(self, "variance", np.reshape(widths, shape))
        if self.invert:
            return rescaled(graph, x, deviation, mean)
        return graph.apply(normalize_by, {"x": x}, "y", mean=mean, deviation=deviation)

    def _given_shape(self, shape: Shape) -> tuple[int, ...]:
        """The shape of the given mean with axes of length 1 put in, so that it fits a sample."""
        given, kept = np.shape(self.input_mean), self._kept(shape)
        wide = dict(zip(kept[::-1], given[::-1], strict=False))
        if len(given) > len(kept) or any(n not in (1, shape[axis]) for axis, n in wide.items()):
            raise ShapeError(
                f"Layer {self.name!r}: `mean` and `variance` must fit the axes {kept} of an array "
                f"of shape {shape}.",
                mean_shape=given,
            )
        return tuple(wide.get(axis, 1) for axis in range(1, len(shape))) if given else ()

    def _spread(
        self, graph: GraphBuilder, name: str, sample: tuple[int, ...], kept: tuple[int, ...]
    ) -> str:
        """A statistic for every element of a sample."""
        weight = self.weight_name(name)
        shape = tuple(n if axis in kept else 1 for axis, n in enumerate(sample, start=1))
        if graph.shapes[weight] != shape:
            weight = graph.apply(shaped_weight, {"w": weight}, f"{name}/shaped", shape=shape)
        wide = tuple(axis for axis, length in enumerate(shape) if length != sample[axis])
        if not wide:
            return weight
        return graph.apply(spread, {"w": weight}, f"{name}/all", shape=sample, stretched=wide)

    def _kept(self, shape: Shape) -> tuple[int, ...]:
        return chosen_axes(self, self.axis, shape) if self.axis else ()

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {
            "axis": self.axis,
            "invert": self.invert,
            "mean": self.input_mean,
            "variance": self.input_variance,
        }
