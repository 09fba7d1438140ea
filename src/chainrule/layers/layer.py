"""The base of all layers: configuration and names, no arithmetic."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule import config, initializers
from chainrule.core.layout import Slot
from chainrule.core.names import unique_name
from chainrule.core.plan import Graph, GraphBuilder, X
from chainrule.core.rng import stream
from chainrule.core.shapes import Shape
from chainrule.errors import ArgumentError, ShapeError, StateError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]


@dataclass(frozen=True)
class Weight:
    """A weight that a layer declares: a slot of the model's vector and how it begins."""

    slot: Slot
    initializer: initializers.Initializer

    def initial(self, seed: int, position: int) -> Array:
        """Its first value, from the initializer's own seed or the model's.

        The stream is named by the layer's place in the model, not by the layer's name, so that
        two models of one shape and seed begin alike.
        """
        own = self.initializer.seed
        name = f"{position}/{self.slot.name.rpartition('/')[2]}"
        generator = stream(seed, name) if own is None else stream(own, "initializer")
        return self.initializer.draw(self.slot.shape, generator)


class Layer:
    """Base of the layers.

    A subclass declares weights in :meth:`build` and writes nodes in :meth:`expand`. The arrays
    belong to the model: a layer's weights are views of the model's flat vector.

    Args:
        trainable: Whether training moves the layer's weights. Re-compile after a change.
        dtype: Float type of the model that the layer is in; all its layers must agree.
        name: ``"dense"``, ``"dense_1"``, … if not given.
        **kwargs: ``input_shape`` or ``input_dim``, on the first layer of a model.
    """

    def __init__(
        self,
        *,
        trainable: bool = True,
        dtype: Any = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        self.name = _checked_name(name) if name is not None else unique_name(type(self).__name__)
        self.trainable = bool(trainable)
        self.dtype = None if dtype is None else config.float_name("dtype", dtype)
        self.declared_input_shape = _input_shape(type(self).__name__, kwargs)
        self.built = False
        self._declared: dict[str, Weight] = {}
        self._views: Mapping[str, Array] = {}
        self._input_shape: Shape | None = None

    # ------------------------------------------------------------ to be overridden

    def build(self, input_shape: Shape) -> None:
        """Declare weights with :meth:`add_weight`, now that the input's shape is known."""
        self.built = True

    def expand(self, graph: GraphBuilder, x: str) -> str:
        """Write the layer's nodes for input array ``x``; return the output array's name."""
        raise NotImplementedError

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, JSON-ready."""
        return {"name": self.name, "trainable": self.trainable, "dtype": self.dtype}

    # ------------------------------------------------------------ for subclasses

    def add_weight(
        self, name: str, shape: tuple[int, ...], initializer: Any, trainable: bool = True
    ) -> None:
        """Declare a weight called ``layer/name``."""
        slot = Slot(f"{self.name}/{name}", shape, trainable and self.trainable)
        self._declared[name] = Weight(slot, initializers.get(initializer))

    def weight_name(self, name: str) -> str:
        """The name of a weight's array in a graph."""
        return f"{self.name}/{name}"

    # ------------------------------------------------------------ for models

    @property
    def declared(self) -> tuple[Weight, ...]:
        """The declared weights, each trainable only if the layer is."""
        return tuple(
            Weight(
                Slot(w.slot.name, w.slot.shape, w.slot.trainable and self.trainable), w.initializer
            )
            for w in self._declared.values()
        )

    def ensure_built(self, input_shape: Shape) -> None:
        """Build once; a second call must bring the same shape, but for unknown axes."""
        if not self.built:
            self._input_shape = tuple(input_shape)
            self.build(tuple(input_shape))
            self.built = True

    def attach(self, views: Mapping[str, Array]) -> None:
        """Take the model's views of this layer's weights."""
        self._views = {name: views[self.weight_name(name)] for name in self._declared}

    # ------------------------------------------------------------ public face

    @property
    def input_shape(self) -> Shape:
        """Shape of the input, ``None`` being the number of samples.

        Raises:
            StateError: The layer is not built.
        """
        if self._input_shape is None:
            raise StateError(f"Layer {self.name!r} is not built yet: its input is not known.")
        return self._input_shape

    @property
    def output_shape(self) -> Shape:
        """Shape of the output, ``None`` being the number of samples."""
        return self.compute_output_shape(self.input_shape)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Shape of the output for an input of ``input_shape``, read off the layer's rules.

        Raises:
            ShapeError: The layer cannot take such an input.
        """
        self.ensure_built(input_shape)
        graph = self.graph(input_shape)
        return graph.shapes[graph.output]

    def graph(self, input_shape: Shape, training: bool = False) -> Graph:
        """The nodes of this layer alone."""
        builder = GraphBuilder(
            {w.slot.name: w.slot.shape for w in self.declared}, input_shape, training
        )
        builder.layer = self.name
        return builder.finish(self.expand(builder, X))

    @property
    def weights(self) -> list[Array]:
        """The weights as views: writing to one changes the model."""
        if self._declared and not self._views:
            raise StateError(f"Layer {self.name!r} has no weights yet: build the model first.")
        return list(self._views.values())

    def get_weights(self) -> list[Array]:
        """Copies of the weights, in the order kernel, bias, …"""
        return [weight.copy() for weight in self.weights]

    def set_weights(self, weights: list[Array]) -> None:
        """Set all weights; nothing changes if one does not fit.

        Raises:
            ShapeError: The number of arrays, or the shape of one, is wrong.
        """
        assign(self.weights, weights, [w.slot.name for w in self.declared], f"layer {self.name!r}")

    def count_params(self) -> int:
        """Number of parameters."""
        if not self.built:
            raise StateError(f"Layer {self.name!r} is not built yet: its input is not known.")
        return sum(weight.slot.size for weight in self.declared)

    def __getattr__(self, name: str) -> Any:
        views = self.__dict__.get("_views", {})
        if name in views:
            return views[name]
        if name in self.__dict__.get("_declared", {}):
            raise StateError(f"`{name}` of layer {self.name!r}: build the model first.")
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Layer:
        """A layer from :meth:`get_config`."""
        return cls(**config)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}, built={self.built}>"


class InputLayer(Layer):
    """The shape of one sample, given before there is data.

    Args:
        shape: Shape without the samples' axis.
        batch_size: Kept for Keras' signature; any batch size is accepted all the same.
        dtype: Type of the data; integers are converted batch by batch.
        batch_shape: Shape with the samples' axis, instead of ``shape``.
        name: ``"input_layer"`` if not given.
    """

    def __init__(
        self,
        shape: Any = None,
        batch_size: int | None = None,
        dtype: Any = None,
        batch_shape: Any = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        if (shape is None) == (batch_shape is None):
            raise ArgumentError(
                "`Input` needs `shape` (without the samples' axis) or `batch_shape`.",
                shape=shape,
                batch_shape=batch_shape,
            )
        sample = tuple(batch_shape)[1:] if shape is None else shape
        super().__init__(name=name, input_shape=sample, **kwargs)
        self.data_dtype = None if dtype is None else str(np.dtype(dtype))

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
    batch_shape: Any = None,
    name: str | None = None,
) -> InputLayer:
    """The first entry of a ``Sequential``: the shape of one sample. See :class:`InputLayer`."""
    return InputLayer(shape, batch_size, dtype, batch_shape, name)


def assign(targets: list[Array], values: Any, names: list[str], owner: str) -> None:
    """Copy arrays into weights, all or none.

    Raises:
        ShapeError: The number of arrays, or the shape of one, is wrong.
    """
    arrays = [np.asarray(value) for value in values]
    if len(arrays) != len(targets):
        raise ShapeError(
            f"`set_weights` of {owner} needs {len(targets)} arrays: {', '.join(names)}.",
            arrays=len(arrays),
        )
    for target, array, name in zip(targets, arrays, names, strict=True):
        if array.shape != target.shape:
            raise ShapeError(
                f"`set_weights` of {owner}: {name} must have shape {target.shape}.",
                shape=array.shape,
            )
    for target, array in zip(targets, arrays, strict=True):
        target[...] = array


def _checked_name(name: Any) -> str:
    if not isinstance(name, str) or not name or "/" in name:
        raise ArgumentError("`name` must be a non-empty string without '/'.", name=name)
    return name


def _input_shape(owner: str, kwargs: dict[str, Any]) -> Shape | None:
    shape = kwargs.pop("input_shape", None)
    if "input_dim" in kwargs:
        shape = (kwargs.pop("input_dim"),)
    if kwargs:
        raise ArgumentError(
            f"Unrecognized keyword arguments passed to {owner}.",
            kwargs=kwargs,
        )
    if shape is None:
        return None
    shape = (shape,) if isinstance(shape, int | np.integer) else tuple(shape)
    for axis in shape:
        if axis is not None and (not isinstance(axis, int | np.integer) or axis < 1):
            raise ArgumentError(
                f"The input shape of {owner} must be positive integers.", shape=shape
            )
    return tuple(None if axis is None else int(axis) for axis in shape)
