"""Small models and data that many tests share."""

import numpy as np

from chainrule.layers import Activation, Dense, Dropout, Flatten, Input, Rescaling
from chainrule.models import Sequential
from chainrule.utils import set_random_seed


def blobs(samples=60, classes=3, features=4, seed=0):
    """Class numbers, and points around one centre per class."""
    generator = np.random.default_rng(seed)
    labels = np.arange(samples) % classes
    centres = generator.normal(0, 3, (classes, features))
    return centres[labels] + generator.normal(size=(samples, features)), labels


def line(samples=50, seed=0):
    """A target that is a linear function of two inputs."""
    x = np.random.default_rng(seed).uniform(0, 1, (samples, 2))
    return x, x @ [[0.6], [0.3]] + 0.1


def classifier(classes=3, features=4, optimizer="adam", seed=1, **compile_args):
    """A small network for :func:`blobs`."""
    set_random_seed(seed)
    model = Sequential([Input((features,)), Dense(8, "tanh"), Dense(classes, "softmax")])
    model.compile(
        optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"], **compile_args
    )
    return model


def regressor(optimizer="sgd", loss="mse", seed=1, **compile_args):
    """The lesson's 2-3-1 network for :func:`line`."""
    set_random_seed(seed)
    model = Sequential([Input((2,)), Dense(3, "sigmoid"), Dense(1, "sigmoid")])
    model.compile(optimizer, loss, **compile_args)
    return model


def every_layer(dtype=None):
    """A model with every kind of layer of the library."""
    set_random_seed(3)
    return Sequential(
        [
            Input((4, 3)),
            Rescaling(0.1, offset=-1, dtype=dtype),
            Flatten(),
            Dense(6, use_bias=False, kernel_initializer="he_normal"),
            Activation("relu"),
            Dropout(0.3),
            Dense(2, "softmax"),
        ]
    )
