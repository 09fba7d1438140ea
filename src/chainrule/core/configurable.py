"""Objects made from strings, classes or serialised configurations, all by one function."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeVar

from chainrule.core.registry import Registry


class Configurable(Protocol):
    """An object that is described by its class name and its constructor's arguments."""

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments, JSON-ready."""
        ...


T = TypeVar("T")


def resolve(identifier: Any, kind: type[T], registry: Registry[type[T]]) -> T:
    """The object for a name, an object, a class, or what :func:`serialize` made.

    Raises:
        UnknownNameError: There is none of that name.
    """
    if isinstance(identifier, kind):
        return identifier
    if isinstance(identifier, type) and issubclass(identifier, kind):
        return identifier()
    if isinstance(identifier, Mapping):
        made = registry.find(identifier.get("class_name"))
        return made(**identifier.get("config", {}))
    name = identifier.lower() if isinstance(identifier, str) else identifier
    return registry.find(identifier if identifier in registry else name)()


def revive(
    config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None, get: Callable[[Any], T]
) -> T:
    """The object from :func:`serialize`, whose class is looked for among the user's own first."""
    own = (custom_objects or {}).get(str(config.get("class_name")))
    return own.from_config(config.get("config", {})) if own else get(config)


def serialize(thing: Configurable) -> dict[str, Any]:
    """The object as JSON-ready data, for :func:`resolve`."""
    return {"class_name": type(thing).__name__, "config": thing.get_config()}
