"""Sequential: a line of layers."""

from __future__ import annotations

from typing import Any

from chainrule.core.shapes import Shape
from chainrule.errors import ArgumentError, StateError
from chainrule.layers.input import InputLayer
from chainrule.layers.layer import Layer
from chainrule.layers.symbols import Symbol
from chainrule.models import data as user_data
from chainrule.models.model import Model
from chainrule.models.topology import topology


class Sequential(Model):
    """Layers in a line, each taking the output of the one before.

    Args:
        layers: The layers; more can be added with :meth:`add`. A model among them stands for its
            layers.
        trainable: Whether training moves any weights.
        name: ``"sequential"`` if not given.

    Example:
        >>> from chainrule.layers import Dense
        >>> model = Sequential([Dense(3, input_dim=2, activation="sigmoid"), Dense(1)])
        >>> model.count_params()
        13
    """

    def __init__(self, layers: Any = None, trainable: bool = True, name: str | None = None) -> None:
        super().__init__(name=name)
        self._entries: list[Layer | Model] = []
        self._input_shape: Shape | None = None
        for layer in layers or ():
            self._append(layer)
        if not trainable:
            self.trainable = False
        self._try_build()

    # ------------------------------------------------------------ layers

    def add(self, layer: Any, rebuild: bool = True) -> None:
        """Append a layer.

        Args:
            layer: A layer, or what ``Input`` gave; a model stands for its layers.
            rebuild: Whether to make weights at once, if the input's shape is known.

        Raises:
            ArgumentError: It is no layer, is in the model already, or its name is taken.
        """
        self._append(layer)
        if rebuild:
            self._try_build()

    def pop(self, rebuild: bool = True) -> Layer | Model:
        """Remove the last layer and return it.

        Raises:
            StateError: There are no layers.
        """
        if not self.layers:
            raise StateError(f"Model {self.name!r} has no layers to pop.")
        layer = self._entries.pop()
        self._unbuild()
        if rebuild:
            self._try_build()
        return layer

    @property
    def layers(self) -> list[Layer]:
        """The layers, without an ``Input``."""
        return [layer for layer in self._all_layers() if not isinstance(layer, InputLayer)]

    def _all_layers(self) -> list[Layer]:
        found: list[Layer] = []
        for entry in self._entries:
            found += [entry] if isinstance(entry, Layer) else _operations(entry)
        return found

    def _append(self, layer: Any) -> None:
        if isinstance(layer, Symbol):
            layer = layer.call.layer
        if not isinstance(layer, Layer | Model):
            raise ArgumentError("Only layers can be added to a Sequential.", layer=layer)
        known = self._all_layers()
        new = [layer] if isinstance(layer, Layer) else _operations(layer)
        for one in new:
            if any(other is one or other.name == one.name for other in known):
                raise ArgumentError(
                    "All layers of a model must be different and have different names.",
                    layer=one.name,
                )
        if isinstance(layer, InputLayer) and self._entries:
            raise ArgumentError("`Input` must come first.", layer=layer.name)
        self._entries.append(layer)
        self._unbuild()

    # ------------------------------------------------------------ building

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
        self._leave_line()
        first = self._entries[0]
        begin = (
            first
            if isinstance(first, InputLayer)
            else InputLayer(shape[1:], name=f"{self.name}_input")
        )
        symbol = begin.output
        for entry in self._entries[1 if begin is first else 0 :]:
            symbol = entry(symbol)
        self._topology = topology([begin.output], [symbol])
        self._rebuild()

    def _build_for(self, x: Any) -> None:
        self.build(self._input_shape or user_data.numbers(x, "x").shape)

    def _try_build(self) -> None:
        """Build as soon as the shape is known, so that ``summary()`` shows it."""
        if self.layers and self._declared_shape() is not None:
            self.build()

    def _unbuild(self) -> None:
        self._leave_line()
        self._base = None
        self._forget_plan()

    def _leave_line(self) -> None:
        """Forget the calls of the line as it was."""
        if self._topology is not None:
            for call in self._topology.calls:
                if call in call.layer.calls:
                    call.layer.calls.remove(call)
        self._topology = None

    def _declared_shape(self) -> Shape | None:
        first = self._entries[0] if self._entries else None
        if isinstance(first, Model) and first.built:
            return first.input_shape
        if isinstance(first, Layer) and first.declared_input_shape is not None:
            return (None, *first.declared_input_shape)
        return self._input_shape


def _operations(model: Model) -> list[Layer]:
    """A nested model's layers, without its inputs."""
    return [layer for layer in model._all_layers() if not isinstance(layer, InputLayer)]
