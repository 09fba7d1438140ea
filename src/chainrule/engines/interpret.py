"""One training step, read off the plan: forward, backward, update.

The functions are pure and work on any array library, so every reader can use them. What happens
at each application of a rule is up to ``call``: the NumPy engine runs the function, JAX runs its
code with ``np`` rebound, the trace runs an instrumented copy of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import numpy as np

from chainrule.core.plan import LOSS, Graph, Node, Plan, Update, UpdateNode
from chainrule.core.rule import Function, parameters

Values = dict[str, Any]
"""Arrays by their names in the plan."""

Call = Callable[[Node | UpdateNode, Function, Values], Any]
"""Applies one function of a rule to arguments by name."""

needs = cache(parameters)
"""The arguments that a function of a rule asks for."""


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


def backward(graph: Graph, wanted: frozenset[str], values: Values, call: Call = direct) -> Values:
    """The cotangents ∂L/∂array of every array in ``wanted``, by reverse accumulation.

    Args:
        graph: A graph that ends with the loss.
        wanted: Arrays on a path from what is wanted to the loss.
        values: What :func:`forward` computed.
        call: How to apply a function.
    """
    bars: Values = {LOSS: np.ones((), values[LOSS].dtype)}  # ∂L/∂L = 1
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
    plan: Update, values: Values, scalars: Mapping[str, float], call: Call = direct
) -> Values:
    """Apply the update rules to ``theta``, ``grad`` and the state vectors in ``values``."""
    for node in plan.nodes:
        arguments = {name: values[array] for name, array in node.inputs.items()}
        arguments |= {option: scalars[option] for option in node.rule.options}
        made = call(node, node.rule.forward, arguments)
        for name, result in zip(node.rule.outputs, _tuple(made), strict=True):
            values[node.outputs[name]] = result
    return values


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

    Returns:
        All values of the forward pass, and a dictionary with the new trainable part of
        ``theta``, the gradient ``grad`` and the new state vectors.
    """
    assert plan.train is not None  # noqa: S101
    assert plan.update is not None  # noqa: S101
    values = forward(plan.train, {**batch, **plan.layout.views(theta)}, call)
    bars = backward(plan.train, plan.differentiated, values, call)
    moved = {"theta": theta[plan.layout.trainable], "grad": flat_gradient(plan, bars, xp)}
    return values, update(plan.update, {**moved, **states}, scalars, call)


def _tuple(made: Any) -> tuple[Any, ...]:
    return made if isinstance(made, tuple) else (made,)
