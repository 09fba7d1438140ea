"""Run somebody's code without a trace: copies of functions and classes, and silence."""

from __future__ import annotations

import contextlib
import copy
import io
import warnings
from collections.abc import Iterator
from types import FunctionType
from typing import Any

import numpy as np


@contextlib.contextmanager
def silent() -> Iterator[None]:
    """Run somebody's code without its output and warnings."""
    with (
        contextlib.redirect_stdout(io.StringIO()),
        np.errstate(all="ignore"),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")
        yield


def isolated(function: FunctionType) -> FunctionType:
    """A copy of a function whose defaults and global data are its own."""
    used = set(function.__code__.co_names)
    own = {
        name: copy.deepcopy(value)
        for name, value in function.__globals__.items()
        if name in used and isinstance(value, np.ndarray | dict | list | set)
    }
    made = FunctionType(
        function.__code__,
        {**function.__globals__, **own},
        function.__name__,
        copy.deepcopy(function.__defaults__),
        function.__closure__,
    )
    made.__kwdefaults__ = copy.deepcopy(function.__kwdefaults__)
    return made


def fresh_class(kind: type) -> type:
    """A subclass whose class attributes that can change are its own.

    Args:
        kind: A class.
    """
    own = {
        name: copy.deepcopy(value)
        for name, value in vars(kind).items()
        if isinstance(value, np.ndarray | dict | list | set) and not name.startswith("__")
    }
    return type(kind.__name__, (kind,), own) if own else kind


def literals(rule: Any) -> tuple[float, ...]:
    """The numbers between 0 and 1 that are written in a rule's code.

    Args:
        rule: A function, a class or an object.
    """
    kind = rule if isinstance(rule, type | FunctionType) else type(rule)
    functions = [kind] if isinstance(kind, FunctionType) else vars(kind).values()
    codes = [one.__code__ for one in functions if isinstance(one, FunctionType)]
    found = [value for code in codes for value in code.co_consts if isinstance(value, float)]
    return tuple(dict.fromkeys(value for value in found if 0 < value < 1))
