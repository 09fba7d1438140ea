"""The library's own update rule for a check, and the gradients that it is given."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from chainrule.errors import ArgumentError
from chainrule.glass.update_rules.faults.form import Stream
from chainrule.optimizers import OPTIMIZERS, Optimizer

LEARNING_RATE = 0.003
"""Used where nobody says otherwise: no other constant is of this size, nor 1 less another."""

STEPS, LONG = 8, 40
"""How many steps are compared; rules that take signs need more to show a difference."""

DIFFERENT: Mapping[str, tuple[int, ...]] = {"W1": (5, 4), "b1": (4,), "W2": (4, 3), "b2": (3,)}
ALIKE: Mapping[str, tuple[int, ...]] = dict.fromkeys(DIFFERENT, (6, 6))
_BASES = {"momentum": {"momentum": 0.9}, "nesterov": {"momentum": 0.9, "nesterov": True}}
_SHOWN = (
    "learning_rate", "momentum", "rho", "beta_1", "beta_2", "epsilon", "weight_decay",
    "initial_accumulator_value", "centered", "amsgrad",
)  # fmt: skip


def model_of(name: str, given: Mapping[str, Any]) -> Optimizer:
    """The library's optimizer.

    Raises:
        ArgumentError: It has no such option.
    """
    arguments = {"learning_rate": LEARNING_RATE, **_BASES.get(name, {}), **given}
    kind = OPTIMIZERS["sgd" if name in _BASES else name]
    try:
        return kind(**arguments)
    except TypeError as error:
        raise ArgumentError(f"{name}: {error}.", **given) from None


def options_of(model: Optimizer) -> dict[str, Any]:
    """An optimizer's constants, as forms take them."""
    known = {**model.constants, "learning_rate": model.learning_rate}
    found = {name: known[name] for name in _SHOWN if name in known}
    return found | {"weight_decay": found.get("weight_decay") or 0.0}


def stream_of(
    name: str, shapes: Mapping[str, tuple[int, ...]], options: Mapping[str, Any]
) -> Stream:
    """Parameters of the order of 1; every other one's gradients are so small that ε counts."""
    draw = np.random.default_rng(812)
    epsilon = max(float(options.get("epsilon", 0)), 1e-12)
    inside = name in ("rmsprop", "adagrad", "adadelta")
    small = 3 * (np.sqrt(epsilon) if inside else epsilon) if "epsilon" in options else 0.1
    scale = {one: (1.0, small)[index % 2] for index, one in enumerate(shapes)}
    signs = name == "lion"
    sizes = {one: (12, *shape) if signs else shape for one, shape in shapes.items()}
    start = {one: draw.normal(size=size) for one, size in sizes.items()}
    grads = tuple(
        {one: scale[one] * draw.normal(0.2, 1, size) for one, size in sizes.items()}
        for _ in range(LONG if signs else STEPS)
    )
    return Stream(start, grads)
