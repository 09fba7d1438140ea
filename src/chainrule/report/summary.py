"""The table of a model's layers, as Keras 3 prints it, and what it costs in memory."""

from __future__ import annotations

import io
import itertools
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.core import console
from chainrule.errors import ArgumentError

if TYPE_CHECKING:
    from chainrule.layers.layer import Layer
    from chainrule.layers.symbols import Call, Symbol
    from chainrule.models.model import Model

    _Calls = dict[Layer, dict[Call, int]]

_Kind = tuple[tuple[str, ...], tuple[float, ...], int]
_LINE: _Kind = (("Layer (type)", "Output Shape", "Param #"), (0.45, 0.80, 1.0), 88)
_GRAPH: _Kind = ((*_LINE[0], "Connected to"), (0.3, 0.56, 0.74, 1.0), 108)
"""Of Keras: heads, ends of the columns as fractions of the width, and width in characters."""
_TRAINABLE = (0.9, 12)
"""What is left for the other columns beside "Trainable", and how much wider the table is then."""
_SIDES: dict[str, Any] = {"Param #": "right", "Trainable": "center"}
_NARROWEST = 4


def print_summary(
    model: Model,
    line_length: int | None = None,
    positions: Sequence[float] | None = None,
    print_fn: Callable[[str], object] | None = None,
    show_trainable: bool = False,
    layer_range: Sequence[str] | None = None,
) -> None:
    """Print the table, or hand it as one text to ``print_fn``. See ``Model.summary``.

    A model that is no line of layers has a column "Connected to": ``dense[1][0]`` is the output
    that ``dense`` made when it was called for the second time (the last number is always 0).

    Differences from Keras: a text too long for its cell goes on in the next line (Keras cuts it
    off); a layer that was called on several shapes shows all of them (Keras: the last); the
    optimizer's parameters are its state vectors (Keras adds the step count and learning rate); a
    model within a model stands for its layers, which are listed.

    Args:
        model: The model.
        line_length: Width in characters; by default what the terminal has room for, at most 88,
            or 108 with "Connected to", and 12 more for "Trainable".
        positions: Ends of the columns as rising fractions of the width.
        print_fn: Called once with the whole text, instead of printing.
        show_trainable: Whether to add a column: Y, N, or - for a layer without weights.
        layer_range: Names of the first and last layer to show; or regular expressions, for the
            first and the last layer whose name begins like that.

    Raises:
        ArgumentError: A column has fewer than 4 characters, or ``layer_range`` fits no layers.
    """
    from rich.console import Console

    if print_fn is None and not console.is_interactive_logging_enabled():
        print_fn = console.log
    heads, ends, usual = _LINE if is_line(model) else _GRAPH
    ends = ends if positions is None else tuple(positions)
    if show_trainable:
        share, extra = _TRAINABLE
        heads, usual = (*heads, "Trainable"), usual + extra
        ends = (*(share * end for end in ends), 1.0)
    width = line_length or min(usual, console.columns() - 4)
    columns = _columns(heads, ends, width)
    calls = calls_of(model) if model.built else {}
    rows = [_row(layer, calls, heads) for layer in _chosen(model.layers, layer_range)]
    parts = _parts(model, columns, rows, width)
    if print_fn is None:
        Console(highlight=False).print(*parts, sep="\n", soft_wrap=True)
        return
    text = Console(file=io.StringIO(), width=width, color_system=None, highlight=False)
    text.print(*parts, sep="\n", soft_wrap=True)
    print_fn(text.file.getvalue())  # type: ignore[attr-defined]


def size_text(size: float) -> str:
    """Bytes as Keras writes them: ``30.66 KB``."""
    for unit in ("B", "KB", "MB"):
        if size < 1024:
            return f"{size:.2f} {unit}"
        size /= 1024
    return f"{size:.2f} GB"


def shapes_text(symbols: Iterable[Symbol]) -> str:
    """The different shapes of some arrays: ``(None, 3), (None, 4)``."""
    return ", ".join(dict.fromkeys(str(symbol.shape) for symbol in symbols))


def calls_of(model: Model) -> _Calls:
    """The uses of each layer in this model, with the number of each among all uses, from 0."""
    joined = model.topology
    found: dict[Layer, list[Call]] = {layer: [] for layer in joined.layers}
    for call in (*(symbol.call for symbol in joined.inputs), *joined.calls):
        found.setdefault(call.layer, []).append(call)
    return {layer: _numbered(layer, calls) for layer, calls in found.items()}


def _numbered(layer: Layer, calls: Sequence[Call]) -> dict[Call, int]:
    noted = {call: number for number, call in enumerate(layer.calls) if call in set(calls)}
    inner = [call for call in calls if call not in noted]  # of a model within this one
    return noted | {call: number for number, call in enumerate(inner, start=len(layer.calls))}


