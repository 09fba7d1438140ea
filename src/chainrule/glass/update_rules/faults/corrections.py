"""Bias corrections, and the places of ε and of the root, as they are written otherwise."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from chainrule.glass.update_rules.faults.form import Deviation, Line


def corrections_of(state: str, share: str, option: str) -> tuple[Deviation, ...]:
    """What is done otherwise in the bias correction of one state.

    Args:
        state: ``"m"`` or ``"v"``.
        share: The letter of its constant: ``"β₁"``.
        option: That constant's name.
    """
    place = f"{state}_factor"

    def changed(
        key: str, title: str, why: str, equation: str, compute: Callable[..., Any]
    ) -> Deviation:
        line = Line(place, compute, f"{state}̂ = {equation}", {"share": option})
        return Deviation(f"{state}-correction-{key}", title, why, (line,))

    return (
        changed(
            "missing",
            f"the bias correction of {state} is missing",
            f"{state} begins at 0, so that its average is too small at first.",
            state,
            lambda: 1.0,
        ),
        changed(
            "multiplied",
            f"the bias correction of {state} is multiplied, not divided",
            f"{state} is too small at first, and is made smaller yet.",
            f"{state} · (1 − {share}ᵗ)",
            lambda share, t: 1 - share**t,
        ),
        changed(
            "one-behind",
            f"t is one too small in the bias correction of {state}",
            "The step is counted from 0, or raised after its use; at the first step 1 − β⁰ = 0 "
            "is divided by.",
            f"{state} / (1 − {share}ᵗ⁻¹)",
            lambda share, t: np.divide(1.0, 1 - share ** (t - 1)),
        ),
        changed(
            "one-ahead",
            f"t is one too large in the bias correction of {state}",
            "The step is raised twice, or 1 is added to a step that counts from 1.",
            f"{state} / (1 − {share}ᵗ⁺¹)",
            lambda share, t: 1 / (1 - share ** (t + 1)),
        ),
        changed(
            "without-power",
            f"the bias correction of {state} lacks the power t",
            "It is the right one at the first step only.",
            f"{state} / (1 − {share})",
            lambda share: np.divide(1.0, 1 - share),
        ),
        changed(
            "times-t",
            f"the bias correction of {state} has {share} t in place of {share}ᵗ",
            "A power is written as `**`.",
            f"{state} / (1 − {share} t)",
            lambda share, t: np.divide(1.0, 1 - share * t),
        ),
        Deviation(
            f"{state}-correction-kept",
            f"the corrected {state} is kept as the state",
            f"The correction is written back into {state}, and is corrected again at every step.",
            (
                Line(
                    f"after_{state}",
                    lambda old, factor: old * factor,
                    f"{state} ← {state} / (1 − {share}ᵗ)",
                    {"old": state, "factor": place},
                ),
            ),
            at=(place,),
        ),
    )


def corrections() -> tuple[Deviation, ...]:
    """What is done otherwise in the corrections of m and v: in one of them, or in both."""
    first = corrections_of("m", "β₁", "beta_1")
    second = corrections_of("v", "β₂", "beta_2")
    both = tuple(_both(a, b) for a, b in zip(first, second, strict=True))
    return (
        *both,
        *first,
        *second,
        Deviation(
            "v-correction-outside-root",
            "the root is taken before the bias correction of v",
            "√v / (1 − β₂ᵗ) lacks the root of the correction.",
            (
                Line(
                    "v_factor",
                    lambda beta_2, t: 1 / (1 - beta_2**t) ** 2,
                    "√v̂ = √v / (1 − β₂ᵗ)",
                ),
            ),
        ),
        Deviation(
            "corrections-swapped",
            "β₁ and β₂ are swapped in the bias corrections",
            "Each average must be corrected with its own β.",
            (
                Line("m_factor", lambda beta_2, t: 1 / (1 - beta_2**t), "m̂ = m / (1 − β₂ᵗ)"),
                Line("v_factor", lambda beta_1, t: 1 / (1 - beta_1**t), "v̂ = v / (1 − β₁ᵗ)"),
            ),
        ),
        Deviation(
            "m-correction-with-beta2",
            "m is corrected with β₂",
            "Each average must be corrected with its own β.",
            (Line("m_factor", lambda beta_2, t: 1 / (1 - beta_2**t), "m̂ = m / (1 − β₂ᵗ)"),),
        ),
        Deviation(
            "v-correction-with-beta1",
            "v is corrected with β₁",
            "Each average must be corrected with its own β.",
            (Line("v_factor", lambda beta_1, t: 1 / (1 - beta_1**t), "v̂ = v / (1 − β₁ᵗ)"),),
        ),
    )


def _both(one: Deviation, other: Deviation) -> Deviation:
    """The same mistake in both corrections: one mistake of the writer's."""
    return Deviation(
        one.id.removeprefix("m-").replace("correction", "corrections"),
        one.title.replace("correction of m", "corrections of m and v")
        .replace(" is ", " are ")
        .replace("lacks", "lack")
        .replace("corrected m", "corrected m and v")
        .replace("β₁ t in place of β₁ᵗ", "β t in place of βᵗ")
        .replace(" has ", " have ")
        .replace("t are one", "t is one"),
        one.explanation,
        one.lines + other.lines,
        at=one.places + other.places,
    )


