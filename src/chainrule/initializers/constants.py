"""Initial weights that are not random."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.errors import ArgumentError, ShapeError
from chainrule.initializers.initializer import Initializer

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]


class Constant(Initializer):
    """All the same number.

    Args:
        value: The number.

    Raises:
        ArgumentError: ``value`` is not a number.
    """

    def __init__(self, value: float = 0.0) -> None:
        super().__init__()
        if not isinstance(value, int | float | np.number):
            raise ArgumentError("`value` must be a number.", value=value)
        self.value = float(value)

    def draw(self, shape: tuple[int, ...], generator: np.random.Generator) -> Array:
        return np.full(shape, self.value)

    def get_config(self) -> dict[str, Any]:
        return {"value": self.value}


class Zeros(Initializer):
    """All 0."""

    def __init__(self) -> None:
        super().__init__()

    def draw(self, shape: tuple[int, ...], generator: np.random.Generator) -> Array:
        return np.zeros(shape)

    def get_config(self) -> dict[str, Any]:
        return {}


class Ones(Zeros):
    """All 1."""

    def draw(self, shape: tuple[int, ...], generator: np.random.Generator) -> Array:
        return np.ones(shape)


class Identity(Initializer):
    """A matrix with one number on its diagonal and 0 elsewhere.

    Args:
        gain: The number. (Keras leaves it out of its configuration.)
    """

    def __init__(self, gain: float = 1.0) -> None:
        super().__init__()
        self.gain = gain

    def draw(self, shape: tuple[int, ...], generator: np.random.Generator) -> Array:
        """The matrix.

        Raises:
            ShapeError: ``shape`` is not of two axes.
        """
        if len(shape) != 2:
            raise ShapeError("Identity is for weights of two axes.", shape=shape)
        return self.gain * np.eye(*shape)

    def get_config(self) -> dict[str, Any]:
        return {"gain": self.gain}
