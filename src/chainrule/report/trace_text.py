"""A trace in a terminal or as plain text: symbols, equations with numbers, values, by stage."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.core import console
from chainrule.glass.trace.document import summary
from chainrule.glass.trace.record import STAGES, Entry, Trace
from chainrule.glass.trace.words import WORDS
from chainrule.glass.trace.writing import number_text

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

MOST_ROWS, MOST_COLUMNS = 8, 8
"""A larger table of numbers is cut off below, or stands as a summary."""

MOST_LINES = 5
"""Lines with the numbers of one element, at most."""

WIDEST = 120
"""Characters in a line, at most: beyond that the eye does not find the number to its equation."""

NARROWEST = 60
"""Characters in a line, at least."""

VALUES = 0.45
"""The share of a line that numbers may take beside their equation; wider ones go below it."""


def text(trace: Trace, width: int | None = None) -> str:
    """The trace as text without colours.

    Args:
        trace: The trace.
        width: Characters in a line; by default what the terminal has, from 60 to 120.
    """
    from rich.console import Console

    out = io.StringIO()
    plain = Console(file=out, width=_width(width), color_system=None, highlight=False)
    show(trace, plain)
    lines = [line.rstrip() for line in out.getvalue().split("\n")]
    return "\n".join(lines).rstrip("\n")


def print_trace(trace: Trace, colours: bool) -> None:
    """Print the trace on standard output.

    Args:
        trace: The trace.
        colours: Whether to use them.
    """
    from rich.console import Console

    if not colours:
        print(text(trace))
        return
    show(trace, Console(width=_width(None), highlight=False))


def show(trace: Trace, out: Console) -> None:
    """Write the trace to a Rich console."""
    from rich.padding import Padding
    from rich.rule import Rule
    from rich.text import Text

    words = WORDS[trace.lang]
    for step in trace.steps:
        loss = number_text(step.loss, 6)
        head = f"{trace.title}: {words['step']} {step.number}, {words['loss']} {loss}"
        out.print(Text(head, style="bold"))
        for stage in STAGES:
            entries = [entry for entry in step.of_stage(stage) if _is_shown(entry)]
            if entries:
                out.print()
                out.print(Rule(Text(words[stage], style="bold"), align="left", style="dim"))
            for layer, group in _by_layer(entries):
                if layer:
                    out.print(Text(f"{words['layer']} {layer}", style="dim italic"))
                out.print(Padding(_table(group, words, out.width - 2), (0, 0, 0, 2)))
        out.print()
    if len(trace.steps) > 1:
        losses = " → ".join(number_text(step.loss, 6) for step in trace.steps)
        out.print(Text(f"{words['loss']}: {losses}", style="bold"))


def _width(asked: int | None) -> int:
    return asked or max(min(console.columns(), WIDEST), NARROWEST)


def _is_shown(entry: Entry) -> bool:
    """Not the states before the step: they stand in the equations of those after it."""
    return not (entry.role == "state" and entry.made_by is None)


def _by_layer(entries: list[Entry]) -> Iterator[tuple[str, list[Entry]]]:
    group: list[Entry] = []
    for entry in entries:
        if group and group[-1].layer != entry.layer:
            yield group[-1].layer, group
            group = []
        group.append(entry)
    if group:
        yield group[-1].layer, group


def _table(entries: list[Entry], words: Mapping[str, str], width: int) -> Table:
    """Entries of one stage and layer, each a row: symbol, words and equations, numbers."""
    from rich.table import Table

    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0), width=width)
    symbols = max(6, *(_cells(entry.symbol) for entry in entries))
    table.add_column(width=min(symbols, width // 4), style="bold cyan", overflow="fold")
    table.add_column(ratio=1, overflow="fold")
    table.add_column(justify="right", no_wrap=True)
    for entry in entries:
        value = numbers(entry, words)
        explained = _explained(entry)
        if max(map(_cells, value)) > VALUES * width:
            explained.append("\n" + "\n".join(value))
            table.add_row(entry.symbol, explained, "")
        else:
            table.add_row(entry.symbol, explained, "\n".join(value))
    return table


def _cells(line: str) -> int:
    from rich.cells import cell_len

    return cell_len(line)


def _explained(entry: Entry) -> Text:
    """Words, the rule's lines, the same in this network's symbols, and one cell with numbers."""
    from rich.text import Text

    found = Text(entry.title)
    for equation in equations(entry):
        found.append(f"\n{equation}", "green")
    if entry.symbolic and entry.symbolic != entry.equation:
        found.append(f"\n{entry.symbolic}", "magenta")
    if entry.made_by is not None or entry.adds:
        found.append(f"\n{_last_lines(example(entry).text)}", "dim")
    return found


def equations(entry: Entry) -> list[str]:
    """The equations of the lines that an entry depends on, without remarks on shapes."""
    *lines, last = [reading.line.equation for reading in entry.lines] or [entry.equation]
    found = [line for line in lines if any(mark in line for mark in (" = ", " ← "))]
    return [equation for equation in (*found, last or entry.equation) if equation]


def example(entry: Entry) -> Any:
    """The cell that is written out: the first."""
    return entry.cell((0,) * len(entry.shape), most=6)


def _last_lines(text: str) -> str:
    """What was computed last; of many lines the last ones."""
    lines = text.split("\n")
    return text if len(lines) <= MOST_LINES else "\n".join(["⋮", *lines[-MOST_LINES:]])


def numbers(entry: Entry, words: Mapping[str, str]) -> list[str]:
    """The numbers as lines; of a large array its shape and a summary."""
    array = np.asarray(entry.value)
    if array.ndim > 2 or (array.shape[-1:] and array.shape[-1] > MOST_COLUMNS):
        return _summary(array, words)
    listed = array[:MOST_ROWS] if array.ndim == 2 else array.reshape(1, -1)
    rows = [[_decimal(value, listed) for value in row] for row in listed]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True))
        for row in rows
    ]
    left = array.shape[0] - MOST_ROWS if array.ndim == 2 else 0
    return [*lines, f"⋮ +{left}"] if left > 0 else lines


def _decimal(value: Any, array: Any) -> str:
    """A number as its neighbours are written: four decimals where that shows all of them."""
    sizes = np.abs(array[array != 0])
    whole = bool(np.all(array == np.round(array)))
    if whole or not np.all(np.isfinite(array)) or sizes.min() < 1e-2 or sizes.max() >= 1e4:
        return number_text(value)
    return f"{value:.4f}".replace("-", "−")


def _summary(array: Any, words: Mapping[str, str]) -> list[str]:
    shape = " × ".join(map(str, array.shape))
    facts = summary(array)
    shown = [
        ", ".join(f"{words[key]} {number_text(facts[key])}" for key in pair)
        for pair in (("min", "max"), ("mean", "norm"))
        if facts["min"] is not None
    ]
    if facts["nonfinite"]:
        shown.append(f"{words['nonfinite']}: {facts['nonfinite']}")
    return [shape, *shown]
