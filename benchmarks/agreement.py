"""Did everybody do the same work? Then after the same steps their losses are the same.

Rounding grows: a unit that one sum switches on and another does not sends two runs of a network
with relu apart, though both are right. So the first steps are compared closely, which shows whether
the work is the same, and the end loosely, which shows whether it went on so.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from benchmarks.workloads import Workload

Evidence = Mapping[str, float]
"""Losses by the names of :data:`CHECKS`."""


class Check(NamedTuple):
    """How far a loss may be from ours, as a share of ours, and why so far."""

    tolerance: float
    reason: str


CHECKS = {
    "loss after the first steps": Check(
        2e-5,
        "Rounding has not grown in three batches: peers are up to 1.5e-6 apart. A learning rate "
        "2 % off makes 5e-4 (W2) to 1.4e-2; another order of rows 8e-4 (W6) to 9e-2, but in W2, "
        "where the end tells.",
    ),
    "mean loss of the last epoch": Check(
        1e-2,
        "Other last bits in half of the first weights move it by 2e-3 either way (W5), and peers "
        "that agree in the first steps are up to 5e-3 apart there; twice that.",
    ),
    "loss at the end": Check(
        1e-1,
        "Other last bits in half of the first weights move it by 2.3 % either way (W5), so that "
        "two right runs may be 5 % apart; twice that.",
    ),
    "loss at the end, smooth": Check(
        2e-4,
        "Without relu rounding hardly grows: float64 is 4e-5 away after 10,000 steps (W1), and "
        "peers are up to 1.4e-5 apart (W3).",
    ),
    "loss of the predictions": Check(
        1e-5,
        "Roundings of 6e-8 in sums of at most 784 products: a part cancels, and in one row's loss "
        "of 5 (W8a) what is left counts once.",
    ),
}
"""What is compared; all losses but the mean of an epoch are the judge's own, from the weights."""


def end_of(work: Workload) -> str:
    """Which check is of the loss at the end."""
    smooth = work.hidden != "relu" or len(work.widths) == 2
    return "loss at the end, smooth" if smooth else "loss at the end"


def disagreements(found: Evidence, ours: Evidence) -> list[str]:
    """What is further from ours than it may be, in words."""
    return [
        f"{name} {found[name]:.6g}, ours {ours[name]:.6g}"
        for name, check in CHECKS.items()
        if name in found
        and name in ours
        # Not ">": what is not a number agrees with nothing.
        and not abs(found[name] - ours[name]) <= check.tolerance * abs(ours[name])
    ]
