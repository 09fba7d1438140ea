"""Optimizers: element-wise update rules of the flat parameter vector, with Keras' names."""

from __future__ import annotations

from typing import Any

from chainrule.core.configurable import resolve
from chainrule.core.configurable import serialize as serialize
from chainrule.core.registry import Registry
from chainrule.optimizers.adam import Adam
from chainrule.optimizers.optimizer import Optimizer
from chainrule.optimizers.rmsprop import RMSprop
from chainrule.optimizers.sgd import SGD

__all__ = ["SGD", "Adam", "Optimizer", "RMSprop", "get", "serialize"]

OPTIMIZERS: Registry[type[Optimizer]] = Registry("optimizer")
OPTIMIZERS.add("sgd", SGD, "SGD")
OPTIMIZERS.add("rmsprop", RMSprop, "RMSprop")
OPTIMIZERS.add("adam", Adam, "Adam")


def get(identifier: Any) -> Optimizer:
    """The optimizer for a name (in any case), an object, a class or a serialised one.

    Raises:
        UnknownNameError: There is no optimizer of that name.
    """
    return resolve(identifier, Optimizer, OPTIMIZERS)
