"""Adam, AdamW, Adamax and Nadam, and how they are written otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from chainrule.glass.update_rules.faults.averages import average, averages
from chainrule.glass.update_rules.faults.common import (
    EPSILONS,
    FRAME,
    SHARES,
    bookkeeping,
    counting,
    decays,
    framed,
    motion,
    places_without,
    sizes,
)
from chainrule.glass.update_rules.faults.corrections import (
    corrections,
    corrections_of,
    epsilon_places,
)
from chainrule.glass.update_rules.faults.form import Deviation, Form, Line

_M, _V = average("m", "beta_1", 1), average("v", "beta_2", 2)
_M_FACTOR = Line("m_factor", lambda beta_1, t: 1 / (1 - beta_1**t))
_V_FACTOR = Line("v_factor", lambda beta_2, t: 1 / (1 - beta_2**t))
_KEPT_M, _KEPT_V = Line("after_m", lambda m: m), Line("after_v", lambda v: v)
_NUMERATOR = Line("numerator", lambda m, m_factor: m * m_factor)
_SQUARES = Line("squares", lambda v: v)
_DENOMINATOR = Line(  # Keras' ε is added to the root of the uncorrected v
    "denominator",
    lambda squares, v_factor, epsilon: (np.sqrt(squares) + epsilon) * np.sqrt(v_factor),
)
_DIRECTION = Line("direction", lambda numerator, denominator: numerator / denominator)

_ADAM_SOURCES = FRAME | {
    "m": ("m",),
    "v": ("v",),
    "m_factor": ("step_size",),
    "v_factor": ("step_size",),
    "squares": ("v_max", "theta"),
    "v_max": ("v_max",),
    "numerator": ("theta",),
    "denominator": ("theta",),
    "direction": ("theta",),
}


def adam(options: Mapping[str, Any], decoupled: bool = False) -> Form:
    """Adam, with or without a denominator that never shrinks.

    Args:
        options: The rule's constants.
        decoupled: Whether it is AdamW, where coupled decay is a mistake.
    """
    states, lines = ["m", "v"], [_M, _V]
    known = [*_averages(), *corrections(), *_fractions(), *_swaps()]
    if options.get("amsgrad"):
        states.append("v_max")
        lines.append(Line("v_max", lambda v_max, v: np.maximum(v_max, v)))
        squares = Line("squares", lambda v_max: v_max)
        known.append(
            Deviation(
                "maximum-missing",
                "the largest v is not used",
                "It is Adam as if without AMSGrad.",
                (Line("squares", lambda v: v, "v̂ = v"),),
            )
        )
    else:
        squares = _SQUARES
        known.append(_old("v", "squares"))
    lines += [_M_FACTOR, _V_FACTOR, _NUMERATOR, squares, _DENOMINATOR, _DIRECTION]
    lines += [_KEPT_M, _KEPT_V]
    everything = (
        *motion(),
        *known,
        *bookkeeping(*states),
        *counting("m_factor", "v_factor"),
        *sizes("beta_1", "β₁", SHARES),
        *sizes("beta_2", "β₂", SHARES),
        *sizes("epsilon", "ε", EPSILONS),
        *decays(coupled_is_convention=not decoupled),
    )
    name = "adamw" if decoupled else "adam"
    return Form(name, dict.fromkeys(states, 0.0), framed(*lines), _ADAM_SOURCES, everything)


def adamw(options: Mapping[str, Any]) -> Form:
    """AdamW."""
    return adam(options, decoupled=True)


def adamax(options: Mapping[str, Any]) -> Form:
    """Adamax."""
    lines = framed(
        _M,
        Line("u", lambda u, beta_2, gradient: np.maximum(beta_2 * u, np.abs(gradient))),
        _M_FACTOR,
        _NUMERATOR,
        Line("denominator", lambda u, epsilon: u + epsilon),
        _DIRECTION,
        _KEPT_M,
    )
    known = (
        *averages("m", "m", "beta_1", "β₁", 1),
        *corrections_of("m", "β₁", "beta_1"),
        _old("m", "numerator"),
        Deviation(
            "u-not-of-magnitudes",
            "u takes g, not |g|",
            "Negative gradients are never the largest.",
            (
                Line(
                    "u",
                    lambda u, beta_2, gradient: np.maximum(beta_2 * u, gradient),
                    "u ← max(β₂ u, g)",
                ),
            ),
        ),
        Deviation(
            "u-never-forgets",
            "u lacks its factor β₂",
            "The largest gradient is never forgotten.",
            (
                Line(
                    "u",
                    lambda u, gradient: np.maximum(u, np.abs(gradient)),
                    "u ← max(u, |g|)",
                ),
            ),
        ),
        Deviation(
            "u-averaged",
            "u is an average, not the larger of two",
            "The maximum norm takes the larger one.",
            (
                Line(
                    "u",
                    lambda u, beta_2, gradient: beta_2 * u + (1 - beta_2) * np.abs(gradient),
                    "u ← β₂ u + (1 − β₂) |g|",
                ),
            ),
        ),
        Deviation(
            "epsilon-in-maximum",
            "ε is added to |g| before the larger is taken",
            "PyTorch adds it there; Keras adds it to u in the denominator.",
            (
                Line(
                    "u",
                    lambda u, beta_2, gradient, epsilon: np.maximum(
                        beta_2 * u, np.abs(gradient) + epsilon
                    ),
                    "u ← max(β₂ u, |g| + ε)",
                ),
                Line("denominator", lambda u: u, "θ ← θ − α m / u"),
            ),
            convention=True,
        ),
        *counting("m_factor"),
        *sizes("beta_1", "β₁", SHARES),
        *sizes("beta_2", "β₂", SHARES),
        *sizes("epsilon", "ε", EPSILONS),
    )
    sources = _ADAM_SOURCES | {"u": ("u",)}
    everything = (*motion(), *known, *bookkeeping("m", "u"), *decays(coupled_is_convention=True))
    return Form("adamax", {"m": 0.0, "u": 0.0}, lines, sources, everything)


def nadam(options: Mapping[str, Any]) -> Form:
    """Nadam."""
    lines = framed(
        _M,
        _V,
        Line("mu", lambda beta_1, t: beta_1 * (1 - 0.5 * 0.96**t)),
        Line("mu_next", lambda beta_1, t: beta_1 * (1 - 0.5 * 0.96 ** (t + 1))),
        Line("product", lambda beta_1, t: _product(beta_1, t, 0.96)),
        Line("m_share", lambda mu_next, product: mu_next / (1 - product * mu_next)),
        Line("g_share", lambda mu, product: (1 - mu) / (1 - product)),
        Line("numerator", lambda m_share, m, g_share, gradient: m_share * m + g_share * gradient),
        _V_FACTOR,
        Line("denominator", lambda v, v_factor, epsilon: np.sqrt(v * v_factor) + epsilon),
        _DIRECTION,
        _KEPT_V,
    )
    slow = 0.96**0.004
    known = (
        *_averages(),
        *corrections_of("v", "β₂", "beta_2"),
        Deviation(
            "nadam-slow-schedule",
            "the momentum grows 250 times more slowly",
            "PyTorch's `momentum_decay=0.004`: μₜ = β₁ (1 − 0.96^(0.004 t) / 2).",
            (
                Line("mu", lambda beta_1, t: beta_1 * (1 - 0.5 * slow**t)),
                Line("mu_next", lambda beta_1, t: beta_1 * (1 - 0.5 * slow ** (t + 1))),
                Line(
                    "product",
                    lambda beta_1, t: _product(beta_1, t, slow),
                    "μₜ = β₁ (1 − 0.96^(0.004 t) / 2)",
                ),
            ),
            convention=True,
        ),
        Deviation(
            "nadam-without-schedule",
            "the momentum does not grow",
            "A simplified Nadam, as many texts have it: μ = β₁ at every step, and m̂ = m / (1 − "
            "β₁ᵗ).",
            (
                Line("m_share", lambda beta_1, t: beta_1 / (1 - beta_1**t)),
                Line(
                    "g_share",
                    lambda beta_1, t: (1 - beta_1) / (1 - beta_1**t),
                    "s = η (β₁ m + (1 − β₁) g) / (1 − β₁ᵗ)",
                ),
            ),
            convention=True,
        ),
        Deviation(
            "nadam-constant-momentum",
            "the momentum does not grow, with the next step's correction for m",
            "Dozat's algorithm with μ = β₁ at every step.",
            (
                Line("m_share", lambda beta_1, t: beta_1 / (1 - beta_1 ** (t + 1))),
                Line(
                    "g_share",
                    lambda beta_1, t: (1 - beta_1) / (1 - beta_1**t),
                    "s = η (β₁ m / (1 − β₁ᵗ⁺¹) + (1 − β₁) g / (1 − β₁ᵗ))",
                ),
            ),
            convention=True,
        ),
        Deviation(
            "look-ahead-missing",
            "the step does not look ahead: it is Adam",
            "The gradient must have a share of its own beside m.",
            (
                Line(
                    "numerator",
                    lambda m, beta_1, t: m / (1 - beta_1**t),
                    "s = η m / (1 − β₁ᵗ)",
                ),
            ),
        ),
        *epsilon_places(corrected_is_right=True),
        *counting("m_share", "v_factor"),
        *sizes("beta_1", "β₁", SHARES),
        *sizes("beta_2", "β₂", SHARES),
        *sizes("epsilon", "ε", EPSILONS),
    )
    sources = _ADAM_SOURCES | {
        "mu": ("m_rate", "grad_rate"),
        "mu_next": ("m_rate",),
        "product": ("grad_rate",),
        "m_share": ("m_rate",),
        "g_share": ("grad_rate",),
        "numerator": ("step",),
        "v_factor": ("v_scale",),
    }
    plain = places_without(decays(coupled_is_convention=True), "numerator")
    everything = (*motion(), *known, *bookkeeping("m", "v"), *plain)
    return Form("nadam", {"m": 0.0, "v": 0.0}, lines, sources, everything)


def _product(beta_1: float, t: float, base: float) -> float:
    """The product of the momenta μ₁ … μₜ."""
    return float(np.prod(beta_1 * (1 - 0.5 * base ** np.arange(1, t + 1))))


def _averages() -> tuple[Deviation, ...]:
    return (
        *averages("m", "m", "beta_1", "β₁", 1),
        *averages("v", "v", "beta_2", "β₂", 2),
        Deviation(
            "v-of-m",
            "v averages the square of m, not that of the gradient",
            "v must see the gradient itself.",
            (
                Line(
                    "v",
                    lambda v, beta_2, m: beta_2 * v + (1 - beta_2) * m**2,
                    "v ← β₂ v + (1 − β₂) m²",
                ),
            ),
        ),
    )


def _old(state: str, place: str) -> Deviation:
    if state == "v":
        line = Line(place, lambda before_v: before_v, "θ ← θ − η m̂ / (√v̂_old + ε)")
    else:
        line = Line(
            place,
            lambda before_m, m_factor: before_m * m_factor,
            "θ ← θ − η m̂_old / (√v̂ + ε)",
        )
    return Deviation(
        f"old-{state}-used",
        f"the step uses the {state} of the step before",
        f"The parameters are moved before {state} is updated.",
        (line,),
    )


def _fractions() -> tuple[Deviation, ...]:
    return (
        *epsilon_places(corrected_is_right=False),
        _old("m", "numerator"),
        Deviation(
            "m-not-used",
            "the gradient itself is used in place of m",
            "It is RMSprop with a bias correction.",
            (Line("numerator", lambda gradient: gradient, "θ ← θ − η g / (√v̂ + ε)"),),
        ),
        Deviation(
            "gradient-corrected",
            "the gradient is used in place of m, and corrected as m is",
            "m is computed, but the numerator takes g.",
            (
                Line(
                    "numerator",
                    lambda gradient, m_factor: gradient * m_factor,
                    "θ ← θ − η g / (1 − β₁ᵗ) / (√v̂ + ε)",
                ),
            ),
        ),
    )


def _swaps() -> tuple[Deviation, ...]:
    return (
        Deviation(
            "betas-swapped",
            "β₁ and β₂ are swapped",
            "m forgets as slowly as v should, and v as fast as m; often the order of arguments.",
            (
                average("m", "beta_2", 1),
                average("v", "beta_1", 2),
                Line("m_factor", lambda beta_2, t: 1 / (1 - beta_2**t)),
                Line("v_factor", lambda beta_1, t: 1 / (1 - beta_1**t)),
            ),
            shown="m ← β₂ m + (1 − β₂) g, v ← β₁ v + (1 − β₁) g²",
            at=("m", "v"),
        ),
        Deviation(
            "betas-swapped-in-averages",
            "β₁ and β₂ are swapped in the averages, but not in their corrections",
            "m forgets as slowly as v should, and v as fast as m.",
            (average("m", "beta_2", 1), average("v", "beta_1", 2)),
            shown="m ← β₂ m + (1 − β₂) g, v ← β₁ v + (1 − β₁) g²",
        ),
        Deviation(
            "beta1-in-v",
            "v is averaged with β₁",
            "v has β₂, its own.",
            (average("v", "beta_1", 2),),
            shown="v ← β₁ v + (1 − β₁) g²",
        ),
        Deviation(
            "beta2-in-m",
            "m is averaged with β₂",
            "m has β₁, its own.",
            (average("m", "beta_2", 1),),
            shown="m ← β₂ m + (1 − β₂) g",
        ),
    )
