"""Why a number is not finite, in words: read off the line that computed it."""

from __future__ import annotations

import ast

import numpy as np

from chainrule.glass.nonfinite import NonFinite

LARGE = 1e3
"""Inputs beyond this are worth a word: layers begin with weights that suit inputs around 1."""


def cause_of(found: NonFinite, dtype: str) -> str:
    """One sentence.

    Args:
        found: The number.
        dtype: Float type of the arithmetic.
    """
    match found.stage:
        case "input":
            return "The data hold it: training cannot mend what it is given."
        case "target":
            return "The targets or sample weights hold it."
        case "parameter":
            return "It was so before the step: set so, or read so from a file."
        case "update":
            return "The gradient is finite, but its update leaves what numbers can hold."
    return _of_line(found, np.dtype(dtype))


def _of_line(found: NonFinite, dtype: np.dtype[np.floating]) -> str:
    top = float(np.finfo(dtype).max)
    largest = max(found.taken.values(), default=0.0)
    calls, divides, multiplies = _operations(found.line.code if found.line else "")
    if "exp" in calls and largest > np.log(top) and not np.isnan(found.value):
        return (
            f"e^x overflows above x = {np.log(top):.1f} in {dtype}; here |x| reaches {largest:.3g}."
        )
    if calls & {"log", "log1p", "log2"}:
        return "The logarithm of 0 is −∞, and of a negative number NaN."
    if "sqrt" in calls:
        return "The square root of a negative number is NaN."
    if divides and largest < top**0.5:
        return "Something is divided by 0."
    if multiplies or calls & {"sum", "square", "power", "exp"}:
        return f"Numbers up to {largest:.3g} make one that {dtype} cannot hold (above {top:.2g})."
    return f"{found.rule} made it of numbers up to {largest:.3g}."


def _operations(code: str) -> tuple[set[str], bool, bool]:
    """NumPy's functions that a line calls; whether it divides; whether it multiplies."""
    nodes = list(ast.walk(ast.parse(code, mode="eval"))) if code else []
    calls = {
        n.func.attr for n in nodes if isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute)
    }
    operators = {type(n.op) for n in nodes if isinstance(n, ast.BinOp)}
    multiplies = bool(operators & {ast.Mult, ast.MatMult, ast.Pow})
    return calls, ast.Div in operators, multiplies
