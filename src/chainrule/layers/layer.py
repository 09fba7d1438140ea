"""The base of all layers: configuration and names, no arithmetic."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from functools import wraps
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from chainrule import constraints, initializers, regularizers
from chainrule.core.configurable import serialize
from chainrule.core.graph import Graph, GraphBuilder, X
from chainrule.core.layout import Slot
from chainrule.core.names import unique_name
from chainrule.core.rng import stream
from chainrule.core.shapes import Shape
from chainrule.errors import ArgumentError, ShapeError, StateError
from chainrule.layers.arguments import as_tuples, checked_name, declared_shape, float_type
from chainrule.layers.symbols import Call, Symbol

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]


class Weight(NamedTuple):
    """A weight that a layer declares: a slot of the model's vector, how it begins and is held.

    Attributes:
        slot: Name, shape, and whether training moves it.
        initializer: How it begins.
        regularizer: What it adds to the loss.
        constraint: What is done to it after every update.
    """

    slot: Slot
    initializer: initializers.Initializer
    regularizer: regularizers.Regularizer | None = None
    constraint: constraints.Constraint | None = None

    @property
    def key(self) -> str:
        """Its name within the layer: ``"kernel"``."""
        return self.slot.name.rpartition("/")[2]

    def initial(self, seed: int, position: int) -> Array:
        """Its first value, from the initializer's own seed or the model's.

        The stream is named by the layer's place in the model, not by the layer's name, so that
        two models of one shape and seed begin alike.
        """
        key = (seed, f"{position}/{self.key}")
        if self.initializer.seed is not None:
            key = (self.initializer.seed, "initializer")
        return self.initializer.draw(self.slot.shape, stream(*key))


class Layer:
    """Base of the layers.

    A subclass declares weights in :meth:`build` and writes nodes in :meth:`expand`. The arrays
    belong to the model: a layer's weights are views of the model's flat vector.

    Calling a layer on the symbol that ``Input`` or another layer gave notes the call, for a
    ``Model``; calling it on an array computes.

    Args:
        trainable: Whether training moves the layer's weights. Re-compile after a change.
        dtype: Float type of the model that the layer is in; all its layers must agree.
        name: ``"dense"``, ``"dense_1"``, … if not given.
        activity_regularizer: What the layer's output adds to the loss, per sample.
        **kwargs: ``input_shape`` or ``input_dim``, on the first layer of a ``Sequential``. What
            Keras knows beyond that (``lora_rank``, ``quantization_config``) must be off.

    Raises:
        ArgumentError: There is no such argument, or it cannot be used.
    """

    def __init__(
        self,
        *,
        trainable: bool = True,
        dtype: Any = None,
        name: str | None = None,
        activity_regularizer: Any = None,
        **kwargs: Any,
    ) -> None:
        self.name = checked_name(name) if name is not None else unique_name(type(self).__name__)
        if not isinstance(trainable, bool | np.bool_):
            raise ArgumentError(
                f"Layer {self.name!r}: `trainable` must be True or False.", trainable=trainable
            )
        self.trainable = bool(trainable)
        self.dtype = None if dtype is None else float_type(dtype)
        self.activity_regularizer = regularizers.get(activity_regularizer)
        self.declared_input_shape = declared_shape(type(self).__name__, kwargs)
        self.built = False
        self._treated: list[str] = []
        self._declared: dict[str, Weight] = {}
        self._views: Mapping[str, Array] = {}
        self._owner: Any = None
        self._input_shape: Any = None
        self.calls: list[Call] = []

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Let a subclass's ``build`` note that it was done, as if it called ``super().build``."""
        super().__init_subclass__(**kwargs)
        if "build" in vars(cls):
            cls.build = _noted(cls.build)  # type: ignore[method-assign,assignment]

    # ------------------------------------------------------------ to be overridden

    def build(self, input_shape: Any) -> None:
        """Declare weights with :meth:`add_weight`, now that the input's shape is known.

        Args:
            input_shape: Shape with the samples' axis; a list of shapes for a layer that takes a
                list of arrays.
        """
        self._input_shape = as_tuples(input_shape)
        self.built = True

    def expand(self, graph: GraphBuilder, x: Any) -> str:
        """Write the layer's nodes for input array ``x``; return the output array's name.

        Args:
            graph: Where to write.
            x: The name of the input array; a list of names for a layer that takes a list.
        """
        raise NotImplementedError

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, JSON-ready."""
        config: dict[str, Any] = {
            "name": self.name,
            "trainable": self.trainable,
            "dtype": self.dtype,
        }
        if self.activity_regularizer is not None:
            config["activity_regularizer"] = regularizers.serialize(self.activity_regularizer)
        for weight in self._treated:
            for what in ("initializer", "regularizer", "constraint"):
                held = getattr(self, f"{weight}_{what}")
                config[f"{weight}_{what}"] = None if held is None else serialize(held)
        return config

    # ------------------------------------------------------------ for subclasses

    def treat(
        self, weight: str, initializer: Any, regularizer: Any = None, constraint: Any = None
    ) -> None:
        """Keep how a weight begins and is held, until :meth:`build` declares it.

        They are attributes, ``kernel_initializer`` and so on, and part of the configuration.
        """
        self._treated.append(weight)
        setattr(self, f"{weight}_initializer", initializers.get(initializer))
        setattr(self, f"{weight}_regularizer", regularizers.get(regularizer))
        setattr(self, f"{weight}_constraint", constraints.get(constraint))

    def add_weight(
        self,
        shape: tuple[int, ...] = (),
        initializer: Any = None,
        dtype: Any = None,
        trainable: bool = True,
        regularizer: Any = None,
        constraint: Any = None,
        name: str = "weight",
    ) -> None:
        """Declare a weight; in the graph it is ``self.weight_name(name)``.

        Args:
            shape: Its shape.
            initializer: How it begins; as :meth:`treat` said, or ``"glorot_uniform"``.
            dtype: Kept for Keras' signature: all weights have the model's float type.
            trainable: Whether a gradient moves it.
            regularizer: What it adds to the loss.
            constraint: What is done to it after every update.
            name: Its name within the layer.
        """
        if name in self._declared:
            raise ArgumentError(f"Layer {self.name!r} has two weights of one name.", name=name)
        if name in self._treated:
            initializer = initializer or getattr(self, f"{name}_initializer")
            regularizer = regularizer or getattr(self, f"{name}_regularizer")
            constraint = constraint or getattr(self, f"{name}_constraint")
        self._declared[name] = Weight(
            Slot(f"{self.name}/{name}", tuple(shape), trainable),
            initializers.get(initializer or "glorot_uniform"),
            regularizers.get(regularizer),
            constraints.get(constraint),
        )

    def weight_name(self, name: str) -> str:
        """The name of a weight's array in a graph."""
        return f"{self.name}/{name}"

    # ------------------------------------------------------------ for models

    @property
    def declared(self) -> tuple[Weight, ...]:
        """The declared weights, those that a gradient moves first: none if the layer is frozen."""
        weights = sorted(self._declared.values(), key=lambda weight: not weight.slot.trainable)
        if self.trainable:
            return tuple(weights)
        return tuple(w._replace(slot=w.slot._replace(trainable=False)) for w in weights)

    def ensure_built(self, input_shape: Any) -> None:
        """Build, if that has not been done."""
        if not self.built:
            self.build(input_shape)

    def attach(self, views: Mapping[str, Array], owner: Any = None) -> None:
        """Take the model's views of this layer's weights; with none, have no weights yet.

        Args:
            views: The views by the weights' names.
            owner: The model, which is told when the weights go to another.
        """
        if self._owner is not None and self._owner is not owner:
            self._owner._complete = False
        self._owner = owner
        self._views = {w.key: views[w.slot.name] for w in self.declared} if views else {}

    @property
    def home(self) -> Array | None:
        """The flat vector in which the layer's weights lie now."""
        view = next(iter(self._views.values()), None)
        return None if view is None else view.base

    # ------------------------------------------------------------ public face

    @property
    def input_shape(self) -> Any:
        """Shape of the input, ``None`` being the number of samples; a list of them for a list.

        Raises:
            StateError: The layer is not built.
        """
        if self._input_shape is None:
            raise StateError(f"Layer {self.name!r} is not built yet: its input is not known.")
        return self._input_shape

    @property
    def input(self) -> Any:
        """The symbol that the layer takes in its model; a list of them for a list.

        Raises:
            StateError: The layer is in no model, or was called several times.
        """
        call = self._only_call()
        return list(call.inputs) if call.listed else call.inputs[0]

    @property
    def output(self) -> Symbol:
        """The symbol that the layer makes in its model: what a model of its features ends with.

        Raises:
            StateError: The layer is in no model, or was called several times.
        """
        return self._only_call().output

    def _only_call(self) -> Call:
        if len(self.calls) != 1:
            raise StateError(
                f"Layer {self.name!r} was called {len(self.calls)} times: it has no single input "
                "and output."
            )
        return self.calls[0]

    @property
    def output_shape(self) -> Shape:
        """Shape of the output, ``None`` being the number of samples."""
        return self.compute_output_shape(self.input_shape)

    def compute_output_shape(self, input_shape: Any) -> Shape:
        """Shape of the output for an input of ``input_shape``, read off the layer's rules.

        The layer is not built by that.

        Raises:
            ShapeError: The layer cannot take such an input.
        """
        asked = self
        if not self.built:
            asked = copy.copy(self)
            asked._declared = {}
            asked.build(input_shape)
        graph = asked.graph(input_shape)
        return graph.shapes[graph.output]

    def graph(self, input_shape: Any, training: bool = False) -> Graph:
        """The nodes of this layer alone; its input is ``"x"``, or ``"x/0"``, ``"x/1"``, …"""
        given = as_tuples(input_shape)
        listed = isinstance(given, list)
        shapes = {f"{X}/{i}": shape for i, shape in enumerate(given)} if listed else {X: given}
        builder = GraphBuilder({w.slot.name: w.slot.shape for w in self.declared}, shapes, training)
        builder.enter(self.name, 0)
        return builder.finish([self.expand(builder, list(shapes) if listed else X)])

    def __call__(self, inputs: Any, training: bool = False) -> Any:
        """Note the call, for symbols; compute, for arrays.

        Args:
            inputs: A symbol or an array with the samples' axis; a list for layers that take one.
            training: Whether layers like Dropout act as in training. In a model, ``fit`` says so.

        Returns:
            A symbol for symbols, an array for arrays.
        """
        from chainrule.layers.calling import call

        return call(self, inputs, training)

    @property
    def weights(self) -> list[Array]:
        """The weights as views: writing to one changes the model."""
        if self._declared and not self._views:
            from chainrule.layers.calling import own_weights

            own_weights(self)
        return list(self._views.values())

    @property
    def trainable_weights(self) -> list[Array]:
        """The weights that training moves, as views."""
        pairs = zip(self.weights, self.declared, strict=True)
        return [view for view, weight in pairs if weight.slot.trainable]

    @property
    def non_trainable_weights(self) -> list[Array]:
        """The other weights, as views."""
        return self.weights[len(self.trainable_weights) :]

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
            return dict(zip((w.key for w in self.declared), self.weights, strict=True))[name]
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Layer:
        """A layer from :meth:`get_config`, or from Keras' of the same class."""
        return cls(**config)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}, built={self.built}>"


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


def _noted(build: Callable[[Any, Any], None]) -> Callable[[Any, Any], None]:
    @wraps(build)
    def noted(self: Layer, input_shape: Any) -> None:
        shape = as_tuples(input_shape)
        build(self, shape)
        Layer.build(self, shape)

    return noted
