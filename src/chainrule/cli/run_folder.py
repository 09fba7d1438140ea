"""What a training run leaves behind: model, history, facts and pictures."""

from __future__ import annotations

import csv
import importlib.util
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.cli import scores
from chainrule.cli.output import Output
from chainrule.cli.sources import MODEL_FILE, Splits
from chainrule.core.files import atomic_write
from chainrule.version import __version__

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from chainrule.models import Sequential

    Array = NDArray[Any]

PICTURES = 30
"""Images in the grid of predictions."""


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
    write_history(folder / "history.csv", history)
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
    files = [
        MODEL_FILE,
        "history.csv",
        "run.json",
        *_pictures(folder, data, history, predicted, output),
    ]
    facts["files"] = files
    with atomic_write(folder / "run.json", "w") as file:
        json.dump(facts, file, indent=2, ensure_ascii=False)
    return facts


def judged(data: Splits, predicted: Array) -> dict[str, Any]:
    """Scores per class, or errors."""
    if data.entry.task == "regression":
        return {"errors": scores.errors(data.y_test, predicted)}
    names = data.entry.class_names
    matrix = scores.confusion(data.y_test, predicted.argmax(axis=1), len(names))
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
        table = csv.writer(file)
        table.writerow(["epoch", *history])
        for epoch, row in enumerate(zip(*history.values(), strict=True), start=1):
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
    from chainrule.report import plots

    drawn: dict[str, Any] = {}
    if history.get("loss"):
        drawn["loss.png"] = plots.plot_history(history, "loss")
        metric = next(name for name in history if name != "loss" and not name.startswith("val_"))
        drawn[f"{metric}.png"] = plots.plot_history(history, metric)
    if data.entry.task == "classification":
        names = data.entry.class_names
        matrix = np.array(judged(data, predicted)["confusion"])
        drawn["confusion.png"] = plots.plot_confusion(matrix, names)
        some = slice(0, PICTURES)
        drawn["predictions.png"] = plots.plot_images(
            data.x_test[some], data.y_test[some], predicted[some], names
        )
    else:
        drawn["predicted.png"] = plots.plot_predicted(
            100 * data.y_test, 100 * predicted, "points of 100"
        )
    for name, axes in drawn.items():
        plots.save(axes, folder / name)
    return list(drawn)
