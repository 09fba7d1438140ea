"""Every registered rule, from the day it is born: no code per rule."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import chainrule.glass.surfaces
import chainrule.layers
import chainrule.losses
import chainrule.optimizers  # noqa: F401  (registers its rules)
from chainrule.core.rebind import rebind
from chainrule.core.rule import RULES, UPDATES
from chainrule.testing import assert_close, check_rule, check_update_rule, sample_inputs
from chainrule.testing.conformance import check_shapes_and_types, cotangents, default_axes, outputs
from chainrule.testing.samples import axis_names

rules = pytest.mark.parametrize("rule", list(RULES.values()), ids=RULES.names)
updates = pytest.mark.parametrize("rule", list(UPDATES.values()), ids=UPDATES.names)


def lengths(name):
    """Axis lengths worth trying: for a group, no axis, one or two."""
    one = st.integers(1, 4)
    return st.lists(one, max_size=2).map(tuple) if name.startswith("*") else one


def drawn_axes(data, rule):
    return {name: data.draw(lengths(name), label=name) for name in axis_names(rule)}


@rules
def test_a_rule_keeps_the_contract(rule):
    check_rule(rule)


@rules
@given(data=st.data(), seed=st.integers(0, 2**16))
@settings(max_examples=15, deadline=None)
def test_derivatives_equal_central_differences_and_autodiff_for_any_shape(rule, data, seed):
    axes = drawn_axes(data, rule)
    check_rule(rule, axes, seed)
    against_jax(rule, axes, seed, "float64")


@rules
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_forward_and_cotangents_equal_jax(rule, dtype):
    against_jax(rule, default_axes(rule), 3, dtype)


def against_jax(rule, axes, seed, dtype):
    """The same code object run by JAX, and JAX's own derivative of it."""
    arrays, options = sample_inputs(rule, axes, seed, dtype)
    wanted = tuple(rule.cotangents)

    def first_output(differentiable):
        made = rebind(rule.forward, jnp)(**{**arrays, **differentiable}, **options)
        return made[0] if isinstance(made, tuple) else made

    y, pull = jax.vjp(first_output, {name: jnp.asarray(arrays[name]) for name in wanted})
    ours = outputs(rule, arrays, options)[rule.outputs[0]]
    assert_close(ours, y, dtype, f"{rule.name} by JAX")
    y_bar = np.random.default_rng(seed).uniform(0.5, 1.5, ours.shape).astype(dtype)
    (theirs,) = pull(jnp.asarray(y_bar))
    for name, bar in cotangents(rule, arrays, options, y_bar).items():
        assert_close(bar, theirs[name], dtype, f"{rule.name}: ∂L/∂{name} by JAX")


@rules
@pytest.mark.parametrize("samples", [0, 1, 17])
def test_any_number_of_samples(rule, samples):
    axes = {n: (samples,) if n == "*N" else v for n, v in default_axes(rule).items()}
    axes |= {"N": samples} if "N" in axes else {}
    axes |= {"*S": (samples, 3)} if "*S" in axes else {}
    check_shapes_and_types(rule, axes, 0, "float32")


@rules
def test_memory_layout_does_not_matter(rule):
    arrays, options = sample_inputs(rule, default_axes(rule), 5)
    strided = {name: np.repeat(array[..., None], 2, -1)[..., 0] for name, array in arrays.items()}
    for name, array in outputs(rule, strided, options).items():
        assert_close(array, outputs(rule, arrays, options)[name], "float64", f"{rule.name} strided")


@updates
def test_an_update_rule_keeps_the_contract(rule):
    check_update_rule(rule)


def drawn_update_axes(data, rule):
    """Any number of parameters for an element-wise rule; else a variable of one axis or more."""
    if rule.elementwise:
        return {"P": data.draw(st.integers(0, 9), label="P")}
    one = st.integers(1, 4)
    several = st.lists(one, min_size=1, max_size=2).map(tuple)
    names = axis_names(rule)
    return {name: data.draw(several if name.startswith("*") else one, name) for name in names}


@updates
@given(data=st.data(), seed=st.integers(0, 2**16))
@settings(max_examples=15, deadline=None)
def test_an_update_rule_computes_the_same_under_jax(rule, data, seed):
    axes = drawn_update_axes(data, rule)
    check_update_rule(rule, axes, seed)
    arrays, options = sample_inputs(rule, axes, seed)
    made = rebind(rule.forward, jnp)(**arrays, **options)
    theirs = made if isinstance(made, tuple) else (made,)
    for (name, ours), other in zip(outputs(rule, arrays, options).items(), theirs, strict=True):
        assert_close(ours, other, "float64", f"{rule.name}: {name} by JAX")
