"""Data and models for both libraries.

A builder is given the library and writes Keras' own syntax, so that one text builds both models:
``lambda library: library.layers.Dense(3)``.
"""

from dataclasses import dataclass
from types import FunctionType
from typing import Any

import keras
import numpy as np
from tests.parity.tolerances import assert_agree

import chainrule
from chainrule.utils import set_random_seed, to_categorical

LIBRARIES = (chainrule, keras)


def of(library, value):
    """A value for a library: every function in it is called with the library."""
    if isinstance(value, FunctionType):
        return value(library)
    if isinstance(value, dict):
        return {name: of(library, part) for name, part in value.items()}
    if isinstance(value, list):
        return [of(library, part) for part in value]
    return value


def targets(kind, samples, classes, seed=0):
    """Targets and predictions that fit a loss or a metric.

    Args:
        kind: ``"numbers"``, ``"yes/no"``, ``"one-hot"``, ``"class numbers"`` or ``"answers"``
            (numbers that are equal or not).
        samples: An integer, or the shape of several leading axes.
        classes: Length of the last axis.
        seed: Another seed gives other numbers.
    """
    generator = np.random.default_rng(seed)
    leading = samples if isinstance(samples, tuple) else (samples,)
    probabilities = generator.uniform(0.01, 0.99, (*leading, classes))
    labels = generator.integers(0, classes, leading)
    match kind:
        case "numbers":
            return generator.normal(size=(*leading, classes)), 3 * probabilities
        case "yes/no":
            return np.round(generator.random((*leading, classes))), probabilities
        case "one-hot":
            return np.eye(classes)[labels], probabilities
        case "class numbers":
            return labels, probabilities
        case "answers":
            answers = generator.integers(0, 3, (2, *leading, classes)).astype(np.float64)
            return answers[0], answers[1]


def weights(shape, seed=7):
    """Sample weights, some of them 0."""
    generator = np.random.default_rng(seed)
    return generator.uniform(0, 2, shape) * (generator.random(shape) < 0.8)


class Twins:
    """One model in both libraries, with the same weights.

    Keras runs eagerly: the same numbers, without seconds of compilation for each model.
    """

    def __init__(self, build, seed=1, **compile_args):
        set_random_seed(seed)
        self.ours, self.theirs = self.both = tuple(map(build, LIBRARIES))
        self.compile(**compile_args)
        self.theirs.set_weights(self.ours.get_weights())

    def compile(self, **arguments):
        for library, model in zip(LIBRARIES, self.both, strict=True):
            model.compile(run_eagerly=True, **of(library, arguments))

    def each(self, use):
        """What a function of the model gives for ours and for Keras'."""
        return tuple(map(use, self.both))

    def fit(self, x, y, **arguments):
        """Both histories. Neither shuffles nor prints, and batches are of 16, unless told to."""
        arguments = {"verbose": 0, "shuffle": False, "batch_size": 16, **arguments}
        return tuple(
            model.fit(x, y, **of(library, arguments))
            for library, model in zip(LIBRARIES, self.both, strict=True)
        )

    def assert_same_weights(self, kind="weights"):
        names = [slot.name for slot in self.ours.layout]
        for name, *pair in zip(names, *self.each(lambda model: model.get_weights()), strict=True):
            assert_agree(*pair, kind, name)


def assert_same_history(ours, theirs, kind="history"):
    """The same keys in the same order, epochs and parameters, and numbers that agree."""
    assert list(ours.history) == list(theirs.history)
    assert ours.epoch == theirs.epoch
    assert ours.params == theirs.params
    for name in theirs.history:
        assert_agree(ours.history[name], theirs.history[name], kind, name)


@dataclass
class Problem:
    """Data, a model for them, and how it is trained.

    There are 48 samples, and tests cut them into batches of 16 where they can: for every new shape
    JAX compiles each operation anew, which takes longer than all the rest.
    """

    build: Any
    x: Any
    y: Any
    compile_args: dict[str, Any]

    def twins(self, **changes):
        return Twins(self.build, **{**self.compile_args, **changes})


def dense_net(features, *layers):
    """A builder of a line of Dense layers, given as (units, activation)."""

    def build(library):
        dense = [library.layers.Dense(units, activation) for units, activation in layers]
        return library.Sequential([library.Input((features,)), *dense])

    return build


SAMPLES = 48


def _points(features, seed):
    return np.random.default_rng(seed).normal(size=(SAMPLES, features))


def lesson():
    """2-3-1 sigmoid units, squared error, gradient descent."""
    x = np.random.default_rng(0).uniform(0, 1, (SAMPLES, 2))
    return Problem(
        dense_net(2, (3, "sigmoid"), (1, "sigmoid")),
        x,
        x @ [[0.6], [0.3]] + 0.1,
        {
            "optimizer": lambda k: k.optimizers.SGD(0.5),
            "loss": "mse",
            "metrics": ["mse"],
            "weighted_metrics": ["mae"],
        },
    )


def classes(one_hot=False):
    """8-16-4 units, relu and softmax, (sparse) cross-entropy, Adam."""
    x = _points(8, 1)
    labels = np.argmax(x[:, :4] + 0.5 * _points(4, 2), axis=1)
    return Problem(
        dense_net(8, (16, "relu"), (4, "softmax")),
        x,
        to_categorical(labels) if one_hot else labels,
        {
            "optimizer": lambda k: k.optimizers.Adam(0.01),
            "loss": f"{'' if one_hot else 'sparse_'}categorical_crossentropy",
            "metrics": ["accuracy"],
            "weighted_metrics": ["acc"],
        },
    )


def yes_no():
    """8-16-1 units, tanh and sigmoid, binary cross-entropy, RMSprop."""
    x = _points(8, 3)
    return Problem(
        dense_net(8, (16, "tanh"), (1, "sigmoid")),
        x,
        (x[:, 0] + x[:, 1] > 0).astype(np.float64),
        {
            "optimizer": lambda k: k.optimizers.RMSprop(0.01),
            "loss": "binary_crossentropy",
            "metrics": ["accuracy"],
            "weighted_metrics": ["acc"],
        },
    )


PROBLEMS = {"lesson": lesson, "classes": classes, "yes or no": yes_no}
