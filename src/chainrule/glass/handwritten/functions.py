"""The functions of a network that somebody wrote: found by name, and run without a trace."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.errors import ArgumentError
from chainrule.glass.handwritten.roles import FORWARD, LOSS, parameters, role
from chainrule.glass.update_rules.copies import silent


@dataclass
class Calls:
    """The functions of a network, and how they are found again in a copy.

    Attributes:
        root: The object, or the parameters that functions are given.
        forward: Name of a method, or a function.
        backward: Likewise.
        loss: Likewise, or ``None``.
    """

    root: Any
    forward: Any
    backward: Any = None
    loss: Any = None

    def function(self, what: Any, target: Any) -> Callable[..., Any]:
        """A method of a copy, or the function itself."""
        return getattr(target, what) if isinstance(what, str) else what

    def known(self, what: Any, target: Any) -> dict[str, Any]:
        """What a call can be given beside the data: parameters, of functions."""
        if isinstance(what, str):
            return {}
        named = {str(k): v for k, v in target.items()} if isinstance(target, Mapping) else {}
        return {"params": target, **named}


def functions_of(network: Any, forward: Any, backward: Any, loss: Any) -> tuple[Calls, Any]:
    """The functions of a network: of an object its methods, else those that are given.

    Returns:
        The functions, and which one computes gradients if that is given.

    Raises:
        ArgumentError: There is no forward pass.
    """
    plain = isinstance(network, dict | list | tuple | np.ndarray)
    if plain and not (callable(forward) and callable(backward)):
        raise ArgumentError(
            "Parameters in a list or dictionary need the functions `forward(params, x)` and "
            "`backward(params, x, y)`.",
            forward=forward,
            backward=backward,
        )
    if plain:
        return Calls(network, forward, loss=loss if callable(loss) else None), backward
    forward = _method(network, forward) or next(iter(present(network, FORWARD)), None)
    if forward is None:
        raise ArgumentError(
            "No forward pass was found. Say which method it is with `forward=`.",
            network=type(network).__name__,
        )
    own = next((n for n in present(network, LOSS) if _takes_targets(getattr(network, n))), None)
    return Calls(network, forward, loss=own), _method(network, backward)


def _method(network: Any, given: Any) -> Any:
    """A method's name: given as such, or as the method."""
    name = given if isinstance(given, str) else getattr(given, "__name__", None)
    if given is None:
        return None
    if isinstance(given, str) and not callable(getattr(network, given, None)):
        raise ArgumentError("The network has no such method.", method=given)
    owned = getattr(network, name, None) if name else None
    same = getattr(owned, "__func__", owned) is getattr(given, "__func__", given)
    return name if isinstance(given, str) or same else given


def present(network: Any, names: tuple[str, ...]) -> list[str]:
    """Those methods that an object has, by whatever style of writing their names."""
    plain = {
        name.lower().replace("_", ""): name
        for name in dir(network)
        if not name.startswith("__") or name == "__call__"
    }
    found = (plain.get(name.replace("_", "")) for name in names)
    return [n for n in dict.fromkeys(found) if n and callable(getattr(network, n, None))]


def _takes_targets(method: Any) -> bool:
    try:
        return any(role(name) == "y" for name in parameters(method))
    except (TypeError, ValueError):
        return False


def name_of(what: Any) -> str:
    """What a method or function is called."""
    return what if isinstance(what, str) else getattr(what, "__name__", repr(what))


def failed(kind: str, what: Any, error: Exception) -> ArgumentError:
    """The error that says that a pass could not be run, and why."""
    return ArgumentError(
        f"The {kind} pass could not be run on this `x`: {type(error).__name__}: {error}.",
        method=name_of(what),
    )


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """Run somebody's code silently, with its random numbers fixed, and restore those outside."""
    outside, plain = np.random.get_state(), random.getstate()
    np.random.seed(812)
    random.seed(812)
    try:
        with silent():
            yield
    finally:
        np.random.set_state(outside)
        random.setstate(plain)
