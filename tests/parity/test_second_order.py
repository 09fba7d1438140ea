"""Second derivatives against JAX's, and minimizers against SciPy's."""

import itertools
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.optimize

import chainrule.layers
import chainrule.losses
import chainrule.regularizers  # noqa: F401  (registers its rules)
from chainrule import losses
from chainrule.activations import ACTIVATIONS
from chainrule.core.dual import Dual
from chainrule.core.dual_numpy import namespace
from chainrule.core.graph import LOSS
from chainrule.core.rebind import rebind
from chainrule.core.rule import RULES, parameters
from chainrule.engines import interpret
from chainrule.layers import (
    Add,
    BatchNormalization,
    Concatenate,
    Dense,
    Dot,
    Embedding,
    Flatten,
    GroupNormalization,
    Input,
    LayerNormalization,
    Multiply,
    Permute,
    PReLU,
    RepeatVector,
    Rescaling,
    Reshape,
    RMSNormalization,
    UnitNormalization,
)
from chainrule.models import Model, Sequential
from chainrule.optimizers import BFGS, LBFGS, ConjugateGradient, Function, Newton, NewtonCG
from chainrule.regularizers import L2
from chainrule.testing import sample_inputs
from chainrule.testing.conformance import default_axes
from chainrule.utils import set_random_seed

OURS = {
    name: rule
    for name, rule in RULES.items()
    if rule.cotangents and rule.__module__.startswith("chainrule.")
}


def close(ours, theirs):
    """Equal to 1e-10 of the largest element."""
    largest = max(1.0, float(np.max(np.abs(theirs), initial=0.0)))
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-10 * largest)


def by_jax(node, function, arguments):
    return rebind(function, jnp)(**arguments)


def jax_loss(loss):
    """The loss of a model as JAX computes it, a function of what training moves."""
    ((batch, _),) = loss._second._batches()
    layout, rest = loss.plan.layout, loss.whole()[loss.size :].astype(np.float64)

    def function(theta):
        values = {**batch, **layout.views(jnp.concatenate([theta, jnp.asarray(rest)]))}
        return interpret.forward(loss.plan.train, values, by_jax)[LOSS]

    return function


def check(model, x, y, weight=None):
    """Hessian and products of a model against JAX's."""
    loss = model.empirical_loss(x, y, weight)
    function, theta = jax_loss(loss), jnp.asarray(model.theta[: loss.size], jnp.float64)
    theirs = np.asarray(jax.jit(jax.hessian(function))(theta))
    close(loss.hessian(), theirs)
    v = np.random.default_rng(5).normal(size=loss.size)
    close(loss.hessian_vector(None, v), theirs @ v)


class TestEveryRule:
    @pytest.mark.parametrize("rule", list(OURS.values()), ids=list(OURS))
    def test_its_derivatives_over_dual_numbers_are_jaxs_second_ones(self, rule):
        arrays, options = sample_inputs(rule, default_axes(rule), 3)
        generator = np.random.default_rng(0)
        moves = {n: generator.normal(size=arrays[n].shape) for n in rule.cotangents}

        def output(moving):
            made = rebind(rule.forward, jnp)(**{**arrays, **moving}, **options)
            return made[0] if len(rule.outputs) > 1 else made

        here = {name: jnp.asarray(arrays[name]) for name in moves}
        bar = generator.normal(size=output(here).shape)
        bar_move = generator.normal(size=bar.shape)

        def bars(moving, y_bar):
            return jax.vjp(output, moving)[1](y_bar)[0]

        _, theirs = jax.jit(partial(jax.jvp, bars))((here, jnp.asarray(bar)), (moves, bar_move))
        known = {**arrays, **{n: Dual(arrays[n], move) for n, move in moves.items()}}
        made = rebind(rule.forward, namespace)(**known, **options)
        outputs = made if isinstance(made, tuple) else (made,)
        known |= dict(zip(rule.outputs, outputs, strict=True)) | options
        known[rule.cotangent_name] = Dual(bar, bar_move)
        for name, function in rule.cotangents.items():
            given = {need: known[need] for need in parameters(function) if need in known}
            close(rebind(function, namespace)(**given).change, theirs[name])


DATA = np.random.default_rng(1).normal(size=(6, 4))

