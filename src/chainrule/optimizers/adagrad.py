"""Adagrad: steps divided by the root of the sum of all squared gradients."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Unpack

import numpy as np

from chainrule.core.rule import UpdateRule, update_rule
from chainrule.optimizers.optimizer import Optimizer
from chainrule.optimizers.settings import Common, Rate, not_negative, positive


@update_rule("adagrad", "theta[P] grad[P] squares[P]:positive -> theta[P] squares[P]")
def adagrad(theta, grad, squares, *, learning_rate, epsilon):
    """Adagrad (Duchi et al., 2011, fig. 1, diagonal), ε inside the root."""
    squares = squares + grad * grad  # G ← G + g²
    theta = theta - learning_rate * grad / np.sqrt(squares + epsilon)  # θ ← θ − η g / √(G + ε)
    return theta, squares  # θ, G


class Adagrad(Optimizer):
    """Adagrad.

    Args:
        learning_rate: Step size η.
        initial_accumulator_value: What the sums of squares begin at.
        epsilon: ε, inside the root as in Keras (PyTorch adds it outside).
        **common: See :class:`Optimizer`.
    """

    def __init__(
        self,
        learning_rate: Rate = 0.001,
        initial_accumulator_value: float = 0.1,
        epsilon: float = 1e-7,
        **common: Unpack[Common],
    ) -> None:
        start = not_negative("initial_accumulator_value", initial_accumulator_value)
        own = {"initial_accumulator_value": start, "epsilon": positive("epsilon", epsilon)}
        super().__init__(learning_rate, own, **common)

    @property
    def start(self) -> Mapping[str, float]:
        return {"squares": self.hyperparameters["initial_accumulator_value"]}

    def rules(self) -> tuple[UpdateRule, ...]:
        return (adagrad,)