def epsilon_places(corrected_is_right: bool) -> tuple[Deviation, ...]:
    """How the root and ε are placed otherwise.

    Args:
        corrected_is_right: Whether the rule adds ε after the bias correction (Nadam).
    """
    names = {} if not corrected_is_right else {"squares": "v"}
    plain = Deviation(
        "epsilon-before-correction" if corrected_is_right else "epsilon-after-correction",
        "ε is added to the root of the uncorrected v"
        if corrected_is_right
        else "ε is added after the bias correction",
        "The paper's ε-hat, as in Keras' Adam."
        if corrected_is_right
        else "The paper's algorithm 1 and PyTorch add it to √v̂; Keras adds it to √v before the "
        "correction (the paper's ε-hat), where it weighs more in the first steps.",
        (
            Line(
                "denominator",
                (
                    lambda squares, v_factor, epsilon: (
                        (np.sqrt(squares) + epsilon) * np.sqrt(v_factor)
                    )
                )
                if corrected_is_right
                else (lambda squares, v_factor, epsilon: np.sqrt(squares * v_factor) + epsilon),
                "θ ← θ − α m / (√v + ε)" if corrected_is_right else "θ ← θ − η m̂ / (√v̂ + ε)",
                names,
            ),
        ),
        convention=True,
    )
    return (
        plain,
        Deviation(
            "epsilon-inside-root",
            "ε is added inside the root of the corrected v",
            "Inside the root ε acts as if it were √ε, a thousand times larger or more.",
            (
                Line(
                    "denominator",
                    lambda squares, v_factor, epsilon: np.sqrt(squares * v_factor + epsilon),
                    "θ ← θ − η m̂ / √(v̂ + ε)",
                    names,
                ),
            ),
        ),
        Deviation(
            "epsilon-inside-root-uncorrected",
            "ε is added inside the root of the uncorrected v",
            "Inside the root ε acts as if it were √ε, a thousand times larger or more.",
            (
                Line(
                    "denominator",
                    lambda squares, v_factor, epsilon: np.sqrt((squares + epsilon) * v_factor),
                    "θ ← θ − α m / √(v + ε)",
                    names,
                ),
            ),
        ),
        Deviation(
            "root-missing",
            "the root of v is missing",
            "The step is divided by a square: small gradients make huge steps.",
            (
                Line(
                    "denominator",
                    lambda squares, v_factor, epsilon: squares * v_factor + epsilon,
                    "θ ← θ − η m̂ / (v̂ + ε)",
                    names,
                ),
            ),
        ),
        Deviation(
            "epsilon-after-division",
            "ε is added to the fraction, not to its denominator",
            "A parenthesis is missing: m̂ / √v̂ + ε means (m̂ / √v̂) + ε.",
            (
                Line(
                    "denominator",
                    lambda squares, v_factor: np.sqrt(squares * v_factor),
                    "",
                    names,
                ),
                Line(
                    "direction",
                    lambda numerator, denominator, epsilon: numerator / denominator + epsilon,
                    "θ ← θ − η (m̂ / √v̂ + ε)",
                ),
            ),
        ),
        Deviation(
            "root-multiplied",
            "m̂ is multiplied by the root of v̂",
            "It must be divided by it.",
            (
                Line(
                    "direction",
                    lambda numerator, denominator: numerator * denominator,
                    "θ ← θ − η m̂ (√v̂ + ε)",
                ),
            ),
        ),
    )
