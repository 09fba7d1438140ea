"""RMSprop, Adagrad and Adadelta, which divide by a root of squares, and how they go wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from chainrule.glass.update_rules.faults.averages import average, averages
from chainrule.glass.update_rules.faults.common import (
    EPSILONS,
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
from chainrule.glass.update_rules.faults.momentum import VELOCITIES

_DECAYS = places_without(decays(coupled_is_convention=True), "numerator")
_VARIANCE = Line("variance", lambda v: v)
_DENOMINATOR = Line("denominator", lambda variance, epsilon: np.sqrt(variance + epsilon))
_SCALED = Line("scaled", lambda gradient, denominator: gradient / denominator)
_DIRECTION = Line("direction", lambda scaled: scaled)


def rmsprop(options: Mapping[str, Any]) -> Form:
    """RMSprop: plain or centred, with momentum or without."""
    states = ["v"]
    lines = [average("v", "rho", 2), _VARIANCE, _DENOMINATOR, _SCALED, _DIRECTION]
    known = [*averages("v", "v", "rho", "ρ", 2), *_roots("v"), _accumulated("v")]
    if options.get("centered"):
        states.append("mean")
        lines[0:0] = [average("mean", "rho", 1)]
        lines[2] = Line("variance", lambda v, mean: np.maximum(v - mean * mean, 0))
        known += _centred()
    else:
        known.append(_old_squares("v"))
    if options.get("momentum"):
        states.append("velocity")
        velocity = Line("velocity", lambda velocity, momentum, scaled: momentum * velocity + scaled)
        lines[-1:] = [velocity, Line("direction", lambda velocity: velocity)]
        known += [_on_scaled(one) for one in VELOCITIES]
        known += sizes("momentum", "β", SHARES[1:])
    known += sizes("rho", "ρ", SHARES[1:]) + sizes("epsilon", "ε", EPSILONS)
    sources = FRAME | {
        "v": ("v",),
        "mean": ("mean",),
        "variance": ("variance", "v"),
        "denominator": ("step",),
        "scaled": ("step",),
        "direction": ("step",),
        "step": ("step",),
        "velocity": ("velocity",),
    }
    start = dict.fromkeys(states, 0.0)
    everything = (*motion(), *known, *bookkeeping(*states), *_DECAYS)
    return Form("rmsprop", start, framed(*lines), sources, everything)


def adagrad(options: Mapping[str, Any]) -> Form:
    """Adagrad."""
    total = Line("v", lambda v, gradient: v + gradient**2)
    begins = float(options["initial_accumulator_value"])
    known = (
        *_roots("G"),
        _old_squares("G"),
        Deviation(
            "v-not-squared",
            "the gradient is not squared in G",
            "G may be negative, and its root is NaN then.",
            (Line("v", lambda v, gradient: v + gradient, "G ← G + g"),),
        ),
        Deviation(
            "v-of-magnitudes",
            "G takes |g|, not g²",
            "√G is then no size of a gradient.",
            (Line("v", lambda v, gradient: v + np.abs(gradient), "G ← G + |g|"),),
        ),
        *(
            Deviation(
                "accumulator-start",
                f"G begins at {value:g}",
                f"Keras begins at 0.1, PyTorch and the paper at 0; here at {begins:g}.",
                start={"v": value},
                convention=True,
                shown=f"G = {value:g} before the first step",
            )
            for value in (0.0, 0.1, 1.0)
            if value != begins
        ),
        *sizes("epsilon", "ε", EPSILONS),
    )
    sources = FRAME | {
        "v": ("squares",),
        "variance": ("squares",),
        "denominator": ("theta",),
        "scaled": ("theta",),
        "direction": ("theta",),
    }
    lines = framed(total, _VARIANCE, _DENOMINATOR, _SCALED, _DIRECTION)
    everything = (*motion(), *known, *bookkeeping("v"), *_DECAYS)
    return Form("adagrad", {"v": begins}, lines, sources, everything)


def adadelta(options: Mapping[str, Any]) -> Form:
    """Adadelta."""
    lines = framed(
        average("v", "rho", 2),
        _VARIANCE,
        _DENOMINATOR,
        Line("reach", lambda steps, epsilon: np.sqrt(steps + epsilon)),
        Line("scaled", lambda reach, gradient, denominator: reach * gradient / denominator),
        Line("steps", lambda steps, rho, scaled: rho * steps + (1 - rho) * scaled**2),
        _DIRECTION,
    )
    known = (
        *(one for one in averages("v", "G", "rho", "ρ", 2)),
        _old_squares("G"),
        _accumulated("G"),
        Deviation(
            "steps-not-squared",
            "the step is not squared in S",
            "S may be negative, and its root is NaN then.",
            (
                Line(
                    "steps",
                    lambda steps, rho, scaled: rho * steps + (1 - rho) * scaled,
                    "S ← ρ S + (1 − ρ) s",
                ),
            ),
        ),
        Deviation(
            "steps-of-gradients",
            "S takes the gradient, not the step",
            "S must average the squares of the steps taken.",
            (
                Line(
                    "steps",
                    lambda steps, rho, gradient: rho * steps + (1 - rho) * gradient**2,
                    "S ← ρ S + (1 − ρ) g²",
                ),
            ),
        ),
        Deviation(
            "steps-factor-missing",
            "the new part of S lacks its factor 1 − ρ",
            "S grows to 1 / (1 − ρ) times the average.",
            (Line("steps", lambda steps, rho, scaled: rho * steps + scaled**2, "S ← ρ S + s²"),),
        ),
        Deviation(
            "epsilon-outside",
            "ε is added outside the roots",
            "It belongs inside both, as in the paper.",
            (
                Line("denominator", lambda v, epsilon: np.sqrt(v) + epsilon, ""),
                Line(
                    "reach",
                    lambda steps, epsilon: np.sqrt(steps) + epsilon,
                    "s = (√S + ε) g / (√G + ε)",
                ),
            ),
        ),
        *sizes("rho", "ρ", SHARES[1:]),
        *sizes("epsilon", "ε", EPSILONS),
    )
    sources = FRAME | {
        "v": ("squares",),
        "variance": ("squares",),
        "denominator": ("step",),
        "reach": ("step",),
        "scaled": ("step",),
        "steps": ("steps",),
    }
    states = {"v": 0.0, "steps": 0.0}
    everything = (*motion(), *known, *bookkeeping("v", "steps"), *_DECAYS)
    return Form("adadelta", states, lines, sources, everything)


def _roots(symbol: str) -> tuple[Deviation, ...]:
    """How the root and ε are placed otherwise."""
    return (
        Deviation(
            "epsilon-outside",
            "ε is added outside the root",
            "PyTorch and most textbooks add it there; Keras adds it inside the root.",
            (
                Line(
                    "denominator",
                    lambda variance, epsilon: np.sqrt(variance) + epsilon,
                    f"step = η g / (√{symbol} + ε)",
                ),
            ),
            convention=True,
        ),
        Deviation(
            "root-missing",
            f"the root of {symbol} is missing",
            "The step is divided by a square: small gradients make huge steps.",
            (
                Line(
                    "denominator",
                    lambda variance, epsilon: variance + epsilon,
                    f"step = η g / ({symbol} + ε)",
                ),
            ),
        ),
        Deviation(
            "epsilon-after-division",
            "ε is added to the fraction, not to its denominator",
            f"A parenthesis is missing: g / √{symbol} + ε means (g / √{symbol}) + ε.",
            (
                Line("denominator", lambda variance: np.sqrt(variance)),
                Line(
                    "scaled",
                    lambda gradient, denominator, epsilon: gradient / denominator + epsilon,
                    f"step = η (g / √{symbol} + ε)",
                ),
            ),
        ),
        Deviation(
            "root-multiplied",
            f"the gradient is multiplied by the root of {symbol}",
            "It must be divided by it.",
            (
                Line(
                    "scaled",
                    lambda gradient, denominator: gradient * denominator,
                    f"step = η g √({symbol} + ε)",
                ),
            ),
        ),
    )


def _old_squares(symbol: str) -> Deviation:
    return Deviation(
        "old-v-used",
        f"the step is divided by the root of the {symbol} of the step before",
        f"The parameters are moved before {symbol} is updated.",
        (Line("variance", lambda before_v: before_v, f"step = η g / √({symbol}_old + ε)"),),
        at=("denominator",),
    )


def _accumulated(symbol: str) -> Deviation:
    """Bound to averages: their new part uses the step's own gradient only."""
    return Deviation(
        "v-not-averaged",
        f"{symbol} is the last squared gradient",
        "Nothing of the steps before is kept, nor weighted.",
        (Line("v", lambda gradient: gradient**2, f"{symbol} = g²"),),
    )


def _centred() -> list[Deviation]:
    return [
        *averages("mean", "m", "rho", "ρ", 1),
        Deviation(
            "mean-not-subtracted",
            "the squared mean is not subtracted",
            "It is RMSprop as if it were not centred.",
            (Line("variance", lambda v: v, "σ² = v"),),
        ),
        Deviation(
            "mean-not-squared",
            "the mean is subtracted, not its square",
            "v − m has the units of both g² and g.",
            (Line("variance", lambda v, mean: v - mean, "σ² = v − m"),),
        ),
        Deviation(
            "mean-added",
            "the squared mean is added",
            "A variance is the mean of squares less the square of the mean.",
            (Line("variance", lambda v, mean: v + mean**2, "σ² = v + m²"),),
        ),
    ]


def _on_scaled(one: Deviation) -> Deviation:
    """A mistake of a velocity that takes the scaled gradient rather than the gradient."""
    lines = tuple(
        Line(
            line.place, line.compute, line.equation.replace("− η g", "+ s"), {"gradient": "scaled"}
        )
        for line in one.lines
    )
    return replace(one, lines=lines)
