"""What can be done otherwise in every update rule: its sign, its step size, decay, its state."""

from __future__ import annotations

from chainrule.glass.update_rules.faults.form import Deviation, Line

GRADIENT = Line("gradient", lambda grad: grad)
STEP = Line("step", lambda learning_rate, direction: learning_rate * direction)
DECAYED = Line(
    "decayed",
    lambda theta, weight_decay, learning_rate: theta - theta * weight_decay * learning_rate,
)
MOVED = Line("moved", lambda decayed, step: decayed - step)
THETA = Line("theta", lambda moved: moved)
"""The frame: a family's own lines stand after GRADIENT and make ``direction``."""

FRAME = {"step": ("theta",), "moved": ("theta",), "decayed": ("decay",), "theta": ("decay",)}
"""Where the library's rules say what the frame says."""

EPSILONS = (1e-12, 1e-10, 1e-9, 1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 2.0**-52, 0.0)
"""Sizes of ε that people write."""

SHARES = (0.0, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999, 0.9999)
"""Sizes of β and ρ that people write."""


def framed(*own: Line) -> tuple[Line, ...]:
    """A rule's own lines among those that all rules have."""
    return (GRADIENT, *own, STEP, DECAYED, MOVED, THETA)


def motion() -> tuple[Deviation, ...]:
    """Mistakes that need no knowledge of the rule: sign, step size, which parameters move."""
    return (
        Deviation(
            "update-sign",
            "the step is added, not subtracted",
            "The parameters go up the slope: the loss grows.",
            (Line("moved", lambda decayed, step: decayed + step, "θ ← θ + step"),),
        ),
        Deviation(
            "learning-rate-missing",
            "the learning rate is missing",
            "Steps are as long as if η were 1.",
            (Line("step", lambda direction: direction, "step without η"),),
        ),
        Deviation(
            "learning-rate-twice",
            "the learning rate is multiplied in twice",
            "Steps are too short by the factor η.",
            (
                Line(
                    "step",
                    lambda learning_rate, direction: learning_rate**2 * direction,
                    "step with η² in place of η",
                ),
            ),
        ),
        Deviation(
            "parameters-unchanged",
            "the parameters stay as they are",
            "In a loop, `p = p - …` makes a new array and leaves the old one; write `p -= …` or "
            "`params[key] = …`, or return the new values.",
            (Line("theta", lambda theta: theta, "θ ← θ"),),
            at=("moved",),
        ),
        Deviation(
            "first-parameter-only",
            "only the first parameter is moved",
            "A `return` inside the loop over the parameters ends it after the first.",
            walk="first",
            shown="θ ← θ for all parameters but the first",
            at=("moved",),
        ),
        Deviation(
            "last-parameter-only",
            "only the last parameter is moved",
            "The line that moves the parameters stands below the loop, not in it.",
            walk="last",
            shown="θ ← θ for all parameters but the last",
            at=("moved",),
        ),
    )


def bookkeeping(*states: str) -> tuple[Deviation, ...]:
    """State that is not kept, or not kept apart.

    Args:
        *states: The rule's state arrays.
    """
    found = []
    for chosen in [(name,) for name in states] + ([states] if len(states) > 1 else []):
        names, key = " and ".join(chosen), "-and-".join(chosen)
        found.append(
            Deviation(
                f"{key}-not-kept",
                f"{names} {'are' if len(chosen) > 1 else 'is'} not kept from step to step",
                "Every step begins as the first one does: the state is made anew, or what was "
                "computed is not written (or returned) where the next step looks for it.",
                forgets=chosen,
                shown=f"every step begins with {names} as before the first step",
                at=chosen,
            )
        )
        found.append(
            Deviation(
                f"{key}-shared",
                f"all parameters share one {names}",
                "Each parameter needs state of its own; one array for all mixes their gradients.",
                shares=chosen,
                shown=f"one {names} for all parameters",
                at=chosen,
            )
        )
    return tuple(found)


