"""Gauss and Newton's method for squared losses, damped by Levenberg and Marquardt."""

from __future__ import annotations

from chainrule.optimizers.full_batch.damping import DampedWalk
from chainrule.optimizers.full_batch.full_batch import GTOL, SelfPaced
from chainrule.optimizers.full_batch.problem import Problem
from chainrule.optimizers.full_batch.walk import Walk
from chainrule.optimizers.settings import positive


class GaussNewton(SelfPaced):
    """The method of Levenberg (1944) and Marquardt (1963) for mean squared errors.

    Near a good fit the Hessian of a sum of squares is nearly G = 2 JᵀJ, with the predictions'
    derivatives J. A step solves (G + μ I) p = −g. The damping μ shrinks after a step that lowers
    the loss about as G foretells, and grows until one does (Nielsen, 1999). There is no line
    search.

    Args:
        damping: The first μ, as a share of G's largest eigenvalue.
        gtol: See :class:`FullBatch`.
        ftol: See :class:`FullBatch`.
        name: Shown in messages.
    """

    def __init__(
        self,
        damping: float = 1e-3,
        gtol: float = GTOL,
        ftol: float = 0.0,
        name: str | None = None,
    ) -> None:
        super().__init__({"damping": positive("damping", damping)}, gtol, ftol, name)

    def begin(self, problem: Problem) -> Walk:
        return DampedWalk(problem, problem.gauss_newton, self._own["damping"])


LevenbergMarquardt = GaussNewton
"""The same optimizer by its inventors' names."""
