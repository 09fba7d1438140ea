"""``chainrule train``: from a data set to a folder with a model and pictures."""

from __future__ import annotations

import contextlib
import itertools
import math
import os
import signal
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Any

import typer

from chainrule.cli.output import DISK, DIVERGED, USAGE, Output, fail, reported_errors

if TYPE_CHECKING:
    from chainrule.cli.sources import Splits
    from chainrule.models import Sequential

EXAMPLES = (
    "Examples: chainrule train fashion-mnist --hidden 128,64 --epochs 10; "
    "chainrule train exam-scores --optimizer adam --learning-rate 0.01 --out runs/exam"
)

DEFAULTS: dict[str, dict[str, Any]] = {
    "fashion-mnist": {"hidden": "128", "activation": "relu", "optimizer": "adam", "epochs": 5},
    "exam-scores": {"hidden": "3", "activation": "sigmoid", "optimizer": "sgd", "epochs": 50},
}
"""What is taken where nothing is said: of the lesson for exam scores."""


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
    out: Annotated[
        Path | None, typer.Option(help="Folder to write; new, or empty. [runs/DATASET-N]")
    ] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Folder with the data set's files.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress and no tables.")] = False,
) -> None:
    """Train a network on a data set; write model, history and pictures to a folder.

    Ctrl-C stops at the end of a batch and saves what was learned.
    """
    output = Output(as_json)
    if data_dir is not None:
        os.environ["CHAINRULE_DATA"] = str(data_dir)
    with reported_errors():
        from chainrule.cli import sources

        data = sources.load(dataset)
        options = dict(DEFAULTS[dataset])
        given = {
            "hidden": hidden,
            "activation": activation,
            "optimizer": optimizer,
            "epochs": epochs,
        }
        options |= {name: value for name, value in given.items() if value is not None}
        options |= {"batch_size": batch_size, "seed": seed}
        model = _model(data, options, learning_rate)
        folder = _folder(out, dataset)
        if data.sample:
            output.note(sources.FALLBACK)
        with contextlib.redirect_stdout(sys.stderr if as_json else sys.stdout):
            if not quiet:
                model.summary()
            stopped = _fit(model, data, options, 0 if quiet else 1)
        _finish(model, data, options, folder, output, quiet, stopped)


def _model(data: Splits, options: dict[str, Any], learning_rate: float | None) -> Sequential:
    from chainrule import optimizers
    from chainrule.layers import Dense, Flatten, Input, Layer, Rescaling
    from chainrule.models import Sequential
    from chainrule.utils import set_random_seed

    set_random_seed(options["seed"])
    layers: list[Layer] = [Input(data.x_train.shape[1:])]
    if data.entry.task == "classification":
        layers += [Rescaling(1 / 255), Flatten()]  # images stay bytes in memory
    layers += [Dense(units, options["activation"]) for units in _units(options["hidden"])]
    chosen = optimizers.get(options["optimizer"])
    if learning_rate is not None:
        chosen.learning_rate = learning_rate
    options["learning_rate"] = chosen.learning_rate
    if data.entry.task == "classification":
        model = Sequential([*layers, Dense(len(data.entry.class_names), "softmax")])
        model.compile(chosen, "sparse_categorical_crossentropy", metrics=["accuracy"])
    else:
        model = Sequential([*layers, Dense(data.y_train.shape[1], "sigmoid")])
        model.compile(chosen, "mse", metrics=["mae"])
    return model


def _units(text: str) -> list[int]:
    from chainrule.errors import ArgumentError

    words = [] if text == "none" else text.split(",")
    if not all(word.strip().isdigit() and int(word) for word in words):
        raise ArgumentError("--hidden must be like 128,64, or none.", hidden=text)
    return [int(word) for word in words]


def _folder(out: Path | None, dataset: str) -> Path:
    """The folder to write, made now, so that a wrong one is known before training."""
    if out is None:
        numbers = itertools.count(1)
        out = next(p for n in numbers if not (p := Path("runs") / f"{dataset}-{n}").exists())
    elif out.exists() and (not out.is_dir() or any(out.iterdir())):
        fail(
            f"The folder {out} is not empty; nothing there is overwritten.", USAGE, "another --out"
        )
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        fail(f"Cannot make the folder {out}: {error.strerror}.", DISK)
    return out


def _fit(model: Sequential, data: Splits, options: dict[str, Any], verbose: int) -> int:
    """Train; return 0, or the exit code that a signal asks for."""
    stopped = 0
    with _terminating() as signals, warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The loss became", RuntimeWarning)  # told at the end
        try:
            model.fit(
                data.x_train,
                data.y_train,
                batch_size=options["batch_size"],
                epochs=options["epochs"],
                validation_data=(data.x_test, data.y_test),
                verbose=verbose,
            )
        except KeyboardInterrupt:
            stopped = 128 + (signals[0] if signals else signal.SIGINT)
    return stopped


@contextlib.contextmanager
def _terminating() -> Iterator[list[int]]:
    """Let SIGTERM stop training as Ctrl-C does, at the end of the batch."""
    received: list[int] = []

    def interrupt(number: int, frame: FrameType | None) -> None:
        received.append(number)
        signal.raise_signal(signal.SIGINT)

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield received
    finally:
        signal.signal(signal.SIGTERM, before)


def _finish(
    model: Sequential,
    data: Splits,
    options: dict[str, Any],
    folder: Path,
    output: Output,
    quiet: bool,
    stopped: int,
) -> None:
    from chainrule.cli.run_folder import write_run

    assert model.history is not None  # noqa: S101  (fit made it)
    history = model.history.history
    if not all(math.isfinite(values[-1]) for values in history.values()):
        fail(f"Training diverged: the loss is no longer a number. {folder} is empty.", DIVERGED)
    if stopped:
        output.tell(
            f"Stopped after {len(model.history.epoch)} whole epochs; saving what was learned."
        )
    facts = write_run(model, data, options, folder, output, quiet)
    output.tell(f"Saved to {folder}: {', '.join(facts['files'])}")
    output.result(**facts, folder=str(folder), stopped=bool(stopped))
    if stopped:
        raise typer.Exit(stopped)
