"""Embedding: a vector of weights for each class number."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.core.graph import GraphBuilder
from chainrule.core.rule import rule
from chainrule.core.shapes import Shape
from chainrule.errors import ArgumentError, ShapeError
from chainrule.layers.layer import Layer


@rule("embedding", "x[*N]:label(V) table[V,O] -> y[*N,O]")
def embedding(x, table):
    """The row of the table for each number."""
    rows = x.astype(np.int64)  # numbers that a layer made are floats
    return np.take(table, rows, axis=0)  # yₙ = Wₓₙ


@embedding.wrt("table")
def embedding_wrt_table(x, table, y_bar):
    numbers = x.reshape(-1).astype(np.int64)  # one number per row of ȳ
    order = np.argsort(numbers)  # rows of one number side by side
    bars = y_bar.reshape(-1, table.shape[1])[order]  # ȳ in that order
    ends = np.concatenate([bars, np.zeros_like(table[:1])])  # a row for numbers that are last
    starts = np.searchsorted(numbers[order], np.arange(table.shape[0]))  # where number v begins
    counts = np.bincount(numbers, minlength=table.shape[0])[: table.shape[0]]  # how often v occurs
    sums = np.add.reduceat(ends, starts, axis=0)  # the sum from there to the next beginning
    return np.where(counts[:, None] > 0, sums, np.zeros_like(table))  # ∂L/∂Wᵥ = Σₙ [xₙ = v] ȳₙ


class Embedding(Layer):
    """Turns class numbers into vectors that are learned: row ``x`` of its table.

    Args:
        input_dim: How many numbers there are: they go from 0 to ``input_dim - 1``.
        output_dim: Length of a vector.
        embeddings_initializer: How the table (input_dim, output_dim) begins.
        embeddings_regularizer: What the table adds to the loss.
        embeddings_constraint: What is done to the table after every update.
        mask_zero: Must be off: no layer here reads a mask.
        weights: The table to begin with, or a list of it.
        **kwargs: See :class:`Layer`.
    """

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        embeddings_initializer: Any = "uniform",
        embeddings_regularizer: Any = None,
        embeddings_constraint: Any = None,
        mask_zero: bool = False,
        weights: Any = None,
        **kwargs: Any,
    ) -> None:
        kwargs.pop("input_length", None)  # of Keras 2: any length is accepted
        super().__init__(**kwargs)
        for argument, value in (("input_dim", input_dim), ("output_dim", output_dim)):
            if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
                raise ArgumentError(
                    f"Layer {self.name!r}: `{argument}` must be a positive integer.",
                    **{argument: value},
                )
        if mask_zero:
            raise ArgumentError(
                f"Layer {self.name!r}: `mask_zero` must be off, since no layer reads a mask.",
                mask_zero=mask_zero,
            )
        self.input_dim, self.output_dim = int(input_dim), int(output_dim)
        self.treat(
            "embeddings", embeddings_initializer, embeddings_regularizer, embeddings_constraint
        )
        one = isinstance(weights, list) and len(weights) == 1
        self._table = None if weights is None else np.asarray(weights[0] if one else weights)
        if self._table is not None and self._table.shape != (self.input_dim, self.output_dim):
            raise ShapeError(
                f"Layer {self.name!r}: `weights` must have shape (input_dim, output_dim), "
                f"{(self.input_dim, self.output_dim)}.",
                shape=self._table.shape,
            )

    def build(self, input_shape: Shape) -> None:
        table = self._table
        given = None if table is None else (lambda shape, dtype: table)
        self.add_weight((self.input_dim, self.output_dim), given, name="embeddings")

    def expand(self, graph: GraphBuilder, x: str) -> str:
        return graph.apply(embedding, {"x": x, "table": self.weight_name("embeddings")}, "y")

    def get_config(self) -> dict[str, Any]:
        return super().get_config() | {
            "input_dim": self.input_dim,
            "output_dim": self.output_dim,
            "mask_zero": False,
        }
