"""Activation functions and their derivatives, each on its line.

``sigmoid([0.0])`` evaluates one; ``get("sigmoid")`` finds one by name, as Keras does. Options
have Keras' names and defaults: ``leaky_relu([-1.0], negative_slope=0.1)``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from chainrule.core.lazy import lazy
from chainrule.core.registry import Registry
from chainrule.core.rule import RULES, Rule
from chainrule.errors import ArgumentError

if TYPE_CHECKING:
    from chainrule.activations.distributions import log_softmax, softmax, sparsemax
    from chainrule.activations.gates import glu
    from chainrule.activations.gaussian import gelu, gelu_tanh
    from chainrule.activations.rectifiers import (
        celu,
        elu,
        hard_shrink,
        leaky_relu,
        linear,
        relu,
        relu6,
        selu,
        soft_shrink,
        threshold,
    )
    from chainrule.activations.sigmoids import (
        hard_sigmoid,
        hard_tanh,
        log_sigmoid,
        sigmoid,
        softsign,
        sparse_sigmoid,
        tanh,
    )
    from chainrule.activations.smooth import (
        exponential,
        hard_silu,
        hard_swish,
        mish,
        silu,
        softplus,
        sparse_plus,
        squareplus,
        swish,
        tanh_shrink,
    )

__all__ = [
    "celu",
    "deserialize",
    "elu",
    "exponential",
    "gelu",
    "gelu_tanh",
    "get",
    "glu",
    "hard_shrink",
    "hard_sigmoid",
    "hard_silu",
    "hard_swish",
    "hard_tanh",
    "leaky_relu",
    "linear",
    "log_sigmoid",
    "log_softmax",
    "mish",
    "relu",
    "relu6",
    "selu",
    "serialize",
    "sigmoid",
    "silu",
    "soft_shrink",
    "softmax",
    "softplus",
    "softsign",
    "sparse_plus",
    "sparse_sigmoid",
    "sparsemax",
    "squareplus",
    "swish",
    "tanh",
    "tanh_shrink",
    "threshold",
]

_MODULES = {
    "distributions": ("log_softmax", "softmax", "sparsemax"),
    "gates": ("glu",),
    "gaussian": ("gelu", "gelu_tanh"),
    "rectifiers": (
        "celu",
        "elu",
        "hard_shrink",
        "leaky_relu",
        "linear",
        "relu",
        "relu6",
        "selu",
        "soft_shrink",
        "threshold",
    ),
    "sigmoids": (
        "hard_sigmoid",
        "hard_tanh",
        "log_sigmoid",
        "sigmoid",
        "softsign",
        "sparse_sigmoid",
        "tanh",
    ),
    "smooth": (
        "exponential",
        "hard_silu",
        "hard_swish",
        "mish",
        "silu",
        "softplus",
        "sparse_plus",
        "squareplus",
        "swish",
        "tanh_shrink",
    ),
}
__getattr__, __dir__ = lazy(__name__, _MODULES)
RULES.expect(__name__, _MODULES)

ACTIVATIONS: Registry[Rule] = Registry("activation function")
for _name in (
    *("linear", "sigmoid", "tanh", "relu", "softmax"),
    *("relu6", "leaky_relu", "elu", "selu", "celu", "threshold", "soft_shrink", "hard_shrink"),
    *("log_sigmoid", "hard_sigmoid", "sparse_sigmoid", "hard_tanh", "softsign"),
    *("exponential", "softplus", "squareplus", "sparse_plus", "mish", "gelu", "gelu_tanh"),
    *("tanh_shrink", "log_softmax", "sparsemax", "glu"),
):
    ACTIVATIONS.promise(__name__, _name, _name)
ACTIVATIONS.promise(__name__, "silu", "silu", "swish")
ACTIVATIONS.promise(__name__, "hard_silu", "hard_silu", "hard_swish")


def get(identifier: Any) -> Rule:
    """The activation for a name, a rule, a serialised one, or ``None`` (linear).

    Raises:
        UnknownNameError: There is no activation of that name.
        ArgumentError: A plain function was given: it has no derivative.
    """
    if identifier is None:
        return ACTIVATIONS["linear"]
    if isinstance(identifier, Rule):
        return identifier
    if isinstance(identifier, Mapping):
        return deserialize(identifier)
    if callable(identifier):
        raise ArgumentError(
            "An activation must be a name or a rule; a plain function has no derivative. "
            "Make it one with chainrule.core.rule.elementwise and its .wrt.",
            activation=identifier,
        )
    return ACTIVATIONS.find(identifier)


def serialize(activation: Rule) -> str:
    """The name by which :func:`get` finds ``activation`` again."""
    return activation.name


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Rule:
    """The activation from :func:`serialize`, or from a serialised function of Keras.

    Args:
        config: A name, or a dictionary with ``"class_name": "function"`` and the name as
            ``"config"``.
        custom_objects: Rules of your own by name, looked up first.

    Raises:
        UnknownNameError: There is no activation of that name.
        ArgumentError: A serialised object: an activation with options of its own is a layer.
    """
    name = config
    if isinstance(config, Mapping):
        name = config.get("config")
        if config.get("class_name") != "function":
            raise ArgumentError(
                "An activation is serialised by its name; one with options of its own is a "
                "layer. Put that layer behind a linear one.",
                config=config,
            )
    return get((custom_objects or {}).get(str(name), name))
