"""What every layer's constructor takes, checked; Keras' own configurations among it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from chainrule import config
from chainrule.core.shapes import Shape
from chainrule.errors import ArgumentError

NOT_OFFERED = ("lora_rank", "lora_alpha", "quantization_config", "rms_scaling")
"""Keras' arguments that may be given, as its configurations do, but must be off."""

WITHOUT_EFFECT = ("autocast", "batch_input_shape")
"""One is about mixed precision; the other, of Keras 2, has been read by then."""


def checked_name(name: Any) -> str:
    """The name of a layer.

    Raises:
        ArgumentError: It is no text, or has a character that names of arrays need.
    """
    if not isinstance(name, str) or not name or set(name) & {"/", "@"}:
        raise ArgumentError("`name` must be a non-empty string without '/' and '@'.", name=name)
    return name


def float_type(dtype: Any) -> str:
    """The name of a float type, also from a ``DTypePolicy`` as Keras serialises it.

    Raises:
        ArgumentError: There is no arithmetic of that type.
    """
    name = dtype["config"]["name"] if isinstance(dtype, Mapping) else dtype
    return config.float_name("dtype", name)


def declared_shape(owner: str, kwargs: dict[str, Any]) -> Shape | None:
    """The shape of a sample that a layer's keyword arguments give, if one does.

    Raises:
        ArgumentError: It is no shape, or there are other arguments.
    """
    given = dict(kwargs)
    shape = given.pop("input_shape", None)
    if given.get("batch_input_shape") is not None:
        shape = given["batch_input_shape"][1:]
    if "input_dim" in given:
        shape = (given.pop("input_dim"),)
    for name in NOT_OFFERED:
        if given.get(name):
            raise ArgumentError(f"`{name}` of {owner} must be off.", **{name: given[name]})
    unknown = {n: v for n, v in given.items() if n not in (*NOT_OFFERED, *WITHOUT_EFFECT)}
    if unknown:
        raise ArgumentError(f"Unrecognized keyword arguments passed to {owner}.", kwargs=unknown)
    return None if shape is None else _sample(owner, shape)


def as_tuples(shape: Any) -> Any:
    """One shape as a tuple, several as a list of them."""
    if any(isinstance(one, list | tuple) for one in shape):
        return [tuple(one) for one in shape]
    return tuple(shape)


def _sample(owner: str, shape: Any) -> Shape:
    lengths = (shape,) if isinstance(shape, int | np.integer) else tuple(shape)
    for length in lengths:
        if length is not None and (not isinstance(length, int | np.integer) or length < 1):
            raise ArgumentError(
                f"The input shape of {owner} must be positive integers.", shape=shape
            )
    return tuple(None if length is None else int(length) for length in lengths)
