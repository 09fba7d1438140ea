"""How a line of numbers begins: what it computes, and at which place."""

from __future__ import annotations

from chainrule.glass.trace.application import Index
from chainrule.glass.trace.writing import SUM, Part, bracketed


def left_side(equation: str) -> tuple[str, str]:
    """What an equation gives a name to, and how: ``("α", "=")``, ``("m", "←")``.

    ``("", "=")`` where that is not one word.
    """
    places = {equation.find(f" {mark} "): mark for mark in ("=", "←")}
    found = sorted(place for place in places if place > 0)
    left = equation[: found[0]] if found else ""
    mark = places[found[0]] if found else "="
    return (left, mark) if left and not set(" ,:[(|") & set(left) else ("", mark)


def place_text(index: Index) -> str:
    """``"[0,1]"``; nothing for a number."""
    return f"[{','.join(map(str, index))}]" if index else ""


def line_text(label: str, part: Part, number: str) -> str:
    """``"e[0,1] = exp(−0.3) = 0.7408"``; the number once, if there is nothing else."""
    text = bracketed(part, SUM, True)
    return f"{label} {text}" if text == number else f"{label} {text} = {number}"
