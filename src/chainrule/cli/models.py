"""``chainrule evaluate``, ``predict`` and ``summary``: what one does with a saved model."""

from __future__ import annotations

import csv
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from chainrule.cli.output import DataDir, Json, Output, examples, reported_errors

EVALUATE_EXAMPLES = examples(
    "chainrule evaluate runs/fashion-mnist-1 fashion-mnist",
    "chainrule evaluate model.safetensors exam-scores --json",
)
PREDICT_EXAMPLES = examples(
    "chainrule predict runs/fashion-mnist-1 fashion-mnist --rows 0:10",
    "chainrule predict model.safetensors rows.csv > predictions.csv",
)
SUMMARY_EXAMPLES = examples(
    "chainrule summary runs/fashion-mnist-1",
    "chainrule summary model.safetensors --json",
)

Model = Annotated[Path, typer.Argument(help="A run's folder or a .safetensors file.")]


def evaluate(
    model: Model,
    dataset: Annotated[str, typer.Argument(help="fashion-mnist or exam-scores.")],
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Loss, metrics and a table on the test part of a data set."""
    output = Output(as_json)
    with reported_errors("evaluate"):
        from chainrule.cli import sources
        from chainrule.cli.run_folder import judged, tell
        from chainrule.errors import ModelFileError

        sources.look_in(data_dir)
        loaded = sources.model(model)
        if loaded.loss is None:
            raise ModelFileError(f"The model at {model} was saved without a loss.")
        data = sources.load(dataset)
        if data.sample:
            output.note(f"Evaluating {sources.FALLBACK}")
        found = loaded.evaluate(data.x_test, data.y_test, verbose=0, return_dict=True)
        predicted = loaded.predict(data.x_test, verbose=0)
        facts = {"dataset": dataset, "sample": data.sample, "evaluation": found}
        facts |= judged(data, predicted)
        if not as_json:
            tell(facts, output)
        output.result(**facts)


def predict(
    model: Model,
    data: Annotated[str, typer.Argument(help="A data set (its test part), .npy or .csv file.")],
    rows: Annotated[str | None, typer.Option(help="Which rows: 0:10.")] = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Predictions: a table in a terminal, CSV in a pipe."""
    output = Output(as_json)
    with reported_errors("predict"):
        from chainrule.cli import sources

        sources.look_in(data_dir)
        loaded = sources.model(model)
        x = sources.inputs(data, loaded.input_shape)
        chosen = sources.rows(rows, len(x))
        predicted = loaded.predict(x[chosen], verbose=0)
        table = _rows(predicted, sources.class_names(model), chosen.start)
    if as_json:
        output.result(predictions=table)
    elif sys.stdout.isatty():
        output.table(_shown(table))
    else:
        writer = csv.DictWriter(sys.stdout, list(table[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(table)


def _rows(predicted: Any, names: tuple[str, ...], first: int) -> list[dict[str, Any]]:
    """What was predicted for each row; for classes, the likeliest and the probability of each."""
    flat = predicted.reshape(len(predicted), -1)
    if flat.shape[1] == 1:
        return [{"row": first + n, "prediction": float(v)} for n, (v,) in enumerate(flat)]
    if len(names) != flat.shape[1]:
        names = tuple(str(k) for k in range(flat.shape[1]))
    return [
        {
            "row": first + n,
            "class": names[int(row.argmax())],
            **{name: float(value) for name, value in zip(names, row, strict=True)},
        }
        for n, row in enumerate(flat)
    ]


def _shown(table: list[dict[str, Any]]) -> list[list[str]]:
    """The table for eyes: of many classes the likeliest two, which fits on a screen."""
    if "class" not in table[0]:
        return [list(table[0])] + [[str(r["row"]), f"{r['prediction']:.6g}"] for r in table]
    shown = [["row", "class", "probability", "or", "probability"]]
    for row in table:
        likely = sorted(list(row)[2:], key=lambda name: -row[name])[:2]
        pairs = [text for name in likely for text in (name, f"{row[name]:.4f}")]
        shown.append([str(row["row"]), *pairs])
    return shown


def summary(model: Model, as_json: Json = False) -> None:
    """The table of a model's layers."""
    output = Output(as_json)
    with reported_errors("summary"):
        from chainrule.cli import sources

        loaded = sources.model(model)
    if not as_json:
        loaded.summary()
    output.result(
        name=loaded.name,
        parameters=loaded.count_params(),
        dtype=loaded.dtype,
        layers=[
            {
                "name": layer.name,
                "type": type(layer).__name__,
                "output_shape": layer.output_shape,
                "parameters": layer.count_params(),
            }
            for layer in loaded.layers
        ],
    )
