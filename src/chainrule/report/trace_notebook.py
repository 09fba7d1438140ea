"""A trace in a notebook: a table for each stage, folded until it is asked for."""

from __future__ import annotations

import html
from collections.abc import Iterator

from chainrule.glass.trace.record import STAGES, Entry, Step, Trace
from chainrule.glass.trace.words import WORDS
from chainrule.glass.trace.writing import number_text
from chainrule.report.trace_text import equations, example, numbers

_STYLE = (
    "<style>.chainrule-trace td, .chainrule-trace th { text-align: left; vertical-align: top; }"
    ".chainrule-trace td.numbers { text-align: right; white-space: pre;"
    " font-family: monospace; }"
    ".chainrule-trace .cell { white-space: pre-wrap; opacity: .75; }"
    ".chainrule-trace summary { cursor: pointer; font-weight: bold; }</style>"
)


def table(trace: Trace) -> str:
    """The trace as HTML for a notebook's output; the forward pass of the last step is open."""
    parts = [_STYLE, '<div class="chainrule-trace">']
    for step in trace.steps:
        parts += _step(trace, step)
    return "\n".join([*parts, "</div>"])


def _step(trace: Trace, step: Step) -> Iterator[str]:
    words = WORDS[trace.lang]
    loss = number_text(step.loss, 6)
    head = f"{trace.title}: {words['step']} {step.number}, {words['loss']} {loss}"
    yield f"<p><b>{html.escape(head)}</b></p>"
    for stage in STAGES:
        entries = [e for e in step.of_stage(stage) if e.made_by or e.role != "state"]
        if not entries:
            continue
        is_open = " open" if stage == "forward" and step is trace.steps[-1] else ""
        heads = "".join(
            f"<th>{html.escape(words[key])}</th>" for key in ("symbol", "equation", "value")
        )
        yield f"<details{is_open}><summary>{words[stage]} ({len(entries)})</summary>"
        yield f"<table><thead><tr>{heads}</tr></thead><tbody>"
        yield from (_row(entry, trace) for entry in entries)
        yield "</tbody></table></details>"


def _row(entry: Entry, trace: Trace) -> str:
    lines = [html.escape(entry.title)]
    lines += [f"<code>{html.escape(equation)}</code>" for equation in equations(entry)]
    if entry.symbolic:
        lines.append(f"<code>{html.escape(entry.symbolic)}</code>")
    if entry.made_by is not None or entry.adds:
        lines.append(f'<span class="cell">{html.escape(example(entry).text)}</span>')
    values = html.escape("\n".join(numbers(entry, WORDS[trace.lang])))
    return (
        f'<tr><td title="{html.escape(entry.name)}"><b>{html.escape(entry.symbol)}</b></td>'
        f'<td>{"<br>".join(lines)}</td><td class="numbers">{values}</td></tr>'
    )
