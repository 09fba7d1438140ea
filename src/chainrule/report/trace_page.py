"""A training step as one HTML page that needs no network: drawing, equations, tables.

The page's parts lie in ``page/``: a template, one style sheet, one script for each idea, and the
page's own words.
"""

from __future__ import annotations

import html
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from chainrule.report.standalone import assembled, data_text, part

if TYPE_CHECKING:
    from chainrule.glass.trace.record import Trace

SCRIPTS = (
    "elements", "numbers", "trace", "parts", "layout", "neurons", "showing", "heat", "layers",
    "panel", "tables", "controls", "main",
)  # fmt: skip
"""The scripts of ``page/``, each after those that it needs."""


def page(trace: Trace) -> str:
    """The trace as one self-contained HTML document, in its language.

    A small network is drawn neuron by neuron, a large one layer by layer with heat maps. Without
    JavaScript the tables of the first step can be read.

    Returns:
        The text of the document, to be written as UTF-8.
    """
    return document(trace.to_dict())


def document(data: dict[str, Any]) -> str:
    """The page of a trace's data, as :meth:`chainrule.glass.trace.Trace.to_dict` gives it."""
    words = _words(data["lang"])
    texts = {key.replace(" ", "_"): html.escape(word) for key, word in words.items()}
    texts["static"] = "\n".join(_tables(data["steps"][0], words))
    texts["words_data"] = data_text(words)
    texts["trace_data"] = data_text(_lighter(data))
    return assembled("page", SCRIPTS, data["lang"], data["title"], texts)


def _words(lang: str) -> dict[str, str]:
    return {key: word[lang] for key, word in json.loads(part("page", "words.json")).items()}


def _lighter(data: dict[str, Any]) -> dict[str, Any]:
    """The same trace, its heat maps no finer than colours can be told apart."""
    steps = [
        {**step, "entries": [_rounded(entry) for entry in step["entries"]]}
        for step in data["steps"]
    ]
    return {**data, "steps": steps}


def _rounded(entry: dict[str, Any]) -> dict[str, Any]:
    if "heat" not in entry:
        return entry
    rows = entry["heat"]
    heat = [[float(f"{v:.3g}") if isinstance(v, float) else v for v in row] for row in rows]
    return {**entry, "heat": heat}


# ------------------------------------------------------------ without JavaScript


def _tables(step: dict[str, Any], words: dict[str, str]) -> Iterator[str]:
    """Every entry of a step as a table, under the headings of its stages."""
    yield f"<h2>{words['step']} {step['number']}</h2>"
    stage = ""
    for entry in step["entries"]:
        if entry["stage"] != stage:
            stage = entry["stage"]
            yield f"<h2>{html.escape(words[stage])}</h2>"
        head = f"<b>{html.escape(entry['symbol'])}</b> {html.escape(entry['title'])}"
        equation = html.escape(entry["equation"])
        yield f"<h3>{head} <code>{html.escape(entry['name'])}</code></h3><p>{equation}</p>"
        yield "".join(_table(entry, words))


def _table(entry: dict[str, Any], words: dict[str, str]) -> Iterator[str]:
    yield '<div class="sideways"><table class="values"><tbody>'
    if "value" in entry:
        for row in _rows(entry["value"]):
            yield f"<tr>{''.join(f'<td>{_number(value)}</td>' for value in row)}</tr>"
    else:
        for key, value in entry["summary"].items():
            name = html.escape(words[key])
            yield f'<tr><th scope="row">{name}</th><td>{_number(value)}</td></tr>'
    yield "</tbody></table></div>"


def _rows(value: Any) -> list[list[Any]]:
    """The rows of a nested list; what has more axes is written one matrix after the other."""
    if not isinstance(value, list):
        return [[value]]
    if not value or not isinstance(value[0], list):
        return [value]
    return [row for part in value for row in _rows(part)]


def _number(value: Any) -> str:
    if not isinstance(value, int | float):
        return html.escape(str(value))
    return f"{value:.4g}".replace("-", "−")
