"""The tree of commands."""

from __future__ import annotations

from typing import Annotated

import typer

from chainrule.cli import check, data, models, practice, race, trace, train
from chainrule.cli.output import EXIT_CODES, examples
from chainrule.version import __version__

app = typer.Typer(
    name="chainrule",
    epilog=examples("chainrule train fashion-mnist", "chainrule data list") + EXIT_CODES,
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    suggest_commands=True,
)
app.command("train", epilog=train.EXAMPLES + EXIT_CODES)(train.train)
app.command("evaluate", epilog=models.EVALUATE_EXAMPLES + EXIT_CODES)(models.evaluate)
app.command("predict", epilog=models.PREDICT_EXAMPLES + EXIT_CODES)(models.predict)
app.command("summary", epilog=models.SUMMARY_EXAMPLES + EXIT_CODES)(models.summary)
app.command("trace", epilog=trace.EXAMPLES + EXIT_CODES)(trace.trace)
app.command("check", epilog=check.EXAMPLES + EXIT_CODES)(check.check)
app.command("practice", epilog=practice.EXAMPLES + EXIT_CODES)(practice.practice)
app.command("race", epilog=race.EXAMPLES + EXIT_CODES)(race.race)
app.add_typer(data.app, name="data")


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"chainrule {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    """Train small neural networks and look at what they learned."""
