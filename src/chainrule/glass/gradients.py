"""Are a model's derivatives right? Each one that is derived beside one that is measured."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from chainrule.core.graph import LOSS, Node
from chainrule.core.plan import Plan
from chainrule.core.source import lines
from chainrule.core.table import aligned
from chainrule.engines import interpret
from chainrule.engines.base import Run
from chainrule.engines.numpy import NumpyProgram
from chainrule.errors import ArgumentError
from chainrule.glass.differences import central_difference
from chainrule.glass.finding import Finding, Report, Verdict
from chainrule.glass.trace.recording import wanted

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

RELATIVE = 1e-6
"""Allowed error, relative to the largest slope of the tensor: ten times what h² and the third
derivative of a steep sigmoid make together."""

ROUNDING = 1e-9
"""Allowed error, relative to the loss: ε/h is 4e-11, times the sums of a forward pass."""

LIMIT = 2000
"""Elements of a tensor that are measured one by one. Of a larger one these are spread evenly, and
all are measured together along a direction."""


@dataclass(frozen=True)
class TensorCheck:
    """The worst element of one tensor.

    Attributes:
        name: ``"dense_1/kernel"``.
        shape: Its shape.
        worst: The element where the two differ most: ``"dense_1/kernel[0, 1]"``.
        derived: What the backward pass gives there.
        measured: What central differences give there.
        error: Their difference, relative to the largest slope of the tensor.
        kinks: Elements so near a kink that nothing can be measured; they are not judged.
        elements: How many elements were measured one by one.
    """

    name: str
    shape: tuple[int, ...]
    worst: str
    derived: float
    measured: float
    error: float
    kinks: int
    elements: int


@dataclass(frozen=True)
class GradientReport(Report):
    """What :func:`check_gradients` found.

    Attributes:
        model: The model's name.
        loss: The loss of the batch.
        findings: One for every tensor, in the model's order, then of the inputs.
        tensors: The numbers that they are about.
    """

    model: str
    loss: float
    findings: tuple[Finding, ...]
    tensors: tuple[TensorCheck, ...]
    passing: ClassVar[tuple[Verdict, ...]] = ("right", "unchecked")

    def __str__(self) -> str:
        head = ("tensor", "worst element", "derived", "measured", "error", "")
        rows = [head]
        for tensor, finding in zip(self.tensors, self.findings, strict=True):
            numbers = (f"{tensor.derived:.6g}", f"{tensor.measured:.6g}", f"{tensor.error:.1e}")
            name = f"{tensor.name} {list(tensor.shape)}"
            rows.append((name, tensor.worst, *numbers, finding.verdict))
        told = [f"{self.model}: loss {self.loss:.6g}; derivatives against central differences"]
        told += aligned(rows)
        for finding in self.findings:
            if finding.message and finding.verdict != "right":
                told.append(f"{finding.subject}: {finding.message}")
                told += [f"  written: {finding.written}"] if finding.written else []
                told += [f"  of:      {finding.right}"] if finding.right else []
        return "\n".join(told)


def check_gradients(model: Any, x: Any, y: Any, sample_weight: Any = None) -> GradientReport:
    """Compare every derivative of a training step with one that is measured.

    The loss of the batch, penalties and sample weights included, is computed in float64 with
    each parameter, and each number of the inputs, a little larger and a little smaller. The
    model may be of float32, and stays as it is; dropout masks and noises are those of its next
    step.

    Args:
        model: A compiled model.
        x: Inputs, as for ``fit``: a few samples are enough.
        y: Targets.
        sample_weight: One weight per sample.

    Returns:
        A report with a finding for every tensor. Where one is wrong, each rule of the network is
        measured by itself, and those whose derivative is wrong are named.

    Raises:
        StateError: ``compile()`` was not called.
        ShapeError, DataError: The data do not fit the model.

    Example:
        >>> from chainrule.layers import Dense
        >>> from chainrule.models import Sequential
        >>> model = Sequential([Dense(3, "tanh", input_dim=2), Dense(1)])
        >>> model.compile("sgd", "mse")
        >>> check_gradients(model, np.ones((4, 2)), np.zeros((4, 1))).ok
        True
    """
    if not hasattr(model, "compile") or not hasattr(model, "_data"):
        raise ArgumentError(
            "`model` must be a model of chainrule. Use check_backprop for a network of your own.",
            model=type(model).__name__,
        )
    arrays = model._data(x, y, sample_weight).arrays
    step = _Step.of(model, arrays)
    tensors = tuple(step.checked(name) for name in step.names)
    findings = [step.finding(tensor) for tensor in tensors]
    if any(finding.verdict == "wrong" for finding in findings):
        causes = step.causes()
        findings = [_explained(finding, causes, step) for finding in findings]
    return GradientReport(model.name, step.loss, tuple(findings), tensors)


@dataclass(frozen=True)
class _Cause:
    """A rule whose derivative is wrong."""

    node: Node
    input: str
    derived: float
    measured: float


@dataclass(frozen=True, eq=False)
class _Step:
    """One training step in float64.

    Attributes:
        plan: The plan in float64.
        given: All that the forward pass takes: parameters, data, noises.
        values: What it computes.
        bars: What the backward pass computes.
    """

    plan: Plan
    given: interpret.Values
    values: interpret.Values
    bars: interpret.Values

    @classmethod
    def of(cls, model: Any, arrays: Mapping[str, Array]) -> _Step:
        """The model's next step on a batch."""
        plan = replace(model.plan, dtype="float64")
        assert plan.train is not None  # noqa: S101  (what _data found compiled)
        theta = model.theta.astype(np.float64)
        steps = model.optimizer.steps if model.optimizer else 0
        rows = len(next(iter(arrays.values())))
        run = Run(theta, {}, steps, model.seed or 0)
        batch = NumpyProgram(plan).batch(run, arrays, rows)
        given = {**batch, **plan.layout.views(theta)}
        with np.errstate(all="ignore"):
            values = interpret.forward(plan.train, dict(given))
            bars = interpret.backward(plan.train, wanted(plan), values)
        return cls(plan, given, values, bars)

    @property
    def loss(self) -> float:
        """The loss of the batch."""
        return float(self.values[LOSS])

    @property
    def names(self) -> list[str]:
        """The parameters that are trained, then the inputs that are measurements."""
        trained = [slot.name for slot in self.plan.layout if slot.trainable]
        return trained + [name for name in self.plan.inputs if name not in self.plan.labels]

    def checked(self, name: str) -> TensorCheck:
        """Measure one tensor."""
        at = self.given[name]
        derived = np.asarray(self.bars.get(name, np.zeros(at.shape)))
        places = np.arange(at.size)
        if at.size > LIMIT:
            places = np.unique(np.linspace(0, at.size - 1, LIMIT).astype(int))

        def loss_at(part: Array) -> float:
            moved = at.copy()
            moved.flat[places] = part
            return self._loss(name, moved)

        slopes, kinks = central_difference(loss_at, at.reshape(-1)[places])
        errors = np.where(kinks, 0, np.abs(derived.reshape(-1)[places] - slopes))
        errors = np.where(np.isnan(errors), np.inf, errors)
        scale = float(np.max(np.abs(slopes), initial=0, where=~kinks)) or 1.0
        worst = int(errors.argmax()) if errors.size else 0
        where = [int(axis) for axis in np.unravel_index(places[worst], at.shape)]
        found = float(derived.reshape(-1)[places[worst]]), float(slopes[worst])
        error = float(errors[worst]) / scale
        label = f"{name}{where}" if where else name
        if at.size > LIMIT and (along := self._along(name, derived)) and along[2] > error:
            label, found, error = f"{name}, all together", along[:2], along[2]
        kinked = int(kinks.sum())
        return TensorCheck(name, at.shape, label, *found, error, kinked, len(places))

    def _along(self, name: str, derived: Array) -> tuple[float, float, float] | None:
        """The slope along one direction in which all elements take part; ``None`` at a kink."""
        at = self.given[name]
        direction = np.random.default_rng(0).choice([-1.0, 1.0], at.shape)
        slopes, kinks = central_difference(
            lambda t: self._loss(name, at + t[0] * direction), np.zeros(1)
        )
        if kinks[0]:
            return None
        slope = float(np.sum(direction * derived))
        size = float(np.sqrt(np.sum(derived**2))) or 1.0
        return slope, float(slopes[0]), abs(slope - float(slopes[0])) / size

    def _loss(self, name: str, array: Array) -> float:
        assert self.plan.train is not None  # noqa: S101
        with np.errstate(all="ignore"):
            made = interpret.forward(self.plan.train, {**self.given, name: array})
        return float(made[LOSS])

    def finding(self, tensor: TensorCheck) -> Finding:
        """The verdict on one tensor."""
        name, error = tensor.name, tensor.error
        if tensor.kinks == tensor.elements:
            told = "Every element is at a kink, where there is no derivative."
            return Finding(name, "unchecked", message=told)
        rounding = ROUNDING * max(1.0, abs(self.loss))
        if error < RELATIVE or abs(tensor.derived - tensor.measured) < rounding:
            return Finding(name, "right", error=error)
        told = f"{tensor.worst} is {tensor.derived:.9g}, but measured {tensor.measured:.9g}."
        return Finding(name, "wrong", message=told, error=error)

    def causes(self) -> list[_Cause]:
        """The rules whose own derivatives are wrong with what they were given in this step."""
        assert self.plan.train is not None  # noqa: S101
        found = (
            self._cause(node, name)
            for node in reversed(self.plan.train.nodes)
            for name in node.rule.cotangents
            if node.output in self.bars and node.inputs[name] in self.bars
        )
        return [cause for cause in found if cause is not None]

    def _cause(self, node: Node, name: str) -> _Cause | None:
        """Measure one derivative of one rule, all elements together and each alone."""
        known = {n: self.values[a] for n, a in (*node.inputs.items(), *node.outputs.items())}
        y_bar = np.random.default_rng(1).uniform(0.5, 1.5, self.values[node.output].shape)
        known |= {**node.options, node.rule.cotangent_name: y_bar}
        function = node.rule.cotangents[name]
        derived = function(**{n: known[n] for n in interpret.needs(function) if n in known})
        at = np.asarray(known[name], np.float64)
        places = np.unique(np.linspace(0, at.size - 1, min(at.size, 200)).astype(int))

        def weighted(part: Array) -> float:
            moved = at.copy()
            moved.flat[places] = part
            arguments = {**{n: known[n] for n in node.rule.inputs}, name: moved, **node.options}
            made = node.rule.forward(**arguments)
            return float(np.sum(y_bar * (made[0] if isinstance(made, tuple) else made)))

        slopes, kinks = central_difference(_quiet(weighted), at.reshape(-1)[places])
        own = np.broadcast_to(derived, at.shape).reshape(-1)[places]
        errors = np.where(kinks, 0, np.abs(own - slopes))
        worst = int(errors.argmax())
        scale = float(np.max(np.abs(slopes), initial=0)) or 1.0
        if not errors[worst] > max(RELATIVE * scale, ROUNDING):
            return None
        share = y_bar.reshape(-1)[places[worst]] if y_bar.shape == at.shape else 1.0
        return _Cause(node, name, float(own[worst] / share), float(slopes[worst] / share))