LAYERS = {
    "Dense without bias": lambda: [Dense(3, "tanh", use_bias=False)],
    "PReLU": lambda: [Dense(3), PReLU(alpha_initializer="uniform")],
    "LayerNormalization": lambda: [Dense(3, "tanh"), LayerNormalization()],
    "RMSNormalization": lambda: [Dense(3, "tanh"), RMSNormalization()],
    "GroupNormalization": lambda: [Dense(4, "tanh"), GroupNormalization(2)],
    "UnitNormalization": lambda: [Dense(3), UnitNormalization()],
    "BatchNormalization": lambda: [Dense(3), BatchNormalization()],
    "Reshape, Permute, Flatten": lambda: [Dense(4), Reshape((2, 2)), Permute((2, 1)), Flatten()],
    "RepeatVector": lambda: [Dense(2, "tanh"), RepeatVector(2), Flatten()],
    "Rescaling": lambda: [Rescaling(0.3, 1.0), Dense(3, "tanh")],
    "regularizers": lambda: [
        Dense(3, "tanh", kernel_regularizer="l2", activity_regularizer="l2"),
        Dense(3, kernel_regularizer="orthogonal_regularizer", bias_regularizer="l1_l2"),
    ],
}


@pytest.mark.usefixtures("float64")
class TestModels:
    @pytest.mark.parametrize("name", [n for n in ACTIVATIONS.names if n != "threshold"])
    def test_activations(self, name):
        set_random_seed(2)
        model = Sequential([Input((4,)), Dense(4, name), Dense(2, "tanh")])
        model.compile("sgd", "mse")
        check(model, DATA, DATA[:, :2])

    @pytest.mark.parametrize("name", LAYERS)
    def test_layers(self, name):
        set_random_seed(3)
        model = Sequential([Input((4,)), *LAYERS[name](), Dense(2)])
        model.compile("sgd", "mse")
        check(model, DATA, DATA[:, :2], np.linspace(0, 2, 6))

    def test_embedding(self):
        set_random_seed(4)
        model = Sequential([Input((3,)), Embedding(5, 2), Flatten(), Dense(2, "softmax")])
        model.compile("sgd", "sparse_categorical_crossentropy")
        x = np.random.default_rng(0).integers(0, 5, (6, 3))
        check(model, x, np.arange(6) % 2)

    def test_branches_and_several_outputs(self):
        set_random_seed(5)
        x = Input((4,))
        left, right = Dense(3, "tanh")(x), Dense(3, "sigmoid")(x)
        joined = Concatenate()([Add()([left, right]), Multiply()([left, right])])
        dotted = Dot(axes=1)([left, right])
        model = Model(x, [Dense(1, name="a")(joined), Dense(2, "softmax", name="b")(dotted)])
        model.compile(
            "sgd", ["log_cosh", "sparse_categorical_crossentropy"], loss_weights=[1.0, 0.4]
        )
        check(model, DATA, [DATA[:, :1], np.arange(6) % 2])

    @pytest.mark.parametrize("name", losses.LOSSES.names)
    def test_losses(self, name):
        loss, last = losses.get(name), "softmax"
        set_random_seed(6)
        if "binary" in name:
            last, y = "sigmoid", DATA[:, :3] > 0
        elif loss.sparse:
            y = np.arange(6) % 3
        elif "categorical" in name or name in ("kl_divergence", "dice", "tversky"):
            y = np.eye(3)[np.arange(6) % 3]
        elif "hinge" in name:
            last, y = "linear", np.sign(DATA[:, :3])
        else:
            last, y = "softplus", np.abs(DATA[:, :3])
        model = Sequential([Input((4,)), Dense(3, "tanh"), Dense(3, last)])
        model.compile("sgd", loss)
        check(model, DATA, y)


# ---------------------------------------------------------------- SciPy


