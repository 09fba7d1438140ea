"""The table of a model's layers, as Keras 3 prints it, and what it costs in memory."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.callbacks.progress import can_encode
from chainrule.errors import ArgumentError

if TYPE_CHECKING:
    from chainrule.layers.layer import Layer
    from chainrule.models.sequential import Sequential

_POSITIONS = (0.45, 0.80, 1.0)
_TRAINABLE_WIDTH = 12


def print_summary(
    model: Sequential,
    line_length: int | None = None,
    positions: Any = None,
    print_fn: Callable[[str], object] | None = None,
    show_trainable: bool = False,
    layer_range: Any = None,
) -> None:
    """Print the table, or hand it as one text to ``print_fn``. See ``Sequential.summary``."""
    from rich.console import Console

    screen = Console(highlight=False)
    width = line_length or min(88, screen.width - 4) + (_TRAINABLE_WIDTH if show_trainable else 0)
    layers = _chosen(model.layers, layer_range)
    parts = _parts(model, layers, width, positions or _POSITIONS, show_trainable)
    if print_fn is None:
        screen.print(*parts, sep="\n", soft_wrap=True)
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


def _chosen(layers: list[Layer], layer_range: Any) -> list[Layer]:
    if layer_range is None:
        return layers
    names = [layer.name for layer in layers]
    try:
        first, last = (names.index(name) for name in layer_range)
    except ValueError:
        raise ArgumentError(
            f"`layer_range` must be two names of {names}.", layer_range=layer_range
        ) from None
    return layers[first : last + 1]


def _parts(
    model: Sequential, layers: list[Layer], width: int, positions: Any, show_trainable: bool
) -> list[Any]:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    heads = ["Layer (type)", "Output Shape", "Param #"]
    if show_trainable:
        heads.append("Trainable")
        positions = [*(0.9 * position for position in positions), 1.0]
    ends = [int(width * position) for position in positions]
    table = Table(width=width, box=box.HEAVY_HEAD, show_lines=True)
    sides = ("left", "left", "right", "center")
    for head, start, end, side in zip(heads, [0, *ends], ends, sides, strict=False):
        table.add_column(head, width=end - start, justify=side, overflow="fold")  # type: ignore[arg-type]
    for layer in layers:
        row: list[Any] = [
            Text(f"{layer.name} ({type(layer).__name__})"),
            *_shape_and_count(model, layer),
        ]
        if show_trainable:
            row.append(
                "Y" if layer.trainable and layer.declared else "N" if layer.declared else "-"
            )
        table.add_row(*row)
    lines = [Text(f'Model: "{model.name}"', style="bold"), table, *map(Text, _totals(model))]
    return lines


def _shape_and_count(model: Sequential, layer: Layer) -> list[str]:
    if not model.built:
        return ["?", "0 (unbuilt)"]
    return [str(layer.output_shape), f"{layer.count_params():,}"]


def _totals(model: Sequential) -> list[str]:
    if not model.built:
        return [f" {kind} params: 0 (unbuilt)" for kind in ("Total", "Trainable", "Non-trainable")]
    item = np.dtype(model.dtype).itemsize
    total, moved = model.count_params(), model.layout.trainable_size
    optimizer = model.optimizer
    slots = sum(vector.size for vector in optimizer.state.values()) if optimizer else 0
    counts = {
        "Total": total + slots,
        "Trainable": moved,
        "Non-trainable": total - moved,
    } | ({"Optimizer": slots} if slots else {})
    lines = [f" {kind} params: {n:,} ({size_text(n * item)})" for kind, n in counts.items()]
    lines.append(f" Activations per sample: {size_text(_activations(model) * item)}")
    if model.compiled and model.loss is not None:
        arrow = "→" if can_encode(sys.stdout, "→") else "->"
        lines += [f" Fused: {fusion.replace('→', arrow)}" for fusion in model.plan.fusions]
    return lines


def _activations(model: Sequential) -> int:
    """Numbers that a prediction computes for one sample."""
    graph = model.base.predict
    return sum(
        int(np.prod([axis or 1 for axis in graph.shapes[node.output][1:]])) for node in graph.nodes
    )
