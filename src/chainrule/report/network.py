"""Pictures of how a model's layers are joined: drawn here, or as text for Graphviz."""

from __future__ import annotations

import html
import itertools
import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chainrule.errors import ArgumentError, StateError
from chainrule.layers.input import InputLayer
from chainrule.report import canvas, drawing
from chainrule.report.summary import calls_of, is_line

if TYPE_CHECKING:
    from chainrule.core.shapes import Shape
    from chainrule.layers.symbols import Call
    from chainrule.models.model import Model
    from chainrule.report.layering import Edge

SPLINES = ("ortho", "polyline", "line", "curved", "spline")
"""Ways to draw edges."""
_ALIKE = 3
"""Inputs of one shape that are listed rather than counted."""


def plot_model(
    model: Model,
    to_file: str | os.PathLike[str] | None = "model.png",
    show_shapes: bool = False,
    show_dtype: bool = False,
    show_layer_names: bool = False,
    rankdir: str = "TB",
    expand_nested: bool = False,
    dpi: float = 200,
    show_layer_activations: bool = False,
    show_trainable: bool = False,
    splines: str = "ortho",
    ax: Any = None,
    **kwargs: Any,
) -> Any:
    """Draw a model's layers and how they are joined.

    Boxes of layers with weights are blue, of inputs yellow, the others grey. Needs matplotlib
    (``pip install "chainrule[plot]"``) and, other than Keras, no Graphviz.

    Differences from Keras: a layer that is called several times has a box for each use, so that
    one sees which output comes from which input; a model within a model stands for its layers; a
    picture too large for its format gets fewer dots per inch.

    Args:
        model: A model that is built.
        to_file: Where to write, ending in .png, .svg or .pdf; ``None`` for nowhere.
        show_shapes: Whether boxes have the shapes of input and output.
        show_dtype: Whether they have the output's type.
        show_layer_names: Whether they have the layer's name.
        rankdir: From where to where: ``"TB"`` is top to bottom; ``"BT"``, ``"LR"``, ``"RL"``.
        expand_nested: Kept for Keras' signature: layers of a nested model are always shown.
        dpi: Dots per inch of a PNG.
        show_layer_activations: Whether boxes have the activation, where a layer has one.
        show_trainable: Whether boxes of layers with weights say if training moves them.
        splines: ``"ortho"`` for lines with right angles, ``"polyline"`` (``"line"``) for straight
            ones, ``"curved"`` (``"spline"``); all lead around boxes.
        ax: The Axes to draw on, which the picture fills; by default one of the picture's size.
        **kwargs: None is known.

    Returns:
        The matplotlib Axes, in units of points; one of the picture's size shows itself at the end
        of a notebook's cell.

    Raises:
        StateError: The model is not built.
        ArgumentError: ``rankdir``, ``splines``, ``dpi`` or the suffix of ``to_file`` is unknown.
        ImportError: matplotlib is not installed.
    """
    _check(model, rankdir, splines, dpi, kwargs)
    if to_file is not None:
        canvas.format_of(to_file)
    shown = _Shown(
        show_layer_names, show_shapes, show_dtype, show_layer_activations, show_trainable
    )
    axes = drawing.draw(*_boxes(model, shown), rankdir, splines, ax)
    if to_file is not None:
        canvas.save(axes, to_file, dpi=drawing.fitting(axes, dpi))
    return axes


def model_to_dot(
    model: Model,
    show_shapes: bool = False,
    show_dtype: bool = False,
    show_layer_names: bool = True,
    rankdir: str = "TB",
    expand_nested: bool = False,
    dpi: float = 200,
    subgraph: bool = False,
    show_layer_activations: bool = False,
    show_trainable: bool = False,
    splines: str = "ortho",
    **kwargs: Any,
) -> str:
    """The picture of :func:`plot_model` as text in the DOT language, for Graphviz.

    Write it to ``model.dot``, then: ``dot -Tsvg model.dot -o model.svg``. (Keras returns an object
    of ``pydot``; its ``to_string()`` gives such a text.)

    Args:
        model: A model that is built.
        show_shapes: See :func:`plot_model`.
        show_dtype: See :func:`plot_model`.
        show_layer_names: See :func:`plot_model`.
        rankdir: See :func:`plot_model`.
        expand_nested: See :func:`plot_model`.
        dpi: Dots per inch.
        subgraph: Whether to give a cluster, to stand in a graph of your own.
        show_layer_activations: See :func:`plot_model`.
        show_trainable: See :func:`plot_model`.
        splines: How Graphviz draws edges.
        **kwargs: None is known.

    Raises:
        StateError: The model is not built.
        ArgumentError: ``rankdir``, ``splines`` or ``dpi`` is unknown.
    """
    _check(model, rankdir, splines, dpi, kwargs)
    shown = _Shown(
        show_layer_names, show_shapes, show_dtype, show_layer_activations, show_trainable
    )
    boxes, edges = _boxes(model, shown)
    name = model.name.replace("\\", "\\\\").replace('"', '\\"')
    if subgraph:
        head = f'subgraph "cluster_{name}" {{'
        settings = [f'label="{name}"', "labeljust=l", "style=dashed"]
    else:
        head = f'digraph "{name}" {{'
        settings = [f"rankdir={rankdir}", "concentrate=true", f"dpi={dpi}", f"splines={splines}"]
    prefix = f"{name}/" if subgraph else ""
    lines = [
        *settings,
        'node [shape=plain, fontname="Helvetica"]',
        *(f'"{prefix}{k}" [label={_html(box)}]' for k, box in enumerate(boxes)),
        *(f'"{prefix}{one}" -> "{prefix}{two}" [penwidth=2]' for one, two in edges),
    ]
    return "\n".join([head, *(f"  {line};" for line in lines), "}", ""])


