"""Optimizers: update rules of the flat parameter vector, with Keras' names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from chainrule.core.configurable import resolve
from chainrule.core.configurable import serialize as serialize
from chainrule.core.lazy import lazy
from chainrule.core.registry import Registry
from chainrule.core.rule import UPDATES
from chainrule.optimizers.optimizer import Optimizer

if TYPE_CHECKING:
    from chainrule.optimizers import schedules as schedules
    from chainrule.optimizers.adadelta import Adadelta
    from chainrule.optimizers.adafactor import Adafactor
    from chainrule.optimizers.adagrad import Adagrad
    from chainrule.optimizers.adam import Adam, AdamW
    from chainrule.optimizers.adamax import Adamax
    from chainrule.optimizers.ftrl import Ftrl
    from chainrule.optimizers.full_batch.conjugate_gradient import ConjugateGradient
    from chainrule.optimizers.full_batch.full_batch import FullBatch
    from chainrule.optimizers.full_batch.gauss_newton import GaussNewton, LevenbergMarquardt
    from chainrule.optimizers.full_batch.gradient_descent import GradientDescent
    from chainrule.optimizers.full_batch.newton import Newton, NewtonCG
    from chainrule.optimizers.full_batch.problem import Function, Problem
    from chainrule.optimizers.full_batch.quasi_newton import BFGS, LBFGS
    from chainrule.optimizers.lamb import Lamb
    from chainrule.optimizers.lion import Lion
    from chainrule.optimizers.muon import Muon
    from chainrule.optimizers.nadam import Nadam
    from chainrule.optimizers.rmsprop import RMSprop
    from chainrule.optimizers.sgd import SGD

__all__ = [
    "BFGS",
    "LBFGS",
    "SGD",
    "Adadelta",
    "Adafactor",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "ConjugateGradient",
    "Ftrl",
    "FullBatch",
    "Function",
    "GaussNewton",
    "GradientDescent",
    "Lamb",
    "LevenbergMarquardt",
    "Lion",
    "Muon",
    "Nadam",
    "Newton",
    "NewtonCG",
    "Optimizer",
    "Problem",
    "RMSprop",
    "deserialize",
    "get",
    "schedules",
    "serialize",
]

_MODULES = {
    "adadelta": ("Adadelta",),
    "adafactor": ("Adafactor",),
    "adagrad": ("Adagrad",),
    "adam": ("Adam", "AdamW"),
    "adamax": ("Adamax",),
    "ftrl": ("Ftrl",),
    "full_batch.conjugate_gradient": ("ConjugateGradient",),
    "full_batch.full_batch": ("FullBatch",),
    "full_batch.gauss_newton": ("GaussNewton", "LevenbergMarquardt"),
    "full_batch.gradient_descent": ("GradientDescent",),
    "full_batch.newton": ("Newton", "NewtonCG"),
    "full_batch.problem": ("Function", "Problem"),
    "full_batch.quasi_newton": ("BFGS", "LBFGS"),
    "lamb": ("Lamb",),
    "lion": ("Lion",),
    "muon": ("Muon",),
    "nadam": ("Nadam",),
    "rmsprop": ("RMSprop",),
    "schedules": (),
    "sgd": ("SGD",),
}
__getattr__, __dir__ = lazy(__name__, _MODULES)
UPDATES.expect(__name__, _MODULES)

OPTIMIZERS: Registry[type[Optimizer]] = Registry("optimizer")
"""Those that are update rules, for mini-batches."""
FULL_BATCH: Registry[type[FullBatch]] = Registry("optimizer")
"""Those that look at all samples before each step."""
_ALL: Registry[type[Optimizer]] = Registry("optimizer")
for _kind in (
    *("SGD", "RMSprop", "Adam", "AdamW", "Adamax", "Nadam", "Adagrad", "Adadelta"),
    *("Adafactor", "Lion", "Lamb", "Ftrl", "Muon"),
):
    for _table in (OPTIMIZERS, _ALL):
        _table.promise(__name__, _kind.lower(), _kind)
for _kind, *_aliases in (
    ("GradientDescent",),
    ("ConjugateGradient",),
    ("Newton",),
    ("NewtonCG",),
    ("GaussNewton", "levenbergmarquardt", "LevenbergMarquardt"),
    ("BFGS",),
    ("LBFGS",),
):
    for _whole in (FULL_BATCH, _ALL):
        _whole.promise(__name__, _kind.lower(), _kind, *_aliases)


def get(identifier: Any) -> Optimizer:
    """The optimizer for a name (in any case), an object, a class or a serialised one.

    Raises:
        UnknownNameError: There is no optimizer of that name.
    """
    if isinstance(identifier, Mapping):
        return deserialize(identifier)
    return resolve(identifier, Optimizer, _ALL)


def deserialize(
    config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None
) -> Optimizer:
    """The optimizer from :func:`serialize`.

    Args:
        config: A serialised optimizer, of this library or of Keras.
        custom_objects: Optimizers and schedules of your own by class name, looked up first.

    Raises:
        UnknownNameError: The class is in neither table.
    """
    name = str(config.get("class_name"))
    own = (custom_objects or {}).get(name)
    kind = own or _ALL.find(name if name in _ALL else name.lower())
    return kind.from_config(config.get("config", {}), custom_objects)