def rosenbrock(variables):
    start = np.tile([-1.2, 1.0], variables // 2)
    return scipy.optimize.rosen, scipy.optimize.rosen_der, scipy.optimize.rosen_hess, start


def beale():
    def value(x):
        powers = x[1] ** jnp.array([1.0, 2.0, 3.0])
        return jnp.sum((jnp.array([1.5, 2.25, 2.625]) - x[0] * (1 - powers)) ** 2)

    def numpy(function):
        compiled = jax.jit(function)
        return lambda x: np.asarray(compiled(x))

    return numpy(value), numpy(jax.grad(value)), numpy(jax.hessian(value)), np.array([1.0, 1.0])


def quadratic(condition, variables=20):
    generator = np.random.default_rng(0)
    axes, _ = np.linalg.qr(generator.normal(size=(variables, variables)))
    a = (axes * np.geomspace(1, condition, variables)) @ axes.T
    b = generator.normal(size=variables)
    return (
        lambda x: x @ a @ x / 2 - b @ x,
        lambda x: a @ x - b,
        lambda x: a,
        np.ones(variables),
    )


def logistic():
    generator = np.random.default_rng(1)
    x = generator.normal(size=(100, 5))
    y = np.sign(x @ generator.normal(size=5) + generator.normal(size=100))
    chances = lambda w: 1 / (1 + np.exp(y * (x @ w)))  # noqa: E731
    return (
        lambda w: np.mean(np.logaddexp(0, -y * (x @ w))) + 5e-4 * w @ w,
        lambda w: -x.T @ (y * chances(w)) / 100 + 1e-3 * w,
        lambda w: (x.T * (chances(w) * (1 - chances(w)))) @ x / 100 + 1e-3 * np.eye(5),
        np.zeros(5),
    )


def network():
    """A small network with weight decay, so that there is one best point nearby."""
    set_random_seed(6)
    model = Sequential(
        [
            Input((2,), dtype="float64"),
            Dense(3, "tanh", kernel_regularizer=L2(1e-3), dtype="float64"),
            Dense(1, kernel_regularizer=L2(1e-3), bias_regularizer=L2(1e-3), dtype="float64"),
        ]
    )
    model.compile("sgd", "mse")
    x = np.random.default_rng(4).normal(size=(40, 2))
    loss = model.empirical_loss(x, np.sin(2 * x[:, :1]) + x[:, 1:])
    return (
        loss.loss,
        lambda theta: loss.gradient(theta)[1],
        loss.hessian,
        model.theta.copy(),
    )


FUNCTIONS = {
    "Rosenbrock, 2": rosenbrock(2),
    "Rosenbrock, 10": rosenbrock(10),
    "Beale": beale(),
    "quadratic, condition 100": quadratic(1e2),
    "quadratic, condition 10,000": quadratic(1e4),
    "logistic regression": logistic(),
    "network": network(),
}
METHODS = {
    BFGS(): "BFGS",
    LBFGS(): "L-BFGS-B",
    ConjugateGradient(): "CG",
    NewtonCG(): "Newton-CG",
    Newton(): "Newton-CG",
}
"""Each method, and what SciPy calls it or its nearest relative."""


def minimized(method, function, most=2000):
    """The points that a method of ours comes to, and the loss of each."""
    value, slope, hessian, start = function
    problem = Function(lambda x: (float(value(x)), slope(x)), hessian)
    return list(itertools.islice(method.iterates(problem, start), most))


class TestScipy:
    @pytest.mark.parametrize("name", FUNCTIONS)
    @pytest.mark.parametrize("method", METHODS, ids=lambda method: type(method).__name__)
    def test_the_same_minimum_in_at_most_one_and_a_half_times_the_iterations(self, name, method):
        value, slope, hessian, start = FUNCTIONS[name]
        relative = METHODS[method]
        second = {"hess": hessian} if relative == "Newton-CG" else {}
        theirs = scipy.optimize.minimize(value, start, jac=slope, method=relative, **second)
        found = minimized(method, FUNCTIONS[name])
        assert found[-1].stopped
        assert not found[-1].failed
        assert len(found) - 1 <= 1.5 * theirs.nit
        if name == "Rosenbrock, 10":  # which has two minima
            assert min(abs(found[-1].loss - best) for best in (0.0, 3.98658)) < 1e-5
        else:
            assert found[-1].loss == pytest.approx(theirs.fun, abs=1e-7)
        if name not in ("Rosenbrock, 10", "network"):  # whose hidden units may change places
            np.testing.assert_allclose(found[-1].theta, theirs.x, atol=2e-3)

    @pytest.mark.parametrize("name", FUNCTIONS)
    @pytest.mark.parametrize("method", METHODS, ids=lambda method: type(method).__name__)
    def test_losses_never_rise(self, name, method):
        found = [one.loss for one in minimized(method, FUNCTIONS[name], 100)]
        assert np.all(np.diff(found) <= 1e-14 * np.abs(found[:-1]))
