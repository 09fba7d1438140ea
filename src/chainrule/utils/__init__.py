"""Keras' ``utils``: names that users look for here."""

from typing import TYPE_CHECKING

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
from chainrule.core.lazy import lazy

if TYPE_CHECKING:
    from chainrule.utils.batches import (
        PyDataset,
        Sequence,
        pack_x_y_sample_weight,
        unpack_x_y_sample_weight,
    )
    from chainrule.utils.labels import to_categorical
    from chainrule.utils.norms import normalize
    from chainrule.utils.progbar import Progbar
    from chainrule.utils.seeds import set_random_seed
    from chainrule.utils.sequences import pad_sequences
    from chainrule.utils.session import clear_session
    from chainrule.utils.splitting import split_dataset

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

__getattr__, __dir__ = lazy(
    __name__,
    {
        "batches": (
            "PyDataset",
            "Sequence",
            "pack_x_y_sample_weight",
            "unpack_x_y_sample_weight",
        ),
        "labels": ("to_categorical",),
        "norms": ("normalize",),
        "progbar": ("Progbar",),
        "seeds": ("set_random_seed",),
        "sequences": ("pad_sequences",),
        "session": ("clear_session",),
        "splitting": ("split_dataset",),
        ".report.network": ("model_to_dot", "plot_model"),
    },
)
