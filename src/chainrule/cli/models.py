"""``chainrule evaluate``, ``predict`` and ``summary``: what one does with a saved model."""

from __future__ import annotations

import csv
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from chainrule.cli.output import Output, reported_errors

EVALUATE_EXAMPLES = "Example: chainrule evaluate runs/fashion-mnist-1 fashion-mnist --json"
PREDICT_EXAMPLES = (
    "Examples: chainrule predict runs/fashion-mnist-1 fashion-mnist --rows 0:10; "
    "chainrule predict model.safetensors rows.csv > predictions.csv"
)
SUMMARY_EXAMPLES = "Example: chainrule summary runs/fashion-mnist-1"

Model = Annotated[Path, typer.Argument(help="A run's folder or a .safetensors file.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
DataDir = Annotated[Path | None, typer.Option(help="Folder with the data set's files.")]


def evaluate(
    model: Model,
    dataset: Annotated[str, typer.Argument(help="fashion-mnist or exam-scores.")],
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Loss, metrics and a table on the test part of a data set."""
    output = Output(as_json)
    _look_in(data_dir)
    with reported_errors():
        from chainrule.cli import sources
        from chainrule.cli.run_folder import judged, tell

        loaded = sources.model(model)
        data = sources.load(dataset)
        if data.sample:
            output.note(sources.FALLBACK.replace("Training", "Evaluating"))
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
    _look_in(data_dir)
    with reported_errors():
        from chainrule.cli import sources

        loaded = sources.model(model)
        x, names = sources.inputs(data)
        chosen = sources.rows(rows, len(x))
        predicted = loaded.predict(x[chosen], verbose=0)
    table = _rows(predicted, names, chosen.start)
    if as_json:
        output.result(predictions=table)
    elif sys.stdout.isatty():
        shown = [
            {k: v if isinstance(v, str) else f"{v:.6g}" for k, v in row.items()} for row in table
        ]
        output.table([list(shown[0]), *([*row.values()] for row in shown)])
    else:
        writer = csv.DictWriter(sys.stdout, list(table[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(table)


def _rows(predicted: Any, names: tuple[str, ...], first: int) -> list[dict[str, Any]]:
    flat = predicted.reshape(len(predicted), -1)
    if flat.shape[1] == 1:
        return [{"row": first + n, "prediction": float(v)} for n, (v,) in enumerate(flat)]
    if not names or len(names) != flat.shape[1]:
        names = tuple(str(k) for k in range(flat.shape[1]))
    return [
        {
            "row": first + n,
            "class": names[int(row.argmax())],
            **{name: float(value) for name, value in zip(names, row, strict=True)},
        }
        for n, row in enumerate(flat)
    ]


def summary(model: Model, as_json: Json = False) -> None:
    """The table of a model's layers."""
    output = Output(as_json)
    with reported_errors():
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


def _look_in(data_dir: Path | None) -> None:
    if data_dir is not None:
        import os

        os.environ["CHAINRULE_DATA"] = str(data_dir)
