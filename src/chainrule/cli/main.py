"""The command ``chainrule``."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from chainrule.cli import data, models, train
from chainrule.cli.output import EXIT_CODES
from chainrule.version import __version__

app = typer.Typer(
    name="chainrule",
    help="Train small neural networks and look at what they learned.",
    epilog=EXIT_CODES,
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    suggest_commands=True,
)
app.command("train", epilog=train.EXAMPLES)(train.train)
app.command("evaluate", epilog=models.EVALUATE_EXAMPLES)(models.evaluate)
app.command("predict", epilog=models.PREDICT_EXAMPLES)(models.predict)
app.command("summary", epilog=models.SUMMARY_EXAMPLES)(models.summary)
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


def main() -> None:
    """Run the command line."""
    if hasattr(sys.stdout, "reconfigure"):  # a name that the encoding lacks is no reason to fail
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:  # the reader of a pipe went away
        sys.stderr.close()
        sys.exit(0)


if __name__ == "__main__":
    main()
