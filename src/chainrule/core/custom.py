"""Classes of a user's own, found by the name under which a file or a string mentions them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

T = TypeVar("T")

_known: dict[str, Any] = {}


def register_keras_serializable(
    package: str = "Custom", name: str | None = None
) -> Callable[[T], T]:
    """Decorate a class (or a rule) so that models with it can be saved and loaded by name.

    Args:
        package: Kept for Keras' registered name, ``"package>name"``.
        name: Another name than the class's own.

    Example:
        >>> from chainrule.layers import Identity
        >>> @register_keras_serializable()
        ... class Marked(Identity):
        ...     pass
        >>> get_custom_objects()["Marked"] is Marked
        True
    """

    def register(thing: T) -> T:
        own = name or getattr(thing, "__name__", None) or type(thing).__name__
        _known[own] = _known[f"{package}>{own}"] = thing
        return thing

    return register


def get_custom_objects() -> dict[str, Any]:
    """The table of registered things by name; it may be changed."""
    return _known


@contextmanager
def custom_object_scope(custom_objects: Mapping[str, Any] | None) -> Iterator[None]:
    """Know some things by name inside a ``with`` block only.

    Args:
        custom_objects: Classes by name; ``None`` for none.
    """
    before = dict(_known)
    _known.update(custom_objects or {})
    try:
        yield
    finally:
        _known.clear()
        _known.update(before)
