"""Random initial weights whose size is given: normal, uniform, and orthogonal matrices."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.errors import ShapeError
from chainrule.initializers.initializer import Initializer

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]


class RandomNormal(Initializer):
    """Normal with the given mean and standard deviation."""

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: int | None = None) -> None:
        super().__init__(seed)
        self.mean, self.stddev = mean, stddev

    def draw(self, shape: tuple[int, ...], generator: np.random.Generator) -> Array:
        return generator.normal(self.mean, self.stddev, shape)

    def get_config(self) -> dict[str, Any]:
        return {"mean": self.mean, "stddev": self.stddev, "seed": self.seed}


class RandomUniform(Initializer):
    """Uniform between ``minval`` and ``maxval``."""

    def __init__(
        self, minval: float = -0.05, maxval: float = 0.05, seed: int | None = None
    ) -> None:
        super().__init__(seed)
        self.minval, self.maxval = minval, maxval

    def draw(self, shape: tuple[int, ...], generator: np.random.Generator) -> Array:
        return generator.uniform(self.minval, self.maxval, shape)

    def get_config(self) -> dict[str, Any]:
        return {"minval": self.minval, "maxval": self.maxval, "seed": self.seed}


class TruncatedNormal(RandomNormal):
    """Normal with numbers further than 2 ``stddev`` from the mean drawn again.

    So their standard deviation is 0.88 ``stddev``.
    """

    def draw(self, shape: tuple[int, ...], generator: np.random.Generator) -> Array:
        return self.mean + self.stddev * cut_normal(shape, generator)


class Orthogonal(Initializer):
    """A random matrix with orthogonal columns, or rows if there are fewer of them, of one length.

    From the QR factorisation of a normal matrix with the signs of R's diagonal moved into Q, which
    makes every orientation equally likely (Saxe et al., 2014; Mezzadri, 2007). A weight of more
    axes is such a matrix with all axes but the last made one.

    Args:
        gain: The length.
        seed: As for :class:`Initializer`.
    """

    def __init__(self, gain: float = 1.0, seed: int | None = None) -> None:
        super().__init__(seed)
        self.gain = gain

    def draw(self, shape: tuple[int, ...], generator: np.random.Generator) -> Array:
        """The matrix, as an array of ``shape``.

        Raises:
            ShapeError: ``shape`` has less than two axes.
        """
        if len(shape) < 2:
            raise ShapeError("Orthogonal is for weights of at least two axes.", shape=shape)
        rows, columns = math.prod(shape[:-1]), shape[-1]
        numbers = generator.standard_normal((max(rows, columns), min(rows, columns)))
        q, r = np.linalg.qr(numbers)
        q = q * np.sign(np.diag(r))
        return self.gain * (q if rows >= columns else q.T).reshape(shape)

    def get_config(self) -> dict[str, Any]:
        return {"gain": self.gain, "seed": self.seed}


def cut_normal(shape: tuple[int, ...], generator: np.random.Generator) -> Array:
    """Unit normal numbers within ±2: those outside are drawn again."""
    numbers = generator.standard_normal(shape)
    outside = np.abs(numbers) > 2
    while np.any(outside):
        numbers[outside] = generator.standard_normal(int(outside.sum()))
        outside = np.abs(numbers) > 2
    return numbers
