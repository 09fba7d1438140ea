"""Lion, and how it is written otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from chainrule.glass.update_rules.faults.averages import average, averages
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


def lion(options: Mapping[str, Any]) -> Form:
    """Lion."""
    lines = framed(
        Line(
            "mixed", lambda before_m, beta_1, gradient: beta_1 * before_m + (1 - beta_1) * gradient
        ),
        Line("direction", lambda mixed: np.sign(mixed)),
        average("m", "beta_2", 1),
    )
    known = (
        *averages("m", "m", "beta_2", "β₂", 1),
        Deviation(
            "sign-missing",
            "the sign is not taken",
            "All steps of Lion are of one size, η.",
            (Line("direction", lambda mixed: mixed, "d = β₁ m + (1 − β₁) g"),),
        ),
        Deviation(
            "betas-swapped",
            "β₁ and β₂ are swapped",
            "Often the order of arguments.",
            (
                Line(
                    "mixed",
                    lambda before_m, beta_2, gradient: beta_2 * before_m + (1 - beta_2) * gradient,
                    "d = sign(β₂ m + (1 − β₂) g)",
                ),
                average("m", "beta_1", 1),
            ),
        ),
        Deviation(
            "beta1-in-m",
            "m is averaged with β₁",
            "m is kept with β₂; β₁ is for the direction only.",
            (average("m", "beta_1", 1),),
            shown="m ← β₁ m + (1 − β₁) g",
        ),
        Deviation(
            "new-m-used",
            "m is updated before the direction is taken",
            "The direction is made of the m of before the step.",
            (
                Line(
                    "mixed",
                    lambda before_m, beta_1, beta_2, gradient: (
                        beta_1 * (beta_2 * before_m + (1 - beta_2) * gradient)
                        + (1 - beta_1) * gradient
                    ),
                    "m ← β₂ m + (1 − β₂) g, then d = sign(β₁ m + (1 − β₁) g)",
                ),
            ),
        ),
        Deviation(
            "sign-of-m",
            "the direction is the sign of m alone",
            "The gradient has a share of its own, 1 − β₁.",
            (
                Line(
                    "direction",
                    lambda before_m, beta_2, gradient: np.sign(
                        beta_2 * before_m + (1 - beta_2) * gradient
                    ),
                    "m ← β₂ m + (1 − β₂) g, then d = sign(m)",
                ),
            ),
        ),
        *sizes("beta_1", "β₁", SHARES),
        *sizes("beta_2", "β₂", SHARES),
    )
    sources = FRAME | {"mixed": ("direction",), "direction": ("direction",), "m": ("m",)}
    plain = places_without(decays(coupled_is_convention=True), "numerator")
    everything = (*motion(), *known, *bookkeeping("m"), *plain)
    return Form("lion", {"m": 0.0}, lines, sources, everything)
