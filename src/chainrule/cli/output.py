"""What commands share: where output goes, and how errors end a command."""

from __future__ import annotations

import contextlib
import errno
import json
import math
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from chainrule.core.table import aligned
from chainrule.errors import (
    ArgumentError,
    DataError,
    DivergedError,
    DownloadError,
    ModelFileError,
)

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
DataDir = Annotated[Path | None, typer.Option(help="Folder with the data set's files.")]
"""Options that commands share."""

SCHEMA = 1
"""Version of the objects that ``--json`` prints."""

WRONG, USAGE, DATA, MODEL_FILE, DISK, NETWORK, DIVERGED = 1, 2, 3, 4, 5, 6, 7

EXIT_CODES = (
    "Exit codes: 0 done, 1 internal error, 2 wrong usage, 3 data, 4 model file, 5 disk, 6 network, "
    "7 training diverged, 130 Ctrl-C, 141 nobody reads the output, 143 terminated."
)

_CODES: tuple[tuple[type[BaseException], int], ...] = (
    (ModelFileError, MODEL_FILE),
    (DownloadError, NETWORK),
    (DivergedError, DIVERGED),
    (DataError, DATA),
    (ArgumentError, USAGE),
)

_TRY = {
    DATA: "chainrule data list",
    MODEL_FILE: "train and save the model again, or take it from a backup",
    DISK: "another folder with --out, or make room on the disk",
    NETWORK: "chainrule data fetch fashion-mnist, when there is a network; what came is kept",
    DIVERGED: "a smaller --learning-rate",
}


def examples(*lines: str) -> str:
    """The examples of a command's help, one below the other, and an empty line."""
    return "\n".join(["\b", "Examples:", *(f"  {line}" for line in lines), "", ""])


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
        for line in aligned(rows, right=range(1, len(rows[0]))):
            self.tell(line)

    def result(self, **facts: Any) -> None:
        """The one JSON object, if asked for; what is no finite number becomes ``null``."""
        if self.as_json:
            print(json_text({"schema": SCHEMA} | facts))


def json_text(facts: dict[str, Any], indent: int | None = None) -> str:
    """ASCII text that every reader of JSON takes."""
    try:
        return json.dumps(facts, indent=indent, allow_nan=False)
    except ValueError:
        return json.dumps(_finite(facts), indent=indent, allow_nan=False)


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _finite(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


@contextlib.contextmanager
def reported_errors(command: str) -> Iterator[None]:
    """Turn known errors into a line, a way out and an exit code.

    Args:
        command: Whose help is the way out of a wrong call: ``"train"``.
    """
    way_out = f"chainrule {command} --help"
    try:
        yield
    except tuple(kind for kind, _ in _CODES) as error:
        code = next(code for kind, code in _CODES if isinstance(error, kind))
        fail(str(error), code, way_out if code == USAGE else "")
    except MemoryError as error:
        fail(f"There is not enough memory. {error}", USAGE, "a smaller model, or fewer rows")
    except BrokenPipeError:
        raise  # nothing is wrong with the disk: see main
    except FileNotFoundError as error:
        fail(f"There is no file {error.filename}.", USAGE, way_out)
    except OSError as error:
        full = " The disk is full." if error.errno == errno.ENOSPC else ""
        where = f": {error.filename}" if error.filename else ""
        fail(f"{error.strerror or error}{where}.{full}", DISK)


def fail(message: str, code: int, way_out: str = "") -> NoReturn:
    """End the command.

    Raises:
        typer.Exit: Always.
    """
    print(f"Error: {message}", file=sys.stderr)
    print(f"Try: {way_out or _TRY[code]}", file=sys.stderr)
    raise typer.Exit(code)
