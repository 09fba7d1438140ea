"""Keras' ``utils``: names that users look for here."""

from chainrule.utils.labels import to_categorical
from chainrule.utils.seeds import set_random_seed

__all__ = ["set_random_seed", "to_categorical"]
