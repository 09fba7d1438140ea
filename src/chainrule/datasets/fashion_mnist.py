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

from chainrule.datasets import idx
from chainrule.datasets.download import Progress, content_hash
from chainrule.datasets.download import fetch as fetch_file

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Bytes = NDArray[np.uint8]
    Split = tuple[Bytes, Bytes]

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
    "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
)
DEBIAN = Path("/usr/share/datasets/fashion-mnist")
"""Where Debian's package dataset-fashion-mnist puts the files."""
SAMPLE = Path(__file__).parent / "sample"


def load_data() -> tuple[Split, Split]:
    """The full set, from this machine if it is there, else fetched into the cache.

    Looks in the cache, the folder of Debian's package, and Keras' cache, in this order; if
    ``$CHAINRULE_DATA`` is set, in that folder (and its subfolder ``fashion-mnist``) and the cache
    only. Files are believed by the SHA-256 of their content.

    Returns:
        ``(x_train, y_train), (x_test, y_test)``: uint8 of shapes (60000, 28, 28), (60000,),
        (10000, 28, 28), (10000,).

    Raises:
        DownloadError: It is nowhere and cannot be fetched. (It never falls back to the sample;
            see :func:`load_sample`.)
    """
    return _load(fetch())


def load_sample() -> tuple[Split, Split]:
    """The part that comes with chainrule: 6,000 training and 1,500 test images.

    Every class has as many. For trying things out; results on it are not those of the full set.

    Returns:
        As :func:`load_data`, with 6,000 and 1,500 images.
    """
    return _load(SAMPLE)


def fetch(progress: Progress | None = None) -> Path:
    """The folder with the whole and unchanged set, fetched into the cache if need be.

    Args:
        progress: Told bytes so far and in all while a file comes in.

    Raises:
        DownloadError: It cannot be fetched.
    """
    for folder in _folders():
        if _complete(folder) and _unchanged(folder):
            return folder
    for file in FILES:
        name = f"{file.name}.gz"
        urls = [mirror + name for mirror in MIRRORS]
        fetch_file(urls, cache() / name, file.sha256, file.size, progress)
    return cache()


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
    return next((p for p in (folder / f"{name}.gz", folder / name) if p.is_file()), None)


def _complete(folder: Path) -> bool:
    return all(_path(folder, file.name) for file in FILES)


def _unchanged(folder: Path) -> bool:
    for file in FILES:
        path = _path(folder, file.name)
        if path is None or content_hash(path, file.size) != file.sha256:
            warnings.warn(f"{path} is damaged and is passed over (SHA-256 differs).", stacklevel=3)
            return False
    return True


def _load(folder: Path) -> tuple[Split, Split]:
    x_train, y_train, x_test, y_test = (
        idx.read(_path(folder, file.name) or folder / file.name) for file in FILES
    )
    return (x_train, y_train), (x_test, y_test)
