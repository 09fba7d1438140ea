"""How closely chainrule and Keras must agree: all bounds of this folder, each with its reason."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Tolerance:
    """How far two results may be apart.

    Attributes:
        relative: Times the largest magnitude that Keras gives.
        reason: Why this much.
        each: Whether every number is held against its own magnitude instead.
        floor: The magnitude of whatever is smaller. (XLA makes 0 of what is below 1e-38.)
    """

    relative: float
    reason: str
    each: bool = False
    floor: float = 1e-25


TOLERANCES = {
    "activation, float64": Tolerance(
        1e-12, "one exponential and a short sum: a few units in the last place, 1e-16", each=True
    ),
    "activation, float32": Tolerance(
        1e-6, "XLA's exp and tanh are polynomials, good to some 6e-8 each", each=True
    ),
    "activation by a difference, float64": Tolerance(
        1e-12, "a difference of nearly equal numbers has absolute accuracy, 1e-16", floor=1.0
    ),
    "activation by a difference, float32": Tolerance(
        1e-6, "the same in float32: a few units of 6e-8", floor=1.0
    ),
    "activation gradient, float64": Tolerance(
        1e-12, "JAX takes most as differences, as 1 - tanh²: absolute accuracy, 1e-16", floor=1.0
    ),
    "activation gradient, float32": Tolerance(
        2e-6, "the same in float32: tens of units of 6e-8, for factors up to 1.5", floor=1.0
    ),
    "of weights, float64": Tolerance(
        1e-12, "penalties and constraints: sums over tens, a few units in the last place, 1e-16"
    ),
    "of weights, float32": Tolerance(1e-6, "the same in float32: a few units of 6e-8"),
    "loss, float64": Tolerance(
        1e-12, "one logarithm per number, sums over tens: a few units in the last place, 1e-16"
    ),
    "loss, float32": Tolerance(1e-6, "the same in float32: a few units of 6e-8"),
    "layer": Tolerance(1e-12, "float64 sums over tens: a few units in the last place, 1e-16"),
    "layer gradient": Tolerance(
        1e-12, "the same, where JAX adds up the terms of a normalization one by one"
    ),
    "metric, float64": Tolerance(1e-12, "float64 sums over tens of numbers"),
    "metric, float32": Tolerance(1e-6, "Keras adds up in float32, u = 6e-8; ours is float64"),
    "trajectory": Tolerance(1e-12, "50 updates of a few float64 operations each"),
    "float32 setting": Tolerance(1e-7, "a learning rate that Keras keeps in float32"),
    "prediction": Tolerance(1e-6, "float32 products of up to 16 terms, in another order"),
    "history": Tolerance(1e-5, "float32 losses and metrics after tens of float32 updates"),
    "weights": Tolerance(
        3e-5,
        "biases begin at 0, so they are nothing but steps, and Keras takes Adam's 1 - β₂ᵗ in "
        "float32: off by 6e-8 / 1e-3, of which the root takes half, at the first step",
        floor=0.01,  # one step of Adam or RMSprop, here
    ),
    "history, float64": Tolerance(1e-12, "the same sums in float64"),
    "weights, float64": Tolerance(1e-12, "the same updates in float64"),
}


def assert_agree(ours, theirs, kind, what=""):
    """Compare what chainrule computes with what Keras does.

    Raises:
        AssertionError: Shapes differ, or a number is further off than ``TOLERANCES[kind]``.
    """
    tolerance = TOLERANCES[kind]
    ours, theirs = np.asarray(ours, np.float64), np.asarray(theirs, np.float64)
    assert ours.shape == theirs.shape, f"{what}: shape {ours.shape}, Keras has {theirs.shape}"
    size = np.abs(theirs)
    scale = size if tolerance.each else size.max(initial=0)
    bound = tolerance.relative * np.maximum(scale, tolerance.floor)
    error = np.abs(ours - theirs)
    assert np.all(error <= bound), (
        f"{what}: {ours} instead of Keras' {theirs}; apart by {error.max():.3g}, allowed "
        f"{np.max(bound):.3g} ({kind}: {tolerance.reason})"
    )


STANDARD_ERRORS = 5
"""How far two estimates of a moment may be apart: chance alone does it once in a million."""

SMIRNOV = 2.2
"""How far two samples' distribution functions may be apart, in √(1/n + 1/m): once in 1e4."""

NEAR_THE_END = {True: 0.001, False: 0.01}
"""How far the largest of 30000 numbers is below the largest possible: uniform; normal, cut at 2."""
