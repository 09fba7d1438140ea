"""What there is to check in a module that somebody wrote: networks and update rules.

A class with a forward pass and a training step is a network; a class or function that moves
parameters by gradients is an update rule, and its name says which.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from chainrule.errors import ChainruleError
from chainrule.glass.update_rules.calling import METHODS
from chainrule.glass.update_rules.names import called_parameters, role_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from chainrule.glass.finding import Finding

    Array = NDArray[Any]

Kind = Literal["network", "optimizer"]

RULES = (
    ("adamw", "adamw"),
    ("adamax", "adamax"),
    ("nadam", "nadam"),
    ("adam", "adam"),
    ("rmsprop", "rmsprop"),
    ("adagrad", "adagrad"),
    ("adadelta", "adadelta"),
    ("nesterov", "nesterov"),
    ("nag", "nesterov"),
    ("momentum", "momentum"),
    ("lion", "lion"),
    ("sgd", "sgd"),
    ("gradientdescent", "sgd"),
)
"""Which rule a name stands for, if it has this in it; the first that does."""

FORWARD = frozenset(
    [
        "forward",
        "forward_pass",
        "forward_propagation",
        "feedforward",
        "feed_forward",
        "forwardprop",
        "predict",
        "propagate",
        "__call__",
    ]
)
TRAINING = frozenset(
    [
        "backward",
        "backward_pass",
        "backward_propagation",
        "backprop",
        "back_prop",
        "backpropagation",
        "backpropagate",
        "gradient",
        "gradients",
        "compute_gradients",
        "train",
        "train_step",
        "fit",
        "learn",
        "update_weights",
    ]
)
"""Methods by which a network is known."""

UNCHECKED_RULE = (
    "Its name does not say which update rule it is. Name it after the rule (Adam, my_sgd, …), or "
    "say which with --optimizer."
)


@dataclass(frozen=True)
class HandIn:
    """Something to check.

    Attributes:
        name: As it is called in the module.
        kind: What it is.
        value: The class or function.
        rule: Which update rule it should be; ``""`` if nobody says.
    """

    name: str
    kind: Kind
    value: Any
    rule: str = ""

    @property
    def label(self) -> str:
        """The name, and the rule where the name does not have it."""
        said = not self.rule or _rule(self.name, "") == self.rule
        return self.name if said else f"{self.name} ({self.rule})"


@dataclass(frozen=True)
class Checked:
    """The verdict on one thing.

    Attributes:
        name: The label of what was checked.
        kind: What it is.
        rule: Which update rule it should be; ``""`` for a network.
        verdict: Right, wrong, or not checked.
        message: Why it was not checked.
        faults: Ids of what was recognised.
        findings: What was found about each part.
        text: The report as text.
    """

    name: str
    kind: Kind
    rule: str
    verdict: Literal["right", "wrong", "unchecked"]
    message: str = ""
    faults: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    text: str = ""


def hand_ins(module: ModuleType, optimizer: str = "") -> tuple[HandIn, ...]:
    """What a module defines that can be checked, in the order in which it is written.

    Args:
        module: Which may be half loaded.
        optimizer: Which rule update rules should be whose names do not say.
    """
    found = [
        HandIn(name, kind, value, rule)
        for name, value in vars(module).items()
        if getattr(value, "__module__", None) == module.__name__
        and getattr(value, "__name__", None) == name
        and not name.startswith("_")
        for kind, rule in _meant(name, value, optimizer)
    ]
    return tuple(found)


def _meant(name: str, value: Any, optimizer: str) -> Iterator[tuple[Kind, str]]:
    """What something in a module is, and which rule it should be."""
    rule = _rule(name, optimizer)
    if isinstance(value, type):
        kind = _kind(value)
        if kind == "network":
            yield "network", ""
        elif kind == "optimizer":
            yield "optimizer", rule
            if rule == "sgd" and "momentum" in map(role_of, _parameters(value)):
                yield "optimizer", "momentum"  # its default may be none
    elif isinstance(value, FunctionType) and _moves(value) and rule:
        yield "optimizer", rule


def checked(one: HandIn, module: ModuleType) -> Checked:
    """Check it.

    Args:
        one: What to check.
        module: Where it was found; its ``X`` and ``y`` are the data of a network, if there.
    """
    if one.kind == "optimizer" and not one.rule:
        return Checked(one.label, one.kind, "", "unchecked", UNCHECKED_RULE)
    try:
        report = _optimizer(one) if one.kind == "optimizer" else _network(one, module)
    except ChainruleError as error:
        return Checked(one.label, one.kind, one.rule, "unchecked", _short(error))
    findings: tuple[Finding, ...] = report.findings
    faults = tuple(dict.fromkeys(fault for finding in findings for fault in finding.faults))
    verdict: Literal["right", "wrong", "unchecked"] = "right" if report.ok else "wrong"
    if all(finding.verdict == "unchecked" for finding in findings):
        verdict = "unchecked"
    text = str(report)
    return Checked(one.label, one.kind, one.rule, verdict, "", faults, findings, text)


def _optimizer(one: HandIn) -> Any:
    from chainrule.glass.update_rules.check import check_optimizer

    return check_optimizer(one.value, one.rule)


def _network(one: HandIn, module: ModuleType) -> Any:
    from chainrule.glass.backprop import check_backprop
    from chainrule.glass.constructing import network_with_data

    network, x, y = network_with_data(one.value, _data(module))
    return check_backprop(network, x, y)


def _short(error: ChainruleError) -> str:
    """Why the code could not be called, each reason once; the rest of such a message is long."""
    head, *reasons = str(error).split("\nUnderstood are:")[0].split("\n- ")
    causes = dict.fromkeys(reason.partition(": ")[2] for reason in reasons)
    return f"{head} ({'; '.join(causes)})" if causes else head


# ---------------------------------------------------------------- finding


def _kind(kind: type) -> Kind | None:
    names = {name for base in kind.__mro__[:-1] for name in vars(base)}
    if names & FORWARD and names & TRAINING:
        return "network"
    methods = [getattr(kind, name) for name in METHODS if name in names]
    if any(_moves(method) for method in methods):
        return "optimizer"
    holds = {role_of(name) for name in _parameters(kind)} & {"parameter", "parameters"}
    return "optimizer" if methods and holds else None


def _moves(function: Any) -> bool:
    """Whether a function takes gradients."""
    roles = {role_of(name) for name in _parameters(function)}
    return bool(roles & {"gradient", "gradients", "layer", "pairs"})


def _parameters(function: Any) -> Mapping[str, inspect.Parameter]:
    try:
        return called_parameters(function)
    except (TypeError, ValueError):
        return {}


def _rule(name: str, otherwise: str) -> str:
    plain = name.lower().replace("_", "")
    return next((rule for part, rule in RULES if part in plain), otherwise)


def _data(module: ModuleType) -> tuple[Array, Array] | None:
    """The module's own ``X`` and ``y``, as floats of as many rows."""
    arrays = list(_arrays(module))
    if len(arrays) == 2 and len(arrays[0]) == len(arrays[1]):
        return arrays[0], arrays[1]
    return None


def _arrays(module: ModuleType) -> Iterator[Array]:
    for names in (("X", "x", "X_train", "x_train"), ("y", "Y", "y_train", "Y_train")):
        for name in names:
            value = getattr(module, name, None)
            if isinstance(value, np.ndarray | list) and np.ndim(value) in (1, 2):
                array = np.asarray(value)
                if array.dtype.kind in "fiub" and len(array):
                    yield array.astype(np.float64)
                    break
