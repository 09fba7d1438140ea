"""Make the sample of Fashion-MNIST that comes with chainrule.

Of every class, images evenly spaced through the official training and test sets are taken, and
kept in their original order. The same input gives the same bytes.

Run: python tools/make_fashion_mnist_sample.py [--source FOLDER] [--out FOLDER]
"""

import argparse
import gzip
from pathlib import Path

import numpy as np

from chainrule.datasets import fashion_mnist, idx

PER_CLASS = {"train": 600, "t10k": 150}
"""Images of each class: 6,000 and 1,500 in all, 3.4 MB compressed."""


def evenly_spaced(labels: np.ndarray, per_class: int) -> np.ndarray:
    """Places of ``per_class`` samples of every class, in the original order."""
    chosen = []
    for label in np.unique(labels):
        places = np.flatnonzero(labels == label)
        chosen.append(places[np.arange(per_class) * len(places) // per_class])
    return np.sort(np.concatenate(chosen))


def make(source: Path, out: Path) -> None:
    """Write the four files."""
    out.mkdir(parents=True, exist_ok=True)
    for part, per_class in PER_CLASS.items():
        names = f"{part}-images-idx3-ubyte.gz", f"{part}-labels-idx1-ubyte.gz"
        images, labels = (idx.read(source / name) for name in names)
        places = evenly_spaced(labels, per_class)
        for name, array in zip(names, (images[places], labels[places]), strict=True):
            (out / name).write_bytes(gzip.compress(idx.encode(array), 9, mtime=0))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--source", type=Path, default=fashion_mnist.find())
    parser.add_argument("--out", type=Path, default=fashion_mnist.SAMPLE)
    arguments = parser.parse_args()
    if arguments.source is None:
        parser.error("the full set is not here; run `chainrule data fetch fashion-mnist` first")
    make(arguments.source, arguments.out)


if __name__ == "__main__":
    main()
