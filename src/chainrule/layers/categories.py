"""Class numbers as rows of zeros and ones, and measurements as class numbers."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import Any

import numpy as np

from chainrule.core.graph import GraphBuilder
from chainrule.core.rule import rule
from chainrule.errors import ArgumentError, StateError
from chainrule.layers.adapting import batches
from chainrule.layers.layer import Layer
from chainrule.layers.quantiles import boundaries_of
from chainrule.layers.shaping import reshaped


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


class CategoryEncoding(Layer):
    """Class numbers as rows of zeros and ones, or of counts.

    A sample that is one number is a row of its own in every mode. (Keras takes numbers without
    further axes for those of one sample, but in ``"one_hot"``.)

    Args:
        num_tokens: How many classes there are: numbers go from 0 to ``num_tokens - 1``.
        output_mode: ``"one_hot"``: a row for each number; ``"multi_hot"``: a row for the numbers
            along the last axis, with a one for each that occurs; ``"count"``: with how often it
            occurs. (Keras counts along the first axis of a sample.)
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
        if not isinstance(num_tokens, int | np.integer) or num_tokens < 1:
            raise ArgumentError(
                f"Layer {self.name!r}: `num_tokens` must be a positive integer.",
                num_tokens=num_tokens,
            )
        self.num_tokens = int(num_tokens)
        self.output_mode = _mode(self, output_mode, sparse, "one_hot", "multi_hot", "count")

    def expand(self, graph: GraphBuilder, x: str) -> str:
        graph.bound(x, self.num_tokens)
        return _encoded(graph, x, self.output_mode, self.num_tokens)

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {
            "num_tokens": self.num_tokens,
            "output_mode": self.output_mode,
        }


class Discretization(Layer):
    """Numbers as the numbers of the bins that they fall into.

    The numbers have the model's float type, as all arrays in it. (Keras gives integers.)

    Args:
        bin_boundaries: Where one bin ends and the next begins: ``[0.0, 1.0]`` makes three.
        num_bins: How many bins :meth:`adapt` makes, each with as many numbers.
        epsilon: How closely ``adapt`` finds the boundaries, as a fraction of the data.
        output_mode: ``"int"`` for the bin's number; else see :class:`CategoryEncoding`.
        sparse: Must be off.
        **kwargs: See :class:`Layer`.
    """

    def __init__(
        self,
        bin_boundaries: Any = None,
        num_bins: int | None = None,
        epsilon: float = 0.01,
        output_mode: str = "int",
        sparse: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if (bin_boundaries is None) == (num_bins is None):
            raise ArgumentError(
                f"Layer {self.name!r}: give either `bin_boundaries` or `num_bins`.",
                bin_boundaries=bin_boundaries,
                num_bins=num_bins,
            )
        if num_bins is not None and (not isinstance(num_bins, int) or num_bins < 1):
            raise ArgumentError(
                f"Layer {self.name!r}: `num_bins` must be a positive integer.", num_bins=num_bins
            )
        if not 0 < epsilon < 1:
            raise ArgumentError(
                f"Layer {self.name!r}: `epsilon` must be between 0 and 1.", epsilon=epsilon
            )
        self.num_bins, self.epsilon = num_bins, float(epsilon)
        self.output_mode = _mode(self, output_mode, sparse, "int", "one_hot", "multi_hot", "count")
        self.bin_boundaries: list[float] | None = None
        if bin_boundaries is not None:
            self.bin_boundaries = sorted(float(edge) for edge in bin_boundaries)

    def adapt(self, data: Any, steps: int | None = None) -> None:
        """Choose boundaries between which the data have equally many numbers.

        Args:
            data: An array, or an iterable of arrays.
            steps: How many arrays to look at; ``None`` for all.

        Raises:
            ArgumentError: The layer was given boundaries, or there are no data.
        """
        if self.num_bins is None:
            raise ArgumentError(
                f"Layer {self.name!r} was given `bin_boundaries`; it cannot adapt.",
                bin_boundaries=self.bin_boundaries,
            )
        parts = [part for part in islice(batches(self, data), steps) if part.size]
        if not parts:
            raise ArgumentError(f"Layer {self.name!r} cannot adapt to no data.", data=data)
        self.bin_boundaries = boundaries_of(parts, self.num_bins, self.epsilon)

    def expand(self, graph: GraphBuilder, x: str) -> str:
        if self.bin_boundaries is None:
            raise StateError(f"Layer {self.name!r} has no boundaries yet: call `adapt` first.")
        bins = graph.apply(discretize, {"x": x}, "bins", boundaries=tuple(self.bin_boundaries))
        return _encoded(graph, bins, self.output_mode, len(self.bin_boundaries) + 1)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        del config["trainable"]  # there is nothing to train, and Keras' layer does not take it
        return config | {
            "bin_boundaries": self.bin_boundaries,
            "num_bins": self.num_bins,
            "epsilon": self.epsilon,
            "output_mode": self.output_mode,
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Discretization:
        """A layer from :meth:`get_config`, with the boundaries that it had adapted to."""
        if config.get("num_bins") is None:
            return cls(**config)
        layer = cls(**{**config, "bin_boundaries": None})
        layer.bin_boundaries = config.get("bin_boundaries")
        return layer


def _encoded(graph: GraphBuilder, x: str, mode: str, classes: int) -> str:
    """Write the nodes that encode class numbers."""
    if mode == "int":
        return x
    shape = graph.shapes[x]
    if mode == "one_hot":
        if shape[1:] and shape[-1] == 1:
            x = reshaped(graph, x, shape[1:-1], "numbers")
        return graph.apply(one_hot, {"x": x}, "y", K=classes)
    if not shape[1:]:
        x = reshaped(graph, x, (1,), "numbers")
    formula = multi_hot if mode == "multi_hot" else count_classes
    return graph.apply(formula, {"x": x}, "y", K=classes)


def _mode(layer: Layer, mode: str, sparse: bool, *known: str) -> str:
    who = f"Layer {layer.name!r} ({type(layer).__name__})"
    if sparse:
        raise ArgumentError(f"{who}: `sparse` must be off.", sparse=sparse)
    if mode == "binary":  # of Keras 2
        return "multi_hot"
    if mode not in known:
        raise ArgumentError(f"{who}: `output_mode` must be one of {known}.", output_mode=mode)
    return mode
