"""A hand-written update rule beside the library's: what differs, and what reproduces it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.core.source import lines
from chainrule.glass.finding import Finding
from chainrule.glass.update_rules.calling import Observed
from chainrule.glass.update_rules.diagnosis import (
    DOUBLE,
    SINGLE,
    TOLERANCE,
    Course,
    Explanation,
    explain,
    scaled,
)
from chainrule.glass.update_rules.faults import FORMS, Deviation, Form
from chainrule.glass.update_rules.faults.form import Stream
from chainrule.glass.update_rules.model import model_of, options_of
from chainrule.optimizers import Optimizer
from chainrule.optimizers.pipeline import decay

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

COARSE = 1e-5
"""Tolerance for rules that compute in single precision, beside the rounding of θ."""


@dataclass(frozen=True)
class Comparison:
    """The code, called in one way, beside the library's rule.

    Attributes:
        name: The rule's name.
        given: The constants that the caller gave.
        seen: What the code did over each stream.
        failure: Why it could not be called over one of the two.
        literals: The numbers in the code.
        assumed: Constants that it may have.
    """

    name: str
    given: Mapping[str, Any]
    seen: Sequence[tuple[Stream, Observed]]
    failure: str
    literals: Sequence[float]
    assumed: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def taken(self) -> dict[str, Any]:
        """Constants that are the code's own."""
        found = self.seen[0][1].found
        known = {**self.assumed, **found}
        return {name: value for name, value in known.items() if name not in self.given}

    @cached_property
    def open(self) -> frozenset[str]:
        """Constants that nobody gave, and that the code neither takes nor names."""
        known = {*self.given, *self.seen[0][1].passed, *self.taken}
        return frozenset(options_of(self.model)) - known

    @cached_property
    def model(self) -> Optimizer:
        return model_of(self.name, {**self.taken, **self.given})

    @cached_property
    def options(self) -> dict[str, Any]:
        return options_of(self.model)

    @cached_property
    def form(self) -> Form:
        """The rule with its deviations; an open constant may be any number of the code."""
        made = FORMS.find(self.name)(self.options)
        numbers = {*self.literals, *(round(1 - number, 12) for number in self.literals), 0.0}
        usable = [
            one
            for one in made.deviations
            if not set(one.options) & self.open or numbers & set(one.options.values())
        ]
        return replace(made, deviations=tuple(usable))

    @cached_property
    def courses(self) -> list[Course]:
        rounding = SINGLE if self.single else DOUBLE
        return [Course(stream, seen.changes, rounding) for stream, seen in self.seen]

    @cached_property
    def truths(self) -> list[Array]:
        """What the library's rule does."""
        return [self._truth(stream) for stream, _ in self.seen]

    def _truth(self, stream: Stream) -> Array:
        model = model_of(self.name, {**self.taken, **self.given})
        arrays = {name: array.copy() for name, array in stream.start.items()}
        changes = []
        for grads in stream.grads:
            before = stream.flat(arrays)
            model.apply(list(grads.values()), list(arrays.values()))
            changes.append(stream.flat(arrays) - before)
        return np.array(changes)

    @property
    def right(self) -> bool:
        """Whether there is no mistake."""
        if self.error < self.tolerance:
            return not self.failure
        return not self.single and self._explanation(0) is not None

    @cached_property
    def single(self) -> bool:
        """Whether the code computes in single precision."""
        return any(seen.single for _, seen in self.seen)

    @property
    def tolerance(self) -> float:
        """How far from the truth is still right."""
        return COARSE if self.single else TOLERANCE

    @cached_property
    def error(self) -> float:
        """How far the code is from the truth."""
        pairs = zip(self.courses, self.truths, strict=True)
        return max(c.error(step, row) for c, truth in pairs for step, row in enumerate(truth))

    def findings(self) -> tuple[Finding, ...]:
        """Of the update rule, then of its side effects."""
        main = self._main()
        return (main, *(self._effects() if main.verdict == "right" else ()))

    def _main(self) -> Finding:
        error, single = self.error, self.single
        if error < self.tolerance:
            return self._same(error, single)
        if not single and (found := self._explanation(0, 1)):
            return self._explained(found, error)
        pairs = zip(self.courses, self.truths, strict=True)
        where = next(place for c, truth in pairs if (place := c.first(truth, self.tolerance)))
        told = f"It first differs at step {where[0]}, in {where[1]}."
        if not single and (factor := scaled(self.truths, self.courses)) is not None:
            return _finding(
                "diagnosed",
                f"Every step is {factor:.6g} times what it should be. {told}",
                error,
                faults=("step-factor",),
                written=f"{factor:.6g} times the step",
            )
        if not single and (other := self._another()):
            return _finding(
                "diagnosed",
                f"It is {other}, not {self.name}. {told}",
                error,
                faults=(f"is-{other}",),
            )
        if not single and (found := self._explanation(2)):
            return self._explained(found, error)
        why = " It computes in single precision: in float64 the cause could be looked for."
        told = f"{told} No known mistake gives its numbers.{why if single else ''}"
        return _finding("wrong", told, error)

    def _same(self, error: float, single: bool) -> Finding:
        if self.failure:
            told = "It does what it should for parameters of one shape, but cannot be called for "
            told += f"parameters of different shapes: {self.failure.removeprefix('- ')}"
            return _finding("wrong", told, error)
        told = "Every step is the library's own"
        told += ", as far as single precision can tell." if single else "."
        return _finding("right", told, error)

    def _explanation(self, *counts: int) -> Explanation | None:
        """What reproduces the numbers with so many mistakes, or fewer."""
        return explain(self.form, self.options, self.courses, self._soft, counts)

    @property
    def _soft(self) -> tuple[str, ...]:
        """The size of an open constant is the writer's choice."""
        return tuple(
            one.id for one in self.form.deviations if one.options and set(one.options) <= self.open
        )

    def _explained(self, found: Explanation, error: float) -> Finding:
        chosen = found.deviations
        mistakes = [one for one in chosen if not one.convention and one.id not in self._soft]
        sentences = [_sentence(one) for one in (mistakes or chosen)]
        if not mistakes:
            sentences[0] = f"By a convention that is not Keras', not by mistake: {sentences[0]}"
        elif beside := [one.title for one in chosen if one not in mistakes]:
            sentences.append(f"(By convention, not by mistake: {', and '.join(beside)}.)")
        return _finding(
            "diagnosed" if mistakes else "right",
            " ".join(sentences),
            error,
            faults=tuple(one.id for one in chosen),
            written="; ".join(one.equation for one in chosen if one.equation),
            right=self._right(chosen),
            others=tuple(" + ".join(one.id for one in other) for other in found.others),
        )

    def _right(self, deviations: Sequence[Deviation]) -> str:
        """The library's own equations for the places of deviations."""
        wanted = {
            name
            for one in deviations
            for place in one.places
            for name in self.form.sources.get(place, ())
        }
        found = []
        for rule in (decay, *self.model.rules()):
            for result, function in rule.functions().items():
                for line in lines(function, result):
                    name = "decay" if rule is decay else line.names[0]
                    if len(line.names) == 1 and name in wanted:
                        found.append(line.equation)
        return "; ".join(dict.fromkeys(found))

    def _another(self) -> str:
        """The name of another rule that the code is."""
        rate = self.options["learning_rate"]
        for name in FORMS.names:
            options = options_of(model_of(name, {"learning_rate": rate}))
            form = FORMS.find(name)(options)
            plain = Form(name, form.states, form.lines, form.sources, _conventions(form))
            if explain(plain, options, self.courses, ("epsilon-size",), (0,)):
                return name
        return ""

    def _effects(self) -> tuple[Finding, ...]:
        """What the code does beside its steps."""
        if any(seen.keeps_gradient for _, seen in self.seen):
            told = (
                "The state is the caller's gradient array itself, not a copy: when the caller "
                "writes the next gradient into the same array, the state changes with it."
            )
            return (_effect("gradient-kept", told, "m = g", "m = g.copy()"),)
        if any(seen.writes_gradient for _, seen in self.seen):
            told = (
                "The gradients that were handed over are changed: whoever looks at them after "
                "the step (clipping, logging, a second step) finds other numbers."
            )
            right = ("g *= …, g += …", "g = g * …, g = g + …")
            return (_effect("gradient-changed", told, *right, verdict="right"),)
        return ()


def _conventions(form: Form) -> tuple[Deviation, ...]:
    return tuple(one for one in form.deviations if one.convention or one.id == "epsilon-size")


def _sentence(deviation: Deviation) -> str:
    title = deviation.title
    letter = title[1:2] == " " and title[:1] != "a"  # a variable keeps its case
    return f"{title if letter else title[:1].upper() + title[1:]}. {deviation.explanation}"


def _finding(verdict: Any, message: str, error: float, **more: Any) -> Finding:
    return Finding(subject="update", verdict=verdict, message=message, error=error, **more)


def _effect(
    fault: str, message: str, written: str, right: str, verdict: Any = "diagnosed"
) -> Finding:
    return Finding(
        subject="gradients",
        verdict=verdict,
        faults=(fault,),
        message=message,
        written=written,
        right=right,
        error=0.0,
    )
