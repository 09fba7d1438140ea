"""The next training step as the NumPy engine does it, up to the gradient: for who looks at it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.core.plan import Plan
from chainrule.engines import interpret
from chainrule.engines.base import Run
from chainrule.engines.numpy import NumpyProgram

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]


def look(plan: Plan, run: Run, arrays: dict[str, Array]) -> tuple[interpret.Values, Array]:
    """Every array of the forward pass, and the gradient of the trainable parameters.

    Args:
        plan: Of a compiled model.
        run: Parameters and states; not changed.
        arrays: The batch.
    """
    assert plan.train is not None  # noqa: S101  (compiled)
    batch = NumpyProgram(plan).batch(run, arrays, len(next(iter(arrays.values()))))
    with np.errstate(all="ignore"):
        values = interpret.forward(plan.train, {**batch, **plan.layout.views(run.theta)})
        bars = interpret.backward(plan.train, plan.differentiated, values)
    return values, interpret.flat_gradient(plan, bars)


def by_layer(plan: Plan, vector: Array) -> dict[str, list[Array]]:
    """The parts of a flat vector of all trainable parameters, by the layer that they belong to."""
    assert plan.update is not None  # noqa: S101  (compiled)
    found: dict[str, list[Array]] = {}
    for name, part in plan.update.layout.views(vector).items():
        found.setdefault(name.rpartition("/")[0], []).append(part)
    return found
