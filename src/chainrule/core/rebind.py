"""Run the same code object over another array library."""

from __future__ import annotations

from functools import cache
from types import FunctionType
from typing import Any


@cache
def rebind(function: FunctionType, namespace: Any) -> FunctionType:
    """A copy of ``function`` whose global ``np`` is ``namespace`` (``jax.numpy``, for one)."""
    copy = FunctionType(
        function.__code__,
        {**function.__globals__, "np": namespace},
        function.__name__,
        function.__defaults__,
        function.__closure__,
    )
    copy.__kwdefaults__ = function.__kwdefaults__
    return copy
