"""Where a command's data and models come from."""

from __future__ import annotations

import json
import math
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from chainrule.datasets import exam_scores, fashion_mnist
from chainrule.datasets.catalog import DATASETS, Dataset
from chainrule.errors import ArgumentError, DataError, ModelFileError
from chainrule.models import Model, load_model

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

MODEL_FILE = "model.safetensors"
RUN_FILE = "run.json"
"""Names of the model and of the facts in a run's folder."""

FALLBACK = (
    "on the sample that comes with chainrule (6,000 + 1,500 images); get all 70,000 with: "
    "chainrule data fetch fashion-mnist"
)
"""Told whenever the full set is not found; what is done with the sample comes before it."""


class Splits(NamedTuple):
    """A data set with its entry in the catalogue."""

    entry: Dataset
    x_train: Array
    y_train: Array
    x_test: Array
    y_test: Array
    sample: bool


def look_in(folder: Path | None) -> None:
    """Let data sets be looked for in a folder of the user's.

    Raises:
        ArgumentError: There is no such folder.
    """
    if folder is None:
        return
    if not folder.is_dir():
        raise ArgumentError("--data-dir must be a folder that is there.", data_dir=str(folder))
    os.environ["CHAINRULE_DATA"] = str(folder)


def load(name: str) -> Splits:
    """A data set by name; for Fashion-MNIST the sample, if the full set is not on this machine.

    Raises:
        UnknownNameError: There is no such data set.
    """
    entry = DATASETS.find(name)
    sample = False
    if entry.name == "exam-scores":
        training, test = exam_scores.load_data()
    else:
        sample = fashion_mnist.find() is None
        training, test = (fashion_mnist.load_sample if sample else fashion_mnist.load_data)()
    return Splits(entry, *training, *test, sample)


def model(path: Path) -> Model:
    """The model of a run's folder or of a file.

    Raises:
        ModelFileError: There is none, or it is damaged, or it needs layers of somebody's own.
    """
    file = path / MODEL_FILE if path.is_dir() else path
    if not file.is_file():
        raise ModelFileError(f"There is no model at {file}.")
    try:
        return load_model(file)
    except ArgumentError as error:
        raise ModelFileError(f"{file}: {error}") from None


def class_names(path: Path) -> tuple[str, ...]:
    """The classes that the model of a run was trained on; none if nobody wrote them down."""
    try:
        facts = json.loads(((path if path.is_dir() else path.parent) / RUN_FILE).read_text("utf-8"))
        return DATASETS.find(facts["dataset"]).class_names
    except (OSError, ValueError, KeyError, TypeError):
        return ()


def rows(text: str | None, count: int) -> slice:
    """``"3:10"`` (or ``"3"``) as rows 3 to 9 of ``count``.

    Raises:
        ArgumentError: It is neither, or there are no such rows.
    """
    if text is None:
        return slice(0, count)
    match = re.fullmatch(r"(\d*)(:?)(\d*)", text)
    first = int(match[1] or 0) if match else 0
    last = first + 1 if match and not match[2] else int((match and match[3]) or count)
    if match is None or text in ("", ":") or not first < min(last, count):
        raise ArgumentError(f"--rows must be like 0:10, within 0:{count}.", rows=text)
    return slice(first, min(last, count))


def inputs(source: str, shape: tuple[int | None, ...]) -> Array:
    """Inputs to predict for: a data set's test part, a ``.npy`` or a ``.csv`` file of numbers.

    Args:
        source: Name of the data set, or of the file.
        shape: What the model takes; rows of as many numbers are brought into it.

    Raises:
        DataError: The file holds something else.
        UnknownNameError: It is no file and no data set.
    """
    path = Path(source)
    if path.suffix == ".npy":
        found = _npy(path)
    elif path.suffix == ".csv":
        found = _csv(path)
    else:
        return load(source).x_test
    axes = [axis or 1 for axis in shape[1:]]
    flat = found.ndim == 2 and len(axes) > 1 and found.shape[1] == math.prod(axes)
    return found.reshape(-1, *axes) if flat else found


def _npy(path: Path) -> Array:
    try:
        with open(path, "rb") as file:
            found: Array = np.lib.format.read_array(file, allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise DataError(f"{path}: not a .npy file of numbers ({error}).") from None
    return found


def _csv(path: Path) -> Array:
    """Numbers, one sample per line; a first line that is not all numbers is the heads."""
    try:
        lines = path.read_text("utf-8-sig").splitlines()
    except UnicodeDecodeError:
        raise DataError(f"{path}: not a text file.") from None
    table: list[list[float]] = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        cells = line.split(",")
        try:
            row = [float(cell) for cell in cells]
        except ValueError:
            if number == 1:
                continue
            bad = next(cell for cell in cells if not _is_number(cell))
            raise DataError(f"{path}, line {number}: not a number: {bad!r}.") from None
        if table and len(row) != len(table[0]):
            raise DataError(f"{path}, line {number}: {len(row)} cells, not {len(table[0])}.")
        table.append(row)
    if not table:
        raise DataError(f"{path}: there are no rows of numbers.")
    return np.array(table)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
