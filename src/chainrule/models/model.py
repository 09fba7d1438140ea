"""Model: layers joined in a directed acyclic graph, with the public face of Keras' class."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule import config
from chainrule.core.layout import Layout
from chainrule.core.names import unique_name
from chainrule.core.plan import Plan
from chainrule.core.rng import fresh_seed
from chainrule.core.shapes import Shape
from chainrule.errors import ArgumentError, UnknownNameError
from chainrule.layers.calling import note
from chainrule.layers.layer import Layer, assign
from chainrule.layers.symbols import Symbol, leaves
from chainrule.models.lowering import predict_plan
from chainrule.models.topology import Topology, topology
from chainrule.models.training import Trainable

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]


class Model(Trainable):
    """Layers from inputs to outputs: several of each, shared layers, branches that join again.

    Args:
        inputs: The symbol that ``Input`` gave; a list or dictionary of them.
        outputs: The symbol of the last layer's output; a list or dictionary of them.
        name: ``"functional"`` if not given.
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

    _automatic_name = "functional"

    def __init__(
        self,
        inputs: Any = None,
        outputs: Any = None,
        name: str | None = None,
        trainable: bool = True,
    ) -> None:
        super().__init__()
        self.name = name or unique_name(self._automatic_name)
        self.seed: int | None = None
        self._dtype: str | None = None
        self._theta: Array | None = None
        self._base: Plan | None = None
        self._topology: Topology | None = None
        self._output_structure: Any = None
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
        self._output_structure = outputs

    @property
    def topology(self) -> Topology:
        """The layers and how they are joined."""
        if self._topology is None:
            self.build()
        assert self._topology is not None  # noqa: S101
        return self._topology

    @property
    def layers(self) -> list[Layer]:
        """All layers, those of the inputs included: the farther from the outputs, the earlier."""
        return list(self.topology.layers)

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
        """The symbol that the model takes, or a list of them."""
        return self.inputs if len(self.inputs) > 1 else self.inputs[0]

    @property
    def output(self) -> Any:
        """The symbol that the model gives, or a list of them."""
        return self.outputs if len(self.outputs) > 1 else self.outputs[0]

    @property
    def input_names(self) -> list[str]:
        """Names of the inputs: keys of a dictionary of arrays."""
        return [symbol.name for symbol in self.topology.inputs]

    @property
    def output_names(self) -> list[str]:
        """Names of the outputs: keys of dictionaries of targets, losses and metrics."""
        if isinstance(self._output_structure, Mapping):
            return sorted(self._output_structure)
        names = [symbol.name for symbol in self.topology.outputs]
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
        given = list(leaves(inputs))
        if given and all(isinstance(one, Symbol) for one in given):
            return self._structured(self._joined_to(given))
        if training:
            raise ArgumentError(
                "A model called on arrays predicts. Use `fit` or `train_on_batch` to train.",
                training=training,
            )
        return self.predict_on_batch(inputs)

    def _joined_to(self, symbols: list[Symbol]) -> list[Symbol]:
        """The outputs of the same layers on other inputs."""
        if len(symbols) != len(self.inputs):
            raise ArgumentError(
                f"Model {self.name!r} takes {len(self.inputs)} inputs.", inputs=len(symbols)
            )
        made = dict(zip(self.topology.inputs, symbols, strict=True))
        for call in self.topology.calls:
            arguments = [made[symbol] for symbol in call.inputs]
            made[call.output] = note(call.layer, arguments if call.listed else arguments[0]).output
        return [made[symbol] for symbol in self.topology.outputs]

    def _structured(self, outputs: Any) -> Any:
        """Arrays or symbols of the outputs as the model was given them."""
        if isinstance(self._output_structure, Mapping):
            return dict(zip(self.output_names, outputs, strict=True))
        listed = isinstance(self._output_structure, list | tuple)
        return list(outputs) if listed and len(outputs) > 1 else outputs[0]

    # ------------------------------------------------------------ building

    @property
    def built(self) -> bool:
        """Whether shapes are known and weights exist."""
        return self._base is not None

    def build(self, input_shape: Any = None) -> None:
        """Nothing to do: a model of symbols is built when it is made."""
        if self._topology is None:
            raise ArgumentError("A Model needs `inputs` and `outputs`.", inputs=None, outputs=None)

    def _build_for(self, x: Any) -> None:
        self.build()

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
            layer.attach(views)
        self._theta = theta
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
    def base(self) -> Plan:
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
        base = self.base
        assert self._theta is not None  # noqa: S101
        views: dict[str, Array] | None = None
        for layer in self.topology.operations:
            if layer.declared and layer.home is not self._theta:
                views = base.layout.views(self._theta) if views is None else views
                for weight, value in zip(layer.declared, layer.weights, strict=True):
                    views[weight.slot.name][...] = value
                layer.attach(views)
        return self._theta

    @property
    def layout(self) -> Layout:
        """Where each weight lies in :attr:`theta`."""
        return self.base.layout

    @property
    def dtype(self) -> str:
        """Float type of weights and arithmetic."""
        return self.base.dtype

    @property
    def input_shape(self) -> Any:
        """Shape of the input, ``None`` being the number of samples; of several a list."""
        shapes = [self.base.predict.shapes[name] for name in self.base.inputs]
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

    # ------------------------------------------------------------ text and files

    def summary(
        self,
        line_length: int | None = None,
        positions: Any = None,
        print_fn: Callable[[str], object] | None = None,
        expand_nested: bool = False,
        show_trainable: bool = False,
        layer_range: Any = None,
    ) -> None:
        """Print a table of the layers: output shapes, parameters, memory, fusions.

        Args:
            line_length: Width in characters.
            positions: Ends of the columns as fractions of the width.
            print_fn: Called once with the whole text, instead of printing.
            expand_nested: Kept for Keras' signature: layers of a nested model are always shown.
            show_trainable: Whether to add a column for that.
            layer_range: First and last layer to show, by name.
        """
        from chainrule.report.summary import print_summary

        print_summary(self, line_length, positions, print_fn, show_trainable, layer_range)

    def get_config(self) -> dict[str, Any]:
        """The model's structure as JSON-ready data."""
        from chainrule.models.structure import config_of

        return config_of(self)

    @classmethod
    def from_config(
        cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None
    ) -> Model:
        """A model, with new weights, from :meth:`get_config`."""
        from chainrule.models.structure import model_from

        return model_from(cls, config, custom_objects)

    def to_json(self, **kwargs: Any) -> str:
        """The model's structure as JSON text, for ``models.model_from_json``.

        Args:
            **kwargs: For ``json.dumps``.
        """
        from chainrule.models.structure import serialize

        return json.dumps(serialize(self), **kwargs)

    def save(
        self,
        filepath: str | os.PathLike[str],
        overwrite: bool = True,
    ) -> None:
        """Save structure, weights, optimizer and their state in one ``.safetensors`` file.

        The file is written beside and renamed, so a reader or a crash never meets half of it.

        Raises:
            ArgumentError: The extension is another, or the file exists and ``overwrite`` is off.
        """
        from chainrule.formats import archive

        archive.save(self, filepath, overwrite)

    def save_weights(self, filepath: str | os.PathLike[str], overwrite: bool = True) -> None:
        """Save the weights alone in a ``.weights.safetensors`` file."""
        from chainrule.formats import archive

        archive.save_weights(self, filepath, overwrite)

    def load_weights(self, filepath: str | os.PathLike[str]) -> None:
        """Load the weights of a model or weights file; nothing changes if they do not fit."""
        from chainrule.formats import archive

        archive.load_weights(self, filepath)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}, built={self.built}>"


def _in_order(structure: Any) -> list[Any]:
    """Symbols in order; those of a dictionary by their keys, as Keras sorts them."""
    if isinstance(structure, Mapping):
        return [structure[key] for key in sorted(structure)]
    return list(leaves(structure))