@dataclass(frozen=True)
class _Shown:
    """What boxes have beside the layer's class."""

    names: bool
    shapes: bool
    dtype: bool
    activations: bool
    trainable: bool


def _check(model: Model, rankdir: str, splines: str, dpi: float, unknown: dict[str, Any]) -> None:
    if unknown:
        raise ArgumentError("Unrecognized keyword arguments.", **unknown)
    if not model.built:
        raise StateError(
            f"Model {model.name!r} is not built: its layers' inputs are not known. Begin with "
            "Input(shape=…), or call build((None, …)), or fit it to data."
        )
    if rankdir not in drawing.DIRECTIONS:
        raise ArgumentError(
            f"`rankdir` must be one of {sorted(drawing.DIRECTIONS)}.", rankdir=rankdir
        )
    if splines not in SPLINES:
        raise ArgumentError(f"`splines` must be one of {list(SPLINES)}.", splines=splines)
    if not dpi > 0:
        raise ArgumentError("`dpi` must be positive.", dpi=dpi)


def _boxes(model: Model, shown: _Shown) -> tuple[list[drawing.Box], list[Edge]]:
    """A box for each use of a layer, and which leads to which; the first number is smaller."""
    from chainrule.models.sequential import Sequential

    joined = model.topology
    inputs = [symbol.call for symbol in joined.inputs]
    if isinstance(model, Sequential) and is_line(model):
        inputs = []  # Keras, too, leaves them out of a line
    calls = [*inputs, *joined.calls]
    places = {call: place for place, call in enumerate(calls)}
    edges = {
        (places[symbol.call], places[call]): None
        for call in joined.calls
        for symbol in call.inputs
        if symbol.call in places
    }
    uses = {layer: list(found) for layer, found in calls_of(model).items()}
    dtype = model.dtype
    return [_box(call, uses[call.layer], dtype, shown) for call in calls], list(edges)


def _box(call: Call, uses: list[Call], dtype: str, shown: _Shown) -> drawing.Box:
    layer, kind = call.layer, type(call.layer).__name__
    rows = []
    if len(uses) > 1:
        rows.append(f"Shared: use {uses.index(call) + 1} of {len(uses)}")
    if shown.activations and getattr(layer, "activation", None) is not None:
        rows.append(f"Activation: {_activation(layer.activation)}")
    if shown.shapes:
        if call.inputs:
            rows.append(f"Input shape: {_shapes(symbol.shape for symbol in call.inputs)}")
        rows.append(f"Output shape: {call.output.shape}")
    if shown.dtype:
        rows.append(f"Output dtype: {getattr(layer, 'data_dtype', None) or dtype}")
    if shown.trainable and layer.declared:
        rows.append("Trainable" if layer.trainable else "Non-trainable")
    look = "input" if isinstance(layer, InputLayer) else "weights" if layer.declared else "plain"
    return drawing.Box(f"{layer.name} ({kind})" if shown.names else kind, tuple(rows), look)


def _activation(activation: Any) -> str:
    return str(getattr(activation, "name", None) or type(activation).__name__)


def _shapes(shapes: Iterable[Shape]) -> str:
    """Shapes in order: ``(None, 3), (None, 8), (None, 8)``; many alike are counted."""
    found = []
    for shape, alike in itertools.groupby(shapes):
        count = len(list(alike))
        found += [f"{count} × {shape}"] if count > _ALIKE else [str(shape)] * count
    return ", ".join(found)


def _html(box: drawing.Box) -> str:
    """A table that Graphviz draws."""
    tint = drawing.TINTS[box.look]
    rows = [
        f'<tr><td bgcolor="{tint}"><b>{html.escape(box.title)}</b></td></tr>',
        *(f'<tr><td bgcolor="white">{html.escape(row)}</td></tr>' for row in box.rows),
    ]
    table = 'table border="0" cellborder="1" cellspacing="0" cellpadding="8"'
    return f"<<{table}>{''.join(rows)}</table>>"
