"""One source of a rule, read by NumPy, by JAX and by a tracing reader."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from chainrule.core.graph import LOSS, Y_TRUE, X
from chainrule.core.rebind import rebind
from chainrule.core.source import traced
from chainrule.engines import interpret
from chainrule.layers import Dense
from chainrule.models import Sequential
from chainrule.testing import assert_close


@pytest.fixture
def lesson():
    """The lesson's 2-3-1 network, its three exams, and one batch of them."""
    model = Sequential([Dense(3, "sigmoid", input_dim=2, dtype="float64"), Dense(1, "sigmoid")])
    model.compile("adam", "mse")
    x = np.array([[1.0, 1.0], [0.25, 0.625], [0.875, 0.75]])
    y = np.array([[1.0], [0.35714286], [0.83928571]])
    (head,) = model.plan.heads
    batch = {X: x, Y_TRUE: y, head.weight: np.ones(3), head.divisor: 3.0}
    states = {name: np.zeros(model.theta.size) for name in model.plan.update.states}
    scalars = {name: float(v[0]) for name, v in model.optimizer.scalars(1, 1).items()}
    return model.plan, model.theta, states, batch, scalars


def test_jax_runs_the_same_step_with_the_namespace_rebound(lesson):
    plan, theta, states, batch, scalars = lesson
    values, moved = interpret.step(plan, theta, states, batch, scalars)

    def by_jax(node, function, arguments):
        return rebind(function, jnp)(**arguments)

    @jax.jit
    def step(theta, states, batch, scalars):
        values, moved = interpret.step(plan, theta, states, batch, scalars, by_jax, jnp)
        return values[LOSS], moved

    with jax.enable_x64(True):
        loss, jitted = step(theta, states, batch, scalars)
    assert_close(loss, values[LOSS], "float64", "loss")
    for name in ("theta", "grad", "m", "v"):
        assert_close(jitted[name], moved[name], "float64", name)


def test_autodiff_of_the_whole_network_gives_the_hand_derived_gradient(lesson):
    plan, theta, states, batch, scalars = lesson

    def loss(theta):
        values = {**batch, **plan.layout.views(theta)}
        by_jax = lambda node, function, arguments: rebind(function, jnp)(**arguments)  # noqa: E731
        return interpret.forward(plan.train, values, by_jax)[LOSS]

    with jax.enable_x64(True):
        theirs = jax.grad(loss)(jnp.asarray(theta))
    _, moved = interpret.step(plan, theta, states, batch, scalars)
    assert_close(moved["grad"], theirs, "float64", "gradient of the lesson's network")


def test_a_tracing_reader_reports_every_line_of_a_step(lesson, capsys):
    plan, theta, states, batch, scalars = lesson
    values, moved = interpret.step(plan, theta, states, batch, scalars)
    seen = []

    def reading(node, function, arguments):
        made, readings = traced(function)(**arguments)
        for r in readings:
            seen.append((node.rule.name, r))
            print(
                f"{node.rule.name:20} {r.line.names} {r.line.equation:30} {r.line.code} {r.value}"
            )
        return made

    again, same = interpret.step(plan, theta, states, batch, scalars, reading)
    assert again[LOSS] == values[LOSS]
    assert np.array_equal(same["theta"], moved["theta"])
    assert all(r.line.equation and r.line.code for _, r in seen)
    by_equation = {r.line.equation: r.value for _, r in seen}
    assert np.array_equal(by_equation["z = x W + b"], again["dense_1/z"])
    assert np.array_equal(by_equation["m ← m + (1 − β₁)(g − m)"], moved["m"])
    assert [rule for rule, _ in seen if rule == "adam"] == ["adam"] * 4
    shown = capsys.readouterr().out
    assert "y = σ(z) = 1 / (1 + e⁻ᶻ)" in shown
    assert "np.where(z >= 0, 1, e) / (1 + e)" in shown
