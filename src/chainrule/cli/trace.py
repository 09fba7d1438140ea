"""``chainrule trace``: one training step, number by number."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from chainrule.cli.output import DataDir, Json, Output, examples, reported_errors

if TYPE_CHECKING:
    from chainrule.cli.sources import Splits
    from chainrule.models import Model
    from chainrule.models.traces import ModelTrace

EXAMPLES = examples(
    "chainrule trace exam-scores",
    "chainrule trace exam-scores --html lesson.html --steps 3",
    "chainrule trace exam-scores --lang ko --notation lesson",
    "chainrule trace fashion-mnist --model runs/fashion-mnist-1 --html trace.html",
    "chainrule trace exam-scores --json > trace.json",
)


class Notation(StrEnum):
    """Which symbols."""

    TEXTBOOK = "textbook"
    LESSON = "lesson"


class Language(StrEnum):
    """Which words."""

    EN = "en"
    KO = "ko"


def trace(
    dataset: Annotated[str, typer.Argument(help="fashion-mnist or exam-scores.")],
    model: Annotated[
        Path | None,
        typer.Option(help="A run's folder or a .safetensors file. [a new network]"),
    ] = None,
    steps: Annotated[int, typer.Option(min=1, max=100, help="Training steps.")] = 1,
    samples: Annotated[int, typer.Option(min=1, help="Samples in the batch: the first.")] = 3,
    seed: Annotated[int, typer.Option(min=0, help="Of a new network's weights.")] = 0,
    notation: Annotated[
        Notation, typer.Option(help="z, a, δ; or S_H, A_H, S_O, A_O, E.")
    ] = Notation.TEXTBOOK,
    lang: Annotated[Language, typer.Option(help="Language of the words.")] = Language.EN,
    html: Annotated[Path | None, typer.Option(help="Write a page for a browser.")] = None,
    markdown: Annotated[Path | None, typer.Option(help="Write Markdown with LaTeX.")] = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Show every number of a training step beside its equation.

    Forward pass, loss, backward pass, update: each array with the rule that made it, the same in
    this network's symbols, and one element with its numbers substituted. Nothing is trained or
    saved: the steps are done on copies.

    Without --model the network is the one that `chainrule train` begins with.
    """
    output = Output(as_json)
    with reported_errors("trace"):
        from chainrule.cli import sources

        sources.look_in(data_dir)
        data = sources.load(dataset)
        if data.sample:
            output.note(f"Tracing {sources.FALLBACK}")
        _check(samples, len(data.x_train))
        traced = _model(model, data, dataset, seed).trace(
            data.x_train[:samples],
            data.y_train[:samples],
            notation=notation.value,
            lang=lang.value,
        )
        for _ in range(steps - 1):
            traced.step()
        files = _written(traced, html, markdown)
        for file in files:
            output.tell(f"Saved to {file}")
        if as_json:
            output.result(dataset=dataset, files=files, trace=traced.to_dict())
        elif not files:
            _show(traced)


def _check(samples: int, known: int) -> None:
    from chainrule.errors import ArgumentError

    if samples > known:
        raise ArgumentError(f"--samples must be at most {known}.", samples=samples)


def _model(path: Path | None, data: Splits, dataset: str, seed: int) -> Model:
    """The saved model, or a new one as ``chainrule train`` makes it."""
    from chainrule.cli import sources
    from chainrule.cli.train import new_model
    from chainrule.errors import ModelFileError

    if path is None:
        return new_model(data, dataset, seed)
    loaded = sources.model(path)
    if loaded.loss is None:
        raise ModelFileError(f"The model at {path} was saved without a loss.")
    return loaded


def _written(traced: ModelTrace, html: Path | None, markdown: Path | None) -> list[str]:
    """Write the files that were asked for; their names."""
    files: list[Any] = []
    if html is not None:
        traced.to_html(html)
        files.append(html)
    if markdown is not None:
        traced.to_markdown(markdown)
        files.append(markdown)
    return [str(file) for file in files]


def _show(traced: ModelTrace) -> None:
    from chainrule.core.console import has_colours, screen
    from chainrule.report.trace_text import print_trace

    print_trace(traced, colours=screen(sys.stdout) == "terminal" and has_colours())