def _explained(finding: Finding, causes: list[_Cause], step: _Step) -> Finding:
    """A wrong tensor's finding with the rules between it and the loss that are to blame."""
    if finding.verdict != "wrong":
        return finding
    assert step.plan.train is not None  # noqa: S101
    behind = step.plan.train.differentiated(frozenset([finding.subject]))
    guilty = [
        one
        for one in causes
        if one.node.inputs[one.input] in behind or one.node.inputs[one.input] == finding.subject
    ]
    if not guilty:
        return finding
    sentences = [
        f"The derivative of rule {one.node.rule.name!r} with respect to {one.input!r}, in layer "
        f"{one.node.layer!r}, is wrong: it gives {one.derived:.9g} where {one.measured:.9g} is "
        "measured."
        for one in guilty
    ]
    return replace(
        finding,
        verdict="diagnosed",
        faults=tuple(dict.fromkeys("rule-derivative" for _ in guilty)),
        message=" ".join((finding.message, *dict.fromkeys(sentences))),
        written="; ".join(
            dict.fromkeys(_code(o.node.rule.cotangents[o.input], f"∂L/∂{o.input}") for o in guilty)
        ),
        right="; ".join(
            dict.fromkeys(_code(o.node.rule.forward, o.node.rule.outputs[0]) for o in guilty)
        ),
    )


def _code(function: Any, result: str) -> str:
    """A function's lines as they are written, with the file and line of the first."""
    try:
        found = lines(function, result)
    except (OSError, ArgumentError, TypeError):
        return result
    told = ", ".join(f"{', '.join(line.names)} = {line.code}" for line in found)
    return f"{told} ({found[0].file}:{found[0].number})"


def _quiet(function: Callable[[Array], float]) -> Callable[[Array], float]:
    def quiet(array: Array) -> float:
        with np.errstate(all="ignore"):
            return function(array)

    return quiet
