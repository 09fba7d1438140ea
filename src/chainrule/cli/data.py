"""``chainrule data``: what data sets there are, and fetching one."""

from __future__ import annotations

import sys
import time
from typing import Annotated

import typer

from chainrule.cli.output import EXIT_CODES, Json, Output, examples, reported_errors

app = typer.Typer(
    help="List data sets and fetch them.",
    no_args_is_help=True,
    epilog=examples("chainrule data list", "chainrule data fetch fashion-mnist") + EXIT_CODES,
    rich_markup_mode=None,
)


@app.command("list", epilog=examples("chainrule data list --json") + EXIT_CODES)
def list_(as_json: Json = False) -> None:
    """List the data sets and where each would come from now."""
    from chainrule.datasets.catalog import DATASETS

    output = Output(as_json)
    entries = [DATASETS[name] for name in DATASETS.names]
    if not as_json:
        rows = [["name", "task", "training", "test", "licence", "from"]]
        for entry in entries:
            sizes = [f"{size:,}" for size in entry.sizes]
            rows.append([entry.name, entry.task, *sizes, entry.licence, entry.place()])
        output.table(rows)
    output.result(
        datasets=[
            {
                "name": entry.name,
                "task": entry.task,
                "summary": entry.summary,
                "training": entry.sizes[0],
                "test": entry.sizes[1],
                "licence": entry.licence,
                "from": entry.place(),
            }
            for entry in entries
        ]
    )


@app.command(epilog=examples("chainrule data fetch fashion-mnist") + EXIT_CODES)
def fetch(
    name: Annotated[str, typer.Argument(help="Name of the data set.")], as_json: Json = False
) -> None:
    """Fetch a data set into the cache, or go on where fetching stopped."""
    from chainrule.datasets import fashion_mnist
    from chainrule.datasets.catalog import DATASETS

    output = Output(as_json)
    with reported_errors("data fetch"):
        entry = DATASETS.find(name)
        if entry.name != "fashion-mnist":
            output.tell(f"{name} is made on the spot: nothing to fetch.")
            output.result(dataset=name, folder=None)
            return
        meter = _Meter()
        try:
            folder = fashion_mnist.fetch(meter)
        except KeyboardInterrupt:
            meter.end()  # before the message
            output.note("Stopped. What came is kept: the same command goes on from there.")
            raise
        finally:
            meter.end()
    output.tell(f"{name} is whole and unchanged in {folder}")
    output.result(dataset=name, folder=str(folder))


class _Meter:
    """Tells how much of a file has come, on standard error: redrawn in a terminal, else lines."""

    def __init__(self) -> None:
        from chainrule.core.console import screen

        self._redraws = screen(sys.stderr) == "terminal"
        self._told = time.monotonic()
        self._open = False

    def __call__(self, done: int, total: int | None) -> None:
        now = time.monotonic()
        if now - self._told < (0.1 if self._redraws else 1) and done != total:
            return
        self._told = now
        share = f" of {total / 1e6:.1f} MB ({done / total:.0%})" if total else " MB"
        text = f"fetched {done / 1e6:.1f}{share}"
        if not self._redraws:
            print(text, file=sys.stderr)
            return
        print(f"\r{text:<40}", end="", file=sys.stderr, flush=True)
        self._open = True
        if done == total:
            self.end()

    def end(self) -> None:
        """End a line that is still being redrawn."""
        if self._open:
            print(file=sys.stderr)
        self._open = False
