"""Moving averages of gradients and of their squares, and how they are written otherwise."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.glass.update_rules.faults.form import Deviation, Line

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]


def average(state: str, weight: str, power: int) -> Line:
    """The line that is right: ``state ← weight · state + (1 − weight) · gᵖ``."""
    return _line(
        state, weight, lambda old, share, gradient: share * old + (1 - share) * gradient**power
    )


def averages(state: str, symbol: str, weight: str, share: str, power: int) -> tuple[Deviation, ...]:
    """What is done otherwise in a moving average.

    Args:
        state: Its name: ``"v"``.
        symbol: Its letter.
        weight: The option that says how slowly it forgets: ``"rho"``.
        share: That option's letter: ``"ρ"``.
        power: 1 for an average of gradients, 2 for one of squares.
    """
    new = "g²" if power == 2 else "g"

    def changed(
        name: str, title: str, why: str, equation: str, compute: Callable[..., Any]
    ) -> Deviation:
        line = _line(state, weight, compute, f"{symbol} ← {equation}")
        return Deviation(f"{state}-{name}", title, why, (line,))

    return (
        changed(
            "factor-missing",
            f"the new part of {symbol} lacks its factor 1 − {share}",
            f"{symbol} grows to 1 / (1 − {share}) times the average.",
            f"{share} {symbol} + {new}",
            lambda old, share, gradient: share * old + gradient**power,
        ),
        changed(
            "weights-swapped",
            f"{share} and 1 − {share} are swapped in {symbol}",
            f"{symbol} forgets what it should keep.",
            f"(1 − {share}) {symbol} + {share} {new}",
            lambda old, share, gradient: (1 - share) * old + share * gradient**power,
        ),
        changed(
            "old-factor-missing",
            f"the old {symbol} lacks its factor {share}",
            f"{symbol} never forgets, and grows.",
            f"{symbol} + (1 − {share}) {new}",
            lambda old, share, gradient: old + (1 - share) * gradient**power,
        ),
        changed(
            "summed",
            f"{symbol} is a sum, not an average",
            f"Both factors, {share} and 1 − {share}, are missing.",
            f"{symbol} + {new}",
            lambda old, gradient: old + gradient**power,
        ),
        changed(
            "starts-at-first",
            f"{symbol} begins with the first {new} in full",
            f"An average that begins at 0 has (1 − {share}) {new} after the first step.",
            f"{new} at the first step",
            lambda old, share, gradient, t: np.where(
                t == 1, gradient**power, share * old + (1 - share) * gradient**power
            ),
        ),
        Deviation(
            f"{state}-starts-at-one",
            f"{symbol} begins at 1",
            f"{symbol} is 0 before the first step.",
            start={state: 1.0},
            shown=f"{symbol} = 1 before the first step",
            at=(state,),
        ),
        *(_of_squares if power == 2 else _of_gradients)(state, symbol, weight, share),
    )


def _of_squares(state: str, symbol: str, weight: str, share: str) -> tuple[Deviation, ...]:
    kept = f"{symbol} ← {share} {symbol} + "
    return (
        Deviation(
            f"{state}-not-squared",
            f"the gradient is not squared in {symbol}",
            f"{symbol} may be negative, and its root is NaN then.",
            (
                _line(
                    state,
                    weight,
                    lambda old, share, gradient: share * old + (1 - share) * gradient,
                    f"{kept}(1 − {share}) g",
                ),
            ),
        ),
        Deviation(
            f"{state}-of-magnitudes",
            f"{symbol} takes |g|, not g²",
            f"√{symbol} is then no size of a gradient.",
            (
                _line(
                    state,
                    weight,
                    lambda old, share, gradient: share * old + (1 - share) * np.abs(gradient),
                    f"{kept}(1 − {share}) |g|",
                ),
            ),
        ),
        Deviation(
            f"{state}-factor-squared",
            f"1 − {share} is squared together with the gradient",
            "A parenthesis stands in the wrong place.",
            (
                _line(
                    state,
                    weight,
                    lambda old, share, gradient: share * old + ((1 - share) * gradient) ** 2,
                    f"{kept}((1 − {share}) g)²",
                ),
            ),
        ),
    )


def _of_gradients(state: str, symbol: str, weight: str, share: str) -> tuple[Deviation, ...]:
    return (
        Deviation(
            f"{state}-squared",
            f"the gradient is squared in {symbol}",
            "The sign of the gradient is lost.",
            (
                _line(
                    state,
                    weight,
                    lambda old, share, gradient: share * old + (1 - share) * gradient**2,
                    f"{symbol} ← {share} {symbol} + (1 − {share}) g²",
                ),
            ),
        ),
    )


def _line(state: str, weight: str, compute: Callable[..., Array], equation: str = "") -> Line:
    return Line(state, compute, equation, {"old": state, "share": weight})
