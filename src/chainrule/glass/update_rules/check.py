"""Is a hand-written update rule right, and if not, what was written instead?

The rule is run over a fixed stream of gradients beside the library's own. Where the two differ,
known deviations are tried, alone, in pairs and together with other libraries' conventions; they
are named if they reproduce the numbers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from chainrule.errors import ArgumentError
from chainrule.glass.finding import Finding, Report
from chainrule.glass.update_rules.calling import METHODS, SHAPES, Observed, observe
from chainrule.glass.update_rules.comparison import Comparison
from chainrule.glass.update_rules.copies import literals
from chainrule.glass.update_rules.faults import FORMS
from chainrule.glass.update_rules.faults.form import Stream
from chainrule.glass.update_rules.model import ALIKE, DIFFERENT, model_of, options_of, stream_of


@dataclass(frozen=True)
class OptimizerReport(Report):
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


def _report(comparisons: Sequence[Comparison]) -> OptimizerReport:
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
        return _reported(right)
    reports = (_reported(one) for one in (plainest, *rated))
    first = next(reports)
    if rated and not set(first.findings[0].faults) - {"step-factor"}:
        return next(
            (one for one in reports if set(one.findings[0].faults) - {"step-factor"}), first
        )
    return first


def _comparisons(update: Any, name: str, given: Mapping[str, Any]) -> list[Comparison]:
    """The code beside the library's rule, for each way in which it can be called."""
    options = options_of(model_of(name, given))
    form = FORMS.find(name)(options)
    ways: dict[tuple[int, int], list[tuple[Stream, Observed]]] = {}
    failures = []
    shape = ""
    for shapes in (ALIKE, DIFFERENT):  # the more can be called with the first
        stream = stream_of(name, shapes, options)
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
    return [Comparison(name, given, way, failure, numbers) for way in ways.values()]


def _reported(one: Comparison) -> OptimizerReport:
    findings = one.findings()
    shown = {name: value for name, value in one.options.items() if value}
    return OptimizerReport(one.name, findings, shown, one.taken, one.seen[0][1].shape)
