"""Initial weights: constants, plain random, and the variance-scaling families.

Draws come from a named stream of the model's seed, so a weight depends on the seed and on its
own name and on nothing else.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import numpy as np

from chainrule import config
from chainrule.core.configurable import resolve
from chainrule.core.configurable import serialize as serialize
from chainrule.core.registry import Registry
from chainrule.core.rng import fresh_seed, stream
from chainrule.errors import ArgumentError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

TRUNCATED_STDDEV = 0.87962566103423978
"""Standard deviation of a unit normal cut at ±2."""


class Initializer:
    """Base: ``initializer(shape, dtype=None)`` gives an array.

    Args:
        seed: An integer gives the same numbers at every call; ``None`` follows the model's seed,
            or, in a direct call, the sequence that ``utils.set_random_seed`` began.
    """

    def __init__(self, seed: int | None = None) -> None:
        self.seed = seed

    def __call__(self, shape: tuple[int, ...], dtype: Any = None) -> Array:
        """An array of ``shape``, of the global float type unless ``dtype`` is given."""
        seed = fresh_seed() if self.seed is None else self.seed
        generator = stream(seed, "initializer")
        return self.draw(tuple(shape), generator).astype(dtype or config.floatx())

    def draw(self, shape: tuple[int, ...], generator: np.random.Generator) -> Array:
        """The numbers, in float64."""
        raise NotImplementedError

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {"seed": self.seed}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Initializer:
        """An initializer from :meth:`get_config`."""
        return cls(**config)


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


class _Scaled(Initializer):
    """Variance ``scale / fan``, so that signals keep their size from layer to layer."""

    scale: ClassVar[float]
    mode: ClassVar[Literal["fan_in", "fan_avg"]]
    uniform: ClassVar[bool]

    def draw(self, shape: tuple[int, ...], generator: np.random.Generator) -> Array:
        fan_in, fan_out = fans(shape)
        fan = fan_in if self.mode == "fan_in" else (fan_in + fan_out) / 2
        variance = self.scale / max(1.0, fan)
        if self.uniform:
            limit = math.sqrt(3 * variance)
            return generator.uniform(-limit, limit, shape)
        return _truncated_normal(shape, generator) * (math.sqrt(variance) / TRUNCATED_STDDEV)


class GlorotUniform(_Scaled):
    """Uniform with variance 2 / (fan_in + fan_out) (Glorot & Bengio, 2010, eq. 16)."""

    scale, mode, uniform = 1.0, "fan_avg", True


class GlorotNormal(_Scaled):
    """Truncated normal with variance 2 / (fan_in + fan_out) (Glorot & Bengio, 2010, eq. 12)."""

    scale, mode, uniform = 1.0, "fan_avg", False


class HeUniform(_Scaled):
    """Uniform with variance 2 / fan_in (He et al., 2015, eq. 10)."""

    scale, mode, uniform = 2.0, "fan_in", True


class HeNormal(_Scaled):
    """Truncated normal with variance 2 / fan_in (He et al., 2015, eq. 10)."""

    scale, mode, uniform = 2.0, "fan_in", False


class LecunUniform(_Scaled):
    """Uniform with variance 1 / fan_in (LeCun et al., 1998, eq. 16)."""

    scale, mode, uniform = 1.0, "fan_in", True


class LecunNormal(_Scaled):
    """Truncated normal with variance 1 / fan_in (LeCun et al., 1998, eq. 16)."""

    scale, mode, uniform = 1.0, "fan_in", False


def fans(shape: tuple[int, ...]) -> tuple[float, float]:
    """Inputs and outputs of one unit; leading axes are a convolution's receptive field."""
    if not shape:
        return 1.0, 1.0
    if len(shape) == 1:
        return float(shape[0]), float(shape[0])
    field = math.prod(shape[:-2])
    return float(shape[-2] * field), float(shape[-1] * field)


def _truncated_normal(shape: tuple[int, ...], generator: np.random.Generator) -> Array:
    """Unit normal numbers within ±2: those outside are drawn again."""
    numbers = generator.standard_normal(shape)
    outside = np.abs(numbers) > 2
    while np.any(outside):
        numbers[outside] = generator.standard_normal(int(outside.sum()))
        outside = np.abs(numbers) > 2
    return numbers


INITIALIZERS: Registry[type[Initializer]] = Registry("initializer")
INITIALIZERS.add("zeros", Zeros, "zero", "Zeros")
INITIALIZERS.add("ones", Ones, "one", "Ones")
INITIALIZERS.add("random_normal", RandomNormal, "normal", "RandomNormal")
INITIALIZERS.add("random_uniform", RandomUniform, "uniform", "RandomUniform")
INITIALIZERS.add("glorot_uniform", GlorotUniform, "GlorotUniform")
INITIALIZERS.add("glorot_normal", GlorotNormal, "GlorotNormal")
INITIALIZERS.add("he_uniform", HeUniform, "HeUniform")
INITIALIZERS.add("he_normal", HeNormal, "HeNormal")
INITIALIZERS.add("lecun_uniform", LecunUniform, "LecunUniform")
INITIALIZERS.add("lecun_normal", LecunNormal, "LecunNormal")


def get(identifier: Any) -> Initializer:
    """The initializer for a name, an object, a class or a serialised one.

    Raises:
        UnknownNameError: There is no initializer of that name.
        ArgumentError: Something else was given.
    """
    if identifier is None:
        raise ArgumentError("An initializer must be given.", identifier=identifier)
    return resolve(identifier, Initializer, INITIALIZERS)
