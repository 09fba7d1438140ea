"""What commands share: where output goes, and how errors end a command."""

from __future__ import annotations

import contextlib
import errno
import json
import sys
from collections.abc import Iterator
from typing import Any, NoReturn

import typer

from chainrule.errors import (
    ArgumentError,
    DataError,
    DivergedError,
    DownloadError,
    ModelFileError,
)

SCHEMA = 1
"""Version of the objects that ``--json`` prints."""

USAGE, DATA, MODEL_FILE, DISK, NETWORK, DIVERGED = 2, 3, 4, 5, 6, 7

EXIT_CODES = (
    "Exit codes: 0 done, 1 internal error, 2 wrong usage, 3 data, 4 model file, 5 disk, 6 network, "
    "7 training diverged, 130 Ctrl-C, 143 terminated."
)

_CODES: tuple[tuple[type[BaseException], int], ...] = (
    (ModelFileError, MODEL_FILE),
    (DownloadError, NETWORK),
    (DivergedError, DIVERGED),
    (DataError, DATA),
    (ArgumentError, USAGE),
)

_TRY = {
    USAGE: "chainrule --help",
    DATA: "chainrule data list",
    MODEL_FILE: "train and save the model again, or take it from a backup",
    DISK: "another folder with --out, or make room on the disk",
    NETWORK: "chainrule data fetch fashion-mnist, when there is a network; what came is kept",
    DIVERGED: "a smaller --learning-rate",
}


class Output:
    """Where a command writes.

    Args:
        as_json: Whether standard output is for one JSON object only.
    """

    def __init__(self, as_json: bool) -> None:
        self.as_json = as_json

    def tell(self, text: str) -> None:
        """A message for people: never on standard output where that is for JSON."""
        print(text, file=sys.stderr if self.as_json else sys.stdout)

    def note(self, text: str) -> None:
        """A remark beside the result: always on standard error."""
        print(text, file=sys.stderr)

    def table(self, rows: list[list[str]]) -> None:
        """Rows of cells, the first being the heads; aligned, without control characters."""
        widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
        for row in rows:
            first, *others = zip(row, widths, strict=True)
            cells = [first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in others)]
            self.tell("  ".join(cells).rstrip())

    def result(self, **facts: Any) -> None:
        """The one JSON object, if asked for."""
        if self.as_json:
            print(json.dumps({"schema": SCHEMA, **facts}, ensure_ascii=False))


@contextlib.contextmanager
def reported_errors() -> Iterator[None]:
    """Turn known errors into a line, a way out and an exit code."""
    try:
        yield
    except tuple(kind for kind, _ in _CODES) as error:
        fail(str(error), next(code for kind, code in _CODES if isinstance(error, kind)))
    except FileNotFoundError as error:
        fail(f"There is no file {error.filename}.", USAGE)
    except OSError as error:
        full = " The disk is full." if error.errno == errno.ENOSPC else ""
        fail(f"{error.strerror or error}: {error.filename or ''}{full}", DISK)


def fail(message: str, code: int, way_out: str = "") -> NoReturn:
    """End the command.

    Raises:
        typer.Exit: Always.
    """
    print(f"Error: {message}", file=sys.stderr)
    print(f"Try: {way_out or _TRY[code]}", file=sys.stderr)
    raise typer.Exit(code)
