"""``chainrule race``: several optimizers on one data set, side by side."""

from __future__ import annotations

import contextlib
import csv
import importlib.util
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from chainrule.cli.output import (
    DIVERGED,
    SCHEMA,
    DataDir,
    Json,
    Output,
    examples,
    fail,
    json_text,
    reported_errors,
)

if TYPE_CHECKING:
    from chainrule.cli.sources import Splits
    from chainrule.models.comparison import Comparison
    from chainrule.models.landscapes import Landscape

EXAMPLES = examples(
    "chainrule race exam-scores",
    "chainrule race exam-scores --optimizers sgd,momentum,rmsprop,adam,lbfgs --out race",
    "chainrule race exam-scores --optimizers sgd@0.1,sgd@1,sgd@10 --epochs 200",
    "chainrule race fashion-mnist --optimizers momentum,adam@0.0003 --json > race.json",
)

OPTIMIZERS = "sgd,momentum,rmsprop,adam,lbfgs"
TABLE, PAGE, FACTS = "table.csv", "race.html", "race.json"
PICTURES = "curves.png", "surface.png", "surface_3d.png", "paths.gif"
"""Names in a race's folder."""

RATES: dict[str, dict[str, float]] = {
    "exam-scores": {"sgd": 10, "momentum": 3, "nesterov": 3, "rmsprop": 0.01, "adam": 0.1},
    "fashion-mnist": {
        "sgd": 0.1,
        "momentum": 0.01,
        "nesterov": 0.01,
        "rmsprop": 0.001,
        "adam": 0.001,
    },
}
"""Learning rates where none is given: the best of 0.0003, 0.001, …, 10 for the default network and
epochs (exam scores: mean over five seeds). At one rate for all, a race would only tell whom it
suits."""
EPOCHS = {"exam-scores": 50, "fashion-mnist": 5}
RESOLUTION = {"exam-scores": 61, "fashion-mnist": 21}
"""Points along each side of the surface; one of Fashion-MNIST takes 10 to 80 ms."""


def race(
    dataset: Annotated[str, typer.Argument(help="fashion-mnist or exam-scores.")],
    optimizers: Annotated[
        str,
        typer.Option(help="Names, or names with learning rates: sgd@0.5,adam. Also full-batch."),
    ] = OPTIMIZERS,
    epochs: Annotated[
        int | None, typer.Option(min=2, help="Budget: passes over the data for gradients.")
    ] = None,
    batch_size: Annotated[int, typer.Option(min=1, help="Samples per mini-batch.")] = 32,
    hidden: Annotated[
        str | None, typer.Option(help="Units of the hidden layers: 128,64; none for no layer.")
    ] = None,
    activation: Annotated[str | None, typer.Option(help="Of the hidden layers.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the start and of the data's order.")] = 0,
    resolution: Annotated[
        int | None, typer.Option(min=3, max=501, help="Points along a side of the surface.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="New or empty folder. [runs/DATASET-race-N]")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Let --out hold a race.")] = False,
    data_dir: DataDir = None,
    as_json: Json = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress and no table.")] = False,
) -> None:
    """Train one network with several optimizers; write table, pictures and a page to a folder.

    All start at the same weights, see the same samples in the same order, and have one budget:
    gradients, counted in passes over the data. Optimizers of the whole batch (lbfgs, bfgs,
    conjugategradient, newton, newtoncg, gaussnewton) pay for every evaluation of their line
    searches. Where no learning rate is given, sgd, momentum, nesterov, rmsprop and adam take the
    one that was best on this data set.

    Ctrl-C ends it; nothing is written then.
    """
    output = Output(as_json)
    with reported_errors("race"):
        from chainrule.cli import sources
        from chainrule.cli.run_folder import opened
        from chainrule.cli.train import DEFAULTS, built
        from chainrule.models.comparison import compare_optimizers

        sources.look_in(data_dir)
        data = sources.load(dataset)
        options: dict[str, Any] = {"hidden": hidden, "activation": activation, "seed": seed}
        options = DEFAULTS[dataset] | {k: v for k, v in options.items() if v is not None}
        named = _named(optimizers, dataset)
        model = built(data, options)
        budget = epochs or EPOCHS[dataset]
        with opened(out, f"{dataset}-race", overwrite) as folder:
            if data.sample:
                output.note(f"Racing {sources.FALLBACK}")
            before = signal.signal(signal.SIGTERM, _terminated)
            try:
                with contextlib.redirect_stdout(sys.stderr if as_json else sys.stdout):
                    comparison = compare_optimizers(
                        model,
                        data.x_train,
                        data.y_train,
                        named,
                        epochs=budget,
                        batch_size=batch_size,
                        validation_data=(data.x_test, data.y_test),
                        verbose=0 if quiet else 1,
                    )
                    if all(one.diverged for one in comparison.races):
                        _diverged(comparison)
                    terrain = comparison.landscape(
                        resolution=resolution or RESOLUTION[dataset], verbose=0 if quiet else 1
                    )
            except KeyboardInterrupt:
                output.note("Stopped; nothing is written.")
                raise
            finally:
                signal.signal(signal.SIGTERM, before)
            facts = {"dataset": dataset, "sample": data.sample, "seed": seed, "epochs": budget}
            facts |= {"batch_size": batch_size, "hidden": options["hidden"]}
            _write(comparison, terrain, data, facts, folder, output, quiet)


