"""Keras' ``saving``: models on disk, and classes of your own that are in them."""

from chainrule.core.custom import (
    custom_object_scope,
    get_custom_objects,
    register_keras_serializable,
)
from chainrule.models import load_model, save_model

CustomObjectScope = custom_object_scope

__all__ = [
    "CustomObjectScope",
    "custom_object_scope",
    "get_custom_objects",
    "load_model",
    "register_keras_serializable",
    "save_model",
]
