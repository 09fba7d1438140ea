"""SGD, momentum and Nesterov's momentum, and how they are written otherwise."""

from __future__ import annotations

from dataclasses import replace

from chainrule.glass.update_rules.faults.common import (
    FRAME,
    SHARES,
    bookkeeping,
    decays,
    framed,
    motion,
    places_without,
    sizes,
)
from chainrule.glass.update_rules.faults.form import Deviation, Form, Line

_DECAYS = places_without(decays(coupled_is_convention=True), "numerator")

SGD = Form(
    "sgd",
    {},
    framed(Line("direction", lambda gradient: gradient)),
    FRAME,
    (*motion(), *_DECAYS),
)

VELOCITY = Line(
    "velocity", lambda velocity, momentum, gradient: momentum * velocity + gradient
)  # v ← β v + g, the step being η v: the library's velocity is −η times this one
_AHEAD = "θ ← θ + β v − η g"

VELOCITIES = (
    Deviation(
        "momentum-averaged",
        "the gradient is weighted by 1 − β",
        "An average of gradients, in place of their sum: a common convention (PyTorch's "
        "`dampening=β`), with steps 1 / (1 − β) times shorter.",
        (
            Line(
                "velocity",
                lambda velocity, momentum, gradient: (
                    momentum * velocity + (1 - momentum) * gradient
                ),
                "v ← β v − (1 − β) η g",
            ),
        ),
        convention=True,
    ),
    Deviation(
        "momentum-weights-swapped",
        "β and 1 − β are swapped",
        "The velocity forgets what it should keep.",
        (
            Line(
                "velocity",
                lambda velocity, momentum, gradient: (
                    (1 - momentum) * velocity + momentum * gradient
                ),
                "v ← (1 − β) v − β η g",
            ),
        ),
    ),
    Deviation(
        "momentum-sign",
        "the old velocity is subtracted",
        "The momentum works against the step before.",
        (
            Line(
                "velocity",
                lambda velocity, momentum, gradient: -momentum * velocity + gradient,
                "v ← −β v − η g",
            ),
        ),
    ),
    Deviation(
        "momentum-missing-factor",
        "the old velocity is not multiplied by β",
        "The velocity is the sum of all gradients, and is never slowed down.",
        (
            Line(
                "velocity",
                lambda velocity, gradient: velocity + gradient,
                "v ← v − η g",
            ),
        ),
    ),
    Deviation(
        "learning-rate-on-velocity",
        "the old velocity is multiplied by the learning rate too",
        "η (β v − g): the momentum shrinks by η at every step, and is as good as lost.",
        (
            Line(
                "velocity",
                lambda velocity, momentum, gradient, learning_rate: (
                    momentum * learning_rate * velocity + gradient
                ),
                "v ← η (β v − g)",
            ),
        ),
    ),
    Deviation(
        "momentum-on-gradient",
        "β multiplies the gradient too",
        "β (v − η g): a parenthesis stands in the wrong place.",
        (
            Line(
                "velocity",
                lambda velocity, momentum, gradient: momentum * (velocity + gradient),
                "v ← β (v − η g)",
            ),
        ),
    ),
)

_SOURCES = FRAME | {"velocity": ("velocity",), "direction": ("theta",)}

MOMENTUM = Form(
    "momentum",
    {"velocity": 0.0},
    framed(VELOCITY, Line("direction", lambda velocity: velocity)),
    _SOURCES,
    (
        *motion(),
        *VELOCITIES,
        *bookkeeping("velocity"),
        *sizes("momentum", "β", SHARES[1:]),
        *_DECAYS,
        Deviation(
            "old-velocity-used",
            "the step is taken with the velocity of the step before",
            "The parameters are moved before the velocity is updated.",
            (Line("direction", lambda before_velocity: before_velocity, "θ ← θ + v, then v ← …"),),
        ),
        Deviation(
            "gradient-added-twice",
            "the gradient's step is added beside the velocity, which has it already",
            "θ + v − η g counts the gradient twice.",
            (Line("direction", lambda velocity, gradient: velocity + gradient, "θ ← θ + v − η g"),),
        ),
        Deviation(
            "looks-ahead",
            "it is Nesterov's momentum",
            "The step looks ahead.",
            (
                Line(
                    "direction",
                    lambda velocity, momentum, gradient: momentum * velocity + gradient,
                    _AHEAD,
                ),
            ),
        ),
    ),
)

_LOOKS_BACK = Line(  # the same direction, if the velocity is right
    "direction",
    lambda velocity, before_velocity, momentum: (
        (1 + momentum) * velocity - momentum * before_velocity
    ),
)

NESTEROV = Form(
    "nesterov",
    {"velocity": 0.0},
    framed(
        VELOCITY,
        Line(
            "direction",
            lambda velocity, momentum, gradient: momentum * velocity + gradient,
        ),
    ),
    _SOURCES,
    (
        *motion(),
        *VELOCITIES,
        *(replace(one, lines=(*one.lines, _LOOKS_BACK)) for one in VELOCITIES),
        *bookkeeping("velocity"),
        *sizes("momentum", "β", SHARES[1:]),
        *_DECAYS,
        Deviation(
            "no-look-ahead",
            "it is plain momentum",
            "The step does not look ahead; β v with the velocity of before the step comes to the "
            "same: β v_old − η g is the new velocity.",
            (Line("direction", lambda velocity: velocity, "θ ← θ + v"),),
        ),
        Deviation(
            "nesterov-order",
            "the velocity is updated before the formula that needs the old one",
            "θ + β² v − (1 + β) η g holds for v before its update.",
            (
                Line(
                    "direction",
                    lambda velocity, momentum, gradient: (
                        momentum**2 * velocity + (1 + momentum) * gradient
                    ),
                    "v ← β v − η g, then θ ← θ + β² v − (1 + β) η g",
                ),
            ),
        ),
        Deviation(
            "nesterov-look-back-sign",
            "the old velocity is added, not subtracted",
            "θ − β v_old + (1 + β) v is right.",
            (
                Line(
                    "direction",
                    lambda velocity, before_velocity, momentum: (
                        momentum * before_velocity + (1 + momentum) * velocity
                    ),
                    "θ ← θ + β v_old + (1 + β) v",
                ),
            ),
        ),
        Deviation(
            "nesterov-factor-missing",
            "the velocity is not multiplied by β in the step",
            "θ + v − η g counts the gradient twice in full.",
            (Line("direction", lambda velocity, gradient: velocity + gradient, "θ ← θ + v − η g"),),
        ),
        Deviation(
            "nesterov-gradient-missing",
            "the gradient is missing from the step",
            "θ + β v has the gradient only within the velocity.",
            (Line("direction", lambda velocity, momentum: momentum * velocity, "θ ← θ + β v"),),
        ),
    ),
)
