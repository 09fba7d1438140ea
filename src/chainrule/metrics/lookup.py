"""Metrics by name, and as data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chainrule import losses
from chainrule.core import configurable
from chainrule.core.custom import custom_object_scope, get_custom_objects
from chainrule.core.names import snake_case
from chainrule.errors import ArgumentError
from chainrule.metrics.base import METRICS, Metric
from chainrule.metrics.reduction import MeanMetricWrapper, function_of

_ACCURACIES = ("BinaryAccuracy", "SparseCategoricalAccuracy", "CategoricalAccuracy")
_CROSSENTROPIES = (
    "BinaryCrossentropy",
    "SparseCategoricalCrossentropy",
    "CategoricalCrossentropy",
)
RESOLVED_BY_SHAPE = {
    "accuracy": _ACCURACIES,
    "acc": _ACCURACIES,
    "crossentropy": _CROSSENTROPIES,
    "ce": _CROSSENTROPIES,
}
"""Names whose meaning depends on the data: for one output, for class numbers, for one-hot."""


def get(identifier: Any, sparse: bool | None = None, outputs: int | None = None) -> Metric:
    """The metric for a name, an object, a class, a function or a serialised one.

    Args:
        identifier: The name or object. ``"accuracy"`` and ``"crossentropy"`` (``"acc"``,
            ``"ce"``) mean the binary, sparse or categorical kind, by the next two. A function
            ``f(y_true, y_pred)`` of values per sample becomes a metric of its name; a loss
            becomes the mean of its losses per sample. A metric written by ``update_state``
            comes back in a wrapper that makes sums of it.
        sparse: Whether targets are class numbers.
        outputs: Length of the model's last axis.

    Raises:
        UnknownNameError: There is no metric of that name.
        ArgumentError: It is nothing that could be a metric.
    """
    if isinstance(identifier, str):
        return _named(identifier, sparse, outputs)
    if isinstance(identifier, Metric):
        return _adding_up(identifier)
    if isinstance(identifier, type) and issubclass(identifier, Metric):
        return get(identifier())
    if isinstance(identifier, Mapping):
        return get(deserialize(identifier))
    if isinstance(identifier, losses.Loss):
        return _of_loss(identifier)
    if callable(identifier) and not isinstance(identifier, type):
        name = getattr(identifier, "__name__", type(identifier).__name__)
        return MeanMetricWrapper(identifier, name=snake_case(name))
    raise ArgumentError(
        "A metric must be a name, a Metric or a function of y_true and y_pred.", metric=identifier
    )


def _named(name: str, sparse: bool | None, outputs: int | None) -> Metric:
    if name.lower() in RESOLVED_BY_SHAPE:
        binary, by_label, one_hot = RESOLVED_BY_SHAPE[name.lower()]
        return METRICS[binary if outputs == 1 else by_label if sparse else one_hot](name=name)
    kind = METRICS.find(name)
    if name not in METRICS:  # one's own, from register_keras_serializable
        return get(kind)
    try:
        return kind(name=name)
    except TypeError:
        raise ArgumentError(
            f"A metric with required arguments must be given as an object, {kind.__name__}(…).",
            metric=name,
        ) from None


def _adding_up(metric: Metric) -> Metric:
    from chainrule.metrics.replay import Replay, runs_by_update

    return Replay(metric) if runs_by_update(type(metric)) else metric


def _of_loss(loss: losses.Loss) -> Metric:
    by_sample = type(loss).from_config(loss.get_config() | {"reduction": "none"})
    return MeanMetricWrapper(by_sample, name=loss.name)


def serialize(metric: Metric) -> dict[str, Any]:
    """The metric as JSON-ready data, for :func:`deserialize`; Keras reads it too."""
    from chainrule.metrics.replay import Replay

    return configurable.serialize(metric.original if isinstance(metric, Replay) else metric)


def deserialize(
    config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None
) -> Metric:
    """The metric from :func:`serialize`.

    Args:
        config: A serialised metric or metric function, of this library or of Keras.
        custom_objects: Classes and functions of your own by name, looked up first, beside those
            of ``register_keras_serializable``.

    Raises:
        UnknownNameError: The class or the function is in neither table.
    """
    with custom_object_scope(custom_objects):
        if config.get("class_name") == "function":
            return get(function_of(config))
        own, name = get_custom_objects(), config.get("class_name")
        kind = own.get(str(config.get("registered_name"))) or own.get(str(name))
        metric: Metric = (kind or METRICS.find(name)).from_config(dict(config.get("config") or {}))
        return metric
