"""Write the logs of every epoch into a table."""

from __future__ import annotations

import csv
import os
import warnings
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from chainrule.callbacks.callback import Callback, Logs


class CSVLogger(Callback):
    """Writes a row of a CSV file per epoch: the epoch, from 0, and the logs, sorted by name.

    The columns are those of the first epoch; if nothing was validated in it, each has a twin
    ``val_…``. A value that is missing is ``NA``. Each row is in the file when its epoch is over,
    and the file is open only while it is written.

    A file that is appended to keeps its columns, even if the logs changed; what has none is left
    out, with a warning. (Keras writes it under another column's name.)

    Args:
        filename: Where. Its folder is made if need be.
        separator: Stands between two values.
        append: Whether to go on with a file that exists, instead of writing over it.

    Raises:
        OSError: In training: the file cannot be written.
    """

    def __init__(
        self, filename: str | os.PathLike[str], separator: str = ",", append: bool = False
    ) -> None:
        self.filename = os.fspath(filename)
        self.sep = separator
        self.append = append
        self._columns: list[str] | None = None

    def on_train_begin(self, logs: Logs | None = None) -> None:
        path = Path(self.filename)
        path.parent.mkdir(parents=True, exist_ok=True)
        self._columns = None
        path.open("a" if self.append else "w").close()  # what cannot be written fails now
        if path.stat().st_size:
            self._resume(path)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        logs = logs or {}
        if self._columns is None:
            self._columns = ["epoch", *_columns(logs)]
            self._write(self._columns)
        lost = [name for name in logs if name not in self._columns]
        if lost:
            warnings.warn(
                f"{self.filename} has no column for {', '.join(lost)}: its columns are "
                f"{', '.join(self._columns)}.",
                stacklevel=2,
            )
        row = {"epoch": epoch, **logs}
        self._write([_cell(row.get(name, "NA")) for name in self._columns])

    def _resume(self, path: Path) -> None:
        with path.open(encoding="utf-8", newline="") as file:
            self._columns = next(csv.reader(file, delimiter=self.sep))
        with path.open("rb+") as file:
            file.seek(-1, os.SEEK_END)
            if file.read() != b"\n":  # the last row was torn by a crash: let it be a row of its own
                file.write(b"\r\n")

    def _write(self, row: list[Any]) -> None:
        with open(self.filename, "a", encoding="utf-8", newline="") as file:
            csv.writer(file, delimiter=self.sep).writerow(row)


def _columns(logs: Logs) -> list[str]:
    names = sorted(logs)
    if any(name.startswith("val_") for name in names):
        return names
    return [*names, *(f"val_{name}" for name in names)]


def _cell(value: Any) -> Any:
    """A list as Keras writes it: in brackets, within quotes."""
    listed = isinstance(value, Iterable) and not isinstance(value, str) and np.ndim(value)  # type: ignore[arg-type]
    return f'"[{", ".join(map(str, value))}]"' if listed else value
