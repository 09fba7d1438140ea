"""Fashion-MNIST: 70,000 pictures of clothes, 28 by 28 bytes each, in ten classes.

Xiao, Rasul and Vollgraf (2017), https://github.com/zalandoresearch/fashion-mnist, MIT licence.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from chainrule.datasets import download, idx
from chainrule.datasets.download import Progress
from chainrule.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Bytes = NDArray[np.uint8]
    Split = tuple[Bytes, Bytes]
    Data = tuple[Split, Split]

class_names = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)
"""Names of classes 0 to 9."""


class _File(NamedTuple):
    name: str
    size: int
    sha256: str


FILES = (
    _File(
        "train-images-idx3-ubyte",
        47040016,
        "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    ),
    _File(
        "train-labels-idx1-ubyte",
        60008,
        "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    ),
    _File(
        "t10k-images-idx3-ubyte",
        7840016,
        "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    ),
    _File(
        "t10k-labels-idx1-ubyte",
        10008,
        "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
    ),
)
"""The four official files: bytes and SHA-256 of the decompressed content."""

MIRRORS = (
    "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
    "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
    "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
)
"""Tried in this order: Keras' copy, the authors' repository, the authors' server."""
DEBIAN = Path("/usr/share/datasets/fashion-mnist")
"""Where Debian's package dataset-fashion-mnist puts the files."""
SAMPLE = Path(__file__).parent / "sample"
ADVICE = (
    "Ways out: on Debian or Ubuntu, apt install dataset-fashion-mnist; or put the four files "
    "into a folder and set CHAINRULE_DATA to it."
)


def load_data() -> Data:
    """The full set, from this machine if it is there, else fetched into the cache.

    Looks in the cache, the folder of Debian's package, and Keras' cache, in this order; if
    ``$CHAINRULE_DATA`` is set, in that folder (and its subfolder ``fashion-mnist``) and the cache
    only. Files are believed by the SHA-256 of their content; a damaged one is passed over with a
    warning that names it.

    Returns:
        ``(x_train, y_train), (x_test, y_test)``: uint8 of shapes (60000, 28, 28), (60000,),
        (10000, 28, 28), (10000,). The arrays are new and may be written to (those of Keras may
        not).

    Raises:
        DownloadError: It is nowhere and cannot be fetched. (It never falls back to the sample;
            see :func:`load_sample`.)
    """
    found = _search()
    return found[1] if found else _load(_download(None), check=True)


def load_sample() -> Data:
    """The part that comes with chainrule: 6,000 training and 1,500 test images.

    Every class has as many. For trying things out; results on it are not those of the full set.

    Returns:
        As :func:`load_data`, with 6,000 and 1,500 images.
    """
    return _load(SAMPLE, check=False)


def fetch(progress: Progress | None = None) -> Path:
    """The folder with the whole and unchanged set, fetched into the cache if need be.

    Args:
        progress: Told bytes so far and in all while a file comes in.

    Raises:
        DownloadError: It cannot be fetched.
    """
    found = _search()
    return found[0] if found else _download(progress)


def find() -> Path | None:
    """The first folder that has all four files, judged by their names; ``None`` if none has."""
    return next((folder for folder in _folders() if _complete(folder)), None)


def cache() -> Path:
    """The folder that :func:`fetch` writes to."""
    local = os.environ.get("LOCALAPPDATA") if os.name == "nt" else None
    base = os.environ.get("XDG_CACHE_HOME") or local or Path.home() / ".cache"
    return Path(base) / "chainrule" / "fashion-mnist"


def _folders() -> Iterator[Path]:
    given = os.environ.get("CHAINRULE_DATA")
    if given:
        yield from (Path(given), Path(given) / "fashion-mnist", cache())
        return
    yield cache()
    yield DEBIAN
    keras = os.environ.get("KERAS_HOME") or Path.home() / ".keras"
    yield Path(keras) / "datasets" / "fashion-mnist"


def _path(folder: Path, name: str) -> Path | None:
    # Not Path.is_file: it raises for a folder that may not be entered.
    return next((p for p in (folder / f"{name}.gz", folder / name) if os.path.isfile(p)), None)


def _complete(folder: Path) -> bool:
    return all(_path(folder, file.name) for file in FILES)


def _search() -> tuple[Path, Data] | None:
    """The first whole and unchanged copy on this machine, and its folder."""
    for folder in filter(_complete, _folders()):
        try:
            return folder, _load(folder, check=True)
        except (DataError, OSError) as error:
            warnings.warn(f"Passed over a copy of Fashion-MNIST: {error}", stacklevel=3)
    return None


def _download(progress: Progress | None) -> Path:
    folder = cache()
    for file in FILES:
        name = f"{file.name}.gz"
        urls = [mirror + name for mirror in MIRRORS]
        download.fetch(urls, folder / name, file.sha256, file.size, progress, advice=ADVICE)
    return folder


def _load(folder: Path, check: bool) -> Data:
    x_train, y_train, x_test, y_test = (_read(folder, file, check) for file in FILES)
    for part, x, y in (("training", x_train, y_train), ("test", x_test, y_test)):
        if len(x) != len(y):
            raise DataError(f"{folder}: {len(x)} {part} images, but {len(y)} labels.")
    return (x_train, y_train), (x_test, y_test)


def _read(folder: Path, file: _File, check: bool) -> Bytes:
    path = _path(folder, file.name) or folder / file.name
    array = idx.read(path, (None, 28, 28) if "images" in file.name else (None,))
    if check and (came := _sha256(array)) != file.sha256:
        raise DataError(f"{path}: the SHA-256 of its content is {came}, not {file.sha256}.")
    return array


def _sha256(array: Bytes) -> str:
    """Of the decompressed file that the array was read from: one pass for reading and checking."""
    import hashlib

    digest = hashlib.sha256(idx.header(array))
    digest.update(array.data)
    return digest.hexdigest()
