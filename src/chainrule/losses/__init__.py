"""Losses: classes that choose between rules, found by Keras' names.

A loss function gives one number per sample; one reduction, ``weighted_mean``, makes one number of
them. So sample weights exist in one place, and no factor can get lost between a loss and its
gradient. A function alone, ``mean_squared_error(y_true, y_pred)``, is the rule itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, overload

from chainrule.core.custom import get_custom_objects
from chainrule.core.lazy import lazy
from chainrule.core.registry import Registry
from chainrule.core.rule import RULES, Rule
from chainrule.errors import ArgumentError
from chainrule.losses.loss import Loss, LossFunctionWrapper
from chainrule.losses.lossrule import LossRule

if TYPE_CHECKING:
    from chainrule.losses.crossentropies import (
        BinaryCrossentropy,
        BinaryFocalCrossentropy,
        CategoricalCrossentropy,
        CategoricalFocalCrossentropy,
        CategoricalGeneralizedCrossEntropy,
        KLDivergence,
        SparseCategoricalCrossentropy,
    )
    from chainrule.losses.logits import (
        sigmoid_binary_crossentropy,
        sigmoid_binary_focal_crossentropy,
        softmax_crossentropy,
        softmax_focal_crossentropy,
        softmax_sparse_crossentropy,
    )
    from chainrule.losses.margins import (
        CategoricalHinge,
        Hinge,
        SquaredHinge,
        categorical_hinge,
        hinge,
        squared_hinge,
    )
    from chainrule.losses.overlap import Dice, Tversky, dice, tversky
    from chainrule.losses.probabilities import (
        binary_crossentropy,
        binary_focal_crossentropy,
        categorical_crossentropy,
        categorical_focal_crossentropy,
        categorical_generalized_cross_entropy,
        kl_divergence,
        sparse_categorical_crossentropy,
    )
    from chainrule.losses.reduction import weighted_mean
    from chainrule.losses.regression import (
        CosineSimilarity,
        Huber,
        LogCosh,
        MeanAbsoluteError,
        MeanAbsolutePercentageError,
        MeanSquaredError,
        MeanSquaredLogarithmicError,
        Poisson,
        cosine_similarity,
        huber,
        log_cosh,
        mean_absolute_error,
        mean_absolute_percentage_error,
        mean_squared_error,
        mean_squared_logarithmic_error,
        poisson,
    )
    from chainrule.losses.targets import match_rank, reconcile, valid

__all__ = [
    "LOSSES",
    "BinaryCrossentropy",
    "BinaryFocalCrossentropy",
    "CategoricalCrossentropy",
    "CategoricalFocalCrossentropy",
    "CategoricalGeneralizedCrossEntropy",
    "CategoricalHinge",
    "CosineSimilarity",
    "Dice",
    "Hinge",
    "Huber",
    "KLDivergence",
    "LogCosh",
    "Loss",
    "LossFunctionWrapper",
    "LossRule",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanSquaredError",
    "MeanSquaredLogarithmicError",
    "Poisson",
    "SparseCategoricalCrossentropy",
    "SquaredHinge",
    "Tversky",
    "binary_crossentropy",
    "binary_focal_crossentropy",
    "categorical_crossentropy",
    "categorical_focal_crossentropy",
    "categorical_generalized_cross_entropy",
    "categorical_hinge",
    "cosine_similarity",
    "deserialize",
    "dice",
    "get",
    "hinge",
    "huber",
    "kl_divergence",
    "log_cosh",
    "match_rank",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_squared_error",
    "mean_squared_logarithmic_error",
    "poisson",
    "reconcile",
    "serialize",
    "sigmoid_binary_crossentropy",
    "sigmoid_binary_focal_crossentropy",
    "softmax_crossentropy",
    "softmax_focal_crossentropy",
    "softmax_sparse_crossentropy",
    "sparse_categorical_crossentropy",
    "squared_hinge",
    "tversky",
    "valid",
    "weighted_mean",
]

_MODULES = {
    "crossentropies": (
        "BinaryCrossentropy",
        "BinaryFocalCrossentropy",
        "CategoricalCrossentropy",
        "CategoricalFocalCrossentropy",
        "CategoricalGeneralizedCrossEntropy",
        "KLDivergence",
        "SparseCategoricalCrossentropy",
    ),
    "logits": (
        "sigmoid_binary_crossentropy",
        "sigmoid_binary_focal_crossentropy",
        "softmax_crossentropy",
        "softmax_focal_crossentropy",
        "softmax_sparse_crossentropy",
    ),
    "margins": (
        "CategoricalHinge",
        "Hinge",
        "SquaredHinge",
        "categorical_hinge",
        "hinge",
        "squared_hinge",
    ),
    "overlap": ("Dice", "Tversky", "dice", "tversky"),
    "probabilities": (
        "binary_crossentropy",
        "binary_focal_crossentropy",
        "categorical_crossentropy",
        "categorical_focal_crossentropy",
        "categorical_generalized_cross_entropy",
        "kl_divergence",
        "sparse_categorical_crossentropy",
    ),
    "reduction": ("weighted_mean",),
    "regression": (
        "CosineSimilarity",
        "Huber",
        "LogCosh",
        "MeanAbsoluteError",
        "MeanAbsolutePercentageError",
        "MeanSquaredError",
        "MeanSquaredLogarithmicError",
        "Poisson",
        "cosine_similarity",
        "huber",
        "log_cosh",
        "mean_absolute_error",
        "mean_absolute_percentage_error",
        "mean_squared_error",
        "mean_squared_logarithmic_error",
        "poisson",
    ),
    "targets": ("match_rank", "reconcile", "valid"),
    "total": (),
}
__getattr__, __dir__ = lazy(__name__, _MODULES)
RULES.expect(__name__, _MODULES)

LOSSES: Registry[type[Loss]] = Registry("loss")
"""The losses by their rules' names, their classes' names, and Keras' other names for them."""

