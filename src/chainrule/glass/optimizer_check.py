"""Is a hand-written update rule right, and if not, what was written instead?

The rule is run over a fixed stream of gradients beside the library's own. Where the two differ,
known deviations are tried, alone, in pairs and together with other libraries' conventions; they
are named if they reproduce the numbers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.core.source import lines
from chainrule.errors import ArgumentError
from chainrule.glass.finding import Finding
from chainrule.glass.update_calling import METHODS, SHAPES, Observed, literals, observe
from chainrule.glass.update_diagnosis import (
    DOUBLE,
    SINGLE,
    TOLERANCE,
    Course,
    Explanation,
    explain,
    scaled,
)
from chainrule.glass.update_faults import FORMS, Deviation, Form
from chainrule.glass.update_faults.form import Stream
from chainrule.optimizers import OPTIMIZERS, Optimizer
from chainrule.optimizers.pipeline import decay

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

COARSE = 1e-5
"""Tolerance for rules that compute in single precision, beside the rounding of θ."""

LEARNING_RATE = 0.003
"""Used where nobody says otherwise: no other constant is of this size, nor 1 less another."""

STEPS, LONG = 8, 40
"""How many steps are compared; rules that take signs need more to show a difference."""

_DIFFERENT: Mapping[str, tuple[int, ...]] = {"W1": (5, 4), "b1": (4,), "W2": (4, 3), "b2": (3,)}
_ALIKE: Mapping[str, tuple[int, ...]] = dict.fromkeys(_DIFFERENT, (6, 6))
_BASES = {"momentum": {"momentum": 0.9}, "nesterov": {"momentum": 0.9, "nesterov": True}}
_SHOWN = (
    "learning_rate", "momentum", "rho", "beta_1", "beta_2", "epsilon", "weight_decay",
    "initial_accumulator_value", "centered", "amsgrad",
)  # fmt: skip


@dataclass(frozen=True)
class OptimizerReport:
    """What :func:`check_optimizer` found.

    Attributes:
        optimizer: The rule that was compared with: ``"adam"``.
        findings: Of the update rule first, then of its side effects.
        settings: The constants with which both were run.
        taken: Those of them that were read from the code.
        shape: How the code was called, in words.
    """

    optimizer: str
    findings: tuple[Finding, ...]
    settings: Mapping[str, Any]
    taken: Mapping[str, Any]
    shape: str

    @property
    def ok(self) -> bool:
        """Whether the rule is right, if only by another library's convention."""
        return all(finding.verdict == "right" for finding in self.findings)

    def to_dict(self) -> dict[str, Any]:
        """All of it as JSON-ready data."""
        return asdict(self) | {"ok": self.ok}

    def __str__(self) -> str:
        constants = ", ".join(f"{name}={value!r}" for name, value in self.settings.items())
        told = [f"{self.optimizer}({constants}), called with {self.shape}"]
        if self.taken:
            taken = ", ".join(f"{name}={value!r}" for name, value in self.taken.items())
            told.append(f"read from the code: {taken}")
        for finding in self.findings:
            told.append(f"{finding.subject}: {finding.verdict}. {finding.message}")
            if finding.written:
                told.append(f"  written: {finding.written}")
            if finding.right:
                told.append(f"  right:   {finding.right}")
            if finding.others:
                told.append(f"  the same numbers here: {', '.join(finding.others)}")
        return "\n".join(told)


def check_optimizer(
    update: Any, optimizer: str, *, learning_rate: float | None = None, **options: Any
) -> OptimizerReport:
    """Compare a hand-written update rule with the library's, and name the difference.

    Both move four parameters through a fixed stream of gradients in float64, some so small that
    ε matters; then four parameters of one shape, which can share state without an error where
    each should have its own. The code is run on copies, without output.

    Not found, because the numbers are the same while the learning rate is: whether it stands
    inside the velocity (Keras) or outside (PyTorch).

    Args:
        update: The rule: a function, a class or an object of one; see the shapes below.
        optimizer: Which rule it should be: ``"sgd"``, ``"momentum"``, ``"nesterov"``,
            ``"rmsprop"``, ``"adagrad"``, ``"adadelta"``, ``"adam"``, ``"adamw"``, ``"adamax"``,
            ``"nadam"`` or ``"lion"``.
        learning_rate: η. If not given, the code's own where it has one, else 0.003.
        **options: Further constants by the library's names: ``beta_1``, ``epsilon``,
            ``weight_decay``, ``momentum``, ``rho``, ``centered``, ``amsgrad``. What is not given
            is taken from the code (an attribute, a global), else it is the library's. All are
            passed to the code where it has a parameter of such a name.

    Returns:
        A report whose first finding is of the update rule. The verdict is ``"right"`` also if
        the rule follows another library's convention, which its faults then name.

    Raises:
        UnknownNameError: There is no rule of that name.
        ArgumentError: The rule has no such option, or the code could not be called.

    Shapes:
        A function of one parameter and its gradient, which returns new values or changes them in
        place: ``update(w, grad, lr)``, ``update(w, grad, m, v, t, lr, beta1, beta2)`` returning
        ``w, m, v``, ``update(w, grad, state)``; the same for dicts or lists of parameters. A
        class or an object with a method ``update``, ``step``, ``apply``, ``apply_gradients``,
        ``update_params`` or ``__call__``: ``Optimizer(lr).update(params, grads)``,
        ``Optimizer(params, lr).step(grads)``, ``Optimizer(params, lr).step()`` for objects with
        ``.data`` and ``.grad``, ``Optimizer(lr).update_params(layer)``. Other names in use are
        understood too; state is zeros, or an empty dict, before the first step.

    Example:
        >>> from chainrule.glass import check_optimizer
        >>> def update(w, grad, velocity, lr):
        ...     velocity = 0.9 * velocity + lr * grad
        ...     return w + velocity, velocity
        >>> check_optimizer(update, "momentum").findings[0].faults
        ('update-sign',)
    """
    if learning_rate is not None:
        options["learning_rate"] = float(learning_rate)
    if not callable(update) and not any(hasattr(update, name) for name in METHODS):
        raise ArgumentError(f"`update` must be an update rule:\n{SHAPES}", update=update)
    FORMS.find(optimizer)
    model_of(optimizer, options)
    return _report(_comparisons(update, optimizer, options))


