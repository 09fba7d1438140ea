"""A model's trace: made from the model, and shown in a terminal, a notebook or a file."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.engines.base import Run
from chainrule.glass.trace.network import network_of
from chainrule.glass.trace.record import Language, Notation, Trace, written
from chainrule.glass.trace.tracing import Tracer

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from chainrule.models.model import Model


class ModelTrace(Trace):
    """A trace that can be shown."""

    def to_markdown(self, path: str | os.PathLike[str] | None = None) -> str:
        """The steps as Markdown with LaTeX, written to ``path`` if there is one."""
        from chainrule.report.trace_markdown import markdown

        return written(markdown(self), path)

    def to_html(self, path: str | os.PathLike[str] | None = None) -> str:
        """One page that needs no network, written to ``path`` if there is one."""
        from chainrule.report.trace_page import page

        return written(page(self), path)

    def __str__(self) -> str:
        from chainrule.report.trace_text import text

        return text(self)

    def _repr_html_(self) -> str:
        from chainrule.report.trace_notebook import table

        return table(self)


def traced(
    model: Model, given: tuple[Any, Any, Any], notation: Notation, lang: Language
) -> ModelTrace:
    """A trace of a model's next step; see ``Model.trace``."""
    data = model._data(*given)
    plan, optimizer = model.plan, model.optimizer
    assert optimizer is not None  # noqa: S101  (what _data found compiled)
    assert plan.update is not None  # noqa: S101
    states = {
        name: optimizer.state[name].copy()
        if name in optimizer.state
        else np.full(state.layout.size, state.start, plan.dtype)
        for name, state in plan.update.states.items()
    }
    start = Run(model.theta.copy(), states, optimizer.steps, model.seed or 0)
    return trace_of(model, start, data.arrays, notation, lang)


def trace_of(
    model: Model,
    start: Run,
    arrays: Mapping[str, NDArray[Any]],
    notation: Notation,
    lang: Language,
) -> ModelTrace:
    """A trace from given weights and state, which it changes, on a batch by the plan's names."""
    optimizer = model.optimizer
    assert optimizer is not None  # noqa: S101  (compiled)
    period = optimizer.hyperparameters["gradient_accumulation_steps"] or 1

    def scalars(step: int) -> tuple[Mapping[str, float], Mapping[str, Any]]:
        found = {name: v.tolist()[0] for name, v in optimizer.scalars(step + 1, 1).items()}
        known = {
            **optimizer.constants,
            "learning_rate": found["learning_rate"],
            "t": step // period + 1.0,
        }
        return found, known

    rows = len(next(iter(arrays.values())))
    tracer = Tracer(model.plan, start, arrays, rows, scalars, notation, lang)
    network = network_of(model.topology, model.plan)
    trace = ModelTrace(model.name, notation, lang, network, tracer.take)
    trace.step()
    return trace
