"""Arithmetic as text: numbers, operators and functions, with brackets where they are needed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from chainrule.glass.trace.application import Index

CONDITION, SUM, PRODUCT, POWER, ATOM = range(5)
"""How strongly the parts of a text hold together."""


@dataclass(frozen=True)
class Read:
    """A number that was read.

    Attributes:
        name: The entry.
        index: Its place; ``None`` where a whole array was read in a way that cannot be followed.
        value: The number; ``None`` for a whole array.
    """

    name: str
    index: Index | None
    value: Any


@dataclass(frozen=True)
class Term:
    """One term of a sum.

    Attributes:
        text: Its factors, substituted.
        value: What it is.
        factors: The numbers that it was made of.
    """

    text: str
    value: Any
    factors: tuple[Read, ...]


@dataclass(frozen=True)
class Part:
    """A part of an equation with its numbers.

    Attributes:
        text: What is written.
        value: What it is.
        rank: How strongly it holds together.
        reads: The numbers that it was made of.
        terms: The terms of the sum that it is, or of the one Σ in it.
        is_sum: Whether it is that sum, and nothing else.
        is_total: Whether that sum is a Σ over an axis, with or without more.
    """

    text: str
    value: Any
    rank: int = ATOM
    reads: tuple[Read, ...] = ()
    terms: tuple[Term, ...] = ()
    is_sum: bool = False
    is_total: bool = False


_SMALL: Final = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


def number_text(value: Any, digits: int = 4) -> str:
    """A number with so many significant digits: ``"−0.3333"``, ``"1.2e−05"``, ``"∞"``."""
    if isinstance(value, bool | np.bool_):
        return "1" if value else "0"
    if isinstance(value, int | np.integer):
        return str(int(value)).replace("-", "−")
    number = float(value)
    if math.isnan(number):
        return "NaN"
    if math.isinf(number):
        return "∞" if number > 0 else "−∞"
    return f"{number:.{digits}g}".replace("-", "−")


def number(value: Any, digits: int, reads: tuple[Read, ...] = ()) -> Part:
    """A number as a part; one with an exponent of ten holds together as a power does."""
    text = number_text(value, digits)
    return Part(text, value, POWER if "e" in text else ATOM, reads)


def bracketed(part: Part, least: int, negative: bool = False) -> str:
    """A part's text, in brackets if it holds together less than ``least``.

    Args:
        part: The part.
        least: The rank that needs no brackets; conditions have brackets of their own: ``[z > 0]``.
        negative: Whether a leading minus may stand without.
    """
    if part.rank == CONDITION:
        return f"[{part.text}]"
    if part.rank < least or (part.text.startswith("−") and not negative):
        return f"({part.text})"
    return part.text


def _reads(parts: Sequence[Part]) -> tuple[Read, ...]:
    return tuple(read for part in parts for read in part.reads)


def _inner_terms(parts: Sequence[Part]) -> tuple[Term, ...]:
    """The terms of the only Σ among some parts."""
    sums = [part.terms for part in parts if part.is_total]
    return sums[0] if len(sums) == 1 else ()


def binary(mark: str, left: Part, right: Part, value: Any) -> Part:
    """``a + b``, ``a − b``, ``a · b``, ``a / b``."""
    parts = (left, right)
    if mark in "+−":
        text = f"{bracketed(left, SUM, True)} {mark} {bracketed(right, SUM + (mark == '−'))}"
        is_total = left.is_total or right.is_total
        return Part(text, value, SUM, _reads(parts), _terms(mark, left, right), True, is_total)
    text = f"{bracketed(left, PRODUCT, True)} {mark} {bracketed(right, PRODUCT + (mark == '/'))}"
    return _around(parts, text, value, PRODUCT)


def _around(parts: Sequence[Part], text: str, value: Any, rank: int) -> Part:
    """What is made of some parts; it has the terms of a Σ among them."""
    terms = _inner_terms(parts)
    return Part(text, value, rank, _reads(parts), terms, is_total=bool(terms))


def _terms(mark: str, left: Part, right: Part) -> tuple[Term, ...]:
    """The terms of a sum or difference; those of a sum within count one by one."""
    found = [*_own_terms(left)]
    if mark == "+":
        return (*found, *_own_terms(right))
    minus = Term(f"−{bracketed(right, PRODUCT)}", -_plain(right.value), right.reads)
    return (*found, minus)


def _plain(value: Any) -> Any:
    return int(value) if isinstance(value, bool | np.bool_) else value


def _own_terms(part: Part) -> tuple[Term, ...]:
    return part.terms if part.is_sum and part.terms else (as_term(part),)


def as_term(part: Part) -> Term:
    """A part as a term of a sum."""
    return Term(part.text, part.value, part.reads)


def power(base: Part, exponent: Part, value: Any) -> Part:
    """``a²``, ``a^b``."""
    below = bracketed(base, ATOM)
    whole = exponent.text.replace("−", "-")
    small = not exponent.reads and whole.lstrip("-").isdigit()
    above = whole.translate(_SMALL) if small else f"^{bracketed(exponent, ATOM)}"
    return Part(f"{below}{above}", value, POWER, _reads((base, exponent)))


def negative(part: Part, value: Any) -> Part:
    """``−a``."""
    return _around([part], f"−{bracketed(part, PRODUCT)}", value, PRODUCT)


def function(name: str, parts: Sequence[Part], value: Any) -> Part:
    """``exp(a)``, ``max(a, b)``."""
    inside = ", ".join(bracketed(part, SUM, True) for part in parts)
    return _around(parts, f"{name}({inside})", value, ATOM)


def magnitude(part: Part, value: Any) -> Part:
    """``|a|``."""
    return _around([part], f"|{bracketed(part, SUM, True)}|", value, ATOM)


def root(part: Part, value: Any) -> Part:
    """``√a``, ``√(a + b)``."""
    return _around([part], f"√{bracketed(part, ATOM)}", value, ATOM)


def condition(mark: str, left: Part, right: Part, value: Any) -> Part:
    """``a > b``."""
    text = f"{bracketed(left, SUM, True)} {mark} {bracketed(right, SUM, True)}"
    return Part(text, value, CONDITION, _reads((left, right)))


def joined_conditions(word: str, parts: Sequence[Part], value: Any) -> Part:
    """``a > b and c < d``."""
    texts = [
        f"({part.text})" if " and " in part.text or " or " in part.text else part.text
        for part in parts
    ]
    return Part(f" {word} ".join(texts), value, CONDITION, _reads(parts))


def chosen(part: Part, test: Part, holds: bool) -> Part:
    """What ``where`` took, and why: ``(1 where 0.3 ≥ 0)``."""
    reads = (*part.reads, *test.reads)
    if not test.reads:
        return replace(part, reads=reads)
    reason = test.text if holds else _denied(test.text)
    found = _around([part], f"({bracketed(part, SUM, True)} where {reason})", part.value, ATOM)
    return replace(found, reads=reads)


_OPPOSITE: Final = {" ≥ ": " < ", " < ": " ≥ ", " > ": " ≤ ", " ≤ ": " > ", " = ": " ≠ "}


def _denied(text: str) -> str:
    marks = [mark for mark in _OPPOSITE if mark in text]
    if len(marks) == 1 and text.count(marks[0]) == 1 and " and " not in text and " or " not in text:
        return text.replace(marks[0], _OPPOSITE[marks[0]])
    return f"not ({text})"


def total(parts: Sequence[Part], shown: Sequence[Part | None], value: Any) -> Part:
    """``a + b + c``; of many terms the first and the last.

    Args:
        parts: All terms.
        shown: Those that are written; ``None`` for what is left out.
        value: Their sum.
    """
    terms = tuple(as_term(part) for part in parts)
    texts = [
        "…" if part is None else bracketed(part, SUM, place == 0)
        for place, part in enumerate(shown)
    ]
    if not texts:
        return Part("0", value, ATOM)
    rank = SUM if len(texts) > 1 else parts[0].rank
    text = " + ".join(texts)
    return Part(text, value, rank, _reads(parts), terms, True, True)
