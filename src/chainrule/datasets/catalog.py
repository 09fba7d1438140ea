"""What data sets there are, for programs that choose one by name."""

from __future__ import annotations

from dataclasses import dataclass

from chainrule.core.registry import Registry
from chainrule.datasets import fashion_mnist


@dataclass(frozen=True)
class Dataset:
    """One entry of the catalogue.

    Attributes:
        name: ``"fashion-mnist"``.
        task: ``"classification"`` or ``"regression"``.
        summary: One line.
        sizes: Training and test samples.
        licence: Under which the data may be used.
        class_names: Names of the classes; empty for regression.
    """

    name: str
    task: str
    summary: str
    sizes: tuple[int, int]
    licence: str
    class_names: tuple[str, ...] = ()

    def place(self) -> str:
        """Where the data would come from now, in words."""
        if self.name != "fashion-mnist":
            return "made on the spot"
        found = fashion_mnist.find()
        return str(found) if found else "not here; the sample of 6,000 + 1,500 images is"


DATASETS: Registry[Dataset] = Registry("data set")
DATASETS.add(
    "fashion-mnist",
    Dataset(
        "fashion-mnist",
        "classification",
        "Pictures of clothes, 28 by 28 bytes, ten classes",
        (60_000, 10_000),
        "MIT",
        fashion_mnist.class_names,
    ),
)
DATASETS.add(
    "exam-scores",
    Dataset(
        "exam-scores",
        "regression",
        "Exam scores from hours of study and sleep",
        (800, 200),
        "made by chainrule",
    ),
)
