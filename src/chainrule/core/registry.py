"""Named things: look-up by name, with the nearest real name when there is none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Generic, TypeVar

from chainrule.core.custom import get_custom_objects
from chainrule.errors import ArgumentError, UnknownNameError

T = TypeVar("T")


class Registry(Mapping[str, T], Generic[T]):
    """A closed table of names; the only way in which a file or a string names code.

    Args:
        kind: What the entries are, for messages: ``"loss"``.
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._entries: dict[str, T] = {}
        self._names: list[str] = []

    def add(self, name: str, entry: T, *aliases: str) -> T:
        """Register ``entry`` under ``name`` and its aliases.

        What a user registered can be registered anew, as happens when a notebook's cell runs
        again; what is chainrule's own cannot.
        """
        for key in (name, *aliases):
            taken = self._entries.get(key, entry)
            if taken is not entry and _is_own(taken):
                raise ArgumentError(f"The {self.kind} name {key!r} is already taken.")
            self._entries[key] = entry
        if name not in self._names:
            self._names.append(name)
        return entry

    def find(self, name: object) -> T:
        """The entry called ``name``, or what the user registered under it.

        Raises:
            UnknownNameError: There is none; the message names the nearest.
        """
        try:
            return self._entries[name]  # type: ignore[index]
        except (KeyError, TypeError):
            if isinstance(name, str) and name in get_custom_objects():
                return get_custom_objects()[name]
            raise UnknownNameError(
                f"Could not interpret {self.kind} identifier.{self._hint(name)}", identifier=name
            ) from None

    def _hint(self, name: object) -> str:
        import difflib

        near = difflib.get_close_matches(str(name).lower(), self._entries, n=1, cutoff=0.5)
        known = ", ".join(sorted(self._names))
        return f" Did you mean {near[0]!r}?" if near else f" Known names: {known}."

    @property
    def names(self) -> tuple[str, ...]:
        """The names proper, without aliases, in order of registration."""
        return tuple(self._names)

    def __getitem__(self, name: str) -> T:
        return self._entries[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)


def _is_own(entry: object) -> bool:
    return getattr(entry, "__module__", "chainrule.").startswith("chainrule.")
