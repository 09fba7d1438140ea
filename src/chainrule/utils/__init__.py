"""Keras' ``utils``: names that users look for here."""

from importlib import import_module
from typing import Any

from chainrule.core.console import (
    disable_interactive_logging,
    enable_interactive_logging,
    is_interactive_logging_enabled,
)
from chainrule.core.custom import (
    custom_object_scope,
    get_custom_objects,
    register_keras_serializable,
)
from chainrule.utils.batches import PyDataset, pack_x_y_sample_weight, unpack_x_y_sample_weight
from chainrule.utils.labels import to_categorical
from chainrule.utils.norms import normalize
from chainrule.utils.progbar import Progbar
from chainrule.utils.seeds import set_random_seed
from chainrule.utils.sequences import pad_sequences
from chainrule.utils.session import clear_session
from chainrule.utils.splitting import split_dataset

Sequence = PyDataset
"""The name of :class:`PyDataset` before Keras 3."""

CustomObjectScope = custom_object_scope

__all__ = [
    "CustomObjectScope",
    "Progbar",
    "PyDataset",
    "Sequence",
    "clear_session",
    "custom_object_scope",
    "disable_interactive_logging",
    "enable_interactive_logging",
    "get_custom_objects",
    "is_interactive_logging_enabled",
    "model_to_dot",
    "normalize",
    "pack_x_y_sample_weight",
    "pad_sequences",
    "plot_model",
    "register_keras_serializable",
    "set_random_seed",
    "split_dataset",
    "to_categorical",
    "unpack_x_y_sample_weight",
]

_PICTURES = ("model_to_dot", "plot_model")


def __getattr__(name: str) -> Any:
    """Pictures of models are of a room above this one: fetched when asked for."""
    if name in _PICTURES:
        return getattr(import_module("chainrule.report.network"), name)
    raise AttributeError(f"module 'chainrule.utils' has no attribute {name!r}")
