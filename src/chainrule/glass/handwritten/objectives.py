"""Losses that a network's gradient may be of, and the factors that go with them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule import activations
from chainrule.errors import UnknownNameError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]


@dataclass(frozen=True)
class Objective:
    """A loss, summed over samples and outputs.

    Attributes:
        id: Its name.
        formula: The sum.
        error: The derivative with respect to the output, as a formula.
        value: The sum of an output and targets.
        derivative: ∂L/∂a.
        residual: What remains of ∂L/∂z beside an activation that fits, mostly a − y.
        fits: Activations of the output that people use with it.
    """

    id: str
    formula: str
    error: str
    value: Callable[[Array, Array], float]
    derivative: Callable[[Array, Array], Array]
    residual: Callable[[Array, Array], Array]
    fits: tuple[str, ...]


SQUARED = Objective(
    "squared",
    "½ Σ (a − y)²",
    "a − y",
    lambda a, y: float(np.sum((a - y) ** 2)) / 2,
    lambda a, y: a - y,
    lambda a, y: a - y,
    (),
)
BINARY = Objective(
    "binary_crossentropy",
    "−Σ (y ln a + (1 − y) ln(1 − a))",
    "(a − y) / (a (1 − a))",
    lambda a, y: float(-np.sum(y * np.log(a) + (1 - y) * np.log(1 - a))),
    lambda a, y: (a - y) / (a * (1 - a)),
    lambda a, y: a - y,
    ("sigmoid",),
)
CATEGORICAL = Objective(
    "categorical_crossentropy",
    "−Σ y ln a",
    "−y / a",
    lambda a, y: float(-np.sum(y * np.log(a))),
    lambda a, y: -y / a,
    lambda a, y: a - y,
    ("softmax",),
)
LOGITS = Objective(
    "categorical_crossentropy of logits",
    "−Σ y ln softmax(a)",
    "softmax(a) − y",
    lambda a, y: float(-np.sum(y * np.log(activations.softmax.forward(a)))),
    lambda a, y: activations.softmax.forward(a) - y,
    lambda a, y: activations.softmax.forward(a) - y,
    ("linear",),
)
BINARY_LOGITS = Objective(
    "binary_crossentropy of logits",
    "−Σ (y ln σ(a) + (1 − y) ln(1 − σ(a)))",
    "σ(a) − y",
    lambda a, y: float(np.sum(np.logaddexp(0, a) - y * a)),
    lambda a, y: activations.sigmoid.forward(a) - y,
    lambda a, y: activations.sigmoid.forward(a) - y,
    ("linear",),
)
ABSOLUTE = Objective(
    "absolute",
    "Σ |a − y|",
    "sign(a − y)",
    lambda a, y: float(np.sum(np.abs(a - y))),
    lambda a, y: np.sign(a - y),
    lambda a, y: np.sign(a - y),
    (),
)
OBJECTIVES = (SQUARED, BINARY, CATEGORICAL, LOGITS, BINARY_LOGITS, ABSOLUTE)


@dataclass(frozen=True)
class Scale:
    """What a sum of losses is multiplied by: ``factor / nᵖ``.

    Attributes:
        factor: The constant; a mean over K outputs is part of it.
        power: 1 for a mean over samples.
    """

    factor: float
    power: int

    def of(self, samples: int) -> float:
        """The number for so many samples."""
        return self.factor / samples**self.power


def conventions(objective: Objective, outputs: int) -> list[Scale]:
    """The scales that a loss is used with, the commonest first."""
    found = [Scale(1.0, 1), Scale(1.0, 0), Scale(1 / outputs, 1)]
    if objective is SQUARED:
        found += [Scale(2.0, 1), Scale(2.0, 0), Scale(2 / outputs, 1)]
    return list(dict.fromkeys(found))


def described(objective: Objective, scale: Scale, outputs: int) -> str:
    """The loss as a formula."""
    factor, power = scale.factor, scale.power
    parts = objective.formula
    if objective is SQUARED:
        factor, parts = factor / 2, "Σ (a − y)²"
    below = "n" if power else ""
    if power and factor not in (1.0, 0.5) and factor * outputs in (1.0, 0.5):
        factor, below = factor * outputs, f"({outputs} n)"
    told = {1.0: "", 0.5: "½ "}.get(round(factor, 12), f"{factor:.6g} ")
    sign, parts = ("−", parts[1:]) if parts.startswith("−") else ("", parts)
    return f"{sign}{told}{parts}" + (f" / {below}" if below else "")


def _named(objective: Objective, factor: float, power: int, per_output: bool) -> Any:
    return lambda outputs: (objective, Scale(factor / (outputs if per_output else 1), power))


_NAMES: dict[str, Any] = {
    "mse": _named(SQUARED, 2, 1, True),
    "mean_squared_error": _named(SQUARED, 2, 1, True),
    "half_mse": _named(SQUARED, 1, 1, True),
    "sse": _named(SQUARED, 2, 0, False),
    "sum_of_squares": _named(SQUARED, 2, 0, False),
    "half_sse": _named(SQUARED, 1, 0, False),
    "half_sum_of_squares": _named(SQUARED, 1, 0, False),
    "mae": _named(ABSOLUTE, 1, 1, True),
    "binary_crossentropy": _named(BINARY, 1, 1, True),
    "bce": _named(BINARY, 1, 1, True),
    "binary_crossentropy_sum": _named(BINARY, 1, 0, False),
    "categorical_crossentropy": _named(CATEGORICAL, 1, 1, False),
    "sparse_categorical_crossentropy": _named(CATEGORICAL, 1, 1, False),
    "crossentropy": _named(CATEGORICAL, 1, 1, False),
    "cross_entropy": _named(CATEGORICAL, 1, 1, False),
    "categorical_crossentropy_sum": _named(CATEGORICAL, 1, 0, False),
}


def stated(name: str, outputs: int, output: str) -> tuple[Objective, Scale]:
    """A loss by its name.

    Args:
        name: Keras' name, or one for a sum.
        outputs: How many outputs a sample has, over which Keras' means are taken.
        output: The activation of the output.

    Raises:
        UnknownNameError: There is no such loss.
    """
    if name not in _NAMES:
        known = ", ".join(repr(one) for one in _NAMES)
        raise UnknownNameError(f"`loss` must be a function, or one of {known}.", loss=name)
    objective, scale = _NAMES[name](outputs)
    if output == "linear" and objective is not SQUARED:
        objective = {BINARY: BINARY_LOGITS, CATEGORICAL: LOGITS}.get(objective, objective)
    return objective, scale


def recognized(
    samples: Sequence[tuple[Array, Array, float]], output: str
) -> tuple[Objective, Scale] | None:
    """The loss whose values these are: ``(output, targets, value)`` at several points."""
    for objective in sorted(OBJECTIVES, key=lambda one: output not in one.fits):
        with np.errstate(all="ignore"):
            sums = [objective.value(a, y) for a, y, _ in samples]
        for power in (0, 1):
            factors = [
                value * len(a) ** power / total
                for (a, _, value), total in zip(samples, sums, strict=True)
                if total
            ]
            if factors and np.ptp(factors) <= 1e-6 * abs(factors[0]) and factors[0] > 0:
                outputs = samples[0][0].shape[1]
                return objective, _round(Scale(factors[0], power), outputs)
    return None


def _round(scale: Scale, outputs: int) -> Scale:
    """The exact scale next to one that was measured."""
    for exact in (1.0, 2.0, 0.5, 1 / outputs, 2 / outputs, 0.5 / outputs):
        if abs(scale.factor - exact) < 1e-5 * exact:
            return Scale(exact, scale.power)
    return scale


def candidates(output: str) -> Iterator[Objective]:
    """Losses that people use with an activation of the output, the commonest first."""
    if output == "softmax":
        yield CATEGORICAL
        yield SQUARED
    elif output == "linear":
        yield SQUARED
        yield LOGITS
        yield BINARY_LOGITS
    elif output == "sigmoid":
        yield SQUARED
        yield BINARY
    else:
        yield SQUARED
