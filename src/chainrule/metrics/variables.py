"""Variables of metrics that are written as in Keras: an array that is assigned to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule import initializers
from chainrule.errors import ShapeError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]


class Variable(np.lib.mixins.NDArrayOperatorsMixin):
    """An array of float64 with a name; in arithmetic and in NumPy's functions it is its value.

    Args:
        shape: Its shape, which it keeps.
        initializer: Gives the first value: a name, an initializer; ``None`` for zeros.
        name: Shown by ``repr``.
    """

    def __init__(
        self, shape: tuple[int, ...] = (), initializer: Any = None, name: str | None = None
    ) -> None:
        self.name = name or "variable"
        self.value: Array = np.asarray(
            initializers.get(initializer or "zeros")(tuple(shape), "float64")
        )

    def assign(self, value: Any) -> Variable:
        """Replace the value.

        Raises:
            ShapeError: The new one has another shape.
        """
        found = np.array(value, np.float64)
        if found.shape != self.shape:
            raise ShapeError(
                f"Variable {self.name!r} must keep its shape {self.shape}.", value=found.shape
            )
        self.value = found
        return self

    def assign_add(self, value: Any) -> Variable:
        """Add to the value."""
        return self.assign(self.value + value)

    def assign_sub(self, value: Any) -> Variable:
        """Subtract from the value."""
        return self.assign(self.value - value)

    def numpy(self) -> Array:
        """A copy of the value."""
        return self.value.copy()

    @property
    def shape(self) -> tuple[int, ...]:
        """Its shape."""
        return self.value.shape

    @property
    def dtype(self) -> str:
        """Always ``"float64"``."""
        return "float64"

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        return np.array(self.value, dtype)

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **options: Any) -> Any:
        values = (each.value if isinstance(each, Variable) else each for each in inputs)
        return getattr(ufunc, method)(*values, **options)

    def __float__(self) -> float:
        return float(self.value)

    def __len__(self) -> int:
        return len(self.value)

    def __getitem__(self, index: Any) -> Any:
        return self.value[index]

    def __repr__(self) -> str:
        return f"<Variable {self.name}: {self.value}>"
