"""Packages whose names are loaded when first used, so that what nobody asks for costs nothing."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any


def lazy(
    package: str, modules: Mapping[str, Sequence[str]]
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """A package's ``__getattr__`` and ``__dir__``.

    Args:
        package: ``__name__`` of the package.
        modules: For each module of the package the names that it gives the package, beside its
            own; ``".losses"`` is one beside the package.
    """
    homes = {name: module for module, names in modules.items() for name in names}
    present = vars(sys.modules[package])

    def attribute(name: str) -> Any:
        if name in modules:
            return import_module(f".{name}", package)
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        found = getattr(import_module(f".{homes[name]}", package), name)
        present[name] = found  # what was asked for once is found without asking
        return found

    def directory() -> list[str]:
        return list(present["__all__"])

    return attribute, directory
