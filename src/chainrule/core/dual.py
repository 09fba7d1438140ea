"""Dual numbers: arrays that carry how fast they change, x + ε ẋ with ε² = 0.

What is computed with them carries the derivative along one direction, exactly.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]


Function = Callable[..., Any]
FUNCTIONS: dict[str, Function] = {}
"""NumPy's functions of dual numbers, by name: those of :mod:`chainrule.core.dual_numpy`."""


class UnknownFunctionError(TypeError):
    """A function of NumPy whose derivative is not known here."""


class Dual:
    """An array and its change.

    Attributes:
        value: The array x.
        change: ẋ, of its shape.
    """

    __slots__ = ("change", "value")
    __array_ufunc__ = None  # so that array * dual asks the dual
    __hash__ = None  # type: ignore[assignment]

    def __init__(self, value: Any, change: Any) -> None:
        self.value = value
        same = np.shape(change) == np.shape(value)
        self.change = change if same else np.broadcast_to(change, np.shape(value))

    # ------------------------------------------------------------ what an array tells of itself

    @property
    def shape(self) -> tuple[int, ...]:
        """The array's shape."""
        return np.shape(self.value)

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return np.ndim(self.value)

    @property
    def size(self) -> int:
        """The number of elements."""
        return int(np.size(self.value))

    @property
    def dtype(self) -> Any:
        """The float type."""
        return self.value.dtype

    @property
    def T(self) -> Dual:  # noqa: N802  (NumPy's name)
        """The transpose."""
        return Dual(self.value.T, self.change.T)

    def __len__(self) -> int:
        return len(self.value)

    def __getitem__(self, place: Any) -> Dual:
        return Dual(self.value[place], self.change[place])

    def __bool__(self) -> bool:
        return bool(self.value)

    def astype(self, dtype: Any, **options: Any) -> Any:
        """Another type; integers do not change."""
        value = self.value.astype(dtype, **options)
        return Dual(value, self.change.astype(dtype)) if value.dtype.kind == "f" else value

    def __array__(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise UnknownFunctionError("it leaves NumPy's functions called as `np.…`")

    def __getattr__(self, name: str) -> Any:
        """A method of arrays: NumPy's function of that name."""
        if name.startswith("__"):  # a protocol that somebody asks for
            raise AttributeError(name)
        if name not in FUNCTIONS:
            raise UnknownFunctionError(f"the derivative of an array's `.{name}` is not known")
        if name == "reshape":
            return lambda *shape, **kw: FUNCTIONS[name](
                self, shape if len(shape) > 1 else shape[0], **kw
            )
        return lambda *args, **kwargs: FUNCTIONS[name](self, *args, **kwargs)

    # ------------------------------------------------------------ arithmetic

    def __neg__(self) -> Dual:
        return Dual(-self.value, -self.change)

    def __pos__(self) -> Dual:
        return self

    def __abs__(self) -> Dual:
        return FUNCTIONS["abs"](self)

    def __add__(self, other: Any) -> Dual:
        return Dual(self.value + value_of(other), self.change + change_of(other))

    __radd__ = __add__

    def __sub__(self, other: Any) -> Dual:
        return Dual(self.value - value_of(other), self.change - change_of(other))

    def __rsub__(self, other: Any) -> Dual:
        return Dual(other - self.value, -self.change)

    def __mul__(self, other: Any) -> Dual:
        if not isinstance(other, Dual):
            return Dual(self.value * other, self.change * other)
        change = self.change * other.value + self.value * other.change
        return Dual(self.value * other.value, change)

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Dual:
        if not isinstance(other, Dual):
            return Dual(self.value / other, self.change / other)
        value = self.value / other.value
        return Dual(value, (self.change - value * other.change) / other.value)

    def __rtruediv__(self, other: Any) -> Dual:
        value = other / self.value
        return Dual(value, -value * self.change / self.value)

    def __pow__(self, other: Any) -> Dual:
        return power(self, other)

    def __rpow__(self, other: Any) -> Dual:
        return power(other, self)

    def __matmul__(self, other: Any) -> Dual:
        return product(np.matmul, self, other)

    def __rmatmul__(self, other: Any) -> Dual:
        return product(np.matmul, other, self)

    # ------------------------------------------------------------ comparisons are of values

    def __lt__(self, other: Any) -> Any:
        return self.value < value_of(other)

    def __le__(self, other: Any) -> Any:
        return self.value <= value_of(other)

    def __gt__(self, other: Any) -> Any:
        return self.value > value_of(other)

    def __ge__(self, other: Any) -> Any:
        return self.value >= value_of(other)

    def __eq__(self, other: object) -> Any:
        return self.value == value_of(other)

    def __ne__(self, other: object) -> Any:
        return self.value != value_of(other)


def value_of(x: Any) -> Any:
    """The array itself; of a list, a list."""
    if isinstance(x, Dual):
        return x.value
    return [value_of(one) for one in x] if isinstance(x, list | tuple) else x


def change_of(x: Any) -> Any:
    """How fast it changes; of what is no dual number, not at all."""
    if isinstance(x, Dual):
        return x.change
    if isinstance(x, list | tuple):
        return [change_of(one) for one in x]
    return np.zeros_like(x, dtype=np.result_type(x)) if isinstance(x, np.ndarray) else 0.0


def holds_dual(x: Any) -> bool:
    """Whether an argument is, or holds, a dual number."""
    if isinstance(x, list | tuple):
        return any(map(holds_dual, x))
    return isinstance(x, Dual)


def product(function: Function, a: Any, b: Any, **options: Any) -> Dual:
    """A function that is linear in both its arguments."""
    change: Any = 0.0
    if isinstance(a, Dual):
        change = change + function(a.change, value_of(b), **options)
    if isinstance(b, Dual):
        change = change + function(value_of(a), b.change, **options)
    return Dual(function(value_of(a), value_of(b), **options), change)


def power(x: Any, p: Any) -> Dual:
    """xᵖ: of its change the part of x, and that of p."""
    base, exponent = value_of(x), value_of(p)
    value, change = np.power(base, exponent), 0.0
    if isinstance(x, Dual):
        lower = np.where(exponent == 0, 1.0, np.asarray(exponent) - 1)
        change = change + x.change * exponent * np.power(base, lower).astype(value.dtype)
    if isinstance(p, Dual):
        change = change + p.change * value * np.log(np.where(base > 0, base, 1.0))
    return Dual(value, change)
