"""Preparing data inside the model: so that whoever gets the model gets the preparation too."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule import config
from chainrule.core.graph import GraphBuilder
from chainrule.core.rule import rule
from chainrule.core.shapes import Shape
from chainrule.errors import ArgumentError, StateError
from chainrule.layers.activation import spread
from chainrule.layers.axes import chosen_axes
from chainrule.layers.calling import own_weights
from chainrule.layers.layer import Layer
from chainrule.layers.shaping import known_sample, reshape
from chainrule.layers.quantiles import boundaries_of

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


@rule("discretize", "x[*S] -> y[*S]", example={"boundaries": (-1.0, 0.5, 2.0)})
def discretize(x, *, boundaries):
    """The number of the bin that each number falls into; a boundary belongs to the bin above."""
    edges = np.asarray(boundaries, x.dtype)  # b₁ ≤ b₂ ≤ …
    return np.searchsorted(edges, x, side="right").astype(x.dtype)  # y = |{k : bₖ ≤ x}|


@rule("one_hot", "x[*N] -> y[*N,K]", example={"K": 4})
def one_hot(x, *, K):
    """A one at the place of each number."""
    return (x[..., None] == np.arange(K)).astype(x.dtype)  # yₖ = [x = k]


@rule("count_classes", "x[*N,T] -> y[*N,K]", example={"K": 4})
def count_classes(x, *, K):
    """How often each class number occurs along the last axis."""
    return np.sum(x[..., None] == np.arange(K), axis=-2).astype(x.dtype)  # yₖ = Σₜ [xₜ = k]


@rule("multi_hot", "x[*N,T] -> y[*N,K]", example={"K": 4})
def multi_hot(x, *, K):
    """Whether each class number occurs along the last axis."""
    return np.any(x[..., None] == np.arange(K), axis=-2).astype(x.dtype)  # yₖ = maxₜ [xₜ = k]


class Normalization(Layer):
    """Every feature by its mean and standard deviation in data that it has seen.

    Args:
        axis: The axis or axes that keep a mean each; ``None`` for one mean of all numbers.
        mean: The mean, instead of :meth:`adapt`.
        variance: The variance, instead of :meth:`adapt`.
        invert: Whether to go back from normalized numbers.
        **kwargs: See :class:`Layer`.
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
        if (mean is None) != (variance is None):
            raise ArgumentError(
                f"Layer {self.name!r}: give both `mean` and `variance`, or neither.",
                mean=mean,
                variance=variance,
            )
        self.axis = axis if axis is None or isinstance(axis, int) else tuple(axis)
        self.mean_given = None if mean is None else np.asarray(mean, np.float64)
        self.variance_given = None if variance is None else np.asarray(variance, np.float64)
        self.invert = bool(invert)

    def build(self, input_shape: Shape) -> None:
        kept = self._kept(input_shape)
        lengths = tuple(int(input_shape[axis] or 0) for axis in kept)
        self.add_weight(lengths, "zeros", trainable=False, name="mean")
        self.add_weight(lengths, "ones", trainable=False, name="variance")
        self.add_weight((), "zeros", trainable=False, name="count")
        if self.mean_given is not None:
            own_weights(self)
            self._views["mean"][...] = np.reshape(self.mean_given, -1 if not lengths else self.mean_given.shape)
            self._views["variance"][...] = self.variance_given

    def adapt(self, data: Any) -> None:
        """Take mean and variance from data.

        Args:
            data: An array with the samples' axis, or an iterable of such batches.

        Raises:
            ArgumentError: There are no data, or the layer was given mean and variance.
        """
        if self.mean_given is not None:
            raise ArgumentError(
                f"Layer {self.name!r} was given `mean` and `variance`; it cannot adapt.",
                mean=self.mean_given,
            )
        count, mean, square = 0, 0.0, 0.0
        for batch in batches(self, data):
            self.ensure_built((None, *batch.shape[1:]))
            kept = self._kept(batch.shape)
            others = tuple(axis for axis in range(batch.ndim) if axis not in kept)
            size = int(np.prod([batch.shape[axis] for axis in others], dtype=np.int64))
            own_mean = batch.mean(axis=others)
            gap = own_mean - mean
            share = size / (count + size)
            square = square + batch.var(axis=others) * size + gap**2 * count * share
            mean, count = mean + gap * share, count + size
        if not count:
            raise ArgumentError(f"Layer {self.name!r} cannot adapt to no data.", data=data)
        _, _ = self.weights[0], self.weights[1]
        self._views["mean"][...] = mean
        self._views["variance"][...] = square / count

    def expand(self, graph: GraphBuilder, x: str) -> str:
        kept = self._kept(graph.shapes[x])
        sample = known_sample(self, graph.shapes[x])
        statistics = {
            name: self._spread(graph, name, sample, kept) for name in ("mean", "variance")
        }
        formula = denormalize if self.invert else normalize
        return graph.apply(formula, {"x": x, **statistics}, "y", epsilon=config.epsilon())

    def _spread(
        self, graph: GraphBuilder, name: str, sample: tuple[int, ...], kept: tuple[int, ...]
    ) -> str:
        """A statistic for every element of a sample."""
        weight = self.weight_name(name)
        if graph.shapes[weight] == sample:
            return weight
        shape = tuple(n if axis in kept else 1 for axis, n in enumerate(sample, start=1))
        if graph.shapes[weight] != shape:
            weight = graph.apply(shaped_weight, {"w": weight}, f"{name}/shaped", shape=shape)
        wide = tuple(place for place, (n, m) in enumerate(zip(shape, sample, strict=True)) if n != m)
        if not wide:
            return weight
        return graph.apply(spread, {"w": weight}, f"{name}/all", shape=sample, stretched=wide)

    def _kept(self, shape: Shape) -> tuple[int, ...]:
        return () if self.axis is None else chosen_axes(self, self.axis, shape)

    def get_config(self) -> dict[str, Any]:
        given = {"mean": self.mean_given, "variance": self.variance_given}
        return super().get_config() | {
            "axis": self.axis,
            "invert": self.invert,
            **{name: None if value is None else value.tolist() for name, value in given.items()},
        }