def _report(comparisons: Sequence[_Comparison]) -> OptimizerReport:
    """The report of the first way of calling in which the code is right, else in which it is known.

    Whether a step is counted from 0, or what is returned is a step to add, no code says; so in
    other ways than the plainest it is only looked whether all is right then. A learning rate
    that stands in the code as a number may be any of the numbers there.
    """
    plainest = comparisons[0]
    rated = [
        replace(plainest, assumed={"learning_rate": number})
        for number in plainest.literals
        if "learning_rate" in plainest.open
    ]
    right = next((one for one in (*comparisons, *rated) if one.right), None)
    if right:
        return right.report()
    reports = (one.report() for one in (plainest, *rated))
    first = next(reports)
    if rated and not set(first.findings[0].faults) - {"step-factor"}:
        return next(
            (one for one in reports if set(one.findings[0].faults) - {"step-factor"}), first
        )
    return first


def _comparisons(update: Any, name: str, given: Mapping[str, Any]) -> list[_Comparison]:
    """The code beside the library's rule, for each way in which it can be called."""
    options = options_of(model_of(name, given))
    form = FORMS.find(name)(options)
    ways: dict[tuple[int, int], list[tuple[Stream, Observed]]] = {}
    failures = []
    shape = ""
    for shapes in (_ALIKE, _DIFFERENT):  # the more can be called with the first
        stream = _stream(name, shapes, options)
        try:
            for seen in observe(update, options, stream, form.states, shape):
                shape = shape or seen.holder
                ways.setdefault(seen.way, []).append((stream, seen))
        except ArgumentError as error:
            failures.append(error)
    if not ways:
        raise failures[0]
    failure = str(failures[0]).split("\n")[1] if failures else ""
    numbers = literals(update)
    return [_Comparison(name, given, way, failure, numbers) for way in ways.values()]


# ---------------------------------------------------------------- the library's rule


def model_of(name: str, given: Mapping[str, Any]) -> Optimizer:
    """The library's optimizer.

    Raises:
        ArgumentError: It has no such option.
    """
    arguments = {"learning_rate": LEARNING_RATE, **_BASES.get(name, {}), **given}
    kind = OPTIMIZERS["sgd" if name in _BASES else name]
    try:
        return kind(**arguments)
    except TypeError as error:
        raise ArgumentError(f"{name}: {error}.", **given) from None


def options_of(model: Optimizer) -> dict[str, Any]:
    """An optimizer's constants, as forms take them."""
    known = {**model.constants, "learning_rate": model.learning_rate}
    found = {name: known[name] for name in _SHOWN if name in known}
    return found | {"weight_decay": found.get("weight_decay") or 0.0}


def _stream(name: str, shapes: Mapping[str, tuple[int, ...]], options: Mapping[str, Any]) -> Stream:
    """Parameters of the order of 1; every other one's gradients are so small that ε counts."""
    draw = np.random.default_rng(812)
    epsilon = max(float(options.get("epsilon", 0)), 1e-12)
    inside = name in ("rmsprop", "adagrad", "adadelta")
    small = 3 * (np.sqrt(epsilon) if inside else epsilon) if "epsilon" in options else 0.1
    scale = {one: (1.0, small)[index % 2] for index, one in enumerate(shapes)}
    signs = name == "lion"
    sizes = {one: (12, *shape) if signs else shape for one, shape in shapes.items()}
    start = {one: draw.normal(size=size) for one, size in sizes.items()}
    grads = tuple(
        {one: scale[one] * draw.normal(0.2, 1, size) for one, size in sizes.items()}
        for _ in range(LONG if signs else STEPS)
    )
    return Stream(start, grads)


# ---------------------------------------------------------------- the comparison


@dataclass(frozen=True)
class _Comparison:
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

    def report(self) -> OptimizerReport:
        """The findings."""
        main = self._main()
        effects = self._effects() if main.verdict == "right" else ()
        shown = {name: value for name, value in self.options.items() if value}
        shape = self.seen[0][1].shape
        return OptimizerReport(self.name, (main, *effects), shown, self.taken, shape)

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
