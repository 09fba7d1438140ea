"""How many batches to hand to an engine at once: many, but back in time to redraw and to stop."""

from __future__ import annotations

import time
from collections.abc import Iterator

SECONDS = 0.05
"""Time that one call into an engine should take: half of the shortest redraw interval."""

GROWTH = 8
"""How much longer a stretch may be than the one before, which may have been quick by chance."""


def stretches(steps: int | None, one_by_one: bool) -> Iterator[tuple[int, int]]:
    """Cut ``steps`` batches into stretches ``(first, last)``, ``last`` exclusive.

    Where ``steps`` is ``None`` they go on until the caller stops.

    Each stretch is as long as the speed of those before allows within :data:`SECONDS`, or a
    single batch if somebody watches batches. The cuts do not change what is computed.
    """
    first, size = 0, 1
    while steps is None or first < steps:
        last = first + size if steps is None else min(steps, first + size)
        started = time.perf_counter()
        yield first, last
        per_step = (time.perf_counter() - started) / (last - first)
        if not one_by_one:
            size = max(1, min(GROWTH * size, int(SECONDS / max(per_step, 1e-7))))
        first = last
