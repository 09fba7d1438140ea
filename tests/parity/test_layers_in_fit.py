"""Layers in ``fit``: whole histories, weights and predictions, from the same first weights."""

import numpy as np
import pytest
from tests.parity.builders import Twins, assert_same_history
from tests.parity.tolerances import assert_agree

SAMPLES = 40
"""Two batches of 16 and one of 8."""

COMPILE = {"optimizer": lambda k: k.optimizers.SGD(0.1, momentum=0.9), "loss": "mse"}


def points(*shape, seed=0):
    return np.random.default_rng(seed).normal(0.3, 1.5, (SAMPLES, *shape))


def assert_same_run(twins, x, y, **arguments):
    """Trained, evaluated and asked alike."""
    assert_same_history(*twins.fit(x, y, **{"epochs": 2, **arguments}), "history, float64")
    twins.assert_same_weights("weights, float64")
    losses = twins.each(lambda model: model.evaluate(x, y, batch_size=16, verbose=0))
    assert_agree(*losses, "history, float64", "evaluate")
    predictions = twins.each(lambda model: model.predict(x, batch_size=16, verbose=0))
    assert_agree(*predictions, "weights, float64", "predict")


def network(*layers, shape=(3,), units=2):
    """A builder of a line that ends with a Dense layer; each layer is a function of the library."""

    def build(library):
        made = [layer(library.layers) for layer in layers]
        return library.Sequential([library.Input(shape), *made, library.layers.Dense(units)])

    return build


# ---------------------------------------------------------------- batch normalization

NORMALIZED = {
    "first": network(lambda k: k.BatchNormalization(momentum=0.8)),
    "between": network(
        lambda k: k.Dense(4, "tanh"),
        lambda k: k.BatchNormalization(epsilon=0.01, momentum=0.7),
        lambda k: k.ReLU(),
    ),
    "without scale": network(lambda k: k.BatchNormalization(scale=False)),
    "without center": network(lambda k: k.BatchNormalization(center=False, momentum=0.5)),
    "of planes": network(
        lambda k: k.BatchNormalization(axis=1, momentum=0.6), lambda k: k.Flatten(), shape=(2, 3)
    ),
}


@pytest.mark.parametrize("name", NORMALIZED)
def test_batch_normalization_learns_and_remembers_as_in_keras(name, float64):
    shape = (2, 3) if name == "of planes" else (3,)
    twins = Twins(NORMALIZED[name], **COMPILE)
    assert_same_run(twins, points(*shape), points(2, seed=1))


@pytest.mark.parametrize("frozen", ["before", "after"])
def test_frozen_batch_normalization_is_as_in_keras(frozen, float64):
    x, y = points(3), points(2, seed=1)
    twins = Twins(NORMALIZED["between"], **COMPILE)
    if frozen == "after":
        assert_same_run(twins, x, y)
    kept = [weight.copy() for weight in twins.ours.layers[1].get_weights()]
    for model in twins.both:
        model.layers[1].trainable = False
    twins.compile(**COMPILE)
    assert_same_run(twins, x, y)
    for before, after in zip(kept, twins.ours.layers[1].get_weights(), strict=True):
        assert np.array_equal(before, after)
    for model in twins.both:
        model.layers[1].trainable = True
    twins.compile(**COMPILE)
    assert_same_run(twins, x, y)


# ---------------------------------------------------------------- regularizers and constraints

HELD = {
    "kernel penalty": lambda k: k.layers.Dense(4, "tanh", kernel_regularizer="l2"),
    "kernel and bias penalties": lambda k: k.layers.Dense(
        4,
        bias_initializer="ones",  # at 0, where it is |b| that has a kink, JAX takes another slope
        kernel_regularizer=k.regularizers.L1L2(0.01, 0.02),
        bias_regularizer="l1",
    ),
    "activity penalty": lambda k: k.layers.Dense(
        4, "relu", activity_regularizer=k.regularizers.L2(0.1)
    ),
    "activity penalty of its own layer": lambda k: k.layers.ActivityRegularization(0.05, 0.1),
    "constraints": lambda k: k.layers.Dense(
        4, kernel_constraint=k.constraints.MaxNorm(0.9), bias_constraint="non_neg"
    ),
    "all of them": lambda k: k.layers.Dense(
        4,
        "tanh",
        kernel_regularizer=k.regularizers.OrthogonalRegularizer(0.1),
        bias_regularizer=k.regularizers.L2(0.3),
        activity_regularizer="l2",
        kernel_constraint=k.constraints.UnitNorm(),
    ),
    "learned slopes": lambda k: k.layers.PReLU(
        "ones", alpha_regularizer=k.regularizers.L2(0.1), alpha_constraint="non_neg"
    ),
    "normalization": lambda k: k.layers.BatchNormalization(
        gamma_regularizer="l2", beta_regularizer="l2", gamma_constraint="non_neg"
    ),
    "normalization of samples": lambda k: k.layers.LayerNormalization(
        gamma_regularizer="l2", beta_constraint=k.constraints.MaxNorm(0.2)
    ),
}


@pytest.mark.parametrize("held", HELD)
def test_penalties_and_constraints_act_as_in_keras(held, float64):
    def build(library):
        layers = [HELD[held](library), library.layers.Dense(2)]
        return library.Sequential([library.Input((3,)), *layers])

    twins = Twins(build, **COMPILE, metrics=["mae"])
    assert_same_run(twins, points(3), points(2, seed=1))


# ---------------------------------------------------------------- embedding

NUMBERS = {
    "repeated": np.arange(SAMPLES * 3).reshape(SAMPLES, 3) % 4,
    "every one": np.arange(SAMPLES * 3).reshape(SAMPLES, 3) % 6,
    "one alone": np.full((SAMPLES, 3), 5),
}


@pytest.mark.parametrize("numbers", NUMBERS)
def test_embedding_learns_as_in_keras(numbers, float64):
    twins = Twins(
        network(
            lambda k: k.Embedding(
                6, 2, embeddings_regularizer="l2", embeddings_constraint="unit_norm"
            ),
            lambda k: k.Flatten(),
        ),
        **COMPILE,
    )
    assert_same_run(twins, NUMBERS[numbers], points(2, seed=1))


def test_embedding_of_one_number_for_each_sample(float64):
    def build(library):
        table = np.arange(12.0).reshape(6, 2) / 10
        layers = [library.layers.Embedding(6, 2, weights=table), library.layers.Dense(2)]
        return library.Sequential([library.Input((), dtype="int32"), *layers])

    twins = Twins(build, **COMPILE)
    assert_same_run(twins, NUMBERS["repeated"][:, 0], points(2, seed=1))


# ---------------------------------------------------------------- branches


def branches(library):
    """Merges of every kind in one model."""
    layers = library.layers
    one, two = library.Input((3,), name="one"), library.Input((3,), name="two")
    a, b = layers.Dense(4, "tanh")(one), layers.Dense(4)(two)
    merged = [
        layers.add([a, b]),
        layers.subtract([a, b]),
        layers.multiply([a, b]),
        layers.average([a, b]),
        layers.maximum([a, b]),
        layers.minimum([a, b]),
        layers.dot([a, b], axes=1, normalize=True),
    ]
    return library.Model([one, two], layers.Dense(2)(layers.concatenate(merged)))


def test_branches_learn_as_in_keras(float64):
    twins = Twins(branches, **COMPILE)
    assert_same_run(twins, [points(3), points(3, seed=2)], points(2, seed=1))
