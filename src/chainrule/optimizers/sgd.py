"""Stochastic gradient descent: plain, with momentum, and with Nesterov's look-ahead."""

from __future__ import annotations

from typing import Unpack

import numpy as np  # noqa: F401  (rules are rebound to other namespaces by this name)

from chainrule.core.rule import UpdateRule, update_rule
from chainrule.optimizers.optimizer import Optimizer
from chainrule.optimizers.settings import Common, Rate, share


@update_rule("sgd", "theta[P] grad[P] -> theta[P]")
def sgd(theta, grad, *, learning_rate):
    """Gradient descent."""
    return theta - learning_rate * grad  # θ ← θ − η g


@update_rule("momentum", "theta[P] grad[P] velocity[P] -> theta[P] velocity[P]")
def momentum_sgd(theta, grad, velocity, *, learning_rate, momentum):
    """Gradient descent with momentum (Polyak, 1964)."""
    velocity = momentum * velocity - learning_rate * grad  # v ← β v − η g
    theta = theta + velocity  # θ ← θ + v
    return theta, velocity  # θ, v


@update_rule("nesterov", "theta[P] grad[P] velocity[P] -> theta[P] velocity[P]")
def nesterov_sgd(theta, grad, velocity, *, learning_rate, momentum):
    """Momentum with the gradient taken one step ahead (Sutskever et al., 2013, eqs. 3-4)."""
    descent = learning_rate * grad  # d = η g
    velocity = momentum * velocity - descent  # v ← β v − d
    theta = theta + momentum * velocity - descent  # θ ← θ + β v − d
    return theta, velocity  # θ, v


class SGD(Optimizer):
    """Stochastic gradient descent, with momentum if asked.

    Args:
        learning_rate: Step size η.
        momentum: β in [0, 1]: how much of the last step is kept.
        nesterov: Whether momentum looks ahead.
        **common: See :class:`Optimizer`.

    Note:
        The learning rate is inside the velocity, as in Keras; PyTorch's is outside, which differs
        when it changes.
    """

    def __init__(
        self,
        learning_rate: Rate = 0.01,
        momentum: float = 0.0,
        nesterov: bool = False,
        **common: Unpack[Common],
    ) -> None:
        own = {"momentum": share("momentum", momentum), "nesterov": bool(nesterov)}
        super().__init__(learning_rate, own, **common)

    def rules(self) -> tuple[UpdateRule, ...]:
        if not self.hyperparameters["momentum"]:
            return (sgd,)
        return (nesterov_sgd if self.hyperparameters["nesterov"] else momentum_sgd,)
