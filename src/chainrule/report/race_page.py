"""Paths on a loss surface as one HTML page that needs no network: to be played, with curves.

Its parts lie in ``race/``: a template, a style sheet, a script.
"""

from __future__ import annotations

import html
import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.errors import ArgumentError
from chainrule.report.landscape_plots import Scale
from chainrule.report.standalone import assembled, data_text

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from chainrule.models.comparison import Comparison
    from chainrule.models.landscapes import Landscape

    Array = NDArray[Any]

AGAINST = {
    "gradients": "gradients, in passes over the data",
    "epochs": "epochs",
    "updates": "updates of the weights",
    "seconds": "seconds of training",
}
"""What a race is drawn against."""
DIGITS = 5
"""Of the numbers on the page."""


def page(landscape: Landscape, comparison: Comparison | None = None, title: str = "") -> str:
    """The page.

    Args:
        landscape: A plane with paths; those of ``comparison`` if there is one.
        comparison: What the paths are measured by; without one, by steps.
        title: By default what the landscape is of.

    Returns:
        The text of the document, to be written as UTF-8.

    Raises:
        ArgumentError: The landscape is a line, or has no paths.
    """
    if len(landscape.axes) != 2 or not landscape.tracks:
        raise ArgumentError(
            "The page is for paths on a plane.",
            axes=len(landscape.axes),
            paths=len(landscape.tracks),
        )
    texts = {
        "table": "" if comparison is None else "".join(_table(comparison)),
        "data": data_text(_data(landscape, comparison)),
    }
    return assembled("race", ("race",), "en", title or landscape.name, texts)


def _data(landscape: Landscape, comparison: Comparison | None) -> dict[str, Any]:
    scale = Scale(landscape)
    races = [None] * len(landscape.tracks) if comparison is None else comparison.races
    tracks = []
    for track, race in zip(landscape.tracks, races, strict=True):
        made = {
            "name": track.name,
            "xy": _numbers(track.coordinates),
            "losses": _numbers(track.losses),
            "off": _number(track.error),
        }
        steps = np.arange(len(track.losses))
        if race is None:
            made["steps"] = steps.tolist()
        else:
            epochs = race.drawn
            made |= {"epochs": epochs.tolist()}
            made |= {
                name: _numbers(getattr(race, name)[epochs]) for name in AGAINST if name != "epochs"
            }
        tracks.append(made)
    return {
        "terrain": {
            "a": _numbers(landscape.axes[0][[0, -1]]),
            "b": _numbers(landscape.axes[1][[0, -1]]),
            "labels": list(landscape.plane.labels),
            "name": "z" if landscape.plane.kind == "variables" else "loss",
            "losses": _numbers(landscape.losses),
            "ends": _numbers(np.array(scale.ends)),
            "log": scale.is_log,
        },
        "marks": {name: _numbers(points) for name, points in landscape.marks.items()},
        "quantities": AGAINST if comparison is not None else {"steps": "steps"},
        "tracks": tracks,
    }


def _numbers(array: Array) -> Any:
    if array.ndim > 1:
        return [_numbers(part) for part in array]
    return [_number(value) for value in array.tolist()]


def _number(value: float) -> float | None:
    return float(f"{value:.{DIGITS}g}") if math.isfinite(value) else None


def _table(comparison: Comparison) -> Iterator[str]:
    """The table of a race, which needs no script."""
    heads, *rows = comparison.rows()
    left = {0, 1, len(heads) - 1}

    def cells(kind: str, row: list[str]) -> str:
        sides = [' class="left"' if place in left else "" for place in range(len(row))]
        pairs = zip(sides, row, strict=True)
        return "".join(f"<{kind}{side}>{html.escape(cell)}</{kind}>" for side, cell in pairs)

    yield f'<div class="sideways"><table><caption>{html.escape(comparison.note)}</caption>'
    yield f"<thead><tr>{cells('th', heads)}</tr></thead><tbody>"
    yield from (f"<tr>{cells('td', row)}</tr>" for row in rows)
    yield "</tbody></table></div>\n"
