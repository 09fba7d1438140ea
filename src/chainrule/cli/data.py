"""``chainrule data``: what data sets there are, and fetching one."""

from __future__ import annotations

import sys
import time
from typing import Annotated

import typer

from chainrule.cli.output import EXIT_CODES, Output, reported_errors

app = typer.Typer(
    help="List data sets and fetch them.",
    no_args_is_help=True,
    epilog=EXIT_CODES,
    rich_markup_mode=None,
)

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


@app.command("list", epilog="Example: chainrule data list --json")
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


@app.command(epilog="Example: chainrule data fetch fashion-mnist")
def fetch(
    name: Annotated[str, typer.Argument(help="Name of the data set.")], as_json: Json = False
) -> None:
    """Fetch a data set into the cache; what came before an interruption is kept."""
    from chainrule.datasets import fashion_mnist
    from chainrule.datasets.catalog import DATASETS

    output = Output(as_json)
    with reported_errors():
        entry = DATASETS.find(name)
        if entry.name != "fashion-mnist":
            output.tell(f"{name} is made on the spot: nothing to fetch.")
            output.result(dataset=name, folder=None)
            return
        folder = fashion_mnist.fetch(_Meter())
    output.tell(f"{name} is whole and unchanged in {folder}")
    output.result(dataset=name, folder=str(folder))


class _Meter:
    """Tells how much has come, once a second, on standard error."""

    def __init__(self) -> None:
        self._told = time.monotonic()

    def __call__(self, done: int, total: int | None) -> None:
        now = time.monotonic()
        if now - self._told >= 1 or done == total:
            self._told = now
            share = f" of {total / 1e6:.1f} MB ({done / total:.0%})" if total else " MB"
            print(f"fetched {done / 1e6:.1f}{share}", file=sys.stderr)