def _terminated(number: int, frame: FrameType | None) -> NoReturn:
    raise typer.Exit(128 + number)


def _named(text: str, dataset: str) -> dict[str, Any]:
    """The optimizers by their names, with the data set's learning rates where none is given."""
    from chainrule.errors import ArgumentError

    words = [word.strip() for word in text.split(",")]
    if not all(words):
        raise ArgumentError("--optimizers must be like sgd,adam@0.01.", optimizers=text)
    if len(set(words)) < len(words):
        raise ArgumentError("--optimizers has a name twice.", optimizers=text)
    bare = [word.partition("@")[0] for word in words]
    rates = RATES[dataset]
    return {
        word if bare.count(name) > 1 else name: (
            word if word != name or name not in rates else f"{name}@{rates[name]}"
        )
        for word, name in zip(words, bare, strict=True)
    }


def _diverged(comparison: Comparison) -> NoReturn:
    first = comparison.races[0]
    fail(
        f"No optimizer kept a finite loss: {first.name} ended by {first.ended}. "
        "Nothing is written.",
        DIVERGED,
        f"smaller learning rates, as in --optimizers {first.name.partition('@')[0]}@0.001",
    )


def _write(
    comparison: Comparison,
    terrain: Landscape,
    data: Splits,
    facts: dict[str, Any],
    folder: Path,
    output: Output,
    quiet: bool,
) -> None:
    from chainrule.core.files import atomic_write

    if not quiet:
        output.tell(f"\n{comparison}\n")
    with atomic_write(folder / TABLE, "w") as file:
        csv.writer(file, lineterminator="\n").writerows(comparison.rows())
    drawn = _pictures(comparison, terrain, data, folder, output)
    for name in {PAGE, *PICTURES} - set(drawn):  # of an earlier race, with --overwrite
        (folder / name).unlink(missing_ok=True)
    facts |= {
        "races": [
            {
                "name": one.name,
                "optimizer": one.optimizer,
                "loss": float(one.losses[-1]),
                "test_loss": float(one.validation[-1]) if one.validation is not None else None,
                "updates": int(one.updates[-1]),
                "gradients": float(one.gradients[-1]),
                "seconds": float(one.seconds[-1]),
                "ended_by": one.ended,
                "curve": {
                    "gradients": one.gradients.tolist(),
                    "seconds": one.seconds.tolist(),
                    "loss": one.losses.tolist(),
                },
            }
            for one in comparison.races
        ],
        "off_the_plane": {track.name: track.error for track in terrain.tracks},
        "files": [TABLE, FACTS, *drawn],
    }
    with atomic_write(folder / FACTS, "w") as file:
        file.write(json_text({"schema": SCHEMA} | facts, indent=2) + "\n")
    output.tell(f"Saved to {folder}: {', '.join(facts['files'])}")
    output.result(**facts, folder=str(folder))


def _pictures(
    comparison: Comparison, terrain: Landscape, data: Splits, folder: Path, output: Output
) -> list[str]:
    """Draw what matplotlib can; the names of the files."""
    if importlib.util.find_spec("matplotlib") is None:
        output.note("For pictures and a page of the race: pip install 'chainrule[plot]'")
        return []
    from chainrule.core.files import atomic_write
    from chainrule.report.canvas import new_axes, new_figure, save
    from chainrule.report.landscape_plots import plot_landscape, plot_landscape_3d
    from chainrule.report.race_plots import plot_comparison

    curves, surface, space, paths = PICTURES
    figure = new_figure(12.0, 4.6)
    for ax, against in zip(figure.subplots(1, 2), ("gradients", "seconds"), strict=True):
        plot_comparison(comparison, against, ax)
    save(figure.axes[0], folder / curves)
    save(plot_landscape(terrain, new_axes(6.8, 6.2)), folder / surface)
    in_space = new_figure(7.4, 6.6).add_subplot(projection="3d", computed_zorder=False)
    save(plot_landscape_3d(terrain, in_space), folder / space)
    terrain.animate(folder / paths)
    with atomic_write(folder / PAGE, "w") as file:
        file.write(comparison.to_html(terrain=terrain, title=f"Race on {data.entry.name}"))
    return [PAGE, *PICTURES]
