"""The base of learning rates that change from step to step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]


class LearningRateSchedule:
    """Base: a learning rate as a function of the step.

    A schedule of your own overrides ``__call__``, and ``get_config`` to be saved. It is called
    with one step number (a NumPy integer) at a time; override :meth:`over` too if it can do many
    at once.

    Example:
        >>> class Halving(LearningRateSchedule):
        ...     def __call__(self, step):
        ...         return 0.1 * 0.5 ** (step // 100)
        >>> float(Halving()(250))
        0.025
    """

    def __call__(self, step: Any) -> Any:
        """The learning rate at ``step``, counted from 0."""
        raise NotImplementedError(f"{type(self).__name__} must override `__call__(self, step)`.")

    def over(self, steps: Array) -> Array:
        """The learning rate at each of ``steps``, shape (T,), as float64 of shape (T,)."""
        with np.errstate(all="ignore"):
            return np.array([float(self(step)) for step in steps], np.float64)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        raise NotImplementedError(
            f"{type(self).__name__} must override `get_config()` to be saved."
        )

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> LearningRateSchedule:
        """A schedule from :meth:`get_config`."""
        return cls(**config)
