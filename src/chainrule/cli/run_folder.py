"""What a training run leaves behind: model, history, facts and pictures."""

from __future__ import annotations

import contextlib
import csv
import importlib.util
import itertools
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chainrule.cli import scores
from chainrule.cli.output import DISK, SCHEMA, USAGE, Output, fail, json_text
from chainrule.cli.sources import MODEL_FILE, RUN_FILE, Splits
from chainrule.core.files import atomic_write
from chainrule.version import __version__

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from chainrule.models import Sequential

    Array = NDArray[Any]

HISTORY_FILE = "history.csv"
PICTURE_FILES = ("curves.png", "confusion.png", "predictions.png", "predicted.png")
"""Names in a run's folder, besides those of model and facts."""
PICTURES = 30
"""Images in the grid of predictions."""
UNITS = {
    "classification": {"loss": "nats per image", "accuracy": "share of images"},
    "regression": {"loss": "squared, full score = 1", "mae": "full score = 1"},
}
"""What the numbers of a history are counted in, by task."""


@contextlib.contextmanager
def opened(out: Path | None, dataset: str, overwrite: bool) -> Iterator[Path]:
    """The folder to write, made now, so that a wrong one is known before training.

    A folder that nothing was written to is removed again.

    Args:
        out: The folder; the next free ``runs/<dataset>-<n>`` by default.
        dataset: Name of the data set.
        overwrite: Whether ``out`` may hold something.

    Raises:
        typer.Exit: The folder is not empty, or cannot be made or written to.
    """
    if out is not None and out.exists() and not overwrite and (out.is_file() or any(out.iterdir())):
        fail(
            f"{out} is not empty; nothing there is overwritten.",
            USAGE,
            "another --out, or --overwrite",
        )
    try:
        made = out is None or not out.exists()
        folder = _next_free(dataset) if out is None else out
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        fail(f"Cannot make the folder {error.filename}: {error.strerror}.", DISK)
    if not os.access(folder, os.W_OK | os.X_OK):
        fail(f"The folder {folder} cannot be written to.", DISK)
    try:
        yield folder
    finally:
        with contextlib.suppress(OSError):
            if made:
                folder.rmdir()


def _next_free(dataset: str) -> Path:
    """Make the first of ``runs/<dataset>-1``, … that is not there, also with two at a time."""
    for number in itertools.count(1):
        folder = Path("runs") / f"{dataset}-{number}"
        folder.parent.mkdir(exist_ok=True)
        with contextlib.suppress(FileExistsError):
            folder.mkdir()
            return folder
    raise AssertionError  # pragma: no cover  (numbers do not end)


def write_run(
    model: Sequential,
    data: Splits,
    options: Mapping[str, Any],
    folder: Path,
    output: Output,
    quiet: bool,
) -> dict[str, Any]:
    """Save and evaluate; tell the tables; draw what matplotlib can.

    Returns:
        What ``--json`` prints of the run.
    """
    assert model.history is not None  # noqa: S101  (it was trained)
    history = model.history.history
    model.save(folder / MODEL_FILE)
    write_history(folder / HISTORY_FILE, history)
    predicted = model.predict(data.x_test, verbose=0)
    found = model.evaluate(data.x_test, data.y_test, verbose=0, return_dict=True)
    facts: dict[str, Any] = {
        "dataset": data.entry.name,
        "sample": data.sample,
        "options": dict(options),
        "epochs": len(model.history.epoch),
        "evaluation": found,
        **judged(data, predicted),
        "chainrule": __version__,
    }
    if not quiet:
        tell(facts, output)
    pictures = _pictures(folder, data, history, predicted, output)
    facts["files"] = [MODEL_FILE, HISTORY_FILE, RUN_FILE, *pictures]
    for name in set(PICTURE_FILES) - set(pictures):  # of an earlier run, with --overwrite
        (folder / name).unlink(missing_ok=True)
    with atomic_write(folder / RUN_FILE, "w") as file:
        file.write(json_text({"schema": SCHEMA} | facts, indent=2) + "\n")
    return facts


def judged(data: Splits, predicted: Array) -> dict[str, Any]:
    """Scores per class, or errors."""
    if data.entry.task == "regression":
        return {"errors": scores.errors(data.y_test, predicted)}
    from chainrule.report.classes import confusion

    names = data.entry.class_names
    matrix = confusion(data.y_test, predicted.argmax(axis=1), len(names))
    return {"per_class": scores.per_class(matrix, names), "confusion": matrix.tolist()}


def tell(facts: Mapping[str, Any], output: Output) -> None:
    """The evaluation, and the table of classes or errors."""
    numbers = " - ".join(f"{name}: {value:.4f}" for name, value in facts["evaluation"].items())
    output.tell(f"\nOn the test set: {numbers}\n")
    if "per_class" in facts:
        output.table(scores.table(facts["per_class"]))
    else:
        output.table(
            [["error", "value"]]
            + [[n.replace("_", " "), f"{v:.4f}"] for n, v in facts["errors"].items()]
        )
    output.tell("")


def write_history(path: Path, history: Mapping[str, Sequence[float]]) -> None:
    """The history as CSV: a line per epoch, counted from 1."""
    with atomic_write(path, "w") as file:
        table, names = csv.writer(file), sorted(history)
        table.writerow(["epoch", *names])
        columns = [history[name] for name in names]
        for epoch, row in enumerate(zip(*columns, strict=True), start=1):
            table.writerow([epoch, *row])


def _pictures(
    folder: Path,
    data: Splits,
    history: Mapping[str, Sequence[float]],
    predicted: Array,
    output: Output,
) -> list[str]:
    if importlib.util.find_spec("matplotlib") is None:
        output.note("For pictures of the run: pip install 'chainrule[plot]'")
        return []
    from chainrule.report import canvas, confusion, curves, predictions

    drawn: dict[str, Any] = {}
    if history.get("loss"):
        count = sum(not name.startswith("val_") for name in history)
        drawn["curves.png"] = ax = canvas.new_axes(5.2 * count, 4.0)
        units = UNITS[data.entry.task]
        curves.plot_history(history, ax=ax, labels=("training", "test"), units=units)
    if data.entry.task == "classification":
        names = data.entry.class_names
        drawn["confusion.png"] = ax = canvas.new_axes(7.5, 7)
        confusion.plot_confusion_matrix(data.y_test, predicted, names, ax=ax)
        drawn["predictions.png"] = ax = canvas.new_axes(10.5, 10.75)
        some = slice(0, PICTURES)
        images, labels = data.x_test[some], data.y_test[some]
        predictions.plot_images(images, labels, predicted[some], names, ax=ax)
    else:
        drawn["predicted.png"] = ax = canvas.new_axes(5, 4.8)
        truth, guess = 100 * data.y_test, 100 * predicted
        predictions.plot_predicted(truth, guess, "points of 100", ax=ax)
    for name, axes in drawn.items():
        canvas.save(axes, folder / name)
    return list(drawn)
