"""Where a model begins: the shape and type of one sample."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.core.graph import GraphBuilder
from chainrule.core.shapes import Shape
from chainrule.errors import ArgumentError
from chainrule.layers.layer import Layer
from chainrule.layers.symbols import Call, Symbol


class InputLayer(Layer):
    """The shape of one sample, given before there is data.

    Args:
        shape: Shape without the samples' axis.
        batch_size: Kept for Keras' signature; any batch size is accepted all the same.
        dtype: Type of the data; integers are converted batch by batch.
        sparse: Must be off.
        ragged: Must be off.
        batch_shape: Shape with the samples' axis, instead of ``shape``.
        optional: Must be off.
        name: ``"input_layer"`` if not given.
        **kwargs: ``batch_input_shape``, as ``batch_shape`` was called in Keras 2.

    Raises:
        ArgumentError: There is no shape or there are two, or an argument cannot be used.
    """

    def __init__(
        self,
        shape: Any = None,
        batch_size: int | None = None,
        dtype: Any = None,
        sparse: bool | None = None,
        ragged: bool | None = None,
        batch_shape: Any = None,
        optional: bool = False,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        if sparse or ragged or optional:
            raise ArgumentError(
                "`sparse`, `ragged` and `optional` of an `Input` must be off.",
                sparse=sparse,
                ragged=ragged,
                optional=optional,
            )
        batch_shape = kwargs.pop("batch_input_shape", batch_shape)
        if (shape is None) == (batch_shape is None):
            raise ArgumentError(
                "`Input` needs `shape` (without the samples' axis) or `batch_shape`.",
                shape=shape,
                batch_shape=batch_shape,
            )
        sample = tuple(batch_shape)[1:] if shape is None else shape
        super().__init__(name=name, input_shape=sample, **kwargs)
        self.data_dtype = None if dtype is None else _data_type(dtype)
        self.ensure_built((None, *self.sample_shape))
        self.calls = [Call(self, [], (None, *self.sample_shape))]

    @property
    def sample_shape(self) -> Shape:
        """Shape of one sample."""
        assert self.declared_input_shape is not None  # noqa: S101  (checked when made)
        return self.declared_input_shape

    def expand(self, graph: GraphBuilder, x: str) -> str:
        return x

    def get_config(self) -> dict[str, Any]:
        return {
            "batch_shape": [None, *self.sample_shape],
            "dtype": self.data_dtype,
            "name": self.name,
        }


def Input(  # noqa: N802  (Keras' name)
    shape: Any = None,
    batch_size: int | None = None,
    dtype: Any = None,
    sparse: bool | None = None,
    ragged: bool | None = None,
    batch_shape: Any = None,
    name: str | None = None,
    optional: bool = False,
) -> Symbol:
    """The symbol of a model's input, or the first entry of a ``Sequential``.

    See :class:`InputLayer` for the arguments.
    """
    return InputLayer(shape, batch_size, dtype, sparse, ragged, batch_shape, optional, name).output


def _data_type(dtype: Any) -> str:
    try:
        return str(np.dtype(dtype))
    except TypeError:
        raise ArgumentError("`dtype` of an `Input` must be a NumPy type.", dtype=dtype) from None
