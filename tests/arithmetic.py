"""Reads an equation with numbers, as a person with a calculator would."""

import math
import re

import numpy as np

SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
FUNCTIONS = {
    "exp": np.exp,
    "ln": np.log,
    "tanh": np.tanh,
    "sign": np.sign,
    "clip": lambda x, low, high: min(max(x, low), high),
    "step": np.heaviside,
    "hypot": np.hypot,
    "max": max,
    "min": min,
    "root": np.sqrt,
    "power": lambda a, b: a**b,
    "abs": abs,
    "nan": math.nan,
    "inf": math.inf,
}


def evaluate(text):
    """The number that a text like ``(1 where 0.3 ≥ 0) / (1 + 0.74)`` stands for."""
    code = re.sub(r"([⁰¹²³⁴⁵⁶⁷⁸⁹⁻]+)", lambda m: f"**({m[1].translate(SUPERSCRIPTS)})", text)
    code = code.replace("^", "**").replace("−", "-").replace("·", "*").replace("∞", "inf")
    code = code.replace("NaN", "nan").replace("≥", ">=").replace("≤", "<=").replace("≠", "!=")
    code = re.sub(r"(?<![<>!=]) = ", " == ", code)
    code = _bars(code).replace("[", "float(").replace("]", ")")
    code = re.sub(r"√(\d[\d.]*)", r"root(\1)", code).replace("√(", "root(")
    code = re.sub(r" where ", " if ", code)
    return eval(_with_else(code), {"__builtins__": {"float": float}}, FUNCTIONS)


def _bars(code):
    """``|x|`` as ``abs(x)``: a bar opens where a value may begin."""
    out, before = [], ""
    for letter in code:
        if letter == "|":
            opens = not before or before in "([+-*/,=<>" or "".join(out).endswith("where ")
            letter = "abs(" if opens else ")"
            before = "(" if opens else ")"
        elif letter != " ":
            before = letter
        out.append(letter)
    return "".join(out)


def _with_else(code):
    """``(a if b)`` as ``(a if b else nan)``."""
    out, open_ifs = [], [False]
    for place, letter in enumerate(code):
        if letter == "(":
            open_ifs.append(False)
        elif code.startswith(" if ", place):
            open_ifs[-1] = True
        elif letter == ")" and open_ifs.pop():
            out.append(" else nan")
        out.append(letter)
    return "".join(out)
