"""One training step with every application of a rule noted down as it runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.core.graph import Node
from chainrule.core.plan import Plan, UpdateNode
from chainrule.core.rule import Function
from chainrule.core.source import Reading, traced
from chainrule.engines import interpret
from chainrule.engines.base import Run
from chainrule.engines.numpy import NumpyProgram

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Event:
    """One application of a function of a rule.

    Attributes:
        node: The node.
        function: The function.
        result: What its lines call the result.
        arguments: What it was given.
        readings: Its lines and their values.
        made: What it returned, always as a tuple.
    """

    node: Node | UpdateNode
    function: Function
    result: str
    arguments: Mapping[str, Any]
    readings: tuple[Reading, ...]
    made: tuple[Any, ...]


@dataclass(frozen=True, eq=False)
class Recording:
    """A step as it ran.

    Attributes:
        values: Every array of the forward pass, and what came from outside.
        bars: The cotangent of every array on a path to the loss, the network's inputs included.
        forward: What the forward pass applied, in order.
        backward: What the backward pass applied, in order.
        update: What the optimizer applied, in order.
        states: The optimizer's vectors before the step.
        scalars: What the optimizer needed anew at this step.
        moved: The new ``theta``, the gradient and the new states, as flat vectors.
    """

    values: interpret.Values
    bars: interpret.Values
    forward: tuple[Event, ...]
    backward: tuple[Event, ...]
    update: tuple[Event, ...]
    states: Mapping[str, Array]
    scalars: Mapping[str, float]
    moved: interpret.Values


def record(
    program: NumpyProgram,
    run: Run,
    data: Mapping[str, Array],
    samples: int,
    scalars: Mapping[str, float],
) -> Recording:
    """Do one training step on ``run``, which is changed as training changes it.

    Args:
        program: The plan, made ready by the NumPy engine.
        run: Parameters and states.
        data: The batch: inputs, targets and weights by their names in the plan.
        samples: Its number of samples.
        scalars: What the optimizer needs anew at this step.
    """
    plan = program.plan
    assert plan.train is not None  # noqa: S101
    assert plan.update is not None  # noqa: S101
    batch = program.batch(run, data, samples)
    theta = run.theta.copy()
    states = {name: state.copy() for name, state in run.states.items()}
    log = _Log(wanted(plan))
    with np.errstate(all="ignore"):
        start = {**batch, **plan.layout.views(theta)}
        values = interpret.forward(plan.train, start, log.call)
        forward = log.taken()
        scale = plan.update.loss_scale
        bars = interpret.backward(plan.train, log.wanted, values, log.call, scale)
        backward = log.taken()
        moved = interpret.move(plan, theta, states, bars, scalars, log.call)
    _advance(plan, run, values, moved)
    return Recording(values, bars, forward, backward, log.taken(), states, scalars, moved)


def wanted(plan: Plan) -> frozenset[str]:
    """The arrays whose cotangent is shown: those of a training step, and those of the inputs.

    What an input's cotangent needs more changes nothing of the others: a node that is on no path
    from a trainable parameter hands nothing to one that is.
    """
    assert plan.train is not None  # noqa: S101
    trainable = frozenset(slot.name for slot in plan.layout if slot.trainable)
    return plan.train.differentiated(trainable | frozenset(plan.inputs))


def _advance(plan: Plan, run: Run, values: interpret.Values, moved: interpret.Values) -> None:
    """Put the new numbers in place."""
    assert plan.train is not None  # noqa: S101
    run.theta[plan.layout.trainable] = moved["theta"]
    for name, state in run.states.items():
        state[...] = moved[name]
    parameters = plan.layout.views(run.theta)
    for name, array in plan.train.assigned.items():
        parameters[name][...] = values[array]
    run.step += 1


class _Log:
    """Runs functions with a reader at each line."""

    def __init__(self, wanted: frozenset[str]) -> None:
        self._events: list[Event] = []
        self.wanted = wanted
        self._named: set[tuple[int, str]] = set()

    def taken(self) -> tuple[Event, ...]:
        """The events since the last time."""
        events, self._events = tuple(self._events), []
        return events

    def call(self, node: Node | UpdateNode, function: Function, arguments: interpret.Values) -> Any:
        result = self._result(node, function)
        readings: list[Reading] = []
        try:
            reader = traced(function, result)
        except OSError:  # typed into a console that keeps no source
            made = function(**arguments)
        else:
            made, readings = reader(**arguments)
        several = made if isinstance(made, tuple) else (made,)
        self._events.append(
            Event(node, function, result, dict(arguments), tuple(readings), several)
        )
        return made

    def _result(self, node: Node | UpdateNode, function: Function) -> str:
        """What a function computes: the first output, or a cotangent."""
        if isinstance(node, UpdateNode) or function is node.rule.forward:
            return node.rule.outputs[0]
        name = next(  # one function may give the cotangents of several inputs
            name
            for name, found in node.rule.cotangents.items()
            if found is function
            and node.inputs[name] in self.wanted
            and (id(node), name) not in self._named
        )
        self._named.add((id(node), name))
        return f"∂L/∂{name}"
