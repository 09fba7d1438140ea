"""Is the backpropagation of a hand-written network right, and if not, what was written instead?

The network is run on copies, at the user's data and at random points. Its layers are found by
trying which chain gives its outputs; then the fewest mistakes are looked for that give its numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.errors import ArgumentError, DataError
from chainrule.glass.faults import FAULTS
from chainrule.glass.finding import Finding, Report
from chainrule.glass.handwritten.examination import Examination
from chainrule.glass.handwritten.functions import functions_of
from chainrule.glass.handwritten.network import HandWritten, Point

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]


@dataclass(frozen=True)
class BackpropReport(Report):
    """What :func:`check_backprop` found.

    Attributes:
        network: The class, or ``"functions"``.
        layers: The activations of the layers that were found, from the input: ``"sigmoid"``;
            empty if the network is no chain of dense layers.
        loss: The loss whose gradient it was compared with, as a formula.
        backward: What was run for the gradients, and what it does.
        findings: One for every parameter, in the order in which the network holds them.
        notes: What was noticed beside.
    """

    network: str
    layers: tuple[str, ...]
    loss: str
    backward: str
    findings: tuple[Finding, ...]
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        layers = " → ".join(self.layers) or "layers not recognized"
        told = [f"{self.network}: {layers}", f"loss: {self.loss}", f"gradients: {self.backward}"]
        told += [f"note: {note}" for note in self.notes]
        for finding in self.findings:
            told.append(f"{finding.subject}: {finding.verdict}. {finding.message}".rstrip())
            if finding.written:
                told.append(f"  written: {finding.written}")
            if finding.verdict != "right" and finding.right:
                told.append(f"  right:   {finding.right}")
            if finding.others:
                told.append(f"  the same numbers: {', or '.join(finding.others)}")
        named = dict.fromkeys(fault for finding in self.findings for fault in finding.faults)
        told += [f"{fault}: {FAULTS[fault].explanation}" for fault in named]
        return "\n".join(told)


def check_backprop(
    network: Any,
    x: Any,
    y: Any,
    *,
    loss: str | Callable[..., Any] | None = None,
    forward: str | Callable[..., Any] | None = None,
    backward: str | Callable[..., Any] | None = None,
) -> BackpropReport:
    """Compare the gradients of a network that somebody wrote with the true ones.

    What is wrong is named where it is a known mistake. All is run on copies, without output, in
    double precision: at ``x`` and ``y`` with the
    network's own weights, and at random points. A gradient that is wrong is diagnosed only if a
    mistaken formula gives its numbers at all of them.

    Args:
        network: An object whose weights are arrays in attributes, lists or dictionaries; or a
            dictionary or list of arrays, with ``forward`` and ``backward`` as functions of it.
        x: Inputs, as the network takes them.
        y: Targets.
        loss: The loss whose gradient it should be: a name (``"mse"``, ``"half_sse"``, ``"sse"``,
            ``"binary_crossentropy"``, ``"categorical_crossentropy"``, …), or a function of targets
            and outputs. A factor then counts. If not given, the network's own ``loss`` method
            says which it is, or what fits best does, whatever its factor.
        forward: The method (or its name) that makes outputs of inputs; usual names are found.
        backward: The method that returns gradients, stores them, or moves the weights; likewise.

    Returns:
        A report with a finding for every parameter.

    Raises:
        ArgumentError: The forward or the backward pass was not found, or cannot be run.
        DataError: The data are not numbers.

    Example:
        >>> class Line:
        ...     def __init__(self):
        ...         self.w = np.array([[0.5], [0.1]])
        ...
        ...     def forward(self, x):
        ...         return x @ self.w
        ...
        ...     def backward(self, x, y):
        ...         return {"w": x.T @ (self.forward(x) - y)}
        >>> x = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 7.0]])
        >>> check_backprop(Line(), x, x[:, :1]).ok
        True
    """
    inputs, labels = _numbers("x", x), _numbers("y", y)
    calls, given = functions_of(network, forward, backward, loss)
    written = HandWritten(calls, inputs, labels)
    start = Point(written.candidates(), inputs, labels)
    written.find_parameters(start)
    start = Point(written.values, inputs, labels)
    written.find_backward(start, given)
    examination = Examination(written, loss)
    name = type(network).__name__
    if isinstance(network, dict | list | tuple | np.ndarray):
        name = "functions"
    return BackpropReport(
        name,
        examination.layers,
        examination.loss_text,
        examination.how,
        tuple(examination.findings),
        tuple(examination.notes),
    )


def _numbers(name: str, given: Any) -> Array:
    """Data as an array of numbers, floats in double precision."""
    try:
        array = np.asarray(given)
        if array.dtype.kind not in "fiub":
            array = array.astype(np.float64)
    except (TypeError, ValueError):
        raise DataError(f"`{name}` must be numbers.", **{name: type(given).__name__}) from None
    if not array.size:
        raise ArgumentError(f"`{name}` must have samples.", shape=array.shape)
    if array.dtype.kind == "f" or name == "x":
        return array.astype(np.float64)
    return array


__all__: Sequence[str] = ("BackpropReport", "check_backprop")
