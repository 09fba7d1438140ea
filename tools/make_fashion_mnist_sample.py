"""Make the sample of Fashion-MNIST that comes with chainrule.

Of every class, images evenly spaced through the official training and test sets are taken, and
kept in their original order. The same input gives the same bytes (with the same zlib).

Run: python tools/make_fashion_mnist_sample.py [--source FOLDER] [--out FOLDER]
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.datasets import fashion_mnist, idx

PER_CLASS = {"train": 600, "t10k": 150}
"""Images of each class: 6,000 and 1,500 in all, 3.3 MB compressed."""


def evenly_spaced(labels: NDArray[Any], per_class: int) -> NDArray[Any]:
    """Places of ``per_class`` samples of every class, in the original order.

    Of the n samples of a class, in order, number i · n // per_class for i = 0, 1, …
    """
    chosen = []
    for label in np.unique(labels):
        places = np.flatnonzero(labels == label)
        chosen.append(places[np.arange(per_class) * len(places) // per_class])
    return np.sort(np.concatenate(chosen))


def read(source: Path, name: str) -> NDArray[np.uint8]:
    packed = source / f"{name}.gz"
    return idx.read(packed if packed.is_file() else source / name)


def make(source: Path, out: Path) -> None:
    """Write the four files."""
    out.mkdir(parents=True, exist_ok=True)
    for part, per_class in PER_CLASS.items():
        names = f"{part}-images-idx3-ubyte", f"{part}-labels-idx1-ubyte"
        images, labels = (read(source, name) for name in names)
        places = evenly_spaced(labels, per_class)
        for name, array in zip(names, (images[places], labels[places]), strict=True):
            idx.write(out / f"{name}.gz", array)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--source", type=Path, default=fashion_mnist.find())
    parser.add_argument("--out", type=Path, default=fashion_mnist.SAMPLE)
    arguments = parser.parse_args()
    if arguments.source is None:
        parser.error("the full set is not here; run `chainrule data fetch fashion-mnist` first")
    make(arguments.source, arguments.out)


if __name__ == "__main__":
    main()
