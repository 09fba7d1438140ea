"""Which known deviations reproduce what a hand-written update rule did."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.glass.update_rules.faults.form import Deviation, Form, Stream, increments

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

TOLERANCE = 1e-8
"""Two steps are the same if they differ by less than this share of the parameter's largest."""

DOUBLE, SINGLE = (16 * float(np.finfo(kind).eps) for kind in (np.float64, np.float32))
"""Rounding of θ, which is of the order of 1: a step is known no better than θ is."""


@dataclass(frozen=True)
class Course:
    """What somebody's code did over one stream.

    Attributes:
        stream: Where it began, and the gradients.
        changes: For each step θₜ − θₜ₋₁ of all parameters as one vector.
        rounding: How well they are known.
    """

    stream: Stream
    changes: Array
    rounding: float = DOUBLE

    def error(self, step: int, change: Array) -> float:
        """How far a step is from ``change``, as a share of the largest element of a parameter.

        Infinite where NaN or infinities are at other places.
        """
        seen = self.changes[step]
        largest = 0.0
        for place in self.stream.places:
            largest = max(largest, self._part(seen[place], change[place]))
            if largest == np.inf:
                break
        return largest

    def _part(self, seen: Array, change: Array) -> float:
        finite = np.isfinite(change)
        if not np.array_equal(finite, np.isfinite(seen)):
            return np.inf
        if not finite.all():
            if not np.array_equal(seen[~finite], change[~finite], equal_nan=True):
                return np.inf
            seen, change = seen[finite], change[finite]
        if not seen.size:
            return 0.0
        scale = float(np.abs(change).max())
        noise = self.rounding * max(1.0, float(np.abs(seen).max()))
        apart = max(0.0, float(np.abs(seen - change).max()) - noise)
        return apart / scale if scale else (np.inf if apart else 0.0)

    def reproduced(self, changes: Iterable[Array], tolerance: float = TOLERANCE) -> bool:
        """Whether the same was done at every step."""
        return all(self.error(step, change) < tolerance for step, change in enumerate(changes))

    def first(self, changes: Array, tolerance: float = TOLERANCE) -> tuple[int, str] | None:
        """The first step (from 1) and parameter at which something else was done."""
        for step, change in enumerate(changes):
            for name, place in zip(self.stream.start, self.stream.places, strict=True):
                if not self._part(self.changes[step][place], change[place]) < tolerance:
                    return step + 1, name
        return None


@dataclass(frozen=True)
class Explanation:
    """Deviations that reproduce the numbers.

    Attributes:
        deviations: The fewest that do.
        others: Other choices, as few, that give the same numbers.
    """

    deviations: tuple[Deviation, ...]
    others: tuple[tuple[Deviation, ...], ...] = ()


Options = Mapping[str, Any]


def explain(
    form: Form,
    options: Options,
    courses: Sequence[Course],
    soft: Collection[str] = (),
    counts: Sequence[int] = (0, 1, 2),
) -> Explanation | None:
    """The fewest mistakes that reproduce the numbers, together with conventions if need be.

    Args:
        form: The rule.
        options: Its constants.
        courses: What was done.
        soft: Ids that count as conventions although they are not.
        counts: How many mistakes to suppose, in order.

    Returns:
        ``None`` if nothing known does.
    """
    usable = _visible(form, options, courses)
    loose = [one for one in usable if one.convention or one.id in soft]
    mistakes = [one for one in usable if one not in loose]
    few = list(_sets(loose, 3))
    for count in counts:
        beside = few if count < 2 else [some for some in few if _usual(some)]
        found = [
            (len(kept), chosen, kept)
            for chosen in combinations(mistakes, count)
            if _apart(chosen)
            for kept in beside
            if _apart((*chosen, *kept)) and _reproduce(form, (*chosen, *kept), options, courses)
        ]
        if found:
            return _plainest(found)
    return None


def scaled(truths: Sequence[Array], courses: Sequence[Course]) -> float | None:
    """The factor by which every step is too long; ``None`` if there is no such factor."""
    factor = None
    for truth, course in zip(truths, courses, strict=True):
        place = int(np.abs(truth[0]).argmax())
        factor = factor or float(course.changes[0][place] / truth[0][place])
        if not np.isfinite(factor) or not course.reproduced(factor * truth):
            return None
    return factor


def _visible(form: Form, options: Options, courses: Sequence[Course]) -> list[Deviation]:
    """Deviations that change anything."""
    base = [
        Course(course.stream, np.array(list(increments(form, (), options, course.stream))))
        for course in courses
    ]
    return [one for one in form.deviations if not _reproduce(form, (one,), options, base)]


def _reproduce(
    form: Form, deviations: Sequence[Deviation], options: Options, courses: Sequence[Course]
) -> bool:
    with np.errstate(all="ignore"):
        return all(
            course.reproduced(increments(form, deviations, options, course.stream))
            for course in courses
        )


def _sets(deviations: Sequence[Deviation], most: int) -> Iterator[tuple[Deviation, ...]]:
    for count in range(most + 1):
        yield from (some for some in combinations(deviations, count) if _apart(some))


def _apart(deviations: Sequence[Deviation]) -> bool:
    """Whether no two of them are at one place, nor of one kind."""
    touched = [name for one in deviations for name in one.touched]
    return len(touched) == len(set(touched))


def _usual(deviations: Sequence[Deviation]) -> bool:
    """Whether there is at most one, ε of PyTorch's size not counted."""
    sizes = [one.options["epsilon"] for one in deviations if "epsilon" in one.options]
    return len(deviations) - len(sizes) <= 1 and sizes in ([], [1e-8])


def _plainest(
    found: list[tuple[int, tuple[Deviation, ...], tuple[Deviation, ...]]],
) -> Explanation:
    """The one with the fewest conventions; the rest, each mistake once, are others."""
    found.sort(key=lambda one: one[0])
    fewest, mistakes, kept = found[0]
    best = (*mistakes, *kept)
    chosen = {one.id for one in (mistakes or kept)}
    others: dict[tuple[str, ...], tuple[Deviation, ...]] = {}
    for count, more, beside in found[1:]:
        ids = tuple(one.id for one in (more or beside))
        if count <= fewest + 1 and not chosen <= set(ids):
            others.setdefault(ids, more or beside)
    return Explanation(best, tuple(others.values()))
