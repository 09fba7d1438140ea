"""One training step, read off the plan: forward, backward, update.

The functions are pure and work on any array library, so every reader can use them. What happens
at each application of a rule is up to ``call``: the NumPy engine runs the function, JAX runs its
code with ``np`` rebound, the trace runs an instrumented copy of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cache, partial
from typing import Any

import numpy as np

from chainrule.core.graph import LOSS, Graph, Node
from chainrule.core.plan import Plan, Update, UpdateNode
from chainrule.core.rule import Function, parameters

Values = dict[str, Any]
"""Arrays by their names in the plan."""

Call = Callable[[Node | UpdateNode, Function, Values], Any]
"""Applies one function of a rule to arguments by name."""

needs = cache(parameters)
"""The arguments that a function of a rule asks for."""


Branch = Callable[[Any, Callable[[Values], Values], Values], Values]
"""Applies a function to values if a scalar is not 0, and else gives the values as they are."""


def decide(condition: Any, function: Callable[[Values], Values], values: Values) -> Values:
    """Look at the scalar now; ``jax.lax.cond`` looks when its program runs."""
    return function(values) if condition else values


def direct(node: Node | UpdateNode, function: Function, arguments: Values) -> Any:
    """Just run it."""
    return function(**arguments)


def forward(graph: Graph, values: Values, call: Call = direct) -> Values:
    """Compute every node's outputs into ``values``, which holds inputs and parameters."""
    for node in graph.nodes:
        arguments = {name: values[array] for name, array in node.inputs.items()}
        made = call(node, node.rule.forward, {**arguments, **node.options})
        for name, result in zip(node.rule.outputs, _tuple(made), strict=True):
            values[node.outputs[name]] = result
    return values


def backward(
    graph: Graph,
    wanted: frozenset[str],
    values: Values,
    call: Call = direct,
    scale: float = 1.0,
) -> Values:
    """The cotangents ∂L/∂array of every array in ``wanted``, by reverse accumulation.

    Args:
        graph: A graph that ends with the loss.
        wanted: Arrays on a path from what is wanted to the loss.
        values: What :func:`forward` computed.
        call: How to apply a function.
        scale: What the loss is multiplied by first.
    """
    bars: Values = {LOSS: np.full((), scale, values[LOSS].dtype)}  # ∂L/∂L = 1
    for node in reversed(graph.nodes):
        if node.output not in bars:
            continue
        known = {
            name: values[array] for name, array in (*node.inputs.items(), *node.outputs.items())
        }
        known |= {**node.options, node.rule.cotangent_name: bars[node.output]}
        for name, function in node.rule.cotangents.items():
            array = node.inputs[name]
            if array in wanted:
                arguments = {need: known[need] for need in needs(function) if need in known}
                bar = call(node, function, arguments)
                bars[array] = bars[array] + bar if array in bars else bar  # paths add up
    return bars


def update(
    plan: Update,
    values: Values,
    scalars: Mapping[str, float],
    call: Call = direct,
    xp: Any = np,
    branch: Branch = decide,
) -> Values:
    """Apply the update rules to ``theta``, ``grad`` and the state vectors.

    Args:
        plan: The optimizer.
        values: The flat vectors by name; not changed.
        scalars: What the update needs anew at this step.
        call: How to apply a function.
        xp: The array library.
        branch: How to apply a row of nodes at some steps only.

    Returns:
        The vectors of ``values``, moved.
    """
    for when, nodes in plan.rows:
        if when is None:
            values = _row(plan, nodes, scalars, call, xp, values)
        else:
            row = partial(_row, plan, nodes, scalars, call, xp)
            values = branch(scalars[when], row, values)
    return values


