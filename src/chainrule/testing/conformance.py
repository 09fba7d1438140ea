"""What every rule must do, checked from its shape text alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.core.rule import Formula, Rule, UpdateRule, parameters
from chainrule.core.source import lines
from chainrule.glass.differences import central_difference
from chainrule.testing.samples import axis_names, sample_inputs
from chainrule.testing.tolerances import assert_close

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

DEFAULT_LENGTHS = (3, 5, 2, 4)
"""Lengths given to axes in turn; different, so that a transposition shows."""


def check_rule(rule: Rule, axes: Mapping[str, Any] | None = None, seed: int = 0) -> None:
    """Check a rule's equations, shapes, types, purity and derivatives.

    Args:
        rule: The rule.
        axes: Axis lengths; some of different lengths by default.
        seed: Another seed gives other inputs.

    Raises:
        AssertionError: A check failed; the message says which, where and by how much.
    """
    axes = default_axes(rule) if axes is None else axes
    check_equations(rule)
    for dtype in ("float32", "float64"):
        check_shapes_and_types(rule, axes, seed, dtype)
    check_derivatives(rule, axes, seed)


def check_update_rule(
    rule: UpdateRule, axes: Mapping[str, Any] | None = None, seed: int = 0
) -> None:
    """Check an update rule's equations, shapes, types, purity, and what its shapes promise.

    A rule whose arrays are all ``[P]`` must be element-wise: parts give parts, in any order.

    Args:
        rule: The update rule.
        axes: Axis lengths; some of different lengths by default.
        seed: Another seed gives other inputs.

    Raises:
        AssertionError: A check failed.
    """
    axes = default_axes(rule) if axes is None else axes
    check_equations(rule)
    for dtype in ("float32", "float64"):
        check_shapes_and_types(rule, axes, seed, dtype)
    if rule.elementwise:
        check_elementwise(rule, axes, seed)


def check_elementwise(rule: UpdateRule, axes: Mapping[str, Any], seed: int = 0) -> None:
    """A part of the inputs, permuted, gives the same part of the outputs."""
    arrays, options = sample_inputs(rule, axes, seed)
    part = np.random.default_rng(seed).permutation(axes["P"])[: axes["P"] // 2]
    alone = outputs(rule, {name: array[part] for name, array in arrays.items()}, options)
    for name, array in outputs(rule, arrays, options).items():
        assert_close(alone[name], array[part], "float64", f"{rule.name}: {name} of a part")


def default_axes(formula: Formula) -> dict[str, Any]:
    """Different lengths for the axes of a rule; a group gets two axes."""
    names = axis_names(formula)
    lengths = DEFAULT_LENGTHS * (1 + len(names) // len(DEFAULT_LENGTHS))
    pairs = zip(names, lengths, strict=False)
    return {name: (2, length) if name.startswith("*") else length for name, length in pairs}


def outputs(
    formula: Formula, arrays: Mapping[str, Array], options: Mapping[str, Any]
) -> dict[str, Array]:
    """A rule's outputs by name."""
    made = formula.forward(**arrays, **options)
    return dict(zip(formula.outputs, made if isinstance(made, tuple) else (made,), strict=True))


def cotangents(
    rule: Rule, arrays: Mapping[str, Array], options: Mapping[str, Any], y_bar: Array
) -> dict[str, Array]:
    """The rule's own cotangents for every differentiable input."""
    known = {**rule.options, **arrays, **options, **outputs(rule, arrays, options)}
    known[rule.cotangent_name] = y_bar
    return {
        name: function(**{need: known[need] for need in parameters(function)})
        for name, function in rule.cotangents.items()
    }


def check_equations(formula: Formula) -> None:
    """Every computing line of every function must end with its equation."""
    for what, function in formula.functions().items():
        for line in lines(function, what):
            assert line.equation, (
                f"{formula.name}, {what}: no equation at {line.file}:{line.number}"
            )


def check_shapes_and_types(
    formula: Formula, axes: Mapping[str, Any], seed: int, dtype: str
) -> None:
    """Outputs and cotangents have the declared shapes and the inputs' type; inputs stay."""
    arrays, options = sample_inputs(formula, axes, seed, dtype)
    before = {name: array.copy() for name, array in arrays.items()}
    shapes = formula.signature.infer({n: a.shape for n, a in arrays.items()}, options)
    made = outputs(formula, arrays, options)
    for name, array in made.items():
        what = f"{formula.name}, {name}"
        assert array.shape == shapes[name], f"{what}: shape {array.shape}, not {shapes[name]}"
        assert array.dtype == dtype, f"{what}: {array.dtype} from {dtype}"
    if isinstance(formula, Rule):
        bar = np.ones_like(made[formula.outputs[0]])
        for name, array in cotangents(formula, arrays, options, bar).items():
            what = f"{formula.name}, ∂L/∂{name}"
            wanted = arrays[name].shape
            assert np.shape(array) == wanted, f"{what}: shape {np.shape(array)}, not {wanted}"
            assert array.dtype == dtype, f"{what}: {array.dtype} from {dtype}"
    for name, array in arrays.items():
        assert np.array_equal(array, before[name]), f"{formula.name} changed its input {name}"


def check_derivatives(rule: Rule, axes: Mapping[str, Any], seed: int = 0) -> None:
    """Every cotangent equals central differences of Σ c·y for a random c, except at kinks."""
    arrays, options = sample_inputs(rule, axes, seed)
    y = outputs(rule, arrays, options)[rule.outputs[0]]
    c = np.random.default_rng(seed + 1).uniform(0.5, 1.5, y.shape)
    for name, bar in cotangents(rule, arrays, options, c).items():

        def loss(x: Array, name: str = name) -> float:
            made = outputs(rule, {**arrays, name: x}, options)
            return float(np.sum(c * made[rule.outputs[0]]))

        slopes, kinks = central_difference(loss, arrays[name])
        assert kinks.sum() <= slopes.size // 2, f"{rule.name}: ∂L/∂{name} is mostly kinks here"
        bar, slopes = np.where(kinks, 0, bar), np.where(kinks, 0, slopes)
        assert_close(bar, slopes, "differences", f"{rule.name}: ∂L/∂{name} against differences")
