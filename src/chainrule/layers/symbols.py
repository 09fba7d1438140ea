"""Symbols: arrays of a model that is being written down, before there are any numbers.

``Dense(3)(x)`` with a symbol ``x`` computes nothing: it notes the call and gives the symbol of its
output. From the symbols of its outputs a model finds every call that leads to them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from chainrule.core.shapes import Shape

if TYPE_CHECKING:
    from chainrule.layers.layer import Layer


class Symbol:
    """An array to come.

    Attributes:
        shape: Its shape, ``None`` being the number of samples.
        call: The call of a layer that makes it.
    """

    def __init__(self, shape: Shape, call: Call) -> None:
        self.shape = tuple(shape)
        self.call = call

    @property
    def name(self) -> str:
        """The name of the layer that makes it."""
        return self.call.layer.name

    def __add__(self, other: Any) -> Any:
        return _merged("Add", self, other)

    def __sub__(self, other: Any) -> Any:
        return _merged("Subtract", self, other)

    def __mul__(self, other: Any) -> Any:
        return _merged("Multiply", self, other)

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        raise TypeError(
            f"{self!r} has no numbers yet. Give it to a layer, and build a Model from the result."
        )

    def __repr__(self) -> str:
        return f"<Symbol shape={self.shape} of layer {self.name!r}>"


class Call:
    """One use of a layer.

    Attributes:
        layer: The layer.
        inputs: The symbols it takes.
        listed: Whether it takes them as a list.
        output: The symbol it makes.
    """

    def __init__(self, layer: Layer, inputs: Any, output_shape: Shape) -> None:
        self.layer = layer
        self.inputs: tuple[Symbol, ...] = tuple(leaves(inputs))
        self.listed = isinstance(inputs, list | tuple)
        self.output = Symbol(output_shape, self)

    def arguments(self, names: Mapping[Symbol, str]) -> Any:
        """What the layer's ``expand`` takes: a name, or a list of names."""
        found = [names[symbol] for symbol in self.inputs]
        return found if self.listed else found[0]


def leaves(structure: Any) -> Iterator[Any]:
    """The entries of a list, a tuple or a dictionary in order; anything else is one itself."""
    if isinstance(structure, Mapping):
        yield from structure.values()
    elif isinstance(structure, list | tuple):
        yield from structure
    else:
        yield structure


def _merged(name: str, first: Symbol, second: Any) -> Any:
    if not isinstance(second, Symbol):
        return NotImplemented
    from chainrule.layers import merging

    return getattr(merging, name)()([first, second])
