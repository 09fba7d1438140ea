"""``chainrule train``: from a data set to a folder with a model and pictures."""

from __future__ import annotations

import contextlib
import itertools
import math
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from chainrule.cli.output import DIVERGED, DataDir, Json, Output, examples, fail, reported_errors

if TYPE_CHECKING:
    from chainrule.cli.sources import Splits
    from chainrule.models import Sequential

EXAMPLES = examples(
    "chainrule train fashion-mnist --hidden 128,64 --epochs 10",
    "chainrule train exam-scores --optimizer adam --learning-rate 0.01 --out runs/exam",
    "chainrule train fashion-mnist --json > run.json",
)

DEFAULTS: dict[str, dict[str, Any]] = {
    "fashion-mnist": {"hidden": "128", "activation": "relu", "optimizer": "adam", "epochs": 5},
    "exam-scores": {
        "hidden": "3",
        "activation": "sigmoid",
        "optimizer": "adam",
        "learning_rate": 0.01,
        "epochs": 50,
    },
}
"""What is taken where nothing is said. The lesson trains exam scores by plain gradient descent,
whose 50 epochs end near the mean score (R² 0.1); Adam's end near the true ones (R² 0.98)."""
MOST_WEIGHTS = 100_000_000
"""1.6 GB in float32 with adam's two vectors and the gradient: no typing error is to take more."""


def train(
    dataset: Annotated[str, typer.Argument(help="fashion-mnist or exam-scores.")],
    hidden: Annotated[
        str | None, typer.Option(help="Units of the hidden layers: 128,64; none for no layer.")
    ] = None,
    activation: Annotated[str | None, typer.Option(help="Of the hidden layers.")] = None,
    optimizer: Annotated[str | None, typer.Option(help="sgd, rmsprop or adam.")] = None,
    learning_rate: Annotated[float | None, typer.Option(help="Step size.")] = None,
    epochs: Annotated[int | None, typer.Option(min=1, help="Passes over the data.")] = None,
    batch_size: Annotated[int, typer.Option(min=1, help="Samples per update.")] = 32,
    seed: Annotated[int, typer.Option(min=0, help="Same seed, same result.")] = 0,
    out: Annotated[Path | None, typer.Option(help="New or empty folder. [runs/DATASET-N]")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Let --out hold a run.")] = False,
    data_dir: DataDir = None,
    as_json: Json = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress and no tables.")] = False,
) -> None:
    """Train a network; write model, history and pictures to a folder.

    Without options: for fashion-mnist 128 relu units, adam, 5 epochs; for exam-scores 3 sigmoid
    units, adam with learning rate 0.01, 50 epochs.

    Ctrl-C stops at the end of a batch and saves what was learned.
    """
    output = Output(as_json)
    with reported_errors("train"):
        from chainrule.cli import sources
        from chainrule.cli.run_folder import opened

        sources.look_in(data_dir)
        data = sources.load(dataset)
        options: dict[str, Any] = {
            "hidden": hidden,
            "activation": activation,
            "optimizer": optimizer,
            "learning_rate": learning_rate,
        }
        options |= {"epochs": epochs, "batch_size": batch_size, "seed": seed}
        options = DEFAULTS[dataset] | {k: v for k, v in options.items() if v is not None}
        model = built(data, options)
        with opened(out, dataset, overwrite) as folder:
            if data.sample:
                output.note(f"Training {sources.FALLBACK}")
            _run(model, data, options, folder, output, quiet)


def new_model(data: Splits, dataset: str, seed: int) -> Sequential:
    """The network that training begins with where nothing is said."""
    return built(data, DEFAULTS[dataset] | {"seed": seed})


def built(data: Splits, options: dict[str, Any]) -> Sequential:
    """The network that options ask for, compiled.

    Args:
        data: What it is for.
        options: ``hidden``, ``activation``, ``optimizer``, ``learning_rate`` and ``seed``; the
            learning rate is written into it where it is missing.
    """
    from chainrule import optimizers
    from chainrule.layers import Dense, Flatten, Input, Layer, Rescaling
    from chainrule.layers.symbols import Symbol
    from chainrule.models import Sequential
    from chainrule.utils import set_random_seed

    set_random_seed(options["seed"])
    size = math.prod(data.x_train.shape[1:])
    layers: list[Layer | Symbol] = [Input(data.x_train.shape[1:])]
    if data.entry.task == "classification":
        layers += [Rescaling(1 / 255), Flatten()]  # images stay bytes in memory
    layers += [Dense(units, options["activation"]) for units in _units(options["hidden"], size)]
    chosen = optimizers.get(options["optimizer"])
    if "learning_rate" in options:
        chosen.learning_rate = options["learning_rate"]
    options["learning_rate"] = chosen.learning_rate
    if data.entry.task == "classification":
        model = Sequential([*layers, Dense(len(data.entry.class_names), "softmax")])
        model.compile(chosen, "sparse_categorical_crossentropy", metrics=["accuracy"])
    else:
        model = Sequential([*layers, Dense(data.y_train.shape[1], "sigmoid")])
        model.compile(chosen, "mse", metrics=["mae"])
    return model


def _units(text: str, inputs: int) -> list[int]:
    """Units of the hidden layers, refused before memory for them is asked for."""
    from chainrule.errors import ArgumentError

    if text == "none":
        return []
    if not re.fullmatch(r" *[1-9][0-9]{0,8} *(, *[1-9][0-9]{0,8} *)*", text):
        raise ArgumentError("--hidden must be like 128,64, or none.", hidden=text)
    units = [int(word) for word in text.split(",")]
    weights = sum(a * b for a, b in itertools.pairwise([inputs, *units]))
    if weights > MOST_WEIGHTS:
        raise ArgumentError(
            f"--hidden would make {weights:,} weights; at most {MOST_WEIGHTS:,} are trained here.",
            hidden=text,
        )
    return units


def _run(
    model: Sequential,
    data: Splits,
    options: dict[str, Any],
    folder: Path,
    output: Output,
    quiet: bool,
) -> None:
    from chainrule.cli.run_folder import write_run
    from chainrule.cli.stopping import Stopping

    stopping = Stopping()
    with contextlib.redirect_stdout(sys.stderr if output.as_json else sys.stdout):
        if not quiet:
            model.summary()
        stopping.fit(
            model,
            data.x_train,
            data.y_train,
            batch_size=options["batch_size"],
            epochs=options["epochs"],
            validation_data=(data.x_test, data.y_test),
            verbose=0 if quiet else 1,
        )
    if model.history is None:  # a signal came before the first batch
        raise typer.Exit(stopping.code)
    epochs = len(model.history.epoch)
    if stopping.diverged(model):
        _diverged(epochs, options["learning_rate"])
    if stopping.code:
        output.tell(f"Stopped after {epochs} whole epochs; saving what was learned.")
    facts = write_run(model, data, options, folder, output, quiet)
    output.tell(f"Saved to {folder}: {', '.join(facts['files'])}")
    output.result(**facts, folder=str(folder), stopped=bool(stopping.code))
    if stopping.code:
        raise typer.Exit(stopping.code)


def _diverged(epochs: int, learning_rate: float) -> NoReturn:
    fail(
        f"Training diverged in epoch {max(epochs, 1)}: the loss is no longer a number. "
        "Nothing is saved.",
        DIVERGED,
        f"a smaller --learning-rate, such as {learning_rate / 10:g}",
    )
