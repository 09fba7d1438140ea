import keras
import numpy as np
import pytest
from tests.parity.builders import LIBRARIES
from tests.parity.tolerances import assert_agree

from chainrule import optimizers
from chainrule.engines import interpret

STEPS = 50

VARIANTS = [
    ("SGD", {}),
    ("SGD", {"momentum": 0.9}),
    ("SGD", {"momentum": 0.9, "nesterov": True}),
    ("SGD", {"nesterov": True}),
    ("RMSprop", {}),
    ("RMSprop", {"momentum": 0.8}),
    ("RMSprop", {"centered": True}),
    ("RMSprop", {"centered": True, "momentum": 0.8, "rho": 0.5, "epsilon": 1e-3}),
    ("Adam", {}),
    ("Adam", {"amsgrad": True}),
    ("Adam", {"beta_1": 0.5, "beta_2": 0.9, "epsilon": 1e-3}),
    ("Adam", {"beta_1": 0.0, "amsgrad": True}),
]

every_variant = pytest.mark.parametrize(
    ("name", "options"),
    VARIANTS,
    ids=[" ".join([name, *(f"{k}={v}" for k, v in o.items())]) for name, o in VARIANTS],
)
every_optimizer = pytest.mark.parametrize("name", ["SGD", "RMSprop", "Adam"])


def gradients(kind, steps=STEPS, parameters=6, seed=0):
    """One row of gradients per step."""
    generator = np.random.default_rng(seed)
    normal = generator.normal(size=(steps, parameters))
    match kind:
        case "noise":
            return normal
        case "of every size":
            return normal * 10.0 ** generator.integers(-6, 4, normal.shape)
        case "mostly zero":
            return normal * (generator.random(normal.shape) < 0.2)
        case "fading":
            return (1 + 0.1 * normal) * 0.8 ** np.arange(steps)[:, None]


def our_path(optimizer, theta, grads, changes):
    """θ after every step, made by the plan of the optimizer as engines read it."""
    plan = optimizer.update()
    vectors = {"theta": theta, **{name: np.zeros_like(theta) for name in plan.states}}
    path = []
    for t, grad in enumerate(grads, start=1):
        optimizer.learning_rate = changes.get(t, optimizer.learning_rate)
        scalars = {name: float(of_step[0]) for name, of_step in optimizer.scalars(t, 1).items()}
        moved = interpret.update(plan, {**vectors, "grad": grad}, scalars)
        vectors = {name: moved[name] for name in vectors}
        path.append(vectors["theta"])
    return np.array(path)


def path_of_keras(optimizer, theta, grads, changes):
    """θ after every step, as two variables: a kernel of 2 x 2 and a bias of the rest."""
    kernel = keras.Variable(theta[:4].reshape(2, 2), dtype=theta.dtype)
    bias = keras.Variable(theta[4:], dtype=theta.dtype)
    optimizer.build([kernel, bias])
    path = []
    for t, grad in enumerate(grads, start=1):
        if t in changes:
            optimizer.learning_rate = changes[t]
        optimizer.apply([grad[:4].reshape(2, 2), grad[4:]])
        path.append(np.concatenate([np.ravel(kernel.numpy()), bias.numpy()]))
    return np.array(path)


def both_paths(name, options, kind, learning_rate=0.01, changes=None):
    theta = np.random.default_rng(1).normal(size=6)
    ours, theirs = (
        getattr(library.optimizers, name)(learning_rate=learning_rate, **options)
        for library in LIBRARIES
    )
    arguments = theta, gradients(kind), changes or {}
    return our_path(ours, *arguments), path_of_keras(theirs, *arguments)


@every_variant
@pytest.mark.parametrize("kind", ["noise", "of every size", "mostly zero", "fading"])
def test_fifty_steps_are_those_of_keras(name, options, kind, float64):
    ours, theirs = both_paths(name, options, kind)
    assert_agree(ours, theirs, "trajectory", name)


@every_variant
def test_a_learning_rate_set_on_the_way_counts_from_there(name, options, float64):
    ours, theirs = both_paths(name, options, "noise", changes={10: 0.5, 30: 0.001})
    assert_agree(ours, theirs, "trajectory", name)


@every_variant
def test_scalars_of_many_steps_are_those_of_each(name, options):
    optimizer = getattr(optimizers, name)(**options)
    together = optimizer.scalars(1, STEPS)
    for t in range(1, STEPS + 1):
        for option, of_step in optimizer.scalars(t, 1).items():
            assert of_step.tolist() == [together[option][t - 1]]


@every_variant
def test_a_configuration_makes_the_same_optimizer_in_keras(name, options):
    config = getattr(optimizers, name)(0.25, **options).get_config()
    again = getattr(keras.optimizers, name)(**config).get_config()
    assert config.items() <= again.items()


@every_optimizer
def test_defaults_and_names_are_those_of_keras(name):
    ours, theirs = (getattr(library.optimizers, name)().get_config() for library in LIBRARIES)
    assert_agree(ours.pop("learning_rate"), theirs.pop("learning_rate"), "float32 setting", name)
    assert ours.items() <= theirs.items()


@every_optimizer
def test_strings_are_understood_in_any_case_as_by_keras(name):
    for text in (name, name.lower(), name.upper()):
        ours, theirs = (library.optimizers.get(text) for library in LIBRARIES)
        assert type(ours).__name__ == type(theirs).__name__ == name
