"""FTRL: follow the regularised leader, which makes weights exactly 0."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np

from chainrule.core.rule import UpdateRule, update_rule
from chainrule.errors import ArgumentError
from chainrule.optimizers.optimizer import Optimizer
from chainrule.optimizers.settings import Common, Rate, not_negative

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]


@update_rule(
    "ftrl", "theta[P] grad[P] squares[P]:positive linear[P] -> theta[P] squares[P] linear[P]"
)
def ftrl(theta, grad, squares, linear, *, learning_rate, power, l1, l2, shrinkage, beta):
    """FTRL-proximal (McMahan et al., 2013, alg. 1), with β as an L2 penalty of β / 2η."""
    before = squares**power / learning_rate  # a = nᵖ / η
    squares = squares + grad * grad  # n ← n + g²
    after = squares**power / learning_rate  # b = nᵖ / η
    pull = grad + 2 * shrinkage * theta  # h = g + 2 λₛ θ
    linear = linear + pull - (after - before) * theta  # z ← z + h − (b − a) θ
    curvature = after + 2 * l2 + beta / learning_rate  # c = b + 2 λ₂ + β / η
    theta = (np.clip(linear, -l1, l1) - linear) / curvature  # θ ← (clip(z, ±λ₁) − z) / c
    return theta, squares, linear  # θ, n, z


class Ftrl(Optimizer):
    """FTRL-proximal, for sparse linear models.

    The weights are made anew at every step from the gradients seen: their initial values count in
    the first step only. The learning rate must never be 0.

    Args:
        learning_rate: η > 0.
        learning_rate_power: −p, at most 0: how steps shrink with the sum of squared gradients.
        initial_accumulator_value: What the sums of squares begin at.
        l1_regularization_strength: λ₁: weights whose gradients add up to less are 0.
        l2_regularization_strength: λ₂.
        l2_shrinkage_regularization_strength: λₛ: like λ₂, but it acts on the gradient.
        beta: β of the paper.
        **common: See :class:`Optimizer`.
    """

    def __init__(
        self,
        learning_rate: Rate = 0.001,
        learning_rate_power: float = -0.5,
        initial_accumulator_value: float = 0.1,
        l1_regularization_strength: float = 0.0,
        l2_regularization_strength: float = 0.0,
        l2_shrinkage_regularization_strength: float = 0.0,
        beta: float = 0.0,
        **common: Unpack[Common],
    ) -> None:
        if not learning_rate_power <= 0:
            raise ArgumentError(
                "`learning_rate_power` must be at most 0.", learning_rate_power=learning_rate_power
            )
        own = {
            "initial_accumulator_value": initial_accumulator_value,
            "l1_regularization_strength": l1_regularization_strength,
            "l2_regularization_strength": l2_regularization_strength,
            "l2_shrinkage_regularization_strength": l2_shrinkage_regularization_strength,
            "beta": beta,
        }
        checked = {name: not_negative(name, value) for name, value in own.items()}
        own = {"learning_rate_power": float(learning_rate_power), **checked}
        super().__init__(learning_rate, own, **common)

    @property
    def constants(self) -> Mapping[str, Any]:
        known = self.hyperparameters
        return {
            **known,
            "power": -known["learning_rate_power"],
            "l1": known["l1_regularization_strength"],
            "l2": known["l2_regularization_strength"],
            "shrinkage": known["l2_shrinkage_regularization_strength"],
        }

    @property
    def start(self) -> Mapping[str, float]:
        return {"squares": self.hyperparameters["initial_accumulator_value"]}

    def rules(self) -> tuple[UpdateRule, ...]:
        return (ftrl,)

    def scalars(self, first: int, count: int, part: float = 1.0) -> dict[str, Array]:
        """See :meth:`Optimizer.scalars`.

        Raises:
            ArgumentError: A learning rate is 0: weights would be divided by it.
        """
        found = super().scalars(first, count, part)
        if not np.all(found["learning_rate"] > 0):
            raise ArgumentError("The learning rate of Ftrl must be greater than 0.", steps=first)
        return found
