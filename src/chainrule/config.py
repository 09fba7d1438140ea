"""Global settings: the float type and the epsilon of new models, with Keras' names, and threads."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

from chainrule.errors import ArgumentError

_settings: dict[str, object] = {"floatx": "float32", "epsilon": 1e-7}
_FLOATS = ("float32", "float64")
_threads: dict[str, int] = {}


def floatx() -> str:
    """The float type of new models and of converted data: ``"float32"`` unless set."""
    return str(_settings["floatx"])


def set_floatx(value: str) -> None:
    """Set the float type of models made from here on.

    Args:
        value: ``"float32"`` or ``"float64"``.

    Raises:
        ArgumentError: It is neither. (Half precision has no fast arithmetic on CPUs.)
    """
    _settings["floatx"] = float_name("value", value)


def epsilon() -> float:
    """The small number that keeps logarithms and divisions finite: 1e-7 unless set."""
    return float(_settings["epsilon"])  # type: ignore[arg-type]


def set_epsilon(value: float) -> None:
    """Set :func:`epsilon` for models compiled from here on."""
    if not 0 < value < 0.5:
        raise ArgumentError("`value` must be between 0 and 0.5.", value=value)
    _settings["epsilon"] = float(value)


def set_threads(count: int | None) -> None:
    """Let the native engine use so many threads at most.

    Results do not depend on it, not even by a bit.

    Args:
        count: At least 1; ``None`` for the number of cores that the process may use, or what
            ``CHAINRULE_NUM_THREADS`` says.

    Raises:
        ArgumentError: It is not a positive integer.
    """
    if count is None:
        _threads.clear()
        return
    if isinstance(count, bool) or not isinstance(count, int) or count < 1:
        raise ArgumentError("`count` must be a positive integer.", count=count)
    _threads["threads"] = count


@contextlib.contextmanager
def limited_threads(count: int) -> Iterator[None]:
    """Within it, let the native engine use so many threads at most, whatever was set.

    For a program that calls the engine from threads of its own.

    Args:
        count: At least 1.

    Raises:
        ArgumentError: It is not a positive integer.
    """
    before = _threads.get("threads")
    set_threads(count)
    try:
        yield
    finally:
        set_threads(before)


def get_threads() -> int:
    """How many threads the native engine may use.

    Raises:
        ArgumentError: ``CHAINRULE_NUM_THREADS`` is not a positive integer.
    """
    wanted = os.environ.get("CHAINRULE_NUM_THREADS", "")
    if wanted and not (wanted.isdigit() and int(wanted)):
        raise ArgumentError(
            "The environment's CHAINRULE_NUM_THREADS must be a positive integer.", value=wanted
        )
    cores = _cores()
    return min(_threads.get("threads") or int(wanted or 0) or cores, cores)


def float_name(argument: str, value: object) -> str:
    """The name of a supported float type, from a name or a NumPy dtype."""
    name = value if isinstance(value, str) else getattr(value, "__name__", str(value))
    if name not in _FLOATS:
        raise ArgumentError(
            f"`{argument}` must be one of {', '.join(map(repr, _FLOATS))}.", **{argument: value}
        )
    return name


def _cores() -> int:
    """How many cores the process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
