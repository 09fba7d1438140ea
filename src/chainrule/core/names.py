"""Keras' automatic names: ``Dense`` becomes ``dense``, then ``dense_1``, ``dense_2``, …"""

from __future__ import annotations

import re
from collections import Counter

_given: Counter[str] = Counter()


def snake_case(name: str) -> str:
    """``BatchNormalization`` as ``batch_normalization``."""
    name = re.sub(r"(.)([A-Z][a-z0-9]+)", r"\1_\2", name)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()


def unique_name(class_name: str) -> str:
    """The next free automatic name of a class, counted over the whole process."""
    base = snake_case(class_name)
    index = _given[base]
    _given[base] += 1
    return f"{base}_{index}" if index else base


def reset_names() -> None:
    """Begin to count anew."""
    _given.clear()
