"""Gradients of a network that is no chain of dense layers: measured, and judged up to a factor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.errors import ArgumentError
from chainrule.glass.differences import central_difference
from chainrule.glass.faults import FAULTS
from chainrule.glass.finding import Finding
from chainrule.glass.handwritten.holdings import Place
from chainrule.glass.handwritten.network import HandWritten, Point
from chainrule.glass.handwritten.objectives import (
    BINARY,
    CATEGORICAL,
    SQUARED,
    Objective,
    Scale,
    described,
    stated,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

TOLERANCE = 1e-5
"""Relative: what central differences of somebody's forward pass are good for."""


def measured_findings(written: HandWritten, loss: Any) -> tuple[str, list[Finding]]:
    """The loss that fits best, and a finding for every parameter.

    Args:
        written: The network.
        loss: A loss that is stated, by name or as a function of targets and outputs.
    """
    start = Point(written.values, written.x, written.y, 0.5 if written.takes_rate else 1.0)
    claims = written.claim(start).gradients
    best: tuple[int, str, list[Finding]] | None = None
    for name, value in _losses(written, start, loss):
        slopes = {place: _slopes(written, start, place, value) for place in written.values}
        findings, right = _judged(claims, slopes, stated_factor=loss is not None)
        if best is None or right > best[0]:
            best = right, name, findings
    assert best is not None  # noqa: S101
    return best[1], best[2]


def _losses(written: HandWritten, start: Point, loss: Any) -> Any:
    output = written.output(start)
    y = _targets(written.y, output)
    if callable(loss):
        yield "as given", lambda o: float(loss(written.y, o))
        return
    known = [(SQUARED, Scale(1.0, 0)), (BINARY, Scale(1.0, 0)), (CATEGORICAL, Scale(1.0, 0))]
    if isinstance(loss, str):
        known = [stated(loss, output.shape[-1] if output.ndim > 1 else 1, "")]
    for objective, scale in known:
        with np.errstate(all="ignore"):
            if not np.isfinite(objective.value(output, y)):
                continue
        factor = scale.of(len(output) if output.ndim else 1)
        yield described(objective, scale, 1), _value(objective, y, factor)


def _value(objective: Objective, y: Array, factor: float) -> Any:
    return lambda output: factor * objective.value(output, y)


def _targets(y: Array, output: Array) -> Array:
    if y.shape == output.shape:
        return y
    if y.size == output.size:
        return y.reshape(output.shape)
    if y.dtype.kind in "iu" and output.ndim == 2 and y.size == len(output):
        return np.eye(output.shape[1])[y.reshape(-1)]
    raise ArgumentError(
        "The targets must have the shape of the network's output.",
        y=y.shape,
        output=output.shape,
    )


def _slopes(written: HandWritten, start: Point, place: Place, value: Any) -> tuple[Array, Array]:
    at = np.asarray(written.values[place], np.float64)

    def loss_at(moved: Array) -> float:
        values = {**start.values, place: moved}
        return float(value(written.output(Point(values, start.x, start.y, start.rate))))

    return central_difference(loss_at, at)


def _judged(
    claims: dict[Place, Array], slopes: dict[Place, tuple[Array, Array]], stated_factor: bool
) -> tuple[list[Finding], int]:
    """A finding for every parameter, and how many are right."""
    factors = {place: _factor(claims[place], *slopes[place]) for place in claims}
    found = [f for f in factors.values() if f is not None and f > 0]
    common = 1.0 if stated_factor or not found else max(found, key=lambda f: _near(f, found))
    findings = [
        _finding(place, claims[place], slopes[place], factor, common)
        for place, factor in factors.items()
    ]
    return findings, sum(finding.verdict == "right" for finding in findings)


def _finding(
    place: Place,
    claim: Array,
    measured: tuple[Array, Array],
    factor: float | None,
    common: float,
) -> Finding:
    slope, name = measured[0], str(place)
    scale = float(np.max(np.abs(slope), initial=0.0)) or 1.0
    same = claim.shape == slope.shape
    error = float(np.max(np.abs(claim / common - slope)) / scale) if same else float("inf")
    if factor is not None and abs(factor / common - 1) < TOLERANCE:
        times = "" if abs(common - 1) < TOLERANCE else f", times {common:.6g}"
        return Finding(name, "right", message=f"It is what is measured{times}.", error=error)
    fault = ""
    if factor is not None:
        fault = _named(factor / common)
    elif same and slope.ndim == 2 and slope.shape[0] == slope.shape[1]:
        fault = "" if _factor(claim.T, *measured) is None else "gradient-transposed"
    if not fault:
        told = (
            "It is not what is measured. The network is no chain of dense layers that is known, "
            "so no mistake was looked for."
        )
        return Finding(name, "wrong", message=told, error=error)
    known = FAULTS[fault]
    told = f"{known.title[:1].upper()}{known.title[1:]}."
    return Finding(name, "diagnosed", (fault,), told, known.written, known.right, error)


def _near(factor: float, others: list[float]) -> int:
    return sum(abs(factor - one) < TOLERANCE * factor for one in others)


def _factor(claim: Array, slope: Array, kinks: Array) -> float | None:
    """By which factor a claim is the slope; ``None`` if it is no multiple."""
    if claim.shape != slope.shape:
        return None
    a, b = claim[~kinks], slope[~kinks]
    square = float(np.sum(b * b))
    if square == 0:
        return 1.0 if not np.any(a) else None
    factor = float(np.sum(a * b)) / square
    if factor == 0 or np.max(np.abs(a - factor * b)) > TOLERANCE * np.max(np.abs(factor * b)):
        return None
    return factor


def _named(relative: float) -> str:
    for value, fault in (
        (-1.0, "gradient-sign"),
        (2.0, "gradient-doubled"),
        (0.5, "gradient-halved"),
    ):
        if abs(relative - value) < TOLERANCE * abs(value):
            return fault
    return "gradient-factor"
