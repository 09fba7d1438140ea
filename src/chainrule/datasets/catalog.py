"""What data sets there are, for programs that choose one by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from chainrule.core.registry import Registry
from chainrule.datasets import exam_scores, fashion_mnist

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Split = tuple[NDArray[Any], NDArray[Any]]


@dataclass(frozen=True)
class Dataset:
    """One entry of the catalogue.

    Attributes:
        name: ``"fashion-mnist"``.
        task: ``"classification"`` or ``"regression"``.
        summary: One line.
        sizes: Training and test samples.
        licence: Under which the data may be used.
        load: Gives ``(x_train, y_train), (x_test, y_test)``; may download.
        place: Says in words where the data would come from now.
        class_names: Names of the classes; empty for regression.
        feature_names: Names of the columns of ``x``; empty where they have none.
    """

    name: str
    task: Literal["classification", "regression"]
    summary: str
    sizes: tuple[int, int]
    licence: str
    load: Callable[[], tuple[Split, Split]]
    place: Callable[[], str]
    class_names: tuple[str, ...] = ()
    feature_names: tuple[str, ...] = ()


def _place_of_fashion_mnist() -> str:
    found = fashion_mnist.find()
    return str(found) if found else "not here; the sample of 6,000 + 1,500 images is"


DATASETS: Registry[Dataset] = Registry("data set")
DATASETS.add(
    "fashion-mnist",
    Dataset(
        name="fashion-mnist",
        task="classification",
        summary="Pictures of clothes, 28 by 28 bytes, ten classes",
        sizes=(60_000, 10_000),
        licence="MIT",
        load=fashion_mnist.load_data,
        place=_place_of_fashion_mnist,
        class_names=fashion_mnist.class_names,
    ),
)
DATASETS.add(
    "exam-scores",
    Dataset(
        name="exam-scores",
        task="regression",
        summary="Exam scores from hours of study and sleep",
        sizes=(800, 200),
        licence="made by chainrule",
        load=exam_scores.load_data,
        place=lambda: "made on the spot",
        feature_names=exam_scores.feature_names,
    ),
)
