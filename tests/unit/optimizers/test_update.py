"""An update as data, run by the interpreter: pure, the same under JAX, whole or in parts."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from chainrule import optimizers
from chainrule.core.layout import Layout, Slot
from chainrule.core.rebind import rebind
from chainrule.engines import interpret
from chainrule.layers import Dense, Input
from chainrule.models import Sequential
from chainrule.optimizers import SGD, Adam, Lamb
from chainrule.testing import assert_close

LAYOUT = Layout(
    [
        Slot("dense/kernel", (3, 2)),
        Slot("dense/bias", (2,)),
        Slot("frozen", (4,), trainable=False),
        Slot("dense_1/kernel", (2, 3)),
    ]
)

STEPS = 7

BUSY = {
    "clipnorm": 0.9,
    "weight_decay": 0.3,
    "use_ema": True,
    "ema_overwrite_frequency": 2,
    "loss_scale_factor": 8.0,
    "gradient_accumulation_steps": 3,
}


def prepared(optimizer, dtype="float64"):
    """The update, vectors before the first step, gradients, and scalars of all steps."""
    update = optimizer.update(LAYOUT)
    optimizer.allocate(update, dtype)
    generator = np.random.default_rng(0)
    size = LAYOUT.trainable_size
    theta = generator.normal(size=size).astype(dtype)
    grads = generator.normal(size=(STEPS, size)).astype(dtype)
    return update, {"theta": theta, **optimizer.state}, grads, optimizer.scalars(1, STEPS)


def run(update, vectors, grads, scalars, **how):
    for index, grad in enumerate(grads):
        at_step = {name: float(steps[index]) for name, steps in scalars.items()}
        moved = interpret.update(update, {**vectors, "grad": grad}, at_step, **how)
        vectors = {name: moved[name] for name in vectors}
    return vectors


@pytest.mark.parametrize("name", optimizers.OPTIMIZERS.names)
@pytest.mark.parametrize("options", [{}, BUSY], ids=["plain", "busy"])
def test_jax_scans_the_same_steps(name, options):
    update, vectors, grads, scalars = prepared(optimizers.OPTIMIZERS[name](0.01, **options))
    expected = run(update, vectors, grads, scalars)

    def by_jax(node, function, arguments):
        return rebind(function, jnp)(**arguments)

    def branch(condition, function, values):
        return jax.lax.cond(condition != 0, function, lambda values: values, values)

    def step(vectors, at_step):
        grad, numbers = at_step
        moved = interpret.update(update, {**vectors, "grad": grad}, numbers, by_jax, jnp, branch)
        return {name: moved[name] for name in vectors}, None

    with jax.enable_x64(True):
        scanned, _ = jax.jit(lambda *a: jax.lax.scan(step, *a))(vectors, (grads, scalars))
        assert set(scanned) == set(expected)
        for name, vector in expected.items():
            assert_close(scanned[name], vector, "float64", name)


@pytest.mark.parametrize("name", optimizers.OPTIMIZERS.names)
@pytest.mark.parametrize("options", [{}, BUSY], ids=["plain", "busy"])
def test_float32_stays_float32_and_nothing_is_written_in_place(name, options):
    optimizer = optimizers.OPTIMIZERS[name](0.01, **options)
    update, vectors, grads, scalars = prepared(optimizer, "float32")
    for array in (*vectors.values(), grads):
        array.flags.writeable = False
    for vector in run(update, vectors, grads, scalars).values():
        assert vector.dtype == np.float32
        assert np.isfinite(vector).all()


def test_an_element_wise_rule_is_applied_once_to_whole_vectors():
    update, vectors, grads, scalars = prepared(Adam())
    seen = []

    def reading(node, function, arguments):
        seen.append((node.rule.name, node.variable, arguments["theta"] is vectors["theta"]))
        return interpret.direct(node, function, arguments)

    run(update, vectors, grads[:1], scalars, call=reading)
    assert seen == [("adam", None, True)]


def test_another_rule_is_applied_to_each_variable_in_its_shape():
    update, vectors, grads, scalars = prepared(Lamb(clipvalue=1.0))
    seen = []

    def reading(node, function, arguments):
        seen.append((node.rule.name, node.variable, arguments["grad"].shape))
        return interpret.direct(node, function, arguments)

    run(update, vectors, grads[:1], scalars, call=reading)
    assert seen == [
        ("clip_value", None, (14,)),
        ("lamb", "dense/kernel", (3, 2)),
        ("lamb", "dense/bias", (2,)),
        ("lamb", "dense_1/kernel", (2, 3)),
    ]


def test_parts_and_whole_vectors_may_follow_each_other():
    """A whole-vector rule between two rules of parts sees what they made, and they what it made."""
    optimizer = Lamb(0.01, clipnorm=0.5, weight_decay=0.1)
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    nodes = optimizer.update(LAYOUT).nodes
    assert [node.rule.name for node in nodes] == ["clip_norm"] * 3 + ["decay"] * 2 + ["lamb"] * 3
    parts, whole = (
        Lamb(0.01, clipnorm=0.5, weight_decay=0.1, use_ema=ema) for ema in (False, True)
    )
    assert_close(run(*prepared(parts))["theta"], run(*prepared(whole))["theta"], "float64", "theta")
    last = run(*prepared(SGD(0.1, clipnorm=0.5, use_ema=True, ema_momentum=0.0)))
    assert np.array_equal(last["theta"], last["average"])


def test_gradients_are_added_up_and_applied_as_their_mean():
    optimizer = SGD(1.0, gradient_accumulation_steps=3)
    update, vectors, _, scalars = prepared(optimizer)
    size = LAYOUT.trainable_size
    grads = np.arange(1.0, STEPS + 1)[:, None] * np.ones(size)
    seen = []
    for last in range(STEPS):
        moved = run(update, vectors, grads[: last + 1], scalars)
        seen.append((moved["theta"][0] - vectors["theta"][0], moved["accumulated"][0]))
    assert np.allclose(
        seen, [(0, 1), (0, 3), (-2, 0), (-2, 4), (-2, 9), (-7, 0), (-7, 7)], atol=1e-12
    )
    assert scalars["updates"].tolist() == [0, 0, 1, 0, 0, 1, 0]
    optimizer.steps = STEPS
    assert optimizer.iterations == 2


def test_steps_that_are_stopped_in_between_go_on_as_if_they_were_not():
    whole = run(*prepared(Adam(0.01, **BUSY)))
    optimizer = Adam(0.01, **BUSY)
    update, vectors, grads, scalars = prepared(optimizer)
    half = run(update, vectors, grads[:4], scalars)
    again = Adam.from_config(optimizer.get_config())
    again.steps = 4
    rest = again.scalars(again.steps + 1, STEPS - 4)
    ended = run(again.update(LAYOUT), half, grads[4:], rest)
    for name, vector in whole.items():
        assert np.array_equal(ended[name], vector), name


def test_a_model_without_trainable_variables_can_be_updated():
    for name in optimizers.OPTIMIZERS.names:
        optimizer = optimizers.OPTIMIZERS[name]()
        update = optimizer.update(Layout([Slot("frozen", (2,), trainable=False)]))
        optimizer.allocate(update, "float64")
        scalars = {name: float(v[0]) for name, v in optimizer.scalars(1, 1).items()}
        vectors = {"theta": np.zeros(0), "grad": np.zeros(0), **optimizer.state}
        assert interpret.update(update, vectors, scalars)["theta"].shape == (0,)


class TestInAModel:
    def model(self, optimizer):
        model = Sequential([Input((1,)), Dense(1, use_bias=False), Dense(1, use_bias=False)])
        model.compile(optimizer, "mse")
        model.set_weights([np.float32([[1.0]]), np.float32([[1e-30]])])
        return model

    @pytest.mark.parametrize(("scale", "moves"), [(None, False), (2.0**60, True)])
    def test_scaling_the_loss_saves_what_would_become_0_on_the_way(self, scale, moves):
        model = self.model(SGD(1e19, loss_scale_factor=scale))
        model.train_on_batch(np.float32([[1e30]]), np.float32([[0.5]]), np.float32([1e-20]))
        moved = 1.0 - model.get_weights()[0][0, 0]
        assert moved == pytest.approx(0.1 if moves else 0.0, abs=1e-6)

    def test_frozen_layers_stay_out_of_all_that_surrounds_an_update(self):
        model = self.model(Adam(0.1, **BUSY))
        model.layers[0].trainable = False
        model.compile(Adam(0.1, **BUSY), "mse")
        for _ in range(6):
            model.train_on_batch(np.float32([[2.0]]), np.float32([[0.5]]))
        first, second = model.get_weights()
        assert first[0, 0] == 1
        assert second[0, 0] != np.float32(1e-30)
        assert {vector.size for vector in model.optimizer.state.values()} == {1}
