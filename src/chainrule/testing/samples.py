"""Inputs for a rule, made from its shape text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.core.rule import Formula, Rule
from chainrule.core.shapes import Axes, Spec

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]


def axis_names(formula: Formula) -> tuple[str, ...]:
    """The axes of a rule's inputs, groups (``"*N"``) included, in order of appearance."""
    axes = [axis for spec in formula.signature.inputs for axis in spec.axes if axis != "1"]
    return tuple(dict.fromkeys(axes))


def sample_inputs(
    formula: Formula,
    axes: Mapping[str, Any],
    seed: int = 0,
    dtype: str = "float64",
) -> tuple[dict[str, Array], dict[str, Any]]:
    """Random inputs and options for a rule.

    Args:
        formula: The rule.
        axes: A length for every axis; for a group (``"*N"``) a tuple of lengths.
        seed: Another seed gives other numbers.
        dtype: Float type; labels are int64 all the same.

    Returns:
        Arrays by input name, and the options that have no default.
    """
    generator = np.random.default_rng(seed)
    bound = dict(axes)
    arrays = {
        spec.name: _sample(spec, bound, generator, dtype) for spec in formula.signature.inputs
    }
    example = formula.example if isinstance(formula, Rule) else {}
    options = {name: make(bound) if callable(make) else make for name, make in example.items()}
    for name, default in formula.options.items():
        if default is None and name not in options:
            options[name] = float(generator.uniform(0.1, 0.9))
    return arrays, options


def _sample(spec: Spec, axes: Axes, generator: np.random.Generator, dtype: str) -> Array:
    shape: Any = spec.shape(axes)
    match spec.domain:
        case "label":
            return np.asarray(generator.integers(0, axes[spec.bound], shape))
        case "unit":
            numbers = generator.uniform(0.05, 0.95, shape)
        case "positive":
            numbers = generator.uniform(0.1, 2.0, shape)
        case _:
            numbers = 2 * generator.standard_normal(shape)
    if not spec.axes:  # a divisor
        numbers = generator.uniform(1.0, 3.0)
    return np.asarray(numbers, dtype)
