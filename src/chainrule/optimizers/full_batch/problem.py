"""What is minimized: a function of a vector with its gradient, and its curvature where needed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from chainrule.errors import ArgumentError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]


class Problem(Protocol):
    """A function of P variables. Vectors are float64, shape (P,)."""

    @property
    def precision(self) -> float:
        """The relative error of a value, at least: the spacing of the numbers it is made of."""
        ...

    def gradient(self, theta: Array) -> tuple[float, Array]:
        """The value and the gradient."""
        ...

    def hessian_vector(self, theta: Array, v: Array) -> Array:
        """The Hessian times ``v``."""
        ...

    def hessian(self, theta: Array) -> Array:
        """The Hessian, shape (P, P)."""
        ...

    def gauss_newton(self, theta: Array) -> Array:
        """The part of the Hessian that is left where residuals are linear, shape (P, P)."""
        ...


@dataclass(frozen=True)
class Function:
    """A problem from plain functions of a vector.

    Attributes:
        value_and_gradient: Gives the value and the gradient.
        second: Gives the Hessian, for the methods that need it.
        jacobian: Of a sum of squared residuals: gives ∂residual/∂θ, shape (residuals, P).

    Example:
        >>> from chainrule.optimizers import BFGS
        >>> bowl = Function(lambda x: (float(x @ x), 2 * x))
        >>> *_, last = BFGS().iterates(bowl, np.array([3.0, -4.0]))
        >>> last.loss < 1e-12
        True
    """

    value_and_gradient: Callable[[Array], tuple[float, Array]]
    second: Callable[[Array], Array] | None = None
    jacobian: Callable[[Array], Array] | None = None

    @property
    def precision(self) -> float:
        """That of float64."""
        return float(np.finfo(np.float64).eps)

    def gradient(self, theta: Array) -> tuple[float, Array]:
        """The value and the gradient."""
        return self.value_and_gradient(theta)

    def hessian(self, theta: Array) -> Array:
        """The Hessian.

        Raises:
            ArgumentError: It was not given.
        """
        if self.second is None:
            raise ArgumentError("This method needs the Hessian: give `second`.", second=None)
        return self.second(theta)

    def hessian_vector(self, theta: Array, v: Array) -> Array:
        """The Hessian times ``v``."""
        return self.hessian(theta) @ v

    def gauss_newton(self, theta: Array) -> Array:
        """2 JᵀJ, of Σ residual².

        Raises:
            ArgumentError: The Jacobian was not given.
        """
        if self.jacobian is None:
            raise ArgumentError("This method needs the Jacobian: give `jacobian`.", jacobian=None)
        jacobian = self.jacobian(theta)
        return 2 * jacobian.T @ jacobian
