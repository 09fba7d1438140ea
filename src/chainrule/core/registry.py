"""Named things: look-up by name, with the nearest real name when there is none."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from importlib import import_module
from typing import Any, Generic, TypeVar

from chainrule.core.custom import get_custom_objects
from chainrule.errors import ArgumentError, UnknownNameError

T = TypeVar("T")


class _Promise:
    """An entry that is not loaded before it is asked for: an attribute of a package."""

    def __init__(self, package: str, attribute: str) -> None:
        self.package = package
        self.attribute = attribute

    def kept(self) -> Any:
        return getattr(import_module(self.package), self.attribute)


class Registry(Mapping[str, T], Generic[T]):
    """A closed table of names; the only way in which a file or a string names code.

    Loading what nobody names would cost time, so a package that loads its modules when used
    promises its entries (:meth:`promise`), or says where more are to come from (:meth:`expect`).

    Args:
        kind: What the entries are, for messages: ``"loss"``.
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self._entries: dict[str, T | _Promise] = {}
        self._names: list[str] = []
        self._expected: list[str] = []

    def add(self, name: str, entry: T, *aliases: str) -> T:
        """Register ``entry`` under ``name`` and its aliases.

        What a user registered can be registered anew, as happens when a notebook's cell runs
        again; what is chainrule's own cannot.
        """
        if not _is_own(entry):
            self._load()  # so that it cannot take a name before the one whose name it is
        self._enter(entry, name, *aliases)
        return entry

    def promise(self, package: str, name: str, attribute: str, *aliases: str) -> None:
        """Register what a package has under ``attribute``, to be loaded when it is looked up.

        Args:
            package: ``__name__`` of the package, or of a module.
            name: The name proper; ``attribute`` is an alias.
            attribute: The package's name for it.
            *aliases: Further names.
        """
        self._enter(_Promise(package, attribute), name, attribute, *aliases)

    def expect(self, package: str, modules: Iterable[str]) -> None:
        """Await entries from modules that register what they define.

        They are loaded once a name is missing, or all entries are asked for.

        Args:
            package: ``__name__`` of the package.
            modules: Its modules by name.
        """
        self._expected += [f"{package}.{module}" for module in modules]

    def _enter(self, entry: T | _Promise, name: str, *aliases: str) -> None:
        for key in (name, *aliases):
            taken = self._entries.get(key, entry)
            if taken is not entry and _is_own(taken):
                raise ArgumentError(f"The {self.kind} name {key!r} is already taken.")
            self._entries[key] = entry
        if name not in self._names:
            self._names.append(name)

    def _load(self) -> None:
        for module in self._expected:  # may grow meanwhile: modules load other packages
            import_module(module)

    def find(self, name: object) -> T:
        """The entry called ``name``, or what the user registered under it.

        Raises:
            UnknownNameError: There is none; the message names the nearest.
        """
        for table in (self, get_custom_objects()):
            if isinstance(name, str) and name in table:
                found: T = table[name]
                return found
        raise UnknownNameError(
            f"Could not interpret {self.kind} identifier.{self._hint(name)}", identifier=name
        )

    def _hint(self, name: object) -> str:
        import difflib

        near = difflib.get_close_matches(str(name).lower(), self._entries, n=1, cutoff=0.5)
        known = ", ".join(sorted(self._names))
        return f" Did you mean {near[0]!r}?" if near else f" Known names: {known}."

    @property
    def names(self) -> tuple[str, ...]:
        """The names proper, without aliases, in order of registration."""
        self._load()
        return tuple(self._names)

    def __getitem__(self, name: str) -> T:
        if name not in self._entries:
            self._load()
        entry = self._entries[name]
        return entry.kept() if isinstance(entry, _Promise) else entry

    def __contains__(self, name: object) -> bool:
        if name not in self._entries:
            self._load()
        return name in self._entries

    def __iter__(self) -> Iterator[str]:
        self._load()
        return iter(self._entries)

    def __len__(self) -> int:
        self._load()
        return len(self._entries)


def _is_own(entry: object) -> bool:
    return getattr(entry, "__module__", "chainrule.").startswith("chainrule.")