def _row(
    plan: Update,
    nodes: tuple[UpdateNode, ...],
    scalars: Mapping[str, float],
    call: Call,
    xp: Any,
    values: Values,
) -> Values:
    """Apply some nodes; what they made on the way is dropped."""
    whole = dict(values)
    parts: dict[str, Values] = {}  # by variable: of the arrays that are cut at the moment
    for node in nodes:
        if node.variable is None:
            _join(whole, parts, node.inputs.values(), xp)
            arguments = {name: whole[array] for name, array in node.inputs.items()}
        else:
            _cut(plan, whole, parts, (*node.inputs.values(), *node.outputs.values()))
            arguments = {name: parts[array][node.variable] for name, array in node.inputs.items()}
        arguments |= node.options
        arguments |= {option: scalars[option] for option in node.scalars}
        made = call(node, node.rule.forward, arguments)
        for name, result in zip(node.rule.outputs, _tuple(made), strict=True):
            array = node.outputs[name]
            if node.variable is None:
                whole[array] = result
                parts.pop(array, None)
            else:
                parts[array][node.variable] = result
    _join(whole, parts, values, xp)
    return {name: whole[name] for name in values}


def _cut(plan: Update, whole: Values, parts: dict[str, Values], arrays: Iterable[str]) -> None:
    """Cut vectors into the parts of their variables; one that is not made yet has none."""
    for array in arrays:
        if array not in parts:
            parts[array] = plan.layout_of(array).views(whole[array]) if array in whole else {}


def _join(whole: Values, parts: dict[str, Values], arrays: Iterable[str], xp: Any) -> None:
    """Make vectors of the parts of their variables."""
    if parts:
        for array in arrays:
            if array in parts:
                pieces = parts.pop(array).values()
                whole[array] = xp.concatenate([xp.reshape(piece, -1) for piece in pieces])


def flat_gradient(plan: Plan, bars: Values, xp: Any = np) -> Any:
    """The gradient of the trainable part of θ as one vector.

    A parameter that the loss does not depend on has gradient 0.
    """
    parts = [
        xp.reshape(bars[slot.name], -1) if slot.name in bars else xp.zeros(slot.size, plan.dtype)
        for slot in plan.layout
        if slot.trainable
    ]
    return xp.concatenate(parts) if parts else xp.zeros(0, plan.dtype)


def step(
    plan: Plan,
    theta: Any,
    states: Mapping[str, Any],
    batch: Values,
    scalars: Mapping[str, float],
    call: Call = direct,
    xp: Any = np,
    branch: Branch = decide,
) -> tuple[Values, Any]:
    """One training step without side effects.

    Args:
        plan: A compiled plan.
        theta: The flat parameter vector, shape (P,).
        states: The optimizer's state vectors.
        batch: Arrays from outside: inputs, targets, weights, divisor, noises.
        scalars: Options of the update rules at this step.
        call: How to apply a function.
        xp: The array library.
        branch: How to apply update rules at some steps only.

    Returns:
        All values of the forward pass, and a dictionary with the new trainable part of
        ``theta``, the gradient ``grad`` and the new state vectors.
    """
    assert plan.train is not None  # noqa: S101
    assert plan.update is not None  # noqa: S101
    values = forward(plan.train, {**batch, **plan.layout.views(theta)}, call)
    bars = backward(plan.train, plan.differentiated, values, call, plan.update.loss_scale)
    return values, move(plan, theta, states, bars, scalars, call, xp, branch)


def move(
    plan: Plan,
    theta: Any,
    states: Mapping[str, Any],
    bars: Values,
    scalars: Mapping[str, float],
    call: Call = direct,
    xp: Any = np,
    branch: Branch = decide,
) -> Values:
    """The second half of :func:`step`: the update, from the cotangents of :func:`backward`."""
    assert plan.update is not None  # noqa: S101
    vectors = {"theta": theta[plan.layout.trainable], "grad": flat_gradient(plan, bars, xp)}
    return update(plan.update, {**vectors, **states}, scalars, call, xp, branch)


def _tuple(made: Any) -> tuple[Any, ...]:
    return made if isinstance(made, tuple) else (made,)
