"""A trace as Markdown with LaTeX, as GitHub and Jupyter show it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from chainrule.glass.trace.document import summary
from chainrule.glass.trace.latex import latex
from chainrule.glass.trace.record import STAGES, Entry, Step, Trace
from chainrule.glass.trace.words import WORDS
from chainrule.glass.trace.writing import number_text
from chainrule.report.trace_text import equations, example

MOST_ROWS, MOST_COLUMNS = 8, 8
"""A larger matrix stands as a summary."""


def markdown(trace: Trace) -> str:
    """The steps, stage by stage: each array with its equation, its numbers, and one cell."""
    parts = [f"# {WORDS[trace.lang]['trace']}: {_escaped(trace.title)}", ""]
    for step in trace.steps:
        parts += _step(trace, step)
    return "\n".join(parts).rstrip("\n") + "\n"


def _step(trace: Trace, step: Step) -> Iterator[str]:
    words = WORDS[trace.lang]
    yield f"## {words['step']} {step.number}: {words['loss']} {number_text(step.loss, 6)}"
    yield ""
    for stage in STAGES:
        entries = [e for e in step.of_stage(stage) if e.made_by or e.role != "state"]
        if not entries:
            continue
        yield f"### {words[stage]}"
        yield ""
        for entry in entries:
            yield from _entry(entry, trace)


def _entry(entry: Entry, trace: Trace) -> Iterator[str]:
    yield f"**{_escaped(entry.title)}** (`{entry.name}`)"
    yield ""
    for equation in equations(entry):
        yield from _display(latex(equation))
    yield from _display(f"{latex(entry.symbol)} = {_matrix(entry, trace)}")
    if entry.made_by is not None or entry.adds:
        yield "```text"
        if entry.symbolic:
            yield entry.symbolic
        yield example(entry).text
        yield "```"
        yield ""


def _display(formula: str) -> Iterator[str]:
    """A formula on lines of its own: what GitHub and Jupyter both know."""
    yield "$$"
    yield formula
    yield "$$"
    yield ""


def _matrix(entry: Entry, trace: Trace) -> str:
    array, words = np.asarray(entry.value), WORDS[trace.lang]
    if array.ndim == 0:
        return _number(array[()])
    if array.ndim > 2 or array.shape[-1] > MOST_COLUMNS or array.shape[0] > MOST_ROWS:
        facts = summary(array)
        shown = [
            rf"\text{{{words[key]}}}\ {_number(facts[key])}"
            for key in ("min", "max", "mean")
            if facts[key] is not None
        ]
        return r",\ ".join([r" \times ".join(map(str, array.shape)), *shown])
    rows = array if array.ndim == 2 else array.reshape(1, -1)
    body = r" \\ ".join(" & ".join(_number(value) for value in row) for row in rows)
    return rf"\begin{{bmatrix}} {body} \end{{bmatrix}}"


def _number(value: object) -> str:
    r"""``1.2e−05`` as ``1.2 \cdot 10^{-5}``."""
    text = number_text(value).replace("−", "-")
    base, mark, exponent = text.partition("e")
    if mark:
        return rf"{base} \cdot 10^{{{int(exponent)}}}"
    return {"NaN": r"\text{NaN}", "∞": r"\infty", "-∞": r"-\infty"}.get(text, text)


def _escaped(text: str) -> str:
    """Text in which nothing is Markdown's own mark."""
    return "".join(f"\\{letter}" if letter in "\\`*_[]<>$#" else letter for letter in text)