def counting(*places: str) -> tuple[Deviation, ...]:
    """For rules that use the step t: it goes up too often.

    Args:
        *places: Where t is used.
    """
    return (
        Deviation(
            "t-counted-per-parameter",
            "t goes up with every parameter",
            "The step counter is raised inside the loop over the parameters, not before it.",
            walk="counts",
            shown="t ← t + 1 for every parameter",
            at=places,
        ),
    )


def decays(coupled_is_convention: bool) -> tuple[Deviation, ...]:
    """Weight decay in another place.

    Args:
        coupled_is_convention: Whether some libraries do so under the rule's name.
    """
    kept = Line("decayed", lambda theta: theta)
    return (
        Deviation(
            "decay-missing",
            "weights do not decay",
            "λ is not used.",
            (Line("decayed", kept.compute, "θ is not shrunk by λ"),),
        ),
        Deviation(
            "decay-coupled",
            "the decay is added to the gradient (L2), not taken from the weights",
            "The decay then passes through the moments and the division by their root, so that "
            "weights with large gradients decay less; keeping it apart is what AdamW is. "
            "(PyTorch's `weight_decay` is coupled in all but AdamW.)",
            (
                kept,
                Line(
                    "gradient",
                    lambda grad, theta, weight_decay: grad + weight_decay * theta,
                    "g ← g + λ θ",
                ),
            ),
            convention=coupled_is_convention,
            at=("decayed",),
        ),
        Deviation(
            "decay-inside-step",
            "the decay is divided by the root of v like the gradient",
            "λ θ is added to the moment, inside the fraction.",
            (
                kept,
                Line(
                    "numerator",
                    lambda m, m_factor, weight_decay, theta: m * m_factor + weight_decay * theta,
                    "θ ← θ − η (m̂ + λ θ) / (√v̂ + ε)",
                ),
            ),
            at=("decayed",),
        ),
        Deviation(
            "decay-after-step",
            "the weights decay after the step, not before it",
            "The step itself is shrunk too.",
            (
                kept,
                Line(
                    "theta",
                    lambda moved, weight_decay, learning_rate: (
                        moved - moved * weight_decay * learning_rate
                    ),
                    "θ ← θ − step, then θ ← θ − θ λ η",
                ),
            ),
            at=("decayed",),
        ),
        Deviation(
            "decay-without-rate",
            "the decay is not multiplied by the learning rate",
            "λ alone, as in the paper of Loshchilov & Hutter, where λ is a thousand times smaller; "
            "Keras and PyTorch have λ η.",
            (
                Line(
                    "decayed",
                    lambda theta, weight_decay: theta - theta * weight_decay,
                    "θ ← θ − θ λ",
                ),
            ),
            convention=True,
        ),
        Deviation(
            "decay-sign",
            "the weights grow instead of decaying",
            "λ θ has the wrong sign.",
            (
                Line(
                    "decayed",
                    lambda theta, weight_decay, learning_rate: (
                        theta + theta * weight_decay * learning_rate
                    ),
                    "θ ← θ + θ λ η",
                ),
            ),
        ),
    )


def sizes(option: str, symbol: str, values: tuple[float, ...]) -> tuple[Deviation, ...]:
    """A constant of another size.

    Args:
        option: Its name.
        symbol: Its letter.
        values: Sizes that people write.
    """
    return tuple(
        Deviation(
            f"{option.replace('_', '')}-size",
            f"{symbol} is {value:g}",
            "The constant is written into the rule, or the one that was given is not used.",
            options={option: value},
            shown=f"{symbol} = {value:g}",
        )
        for value in values
    )


def places_without(deviations: tuple[Deviation, ...], place: str) -> tuple[Deviation, ...]:
    """Those that do not touch a place that the rule lacks."""
    return tuple(one for one in deviations if all(line.place != place for line in one.lines))