def is_line(model: Model) -> bool:
    """Whether each layer takes the output of the one before, and that alone."""
    if not model.built:
        return True
    joined = model.topology
    if len(joined.inputs) > 1 or len({call.layer for call in joined.calls}) < len(joined.calls):
        return False
    made = [joined.inputs[0], *(call.output for call in joined.calls)]
    return all(call.inputs == (before,) for call, before in zip(joined.calls, made, strict=False))


def _chosen(layers: list[Layer], layer_range: Sequence[str] | None) -> list[Layer]:
    if layer_range is None:
        return layers
    if len(layer_range) != 2 or not all(isinstance(name, str) for name in layer_range):
        raise ArgumentError("`layer_range` must be two names of layers.", layer_range=layer_range)
    fits = [
        [place for place, layer in enumerate(layers) if re.match(name, layer.name)]
        for name in layer_range
    ]
    if not all(fits):
        names = [layer.name for layer in layers]
        raise ArgumentError(f"`layer_range` must be two of {names}.", layer_range=layer_range)
    first, last = fits if fits[0][0] <= fits[1][-1] else reversed(fits)
    return layers[first[0] : last[-1] + 1]


def _columns(heads: Sequence[str], ends: Sequence[float], width: int) -> list[Any]:
    from rich.table import Column
    from rich.text import Text

    stops = [0, *(int(width * end) for end in ends)]
    widths = [stop - start for start, stop in itertools.pairwise(stops)]
    if len(widths) != len(heads) or min(widths) < _NARROWEST:
        raise ArgumentError(
            f"The table has {len(heads)} columns of at least {_NARROWEST} characters: "
            "`line_length` is too small or `positions` do not rise so far.",
            line_length=width,
            positions=tuple(ends),
        )
    return [
        Column(
            Text(head, overflow="ellipsis"),
            justify=_SIDES.get(head, "left"),
            width=w,
            overflow="fold",
        )
        for head, w in zip(heads, widths, strict=True)
    ]


def _row(layer: Layer, calls: _Calls, heads: Sequence[str]) -> list[str]:
    cells = [f"{layer.name} ({type(layer).__name__})", "?", "0 (unbuilt)"]
    if calls:
        cells[1:] = shapes_text(call.output for call in calls[layer]), f"{layer.count_params():,}"
    if "Connected to" in heads:
        cells.append(_sources(calls, calls[layer]))
    if "Trainable" in heads:
        cells.append(("Y" if layer.trainable else "N") if layer.declared else "-")
    return cells


def _sources(calls: _Calls, uses: Iterable[Call]) -> str:
    """Where inputs come from: ``dense[0][0], dense[1][0]``."""
    makers = [symbol.call for call in uses for symbol in call.inputs]
    return ", ".join(f"{m.layer.name}[{calls[m.layer][m]}][0]" for m in makers) or "-"


def _parts(
    model: Model, columns: Sequence[Any], rows: Sequence[Sequence[str]], width: int
) -> list[Any]:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(*columns, width=width, box=box.HEAVY_HEAD, show_lines=True)
    for row in rows:
        table.add_row(*map(Text, row))
    return [Text(f'Model: "{model.name}"', style="bold"), table, *map(Text, _totals(model))]


def _totals(model: Model) -> list[str]:
    if not model.built:
        return [f" {kind} params: 0 (unbuilt)" for kind in ("Total", "Trainable", "Non-trainable")]
    item = np.dtype(model.dtype).itemsize
    slots = [weight.slot for layer in model.topology.operations for weight in layer.declared]
    total, moved = model.count_params(), sum(slot.size for slot in slots if slot.trainable)
    states = sum(vector.size for vector in model.optimizer.state.values()) if model.optimizer else 0
    counts = {
        "Total": total + states,
        "Trainable": moved,
        "Non-trainable": total - moved,
    } | ({"Optimizer": states} if states else {})
    lines = [f" {kind} params: {n:,} ({size_text(n * item)})" for kind, n in counts.items()]
    lines.append(f" Activations per sample: {size_text(_activations(model) * item)}")
    lines.append(f" Engine: {model.engine}")
    if model.compiled and model.loss is not None:
        arrow = "→" if console.can_encode(sys.stdout, "→") else "->"
        lines += [f" Fused: {fusion.replace('→', arrow)}" for fusion in model.plan.fusions]
    return lines


def _activations(model: Model) -> int:
    """Numbers that a prediction computes for one sample."""
    graph = model.prediction_plan.predict
    return sum(
        int(np.prod([axis or 1 for axis in graph.shapes[node.output][1:]])) for node in graph.nodes
    )
