"""What a check found out about one thing: right, wrong, or wrong in a known way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Verdict = Literal["right", "diagnosed", "wrong", "unchecked"]


@dataclass(frozen=True)
class Finding:
    """What was found about one array, or one rule.

    Attributes:
        subject: What it is about: ``"w1"``, ``"update"``.
        verdict: ``"diagnosed"`` is wrong in a known way, ``"wrong"`` in an unknown one.
        faults: Ids of what was recognised.
        message: One plain sentence.
        written: The formula that reproduces the user's numbers.
        right: The right formula.
        error: The largest difference from the truth, relative to the largest true element.
        others: Ids of what would give the same numbers here.
    """

    subject: str
    verdict: Verdict
    faults: tuple[str, ...] = ()
    message: str = ""
    written: str = ""
    right: str = ""
    error: float = 0.0
    others: tuple[str, ...] = ()
