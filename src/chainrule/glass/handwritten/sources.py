"""Where in somebody's source a gradient or an update stands, if only one line can be meant."""

from __future__ import annotations

import ast
import inspect
import textwrap
from pathlib import Path
from typing import Any

from chainrule.glass.handwritten.holdings import Place
from chainrule.glass.handwritten.network import HandWritten
from chainrule.glass.handwritten.roles import signature


def place_in_source(written: HandWritten, place: Place) -> str:
    """File and line of the only assignment that can be meant, as ``" (lesson.py:41)"``; else "".

    Looked at are the backward pass and the methods that it calls.
    """
    calls = written.calls
    function = calls.function(calls.backward, calls.root)
    found: set[tuple[str, int]] = set()
    for one in _with_called(function, calls.root):
        found |= set(_assignments(one, written, place))
    if len(found) != 1:
        return ""
    ((file, line),) = found
    return f" ({Path(file).name}:{line})"


def _with_called(function: Any, root: Any) -> list[Any]:
    tree = _tree(function)
    if tree is None:
        return []
    names = {
        node.func.attr
        for node in ast.walk(tree[0])
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "self"
    }
    return [function, *(m for n in sorted(names) if callable(m := getattr(root, n, None)))]


def _tree(function: Any) -> tuple[ast.AST, str, int] | None:
    try:
        source, first = inspect.getsourcelines(function)
        file = inspect.getsourcefile(function) or ""
        return ast.parse(textwrap.dedent("".join(source))), file, first
    except (OSError, TypeError, SyntaxError):
        return None


def _assignments(function: Any, written: HandWritten, place: Place) -> list[tuple[str, int]]:
    parsed = _tree(function)
    if parsed is None:
        return []
    tree, file, first = parsed
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            targets = node.targets
        elif isinstance(node, ast.AugAssign):
            targets = [node.target]
        else:
            continue
        flat = [e for t in targets for e in (t.elts if isinstance(t, ast.Tuple) else [t])]
        if any(_means(ast.unparse(one), written, place) for one in flat):
            found.append((file, first + node.lineno - 1))
    return found


def _means(target: str, written: HandWritten, place: Place) -> bool:
    """Whether an assignment's target is the parameter that is moved, or its gradient."""
    bare = target.removeprefix("self.")
    if written.way == "updates":
        return bare in (str(place), _of_index(place))
    if "[" in bare or "." in bare:
        return written.way == "stores" and bare == str(written.names.get(place, ""))
    named = Place((("attribute", bare),))
    marked = signature(named, gradient=True)
    return marked is not None and marked == signature(place)


def _of_index(place: Place) -> str:
    """``weights[i]`` for ``weights[0]``: in a loop there is one line for all."""
    steps = place.steps
    if len(steps) == 2 and steps[1][0] == "item" and isinstance(steps[1][1], int):
        return f"{steps[0][1]}[i]"
    return str(place)
