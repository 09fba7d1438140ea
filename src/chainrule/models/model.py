"""Model: layers joined in a directed acyclic graph, with the public face of Keras' class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule import config
from chainrule.core.layout import Layout
from chainrule.core.names import unique_name
from chainrule.core.plan import Plan
from chainrule.core.rng import fresh_seed
from chainrule.core.shapes import Shape
from chainrule.errors import ArgumentError, StateError, UnknownNameError
from chainrule.layers.layer import Layer, assign
from chainrule.layers.symbols import Symbol, leaves
from chainrule.models import data as user_data
from chainrule.models import subclassing
from chainrule.models.curvature import Differentiable
from chainrule.models.lowering import predict_plan
from chainrule.models.storing import Storable
from chainrule.models.topology import Topology, topology
from chainrule.models.tracing import Traceable
from chainrule.models.training import Trainable

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]


class Model(Trainable, Storable, Traceable, Differentiable):
    """Layers from inputs to outputs: several of each, shared layers, branches that join again.

    Args:
        inputs: The symbol that ``Input`` gave; a list or dictionary of them.
        outputs: The symbol of the last layer's output; a list or dictionary of them.
        name: ``"functional"`` if not given; of a subclass the class's name.
        trainable: Whether training moves any weights.

    Raises:
        ArgumentError: Inputs or outputs are no symbols, an output depends on another input, or
            two layers have one name.

    Example:
        >>> from chainrule.layers import Add, Dense, Input
        >>> x = Input((4,))
        >>> h = Dense(4, activation="relu")(x)
        >>> model = Model(x, Dense(1)(Add()([x, h])))
        >>> model.count_params()
        25
    """

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        subclassing.check_class(cls)

    def __init__(
        self,
        inputs: Any = None,
        outputs: Any = None,
        name: str | None = None,
        trainable: bool = True,
    ) -> None:
        super().__init__()
        self.name = name or unique_name(
            "functional" if type(self) is Model else type(self).__name__
        )
        self.seed: int | None = None
        self._dtype: str | None = None
        self._theta: Array | None = None
        self._complete = False
        self._base: Plan | None = None
        self._topology: Topology | None = None
        self._structures: tuple[Any, Any] = (None, None)
        if inputs is not None or outputs is not None:
            self._join(inputs, outputs)
            if not trainable:
                self.trainable = False
            self._rebuild()

    # ------------------------------------------------------------ layers

    def _join(self, inputs: Any, outputs: Any) -> None:
        for argument, value in (("inputs", inputs), ("outputs", outputs)):
            if value is None or not all(isinstance(one, Symbol) for one in leaves(value)):
                raise ArgumentError(
                    f"`{argument}` must be what `Input` or a layer gave when called on it.",
                    **{argument: value},
                )
        self._topology = topology(_in_order(inputs), _in_order(outputs))
        self._structures = inputs, outputs

    def call(self, inputs: Any, training: Any = None) -> Any:
        """For a subclass to write: the outputs that its layers make of ``inputs``.

        It is called once, on symbols, with the structure that the data have. Layers, models and
        ``+ - *`` may be applied to them.

        Args:
            inputs: A symbol, or a list or dictionary of them.
            training: To be handed on to layers.
        """
        raise ArgumentError(
            f"{type(self).__name__} {self.name!r} needs `inputs` and `outputs`, or a class with "
            "`call`.",
            inputs=None,
            outputs=None,
        )

    @property
    def topology(self) -> Topology:
        """The layers and how they are joined."""
        if self._topology is None:
            self.build()
        assert self._topology is not None  # noqa: S101
        return self._topology

    @property
    def layers(self) -> list[Layer]:
        """All layers, those of the inputs included: the farther from the outputs, the earlier.

        Those of a class with ``call`` are in the order of its attributes.
        """
        return self._all_layers()

    def get_layer(self, name: str | None = None, index: int | None = None) -> Layer:
        """A layer by name or by place in :attr:`layers`.

        Raises:
            UnknownNameError: There is no layer of that name.
            ArgumentError: Neither or both were given, or the place is out of range.
        """
        if (name is None) == (index is None):
            raise ArgumentError("Give either `name` or `index`.", name=name, index=index)
        if index is not None:
            try:
                return self.layers[index]
            except IndexError:
                count = len(self.layers)
                raise ArgumentError(f"The model has {count} layers.", index=index) from None
        for layer in self._all_layers():
            if layer.name == name:
                return layer
        names = [layer.name for layer in self.layers]
        raise UnknownNameError(f"No such layer. Existing layers are: {names}.", name=name)

    def _all_layers(self) -> list[Layer]:
        if self._topology is None and self._is_written:
            return subclassing.attribute_layers(self)
        return list(self.topology.layers)

    @property
    def trainable(self) -> bool:
        """Whether training moves any layer's weights; setting it sets every layer's.

        As with a layer's own ``trainable``, compile again after a change.
        """
        layers = self._all_layers()
        return any(layer.trainable for layer in layers) or not layers

    @trainable.setter
    def trainable(self, value: bool) -> None:
        for layer in self._all_layers():
            layer.trainable = bool(value)

    @property
    def inputs(self) -> list[Symbol]:
        """The symbols that the model takes."""
        return list(self.topology.inputs)

    @property
    def outputs(self) -> list[Symbol]:
        """The symbols that the model gives."""
        return list(self.topology.outputs)

    @property
    def input(self) -> Any:
        """The symbols that the model takes, in the structure that it was given."""
        return self._structured(self.topology.inputs, side=0)

    @property
    def output(self) -> Any:
        """The symbols that the model gives, in the structure that it was given."""
        return self._structured(self.topology.outputs)

    @property
    def input_names(self) -> list[str]:
        """Names of the inputs: keys of a dictionary of arrays."""
        return self._names(self.topology.inputs, side=0)

    @property
    def output_names(self) -> list[str]:
        """Names of the outputs: keys of dictionaries of targets, losses and metrics.

        Where a layer makes two of them, the second has a number. (Keras calls both the same.)
        """
        return self._names(self.topology.outputs)

    def _names(self, symbols: Sequence[Symbol], side: int = 1) -> list[str]:
        structure = self._structures[side]
        if isinstance(structure, Mapping):
            return sorted(structure)
        names = [symbol.name for symbol in symbols]
        return [
            name if name not in names[:place] else f"{name}_{names[:place].count(name)}"
            for place, name in enumerate(names)
        ]

    def __call__(self, inputs: Any, training: bool = False) -> Any:
        """Predict arrays, or join the model's layers to symbols of another model.

        Args:
            inputs: An array, or a list of arrays; or symbols.
            training: Must be off for arrays: what training does is ``fit``'s.
        """
        if self._quick is not None and type(inputs) is np.ndarray and self._complete:
            made = self._quick(inputs)
            if made is not None:
                return made
        given = _in_order(inputs)
        if given and all(isinstance(one, Symbol) for one in given):
            return self._structured(self._joined_to(inputs))
        if any(isinstance(one, Symbol) for one in given):
            raise ArgumentError(
                f"Model {self.name!r} was called on symbols and arrays together. Make an Input of "
                "each array.",
                inputs=[type(one).__name__ for one in given],
            )
        if training:
            raise ArgumentError(
                "A model called on arrays predicts. Use `fit` or `train_on_batch` to train.",
                training=training,
            )
        made = self.predict_on_batch(inputs)
        quick = getattr(self._choice().program, "quick", None)
        if quick is not None and self._quick is None and isinstance(made, np.ndarray):
            self._quick = quick(self.theta)  # the next call need not look at everything
        return made

    def _joined_to(self, symbols: Any) -> list[Symbol]:
        """The outputs of the same layers on other inputs."""
        if self._topology is None:
            self.build(subclassing.shapes_of(symbols))
        given = user_data.named(symbols, self.input_names, "inputs")
        return self.topology.onto(list(given.values()))

    def _structured(self, values: Sequence[Any], side: int = 1) -> Any:
        """Arrays or symbols of the outputs (the inputs) in the structure the model was given."""
        structure = self._structures[side]
        if isinstance(structure, Mapping):
            return dict(zip(self._names((), side), values, strict=True))
        return list(values) if len(values) > 1 else values[0]

    # ------------------------------------------------------------ building

    @property
    def built(self) -> bool:
        """Whether shapes are known and weights exist."""
        return self._base is not None

    @property
    def _is_written(self) -> bool:
        """Whether a subclass says by ``call`` what the outputs are."""
        return type(self).call is not Model.call

    def build(self, input_shape: Any = None) -> None:
        """Make the weights. A model of symbols has them from the beginning.

        Args:
            input_shape: For a class with ``call``: the input's shape with the samples' axis; a
                list or dictionary of shapes if it takes several.

        Raises:
            StateError: The shape is not known.
        """
        if self._topology is not None:
            return
        if not self._is_written:
            self.call(None)  # says what is missing
        if input_shape is None:
            raise StateError(
                f"Model {self.name!r} is not built: its input's shape is not known. Call "
                "build((None, …)), or fit it to data."
            )
        inputs = subclassing.symbols_for(input_shape)
        self._join(inputs, subclassing.called(self, inputs))
        self._topology = subclassing.in_order_of_attributes(self, self.topology)
        self._rebuild()

    def _build_for(self, x: Any) -> None:
        self.build(subclassing.shapes_of(x) if self._is_written else None)

    def _rebuild(self) -> None:
        """Lay out the weights; those that exist keep their values."""
        operations = self.topology.operations
        declared = [weight for layer in operations for weight in layer.declared]
        layout = Layout(weight.slot for weight in declared)
        self._base = predict_plan(self.topology, layout, self._float_type())
        self.seed = fresh_seed() if self.seed is None else self.seed
        theta = np.empty(layout.size, self._base.dtype)
        views = layout.views(theta)
        for position, layer in enumerate(operations):
            kept = layer._views
            for weight in layer.declared:
                values = kept.get(weight.key)
                view = views[weight.slot.name]
                view[...] = weight.initial(self.seed, position) if values is None else values
            layer.attach(views, self)
        self._theta, self._complete = theta, True
        self._forget_plan()

    def _cast(self, dtype: str | None) -> None:
        """Take another float type than the global one, with weights drawn anew."""
        if dtype is not None and dtype != self.dtype:
            self._dtype = dtype
            for layer in self._all_layers():
                layer.attach({})
            self._rebuild()

    def _float_type(self) -> str:
        layers = self._all_layers()
        given = {layer.dtype: layer.name for layer in layers if layer.dtype is not None}
        if len(given) > 1:
            raise ArgumentError("All layers of a model must have one dtype.", dtypes=given)
        return self._dtype or next(iter(given), config.floatx())

    @property
    def prediction_plan(self) -> Plan:
        """The plan of a prediction.

        Raises:
            StateError: The model is not built.
        """
        if self._base is None:
            self.build()
        assert self._base is not None  # noqa: S101
        return self._base

    @property
    def theta(self) -> Array:
        """All parameters as one flat vector: writing to it changes the model.

        A layer that another model uses too has its weights in the vector of the model that was
        used last; they are fetched from there.
        """
        base = self.prediction_plan
        assert self._theta is not None  # noqa: S101
        if not self._complete:
            views = base.layout.views(self._theta)
            for layer in self.topology.operations:
                if layer.declared and layer.home is not self._theta:
                    for weight, value in zip(layer.declared, layer.weights, strict=True):
                        views[weight.slot.name][...] = value
                    layer.attach(views, self)
            self._complete = True
        return self._theta

    @property
    def layout(self) -> Layout:
        """Where each weight lies in :attr:`theta`."""
        return self.prediction_plan.layout

    @property
    def dtype(self) -> str:
        """Float type of weights and arithmetic."""
        return self.prediction_plan.dtype

    @property
    def input_shape(self) -> Any:
        """Shape of the input, ``None`` being the number of samples; of several a list."""
        shapes = [self.prediction_plan.predict.shapes[name] for name in self.prediction_plan.inputs]
        return shapes if len(shapes) > 1 else shapes[0]

    @property
    def output_shape(self) -> Any:
        """Shape of the prediction, ``None`` being the number of samples; of several a list."""
        shapes = self._output_shapes()
        return shapes if len(shapes) > 1 else shapes[0]

    def compute_output_shape(self, input_shape: Shape) -> Any:
        """Shape of the prediction for inputs of ``input_shape``."""
        if not self.built:
            self.build(input_shape)
        return self.output_shape

    # ------------------------------------------------------------ weights

    @property
    def weights(self) -> list[Array]:
        """All weights as views, layer by layer."""
        return list(self.layout.views(self.theta).values())

    @property
    def trainable_weights(self) -> list[Array]:
        """The weights that training moves, as views."""
        return self._weights_that(trainable=True)

    @property
    def non_trainable_weights(self) -> list[Array]:
        """The other weights, as views."""
        return self._weights_that(trainable=False)

    def _weights_that(self, trainable: bool) -> list[Array]:
        views = self.layout.views(self.theta)
        return [views[slot.name] for slot in self.layout if slot.trainable == trainable]

    def get_weights(self) -> list[Array]:
        """Copies of all weights, layer by layer: kernel, bias, kernel, …"""
        return [weight.copy() for weight in self.weights]

    def set_weights(self, weights: list[Array]) -> None:
        """Set all weights; nothing changes if one does not fit.

        Raises:
            ShapeError: The number of arrays, or the shape of one, is wrong.
        """
        names = [slot.name for slot in self.layout]
        assign(self.weights, weights, names, f"model {self.name!r}")

    def count_params(self) -> int:
        """Number of parameters."""
        return self.layout.size

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}, built={self.built}>"


def _in_order(structure: Any) -> list[Any]:
    """Symbols in order; those of a dictionary by their keys, as Keras sorts them."""
    if isinstance(structure, Mapping):
        return [structure[key] for key in sorted(structure)]
    return list(leaves(structure))
