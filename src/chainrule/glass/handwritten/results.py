"""What the functions of a network give: outputs, and gradients by their names in its source."""

from __future__ import annotations

import ast
import inspect
import textwrap
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.glass.handwritten.functions import Calls
from chainrule.glass.handwritten.holdings import Place, arrays, held
from chainrule.glass.handwritten.roles import role

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]


def output_of(raw: Any, target: Any, y: Array) -> Array:
    """The output among what a forward pass returned, or left in the object."""
    if isinstance(raw, np.ndarray | float | int | np.generic):
        return np.asarray(raw, np.float64)
    if raw is None:
        found = list(arrays(target).items())
        named = [array for place, array in found if role(str(place.key)) == "output"]
        found_arrays = named or [array for _, array in found]
    elif isinstance(raw, tuple | list) and isinstance(raw[-1], dict | list | tuple):
        return output_of(raw[0], target, y)
    else:
        found_arrays = list(arrays(raw).values())
    same = [one for one in found_arrays if one.shape == y.shape]
    if not found_arrays:
        raise TypeError("it returns no output")
    return np.asarray((same or found_arrays)[-1], np.float64)


def numbers(root: Any) -> dict[Place, Array]:
    """The arrays of floats in an object, and its floats."""
    return {
        place: np.asarray(value, np.float64)
        for place, value in held(root)
        if np.asarray(value).dtype.kind == "f"
    }


def returned(result: Any, calls: Calls, what: Any) -> dict[Place, Array]:
    """The arrays that a backward pass returned, by the names that its source gives them."""
    if result is None:
        return {}
    found = numbers(result)
    names = _returned_names(calls.function(what, calls.root))
    if isinstance(result, tuple) and len(names) == len(result):
        renamed = {}
        for place, value in found.items():
            first, *rest = place.steps
            renamed[Place((("attribute", names[first[1]]), *rest))] = value
        return renamed
    return found


def _returned_names(function: Any) -> list[str]:
    """The names in a function's last ``return a, b, c``."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, TypeError, SyntaxError):
        return []
    for node in reversed(list(ast.walk(tree))):
        if isinstance(node, ast.Return) and isinstance(node.value, ast.Tuple):
            return [ast.unparse(one) for one in node.value.elts]
    return []
