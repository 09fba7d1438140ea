"""Models: layers joined, trained by one loop for all engines."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from chainrule.core.lazy import lazy
from chainrule.models.model import Model
from chainrule.models.sequential import Sequential

if TYPE_CHECKING:
    from chainrule.models.comparison import Comparison, compare_optimizers
    from chainrule.models.landscapes import Landscape, Track, landscape
    from chainrule.models.racing import Race
    from chainrule.models.rate_range import RateRange, find_learning_rate
    from chainrule.models.structure import clone_model, model_from_json

__all__ = [
    "Comparison",
    "Landscape",
    "Model",
    "Race",
    "RateRange",
    "Sequential",
    "Track",
    "clone_model",
    "compare_optimizers",
    "find_learning_rate",
    "landscape",
    "load_model",
    "model_from_json",
    "save_model",
]

__getattr__, __dir__ = lazy(
    __name__,
    {
        "comparison": ("Comparison", "compare_optimizers"),
        "landscapes": ("Landscape", "Track", "landscape"),
        "racing": ("Race",),
        "rate_range": ("RateRange", "find_learning_rate"),
        "structure": ("clone_model", "model_from_json"),
    },
)


def load_model(
    filepath: str | os.PathLike[str],
    custom_objects: dict[str, Any] | None = None,
    compile: bool = True,
    safe_mode: bool = True,
) -> Model:
    """Load a model that ``model.save`` wrote. See :func:`chainrule.formats.archive.load`.

    Args:
        filepath: A ``.safetensors`` file.
        custom_objects: Layer classes of your own, by name.
        compile: Whether to restore loss, metrics and optimizer too.
        safe_mode: Kept for Keras' signature: no file of chainrule can name code.
    """
    from chainrule.formats import archive

    return archive.load(filepath, custom_objects, compile)


def save_model(model: Model, filepath: str | os.PathLike[str], overwrite: bool = True) -> None:
    """Save a model: the same as ``model.save``."""
    model.save(filepath, overwrite)
