"""The arrays that an object holds, wherever they are: found by path, put into copies."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import FunctionType, MethodType, ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

DEPTH = 6
"""How deep arrays may be nested: network.layers[0].params["W"] is 4 deep."""

_NO_HOLDERS = (str, bytes, type, FunctionType, MethodType, ModuleType, np.random.Generator)


@dataclass(frozen=True)
class Place:
    """Where a value is inside an object.

    Attributes:
        steps: Names of attributes, and keys or indices, each with what it is.
    """

    steps: tuple[tuple[str, Any], ...]

    def __str__(self) -> str:
        text = ""
        for kind, key in self.steps:
            text += f"[{key!r}]" if kind == "item" else f".{key}"
        return text.removeprefix(".") or "array"

    @property
    def key(self) -> Any:
        """The last name or index."""
        return self.steps[-1][1] if self.steps else ""

    def of(self, root: Any) -> Any:
        """The value there in ``root``.

        Raises:
            LookupError, AttributeError: There is none.
        """
        for kind, key in self.steps:
            root = root[key] if kind == "item" else getattr(root, key)
        return root

    def put(self, root: Any, value: Any) -> None:
        """Set the value there in ``root``."""
        owner = Place(self.steps[:-1]).of(root)
        kind, key = self.steps[-1]
        if kind == "item":
            owner[key] = value
        else:
            setattr(owner, key, value)


def held(root: Any) -> Iterator[tuple[Place, Any]]:
    """Every number and array in an object, each array once, in the order in which it is held."""
    seen: set[int] = set()
    yield from _held(root, (), seen)


def _held(value: Any, steps: tuple[tuple[str, Any], ...], seen: set[int]) -> Iterator[Any]:
    if isinstance(value, np.ndarray) and value.dtype != object:
        if id(value) not in seen:
            seen.add(id(value))
            yield Place(steps), value
        return
    if isinstance(value, bool | int | float | np.generic):
        yield Place(steps), value
        return
    if value is None or isinstance(value, _NO_HOLDERS) or len(steps) >= DEPTH or id(value) in seen:
        return
    seen.add(id(value))
    if isinstance(value, Mapping):
        for key, part in list(value.items()):
            yield from _held(part, (*steps, ("item", key)), seen)
    elif isinstance(value, list | tuple) or (isinstance(value, np.ndarray) and value.ndim == 1):
        for index, part in enumerate(list(value)):
            yield from _held(part, (*steps, ("item", index)), seen)
    else:
        for name, part in list(_attributes(value).items()):
            yield from _held(part, (*steps, ("attribute", name)), seen)


def _attributes(value: Any) -> dict[str, Any]:
    found = dict(getattr(value, "__dict__", {}))
    for kind in type(value).__mro__:
        slots = kind.__dict__.get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            if hasattr(value, name):
                found.setdefault(name, getattr(value, name))
    return found


def arrays(root: Any) -> dict[Place, Array]:
    """The arrays of floats in an object."""
    return {
        place: value
        for place, value in held(root)
        if isinstance(value, np.ndarray) and value.dtype.kind == "f" and value.size
    }


def copied(root: Any, values: Mapping[Place, Array]) -> Any:
    """A deep copy with other arrays at some places, and double precision everywhere.

    An array that is held at two places is one array in the copy too.
    """
    memo: dict[int, Any] = {}
    for place, value in arrays(root).items():
        new = values.get(place)
        if new is not None or value.dtype.itemsize < 8:
            memo[id(value)] = np.array(value if new is None else new, np.float64)
    made = copy.deepcopy(root, memo)
    for place, new in values.items():
        if not isinstance(old := place.of(root), np.ndarray):  # a bias that is a plain number
            place.put(made, type(old)(new) if isinstance(old, np.generic) else float(new))
    return made
