"""What all initializers share: a seed, and numbers of a shape drawn from its stream."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule import config
from chainrule.core.rng import fresh_seed, stream
from chainrule.errors import ArgumentError, ShapeError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]


class Initializer:
    """Base: ``initializer(shape, dtype=None)`` gives an array. A subclass defines :meth:`draw`.

    Args:
        seed: An integer gives the same numbers at every call; ``None`` follows the model's seed,
            or, in a direct call, the sequence that ``utils.set_random_seed`` began. (In Keras an
            initializer without a seed repeats itself, too.)

    Raises:
        ArgumentError: ``seed`` is not an integer from 0 to 2⁶⁴ − 1.
    """

    def __init__(self, seed: int | None = None) -> None:
        integer = isinstance(seed, int | np.integer) and not isinstance(seed, bool)
        if seed is not None and not (integer and 0 <= seed < 2**64):
            raise ArgumentError("`seed` must be None or an integer from 0 to 2**64 - 1.", seed=seed)
        self.seed = None if seed is None else int(seed)

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

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in self.get_config().items())
        return f"{type(self).__name__}({shown})"


class FromFunction(Initializer):
    """The numbers that a function ``f(shape, dtype)`` of one's own gives.

    Args:
        function: The function. It is serialised by its name.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__()
        self.function = function

    def draw(self, shape: tuple[int, ...], generator: np.random.Generator) -> Array:
        """What the function gives, in float64.

        Raises:
            ShapeError: It is not of ``shape``.
        """
        made = np.asarray(self.function(shape, dtype="float64"), np.float64)
        if made.shape != shape:
            raise ShapeError(
                f"Initializer {self.function!r} must give an array of shape {shape}.",
                shape=made.shape,
            )
        return made

    def get_config(self) -> dict[str, Any]:
        return {"function": getattr(self.function, "__name__", repr(self.function))}