class _Encoding(Layer):
    """What the layers that make class numbers rows of zeros and ones share."""

    output_mode: str
    classes: int

    def encoded(self, graph: GraphBuilder, x: str) -> str:
        """Write the nodes that encode class numbers as ``output_mode`` says."""
        shape = graph.shapes[x]
        options = {"K": self.classes}
        if self.output_mode == "one_hot":
            if shape[-1] == 1 and len(shape) > 1:
                x = graph.apply(reshape, {"x": x}, "numbers", shape=tuple(shape[1:-1]))
            return graph.apply(one_hot, {"x": x}, "y", **options)
        if len(shape) == 1:
            x = graph.apply(reshape, {"x": x}, "numbers", shape=(1,))
        formula = multi_hot if self.output_mode == "multi_hot" else count_classes
        return graph.apply(formula, {"x": x}, "y", **options)


class CategoryEncoding(_Encoding):
    """Class numbers as rows of zeros and ones, or of counts.

    Args:
        num_tokens: How many classes there are: numbers go from 0 to ``num_tokens - 1``.
        output_mode: ``"one_hot"``: a row for each number; ``"multi_hot"``: a row for each sample,
            with a one for each number in it; ``"count"``: with how often it is in it.
        sparse: Must be off.
        **kwargs: See :class:`Layer`.
    """

    def __init__(
        self,
        num_tokens: int | None = None,
        output_mode: str = "multi_hot",
        sparse: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if isinstance(num_tokens, bool) or not isinstance(num_tokens, int | np.integer):
            raise ArgumentError(
                f"Layer {self.name!r}: `num_tokens` must be a positive integer.",
                num_tokens=num_tokens,
            )
        if num_tokens < 1 or sparse:
            raise ArgumentError(
                f"Layer {self.name!r}: `num_tokens` must be positive and `sparse` off.",
                num_tokens=num_tokens,
                sparse=sparse,
            )
        self.num_tokens = self.classes = int(num_tokens)
        self.output_mode = _mode(self, output_mode, ("one_hot", "multi_hot", "count"))

    def expand(self, graph: GraphBuilder, x: str) -> str:
        graph.bound(x, self.num_tokens)
        return self.encoded(graph, x)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {
            "num_tokens": self.num_tokens,
            "output_mode": self.output_mode,
        }


class Discretization(_Encoding):
    """Numbers as the numbers of bins.

    Args:
        bin_boundaries: Where one bin ends and the next begins: ``[0.0, 1.0]`` makes three.
        num_bins: How many bins :meth:`adapt` makes, each with as many numbers.
        epsilon: How closely ``adapt`` finds the boundaries, as a fraction of the data.
        output_mode: ``"int"`` for the bin's number; else see :class:`CategoryEncoding`.
        sparse: Must be off.
        dtype: See :class:`Layer`.
        name: See :class:`Layer`.
        **kwargs: See :class:`Layer`.
    """

    def __init__(
        self,
        bin_boundaries: Any = None,
        num_bins: int | None = None,
        epsilon: float = 0.01,
        output_mode: str = "int",
        sparse: bool = False,
        dtype: Any = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(dtype=dtype, name=name, **kwargs)
        if (bin_boundaries is None) == (num_bins is None):
            raise ArgumentError(
                f"Layer {self.name!r}: give either `bin_boundaries` or `num_bins`.",
                bin_boundaries=bin_boundaries,
                num_bins=num_bins,
            )
        if num_bins is not None and num_bins < 0:
            raise ArgumentError(
                f"Layer {self.name!r}: `num_bins` must not be negative.", num_bins=num_bins
            )
        if sparse:
            raise ArgumentError(f"Layer {self.name!r}: `sparse` must be off.", sparse=sparse)
        self.num_bins, self.epsilon = num_bins, float(epsilon)
        self.output_mode = _mode(self, output_mode, ("int", "one_hot", "multi_hot", "count"))
        self.bin_boundaries: list[float] | None = None
        if bin_boundaries is not None:
            self.bin_boundaries = sorted(float(edge) for edge in bin_boundaries)

    @property
    def classes(self) -> int:  # type: ignore[override]
        """How many bins there are."""
        return len(self.bin_boundaries or ()) + 1

    def adapt(self, data: Any) -> None:
        """Choose boundaries between which the data have equally many numbers.

        Args:
            data: An array, or an iterable of arrays.

        Raises:
            ArgumentError: The layer was given boundaries, or there are no data.
        """
        if self.num_bins is None:
            raise ArgumentError(
                f"Layer {self.name!r} was given `bin_boundaries`; it cannot adapt.",
                bin_boundaries=self.bin_boundaries,
            )
        self.bin_boundaries = boundaries_of(batches(self, data), self.num_bins, self.epsilon)

    def expand(self, graph: GraphBuilder, x: str) -> str:
        if self.bin_boundaries is None:
            raise StateError(f"Layer {self.name!r} has no boundaries yet: call `adapt` first.")
        bins = graph.apply(discretize, {"x": x}, "bins", boundaries=tuple(self.bin_boundaries))
        return bins if self.output_mode == "int" else self.encoded(graph, bins)

    def get_config(self) -> dict[str, Any]:
        adapted = self.num_bins is not None and self.bin_boundaries is not None
        return super().get_config() | {
            "bin_boundaries": self.bin_boundaries,
            "num_bins": None if adapted else self.num_bins,
            "epsilon": self.epsilon,
            "output_mode": self.output_mode,
        }


@rule(
    "shaped_weight",
    "w[*A] -> y[*shape]",
    example={"shape": lambda axes: (1, *axes["*A"])},
)
def shaped_weight(w, *, shape):
    """A weight with axes of length 1 put in."""
    return w.reshape(shape)  # y = w


@shaped_weight.wrt("w")
def shaped_weight_wrt_w(w, y_bar):
    return y_bar.reshape(w.shape)  # ∂L/∂w = ȳ


def batches(layer: Layer, data: Any) -> Iterator[Array]:
    """Arrays of floats, from an array or an iterable of them.

    Raises:
        ArgumentError: There is an array without axes.
    """
    if hasattr(data, "__array__") or (isinstance(data, list) and np.isscalar(_first(data))):
        data = [data]
    for batch in data:
        given = batch[0] if isinstance(batch, tuple) else batch
        array = np.asarray(given, np.float64)
        if not array.ndim:
            raise ArgumentError(f"Layer {layer.name!r} adapts to arrays.", data=given)
        yield array


def _first(data: Any) -> Any:
    while isinstance(data, list) and data:
        data = data[0]
    return data


def _mode(layer: Layer, mode: str, known: tuple[str, ...]) -> str:
    if mode not in known:
        raise ArgumentError(
            f"Layer {layer.name!r}: `output_mode` must be one of {known}.", output_mode=mode
        )
    return mode