for _names in (
    ("mean_squared_error", "MeanSquaredError", "mse", "MSE"),
    ("mean_absolute_error", "MeanAbsoluteError", "mae", "MAE"),
    ("mean_absolute_percentage_error", "MeanAbsolutePercentageError", "mape", "MAPE"),
    ("mean_squared_logarithmic_error", "MeanSquaredLogarithmicError", "msle", "MSLE"),
    ("cosine_similarity", "CosineSimilarity"),
    ("huber", "Huber", "huber_loss"),
    ("log_cosh", "LogCosh", "logcosh"),
    ("poisson", "Poisson"),
    ("kl_divergence", "KLDivergence", "kld", "KLD", "kullback_leibler_divergence"),
    ("binary_crossentropy", "BinaryCrossentropy", "bce", "BCE"),
    ("binary_focal_crossentropy", "BinaryFocalCrossentropy"),
    ("categorical_crossentropy", "CategoricalCrossentropy"),
    ("categorical_focal_crossentropy", "CategoricalFocalCrossentropy"),
    ("sparse_categorical_crossentropy", "SparseCategoricalCrossentropy"),
    ("categorical_generalized_cross_entropy", "CategoricalGeneralizedCrossEntropy"),
    ("hinge", "Hinge"),
    ("squared_hinge", "SquaredHinge"),
    ("categorical_hinge", "CategoricalHinge"),
    ("dice", "Dice"),
    ("tversky", "Tversky"),
):
    LOSSES.promise(__name__, *_names)


@overload
def get(identifier: None) -> None: ...
@overload
def get(identifier: Any) -> Loss: ...
def get(identifier: Any) -> Loss | None:
    """The loss for a name, a loss, a loss rule, a class, or a serialised loss (ours or Keras').

    ``None`` stays ``None``. A rule that no class of :data:`LOSSES` is for becomes a
    :class:`LossFunctionWrapper`; so does its name, once it is registered.

    Raises:
        UnknownNameError: There is no loss of that name.
        ArgumentError: A plain function was given: it has no derivative.
    """
    if identifier is None or isinstance(identifier, Loss):
        return identifier
    if isinstance(identifier, Mapping):
        return deserialize(identifier)
    if isinstance(identifier, Rule):
        known = LOSSES.get(identifier.name)
        return known() if known and known.rule is identifier else LossFunctionWrapper(identifier)
    if isinstance(identifier, type) and issubclass(identifier, Loss):
        return identifier()
    if callable(identifier):
        raise ArgumentError(
            "A loss must be a name, a Loss or a loss rule; a plain function has no derivative.",
            loss=identifier,
        )
    if identifier not in LOSSES and isinstance(RULES.get(identifier), LossRule):
        return LossFunctionWrapper(identifier)
    return LOSSES.find(identifier)()


def serialize(loss: Loss | LossRule) -> dict[str, Any]:
    """The loss as JSON-ready data, for :func:`deserialize` and :func:`get`."""
    made = get(loss)
    return {"class_name": type(made).__name__, "config": made.get_config()}


def deserialize(name: Any, custom_objects: Mapping[str, Any] | None = None) -> Loss:
    """The loss from what :func:`serialize` made, or Keras' function of the same name.

    Args:
        name: ``{"class_name": …, "config": …}``, or the name of a loss.
        custom_objects: Classes, losses and loss rules of the user's by name, beside those of
            ``register_keras_serializable``.

    Raises:
        UnknownNameError: There is no loss of that name.
    """
    custom = get_custom_objects() | dict(custom_objects or {})
    if not isinstance(name, Mapping):
        return get(custom.get(name, name))
    class_name: Any = name.get("class_name")
    settings = name.get("config")
    if class_name == "function":  # Keras' form of a loss function
        return deserialize(settings, custom)
    if class_name == LossFunctionWrapper.__name__:
        settings = dict(settings or {})
        fn: Any = settings.get("fn")
        fn = fn.get("config") if isinstance(fn, Mapping) else fn
        return LossFunctionWrapper.from_config(settings | {"fn": custom.get(fn, fn)})
    found = custom.get(name.get("registered_name") or class_name) or custom.get(class_name)
    found = found or LOSSES.find(class_name)
    return get(found) if isinstance(found, Rule | Loss) else found.from_config(dict(settings or {}))
