"""Adadelta: steps whose size is the root mean square of the steps before."""

from __future__ import annotations

from typing import Unpack

import numpy as np

from chainrule.core.rule import UpdateRule, update_rule
from chainrule.optimizers.optimizer import Optimizer
from chainrule.optimizers.settings import Common, Rate, fraction, positive


@update_rule(
    "adadelta",
    "theta[P] grad[P] squares[P]:positive steps[P]:positive -> theta[P] squares[P] steps[P]",
)
def adadelta(theta, grad, squares, steps, *, learning_rate, rho, epsilon):
    """Adadelta (Zeiler, 2012, alg. 1)."""
    squares = rho * squares + (1 - rho) * grad * grad  # G ← ρ G + (1 − ρ) g²
    step = np.sqrt(steps + epsilon) * grad / np.sqrt(squares + epsilon)  # s = √(S+ε) g / √(G+ε)
    steps = rho * steps + (1 - rho) * step * step  # S ← ρ S + (1 − ρ) s²
    theta = theta - learning_rate * step  # θ ← θ − η s
    return theta, squares, steps  # θ, G, S


class Adadelta(Optimizer):
    """Adadelta.

    Args:
        learning_rate: Step size η; the paper's is 1.
        rho: ρ: how slowly the averages of squares forget.
        epsilon: ε, inside the roots.
        **common: See :class:`Optimizer`.
    """

    def __init__(
        self,
        learning_rate: Rate = 0.001,
        rho: float = 0.95,
        epsilon: float = 1e-7,
        **common: Unpack[Common],
    ) -> None:
        own = {"rho": fraction("rho", rho), "epsilon": positive("epsilon", epsilon)}
        super().__init__(learning_rate, own, **common)

    def rules(self) -> tuple[UpdateRule, ...]:
        return (adadelta,)
