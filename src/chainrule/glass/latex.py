"""Equations of Unicode text as LaTeX."""

from __future__ import annotations


def latex(equation: str) -> str:
    """``"∂L/∂W = xᵀ z̄"`` as ``"\\frac{…}"``."""
    return equation
