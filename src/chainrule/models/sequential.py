"""Sequential: a line of layers, with the public face of Keras' class."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule import config
from chainrule.core.layout import Layout
from chainrule.core.names import unique_name
from chainrule.core.plan import Plan
from chainrule.core.rng import fresh_seed
from chainrule.core.shapes import Shape
from chainrule.errors import ArgumentError, StateError, UnknownNameError
from chainrule.layers import deserialize, serialize
from chainrule.layers.layer import InputLayer, Layer, assign
from chainrule.models.lowering import predict_plan
from chainrule.models.training import Trainable

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]


class Sequential(Trainable):
    """Layers in a line, each taking the output of the one before.

    Args:
        layers: The layers; more can be added with :meth:`add`.
        trainable: Whether training moves any weights.
        name: ``"sequential"`` if not given.

    Example:
        >>> from chainrule.layers import Dense
        >>> model = Sequential([Dense(3, input_dim=2, activation="sigmoid"), Dense(1)])
        >>> model.count_params()
        13
    """

    def __init__(self, layers: Any = None, trainable: bool = True, name: str | None = None) -> None:
        super().__init__()
        self.name = name or unique_name("Sequential")
        self.seed: int | None = None
        self._dtype: str | None = None
        self._layers: list[Layer] = []
        self._input_shape: Shape | None = None
        self._theta: Array | None = None
        self._base: Plan | None = None
        for layer in layers or ():
            self._append(layer)
        if not trainable:
            self.trainable = False
        self._try_build()

    # ------------------------------------------------------------ layers

    def add(self, layer: Layer) -> None:
        """Append a layer.

        Raises:
            ArgumentError: It is no layer, is in the model already, or its name is taken.
        """
        self._append(layer)
        self._try_build()

    def pop(self) -> Layer:
        """Remove the last layer and return it.

        Raises:
            StateError: There are no layers.
        """
        if not self._layers:
            raise StateError(f"Model {self.name!r} has no layers to pop.")
        layer = self._layers.pop()
        self._unbuild()
        self._try_build()
        return layer

    @property
    def layers(self) -> list[Layer]:
        """The layers, without an ``Input``."""
        return [layer for layer in self._layers if not isinstance(layer, InputLayer)]

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
        for layer in self._layers:
            if layer.name == name:
                return layer
        names = [layer.name for layer in self.layers]
        raise UnknownNameError(f"No such layer. Existing layers are: {names}.", name=name)

    @property
    def trainable(self) -> bool:
        """Whether training moves any layer's weights; setting it sets every layer's.

        As with a layer's own ``trainable``, compile again after a change.
        """
        return any(layer.trainable for layer in self._layers) or not self._layers

    @trainable.setter
    def trainable(self, value: bool) -> None:
        for layer in self._layers:
            layer.trainable = bool(value)

    def _append(self, layer: Any) -> None:
        if not isinstance(layer, Layer):
            raise ArgumentError("Only layers can be added to a Sequential.", layer=layer)
        if any(other is layer or other.name == layer.name for other in self._layers):
            raise ArgumentError(
                "All layers of a model must be different and have different names.",
                layer=layer.name,
            )
        if isinstance(layer, InputLayer) and self._layers:
            raise ArgumentError("`Input` must come first.", layer=layer.name)
        self._layers.append(layer)
        self._unbuild()

    # ------------------------------------------------------------ building

    @property
    def built(self) -> bool:
        """Whether shapes are known and weights exist."""
        return self._base is not None

    def build(self, input_shape: Any = None) -> None:
        """Make the weights.

        Args:
            input_shape: Shape of the input with the samples' axis: ``(None, 784)``. May be left
                out if the first layer says it.

        Raises:
            StateError: The shape is not known, or there are no layers.
            ShapeError: The layers do not fit together.
        """
        if not self.layers:
            raise StateError(f"Model {self.name!r} has no layers. Add some first.")
        shape = self._declared_shape() if input_shape is None else tuple(input_shape)
        if shape is None:
            raise StateError(
                f"Model {self.name!r} is not built: its input's shape is not known. Begin with "
                "Input(shape=…), or call build((None, …)), or fit it to data."
            )
        self._input_shape = (None, *shape[1:])
        self._build(self._input_shape)

    def _build(self, input_shape: Shape) -> None:
        shape = input_shape
        for layer in self._layers:
            layer.ensure_built(shape)
            shape = layer.compute_output_shape(shape)
        declared = [weight for layer in self._layers for weight in layer.declared]
        layout = Layout(weight.slot for weight in declared)
        self._base = predict_plan(self.layers, layout, input_shape, self._float_type())
        self.seed = fresh_seed() if self.seed is None else self.seed
        theta = np.empty(layout.size, self._base.dtype)
        views = layout.views(theta)
        for position, layer in enumerate(self.layers):
            kept = layer._views
            for name, weight in zip(layer._declared, layer.declared, strict=True):
                view = views[weight.slot.name]
                view[...] = kept[name] if name in kept else weight.initial(self.seed, position)
            layer.attach(views)
        self._theta = theta
        self._forget_plan()

    def _try_build(self) -> None:
        """Build as soon as the shape is known, so that ``summary()`` shows it."""
        if self.layers and self._declared_shape() is not None:
            self.build()

    def _unbuild(self) -> None:
        self._base = None
        self._forget_plan()

    def _declared_shape(self) -> Shape | None:
        first = self._layers[0].declared_input_shape if self._layers else None
        if first is not None:
            return (None, *first)
        return self._input_shape

    def _float_type(self) -> str:
        given = {layer.dtype: layer.name for layer in self._layers if layer.dtype is not None}
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
        """All parameters as one flat vector: writing to it changes the model."""
        self.base  # noqa: B018  (builds, or says what is missing)
        assert self._theta is not None  # noqa: S101
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
    def input_shape(self) -> Shape:
        """Shape of the input, ``None`` being the number of samples."""
        return self.base.predict.shapes["x"]

    @property
    def output_shape(self) -> Shape:
        """Shape of the prediction, ``None`` being the number of samples."""
        return self.base.predict.shapes[self.base.predict.output]

    # ------------------------------------------------------------ weights

    @property
    def weights(self) -> list[Array]:
        """All weights as views, layer by layer."""
        return list(self.layout.views(self.theta).values())

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
            expand_nested: Kept for Keras' signature.
            show_trainable: Whether to add a column for that.
            layer_range: First and last layer to show, by name.
        """
        from chainrule.report.summary import print_summary

        print_summary(self, line_length, positions, print_fn, show_trainable, layer_range)

    def get_config(self) -> dict[str, Any]:
        """The model's structure as JSON-ready data."""
        return {
            "name": self.name,
            "dtype": self._base.dtype if self._base is not None else self._float_type(),
            "layers": [serialize(layer) for layer in self._layers],
            "build_input_shape": list(self._input_shape) if self._input_shape else None,
        }

    @classmethod
    def from_config(
        cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None
    ) -> Sequential:
        """A model, with new weights, from :meth:`get_config`."""
        model = cls(name=config.get("name"))
        for layer in config["layers"]:
            model._append(deserialize(layer, custom_objects))
        model._dtype = config.get("dtype")
        if config.get("build_input_shape"):
            model.build(config["build_input_shape"])
        else:
            model._try_build()
        return model

    def save(self, filepath: str | os.PathLike[str], overwrite: bool = True) -> None:
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
        return f"<Sequential name={self.name}, built={self.built}>"
