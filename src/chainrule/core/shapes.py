"""Shape texts: ``"x[*N,I] kernel[I,O] bias[O] -> y[*N,O]"``, declared once and read by all.

An axis is a name (``I``), a group of any number of axes (``*N``), or ``1``. After a colon stands
what the values are, if not any real number: ``y_true[*N]:label(K)`` for integers from 0 to K − 1,
``:unit`` for numbers between 0 and 1, ``:positive`` for positive numbers. An output in parentheses
is auxiliary: computed on the way, with no derivative flowing into it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

from chainrule.errors import ShapeError

Shape = tuple[int | None, ...]
"""Axis lengths; ``None`` is a length not known yet, as the number of samples is."""

Axes = dict[str, Any]
"""What each axis name stands for: a length, or for a group (``"*N"``) a tuple of lengths."""

_ITEM = re.compile(r"(\()?(\w+)\[([^\]]*)\](?::(\w+)(?:\((\w+)\))?)?(\))?")


class Spec(NamedTuple):
    """One array of a shape text."""

    name: str
    axes: tuple[str, ...]
    domain: str = "real"
    bound: str = ""
    auxiliary: bool = False

    def shape(self, axes: Axes, options: Mapping[str, Any] = {}) -> Shape:
        """The shape under ``axes``; a name bound by no input is taken from the rule's options."""
        lengths: list[int | None] = []
        for axis in self.axes:
            if axis.startswith("*"):
                lengths += axes[axis] if axis in axes else options[axis[1:]]
            else:
                lengths.append(1 if axis == "1" else axes[axis] if axis in axes else options[axis])
        return tuple(lengths)

    def __str__(self) -> str:
        return f"{self.name}[{','.join(self.axes)}]"


class Signature(NamedTuple):
    """The parsed shape text of a rule."""

    text: str
    inputs: tuple[Spec, ...]
    outputs: tuple[Spec, ...]

    def infer(self, shapes: Mapping[str, Shape], options: Mapping[str, Any]) -> dict[str, Shape]:
        """Output shapes from input shapes.

        Raises:
            ShapeError: The inputs do not fit together.
        """
        axes = self.bound(shapes)
        return {spec.name: spec.shape(axes, options) for spec in self.outputs}

    def bound(self, shapes: Mapping[str, Shape]) -> Axes:
        """What every axis name of the inputs stands for; see :func:`bind`."""
        return bind(self.inputs, shapes)


@cache
def parse(text: str) -> Signature:
    """Read a shape text.

    Raises:
        ShapeError: The text is not one.
    """
    left, arrow, right = text.partition("->")
    if not arrow:
        raise ShapeError("A shape text needs '->' between inputs and outputs.", text=text)
    return Signature(text, _items(left, text), _items(right, text))


def _items(part: str, text: str) -> tuple[Spec, ...]:
    specs = []
    for word in part.split():
        match = _ITEM.fullmatch(word)
        if match is None:
            raise ShapeError(f"Cannot read {word!r} in a shape text.", text=text)
        opened, name, inside, domain, bound, _ = match.groups()
        axes = tuple(axis.strip() for axis in inside.split(",") if axis.strip())
        if sum(axis.startswith("*") for axis in axes) > 1:
            raise ShapeError(f"{name!r} has more than one group of axes.", text=text)
        specs.append(Spec(name, axes, domain or "real", bound or "", bool(opened)))
    return tuple(specs)


def bind(specs: Sequence[Spec], shapes: Mapping[str, Shape]) -> Axes:
    """What every axis name stands for, given the shapes of some or all of ``specs``.

    Raises:
        ShapeError: An array has the wrong rank, or one name would mean two lengths.
    """
    axes: Axes = {}
    for spec in specs:
        if spec.name in shapes:
            _bind_one(spec, tuple(shapes[spec.name]), axes)
    return axes


def _bind_one(spec: Spec, shape: Shape, axes: Axes) -> None:
    starred = [index for index, axis in enumerate(spec.axes) if axis.startswith("*")]
    fixed = len(spec.axes) - len(starred)
    if len(shape) < fixed or (not starred and len(shape) != fixed):
        wanted = f"at least {fixed}" if starred else f"{fixed}"
        raise ShapeError(f"{spec} must have {wanted} axes.", **{spec.name: shape})
    lengths: list[Any] = list(shape)
    if starred:
        at, width = starred[0], len(shape) - fixed
        lengths[at : at + width] = [tuple(shape[at : at + width])]
    for axis, length in zip(spec.axes, lengths, strict=True):
        known = 1 if axis == "1" else axes.get(axis, length)
        merged = _agree(known, length)
        if merged is False:
            raise ShapeError(
                f"Axis {axis} of {spec} must be {known}, as in the arrays before it.",
                **{spec.name: shape},
            )
        axes[axis] = merged


def _agree(known: Any, length: Any) -> Any:
    """The common value of two lengths (or tuples of them), ``None`` being unknown; else False."""
    if isinstance(known, tuple):
        if len(known) != len(length):
            return False
        merged = tuple(_agree(a, b) for a, b in zip(known, length, strict=True))
        return False if any(axis is False for axis in merged) else merged
    if known is None or length is None:
        return length if known is None else known
    return known if known == length else False
