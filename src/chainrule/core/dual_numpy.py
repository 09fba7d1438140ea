"""NumPy's functions on dual numbers, and a namespace that has them.

A rule's own code, run with ``np`` bound to :data:`namespace`, computes its result and how fast it
changes along one direction. Run on a rule's derivative, that gives second derivatives: forward over
reverse (Pearlmutter, 1994).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from chainrule.core.dual import (
    FUNCTIONS,
    Dual,
    Function,
    UnknownFunctionError,
    change_of,
    holds_dual,
    power,
    product,
    value_of,
)

# fmt: off
LINEAR = (
    "sum", "mean", "cumsum", "reshape", "ravel", "transpose", "swapaxes", "moveaxis", "squeeze",
    "expand_dims", "broadcast_to", "repeat", "tile", "flip", "roll", "take", "take_along_axis",
    "concatenate", "stack", "copy", "negative", "diff",
)
CONSTANT = (
    "sign", "heaviside", "floor", "ceil", "round", "rint", "trunc", "isfinite", "isnan", "any",
    "all", "argmax", "argmin", "argsort", "searchsorted", "zeros_like", "ones_like", "full_like",
    "shape", "ndim", "size", "result_type",
)
# fmt: on
PRODUCTS = ("matmul", "dot", "outer", "inner", "tensordot", "vdot")

SLOPES: dict[str, Callable[[Any, Any], Any]] = {
    "exp": lambda x, y: y,
    "expm1": lambda x, y: y + 1,
    "exp2": lambda x, y: y * np.log(2.0),
    "log": lambda x, y: 1 / x,
    "log1p": lambda x, y: 1 / (1 + x),
    "log2": lambda x, y: 1 / (x * np.log(2.0)),
    "log10": lambda x, y: 1 / (x * np.log(10.0)),
    "sqrt": lambda x, y: 0.5 / y,
    "cbrt": lambda x, y: 1 / (3 * y * y),
    "square": lambda x, y: 2 * x,
    "reciprocal": lambda x, y: -y * y,
    "abs": lambda x, y: np.sign(x),
    "tanh": lambda x, y: 1 - y * y,
    "sinh": lambda x, y: np.cosh(x),
    "cosh": lambda x, y: np.sinh(x),
    "sin": lambda x, y: np.cos(x),
    "cos": lambda x, y: -np.sin(x),
    "tan": lambda x, y: 1 + y * y,
    "arctan": lambda x, y: 1 / (1 + x * x),
    "arcsinh": lambda x, y: 1 / np.sqrt(1 + x * x),
    "arctanh": lambda x, y: 1 / (1 - x * x),
}
"""Element-wise functions y(x): dy/dx."""


def _linear(name: str) -> Function:
    function: Function = getattr(np, name)

    def apply(x: Any, *args: Any, **options: Any) -> Dual:
        return Dual(function(value_of(x), *args, **options), function(_filled(x), *args, **options))

    return apply


def _constant(name: str) -> Function:
    function: Function = getattr(np, name)
    return lambda *args, **options: function(*map(value_of, args), **options)


def _elementwise(name: str) -> Function:
    function: Function = getattr(np, name)
    slope = SLOPES[name]

    def apply(x: Dual) -> Dual:
        y = function(x.value)
        return Dual(y, x.change * slope(x.value, y))

    return apply


def _filled(x: Any) -> Any:
    """The change as an array, also where one in a list does not change."""
    if isinstance(x, list | tuple):
        return [_filled(one) for one in x]
    return x.change if isinstance(x, Dual) else np.zeros_like(x)


def _bilinear(name: str) -> Function:
    function: Function = getattr(np, name)
    return lambda a, b, **options: product(function, a, b, **options)


def _where(condition: Any, a: Any, b: Any) -> Dual:
    condition = value_of(condition)
    value = np.where(condition, value_of(a), value_of(b))
    return Dual(value, np.where(condition, change_of(a), change_of(b)))


def _larger(a: Any, b: Any) -> Dual:
    """The larger; of two that are equal the mean of their changes."""
    first, second = value_of(a), value_of(b)
    share = np.where(first > second, 1.0, np.where(first == second, 0.5, 0.0))
    value = np.maximum(first, second)
    change = share * change_of(a) + (1 - share) * change_of(b)
    return Dual(value, change.astype(value.dtype))


def _smaller(a: Any, b: Any) -> Dual:
    return -_larger(-a, -b)


def _clip(x: Any, low: Any = None, high: Any = None) -> Any:
    x = x if low is None else _larger(x, low)
    return x if high is None else _smaller(x, high)


def _largest(x: Dual, axis: Any = None, keepdims: bool = False, initial: Any = None) -> Any:
    """The largest along an axis; of several the mean of their changes."""
    if initial is not None and not x.size:
        return np.max(x.value, axis=axis, keepdims=keepdims, initial=initial)
    hit = x.value == np.max(x.value, axis=axis, keepdims=True)
    change = np.sum(x.change * hit, axis=axis, keepdims=keepdims)
    count = np.sum(hit, axis=axis, keepdims=keepdims)
    found = Dual(np.max(x.value, axis=axis, keepdims=keepdims), change / count)
    return found if initial is None else _larger(found, initial)


def _smallest(x: Dual, axis: Any = None, keepdims: bool = False) -> Any:
    return -_largest(-x, axis, keepdims)


def _sort(x: Dual, axis: int = -1) -> Dual:
    order = np.argsort(x.value, axis=axis)
    along = (np.take_along_axis(part, order, axis) for part in (x.value, x.change))
    return Dual(*along)


def _hypot(a: Any, b: Any) -> Dual:
    value = np.hypot(value_of(a), value_of(b))
    change = value_of(a) * change_of(a) + value_of(b) * change_of(b)
    return Dual(value, change / value)


def _logaddexp(a: Any, b: Any) -> Dual:
    first, second = value_of(a), value_of(b)
    value = np.logaddexp(first, second)
    change = np.exp(first - value) * change_of(a) + np.exp(second - value) * change_of(b)
    return Dual(value, change)


def _einsum(subscripts: str, *arrays: Any, **options: Any) -> Dual:
    values = [value_of(one) for one in arrays]
    changes = [
        np.einsum(subscripts, *values[:place], one.change, *values[place + 1 :], **options)
        for place, one in enumerate(arrays)
        if isinstance(one, Dual)
    ]
    return Dual(np.einsum(subscripts, *values, **options), sum(changes))


def _asarray(x: Any, dtype: Any = None) -> Any:
    if isinstance(x, Dual):
        return x if dtype is None else x.astype(dtype)
    return FUNCTIONS["stack"](
        [np.broadcast_to(one, ()) if not holds_dual(one) else one for one in x]
    )


FUNCTIONS |= {name: _linear(name) for name in LINEAR}
FUNCTIONS |= {name: _constant(name) for name in CONSTANT}
FUNCTIONS |= {name: _elementwise(name) for name in SLOPES}
FUNCTIONS |= {name: _bilinear(name) for name in PRODUCTS}
FUNCTIONS |= {
    "absolute": FUNCTIONS["abs"],
    "fabs": FUNCTIONS["abs"],
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "multiply": lambda a, b: a * b,
    "divide": lambda a, b: a / b,
    "true_divide": lambda a, b: a / b,
    "power": power,
    "float_power": power,
    "where": _where,
    "maximum": _larger,
    "minimum": _smaller,
    "clip": _clip,
    "max": _largest,
    "amax": _largest,
    "min": _smallest,
    "amin": _smallest,
    "sort": _sort,
    "hypot": _hypot,
    "logaddexp": _logaddexp,
    "einsum": _einsum,
    "asarray": _asarray,
    "array": _asarray,
}


class _Wrapped:
    """One function of NumPy: on plain arrays it is NumPy's own."""

    def __init__(self, name: str, function: Function) -> None:
        self._name, self._function = name, function

    def __call__(self, *args: Any, **options: Any) -> Any:
        if not any(map(holds_dual, (*args, *options.values()))):
            return self._function(*args, **options)
        if self._name not in FUNCTIONS:
            raise UnknownFunctionError(f"the derivative of `np.{self._name}` is not known")
        return FUNCTIONS[self._name](*args, **options)

    def reduceat(self, x: Any, places: Sequence[int], axis: int = 0) -> Any:
        """Sums of stretches of ``x``: of ``np.add`` only."""
        reduce = self._function.reduceat  # type: ignore[attr-defined]
        if not isinstance(x, Dual):
            return reduce(x, places, axis=axis)
        if self._name != "add":
            raise UnknownFunctionError(f"the derivative of `np.{self._name}.reduceat` is not known")
        return Dual(reduce(x.value, places, axis=axis), reduce(x.change, places, axis=axis))


class Namespace:
    """NumPy, whose functions know dual numbers."""

    def __getattr__(self, name: str) -> Any:
        found = getattr(np, name)
        if callable(found) and not isinstance(found, type):
            found = _Wrapped(name, found)
        setattr(self, name, found)  # the next time it is found at once
        return found


namespace = Namespace()
"""What rules take for ``np``."""
