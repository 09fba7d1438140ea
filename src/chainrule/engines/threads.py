"""How many threads the native engine uses: no more than cores, and only where they pay."""

from __future__ import annotations

import os

from chainrule.errors import ArgumentError

_chosen: dict[str, int] = {}

WORTH = 1.5e6
"""Floating-point operations of a batch that keep one thread busy for some 20 µs: with fewer for
each, threads wait for each other longer than they work."""


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
        _chosen.clear()
        return
    if isinstance(count, bool) or not isinstance(count, int) or count < 1:
        raise ArgumentError("`count` must be a positive integer.", count=count)
    _chosen["threads"] = count


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
    return min(_chosen.get("threads") or int(wanted or 0) or cores, cores)


def useful(work: float) -> int:
    """How many threads pay for a batch of so many floating-point operations."""
    return max(1, min(get_threads(), int(work / WORTH)))


def _cores() -> int:
    """How many cores the process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
