"""Where a training step first computed a number that is not finite, found line by line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from chainrule.core.graph import Node
from chainrule.core.plan import Plan, UpdateNode
from chainrule.core.rule import Function
from chainrule.core.source import Line, traced
from chainrule.engines import interpret
from chainrule.engines.base import Run
from chainrule.engines.numpy import NumpyProgram

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

Stage = Literal["input", "target", "parameter", "forward", "backward", "update"]


@dataclass(frozen=True)
class NonFinite:
    """The first number of a step that is not finite.

    Attributes:
        array: Its array: ``"dense_1/z"``, ``"∂L/∂dense_1/kernel"``, ``"dense_1/kernel"``.
        stage: When it was computed; for what was there before, what it is.
        layer: The layer it belongs to, or ``""``.
        index: Its place in the array; ``()`` for a single number.
        value: NaN or an infinity.
        rule: The rule that made it; ``""`` for what was there before.
        line: The rule's line that made it, if one is to blame.
        taken: The largest magnitude in each of the rule's arguments; all finite.
    """

    array: str
    stage: Stage
    layer: str
    index: tuple[int, ...]
    value: float
    rule: str = ""
    line: Line | None = None
    taken: Mapping[str, float] = field(default_factory=dict)


class _FoundError(Exception):
    """Ends the step that is being looked through."""

    def __init__(self, found: NonFinite) -> None:
        self.found = found


def find_nonfinite(
    plan: Plan, run: Run, arrays: Mapping[str, Array], scalars: Mapping[str, float]
) -> NonFinite | None:
    """Do one training step on copies, and stop at the first number that is not finite.

    Args:
        plan: A compiled plan.
        run: Parameters and optimizer state before the step; not changed.
        arrays: The batch: inputs, targets and weights by their names in the plan.
        scalars: What the update needs at this step.

    Returns:
        The number; ``None`` if all are finite.
    """
    given = NumpyProgram(plan).batch(run, arrays, len(next(iter(arrays.values()))))
    assert plan.update is not None  # noqa: S101  (compiled)
    try:
        for name, array in given.items():
            stage: Stage = "input" if name in plan.inputs else "target"
            _check(name, array, stage, "")
        for name, array in plan.layout.views(run.theta).items():
            _check(name, array, "parameter", _layer(name))
        with np.errstate(all="ignore"):
            _, moved = interpret.step(plan, run.theta, run.states, given, scalars, _applied)
        for name, array in plan.update.layout.views(moved["theta"]).items():
            _check(name, array, "update", _layer(name))
    except _FoundError as end:
        return end.found
    return None


def _applied(
    node: Node | UpdateNode, function: Function, arguments: interpret.Values
) -> interpret.Values:
    """Run a function of a rule, and look at what it made."""
    made = function(**arguments)
    results = made if isinstance(made, tuple) else (made,)
    if all(np.isfinite(result).all() for result in results if _is_float(result)):
        return made
    name, stage = _name(node, function)
    if stage == "update":  # the parameters' own check names the variable
        return made
    taken = {n: float(np.abs(a).max(initial=0)) for n, a in arguments.items() if _is_float(a)}
    for result in results:
        _check(name, result, stage, _layer(name), node.rule.name, _line(function, arguments), taken)
    return made


def _name(node: Node | UpdateNode, function: Function) -> tuple[str, Stage]:
    """What a function of a node computes."""
    if isinstance(node, UpdateNode):
        return "theta", "update"
    for name, cotangent in node.rule.cotangents.items():
        if function is cotangent:
            return f"∂L/∂{node.inputs[name]}", "backward"
    return node.output, "forward"


def _line(function: Function, arguments: interpret.Values) -> Line | None:
    """The first line that made something that is not finite of what is."""
    try:
        _, readings = traced(function)(**arguments)
    except OSError:  # typed into a console that keeps no source
        return None
    for reading in readings:
        if _is_float(reading.value) and not np.isfinite(reading.value).all():
            return reading.line
    return None


def _check(
    name: str,
    array: Any,
    stage: Stage,
    layer: str,
    rule: str = "",
    line: Line | None = None,
    taken: Mapping[str, float] | None = None,
) -> None:
    for index in _places(array):
        value = float(np.asarray(array)[index])
        raise _FoundError(NonFinite(name, stage, layer, index, value, rule, line, taken or {}))


def _places(array: Any) -> Iterator[tuple[int, ...]]:
    if _is_float(array):
        for place in np.argwhere(~np.isfinite(array)):
            yield tuple(int(n) for n in place)


def _is_float(array: Any) -> bool:
    return (
        isinstance(array, np.ndarray | np.floating | float) and np.asarray(array).dtype.kind == "f"
    )


def _layer(name: str) -> str:
    """``"dense_1"`` of ``"∂L/∂dense_1/kernel"``."""
    return name.removeprefix("∂L/∂").rpartition("/")[0]
