"""What a check found out about one thing: right, wrong, or wrong in a known way."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, ClassVar, Literal

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


class Report:
    """Base of what the checks return: dataclasses with findings, and what else they are about."""

    findings: tuple[Finding, ...]
    passing: ClassVar[tuple[Verdict, ...]] = ("right",)
    """Verdicts that are no reproach."""

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong; what is right by another library's convention is right."""
        return all(finding.verdict in self.passing for finding in self.findings)

    def to_dict(self) -> dict[str, Any]:
        """All of it as JSON-ready data."""
        return asdict(self) | {"ok": self.ok}  # type: ignore[call-overload]  # it is a dataclass
