"""Neural networks by hand-derived backpropagation, with Keras' names.

``import chainrule`` loads this file only; each part is loaded when first used::

    from chainrule.models import Sequential
    from chainrule.layers import Dense
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from chainrule.version import __version__

if TYPE_CHECKING:
    from chainrule import (
        activations,
        callbacks,
        config,
        constraints,
        datasets,
        errors,
        initializers,
        layers,
        losses,
        metrics,
        models,
        optimizers,
        plots,
        regularizers,
        saving,
        testing,
        utils,
    )
    from chainrule.core.rule import elementwise, rule
    from chainrule.glass import check_backprop, check_gradients, check_optimizer, descend
    from chainrule.initializers import Initializer
    from chainrule.layers import Input, Layer
    from chainrule.losses import Loss
    from chainrule.metrics import Metric
    from chainrule.models import (
        Model,
        Sequential,
        compare_optimizers,
        find_learning_rate,
        landscape,
    )
    from chainrule.optimizers import Optimizer
    from chainrule.regularizers import Regularizer

__all__ = [
    "Initializer",
    "Input",
    "Layer",
    "Loss",
    "Metric",
    "Model",
    "Optimizer",
    "Regularizer",
    "Sequential",
    "__version__",
    "activations",
    "callbacks",
    "check_backprop",
    "check_gradients",
    "check_optimizer",
    "compare_optimizers",
    "config",
    "constraints",
    "datasets",
    "descend",
    "elementwise",
    "errors",
    "find_learning_rate",
    "initializers",
    "landscape",
    "layers",
    "losses",
    "metrics",
    "models",
    "optimizers",
    "plots",
    "regularizers",
    "rule",
    "saving",
    "testing",
    "utils",
]

_NAMES = {
    "Initializer": "initializers",
    "Input": "layers",
    "Layer": "layers",
    "Loss": "losses",
    "Metric": "metrics",
    "Model": "models",
    "Optimizer": "optimizers",
    "Regularizer": "regularizers",
    "Sequential": "models",
    "check_backprop": "glass",
    "check_gradients": "glass",
    "check_optimizer": "glass",
    "compare_optimizers": "models",
    "descend": "glass",
    "elementwise": "core.rule",
    "find_learning_rate": "models",
    "landscape": "models",
    "rule": "core.rule",
}
_MODULES = frozenset(__all__) - set(_NAMES) - {"__version__"}


def __getattr__(name: str) -> Any:
    if name in _MODULES:
        return import_module(f"chainrule.{name}")
    if name in _NAMES:
        return getattr(import_module(f"chainrule.{_NAMES[name]}"), name)
    raise AttributeError(f"module 'chainrule' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
