"""A trace as JSON-ready data: every array, equation and cell that a page or another program shows.

Numbers are as exact as their float type. What is no finite number is one of the strings ``"NaN"``,
``"Infinity"``, ``"-Infinity"``. An array of more than :data:`MOST` elements is not listed: it has
a ``summary`` and, as ``heat``, at most 64 × 64 fields: itself, or means over larger fields.
"""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.glass.trace.words import WORDS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from chainrule.core.source import Reading
    from chainrule.glass.trace.record import Entry, Step, Trace

    Array = NDArray[Any]

FORMAT, VERSION = "chainrule.trace", 1
MOST = 1024
"""Elements of an array that is listed in full."""

MOST_CELLS = 400
"""Elements of an array whose equations are listed cell by cell."""

HEAT = 64
"""Fields of a heat map along one axis, at most; an array of no more than HEAT² is itself."""


def document(trace: Trace) -> dict[str, Any]:
    """The trace as JSON-ready data."""
    cells = trace.network["drawn"] == "neurons"
    return {
        "format": FORMAT,
        "version": VERSION,
        "lang": trace.lang,
        "notation": trace.notation,
        "title": trace.title,
        "words": dict(WORDS[trace.lang]),
        "network": trace.network,
        "steps": [_step(step, cells) for step in trace.steps],
    }


def json_text(trace: Trace, indent: int | None = None) -> str:
    """The trace as strictly valid JSON."""
    return json.dumps(document(trace), ensure_ascii=False, indent=indent, allow_nan=False)


def _step(step: Step, cells: bool) -> dict[str, Any]:
    return {
        "number": step.number,
        "loss": number(step.loss),
        "entries": [_entry(entry, cells) for entry in step.entries],
    }


def _entry(entry: Entry, cells: bool) -> dict[str, Any]:
    found: dict[str, Any] = {
        "name": entry.name,
        "symbol": entry.symbol,
        "title": entry.title,
        "stage": entry.stage,
        "layer": entry.layer,
        "role": entry.role,
        "of": entry.of,
        "axes": list(entry.axes),
        "shape": list(entry.shape),
        **_value(np.asarray(entry.value)),
        "rule": entry.rule,
        "equation": entry.equation,
        "symbolic": entry.symbolic,
        "latex": entry.latex,
        "lines": [_line(reading) for reading in entry.lines],
    }
    size = math.prod(entry.shape)
    if cells and (entry.made_by or entry.adds) and size <= MOST_CELLS:
        found["cells"] = {
            ",".join(map(str, index)): _cell(entry, index) for index in np.ndindex(entry.shape)
        }
    return found


def _line(reading: Reading) -> dict[str, Any]:
    line = reading.line
    return {"names": list(line.names), "equation": line.equation, "code": line.code}


def _cell(entry: Entry, index: tuple[int, ...]) -> dict[str, Any]:
    cell = entry.cell(index)
    reads = [[read.name, None if read.index is None else list(read.index)] for read in cell.reads]
    return {"text": cell.text, "value": number(cell.value), "reads": reads}


def _value(array: Array) -> dict[str, Any]:
    if array.size <= MOST:
        return {"value": _nested(array.tolist())}
    return {"summary": summary(array), "heat": _nested(heat(array).tolist())}


def summary(array: Array) -> dict[str, Any]:
    """Smallest, largest and mean element, Euclidean norm, and how many are not finite."""
    finite = np.isfinite(array)
    numbers = array[finite].astype(np.float64)
    if not numbers.size:
        return {"min": None, "max": None, "mean": None, "norm": None, "nonfinite": array.size}
    return {
        "min": float(numbers.min()),
        "max": float(numbers.max()),
        "mean": float(numbers.mean()),
        "norm": number(float(np.sqrt(np.sum(np.square(numbers))))),
        "nonfinite": int(array.size - numbers.size),
    }


def heat(array: Array) -> Array:
    """The array as a table of at most 64 × 64 fields, in which the last axis runs to the right.

    An array of that many elements or fewer is whole, so that each sample of a small batch of
    images can be shown. A square image in one row of pixels, as a flattened one is, stays a row.
    """
    table = array.astype(np.float64).reshape(-1, array.shape[-1] if array.ndim > 1 else array.size)
    for axis in (0, 1) if table.size > HEAT * HEAT else ():
        length = table.shape[axis]
        if length > HEAT:
            edges = np.linspace(0, length, HEAT + 1).astype(int)
            sums = np.add.reduceat(table, edges[:-1], axis=axis)
            widths = np.diff(edges)
            table = sums / (widths[:, None] if axis == 0 else widths)
    return table


def number(value: Any) -> Any:
    """A number for JSON."""
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if isinstance(value, int | np.integer):
        return int(value)
    found = float(value)
    if math.isfinite(found):
        return found
    return "NaN" if math.isnan(found) else "Infinity" if found > 0 else "-Infinity"


def _nested(value: Any) -> Any:
    return [_nested(item) for item in value] if isinstance(value, list) else number(value)
