"""The loss at many points of a plane, by several threads where that is faster."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule import config
from chainrule.core.bar import Bar

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

Loss = Callable[["Array"], float]
"""From weights to the loss."""

PAYS = 1e-4
"""Seconds for one point from which on threads pay: below, Python takes longer than the engine
(2 cores: 25 µs a point with one thread, 37 µs with two; 370 µs with one, 187 µs with two)."""
TURN = 0.05
"""Seconds between two looks at the bar, and at Ctrl-C."""


def survey(losses: Sequence[Loss], points: Callable[[int], Array], count: int, bar: Bar) -> Array:
    """The loss at each of some points; what comes out does not depend on the threads.

    Args:
        losses: The same function as often as there may be threads; each is called by one at a time.
        points: The point of a number from 0 to ``count`` − 1.
        count: How many points.
        bar: Told how many are done.

    Returns:
        Shape (count,), float64.
    """
    found = np.empty(count)
    started = time.perf_counter()
    done = min(count, 2)
    for number in range(done):  # the first makes the program ready
        started = time.perf_counter() if number == done - 1 else started
        found[number] = losses[0](points(number))
    seconds = time.perf_counter() - started
    size = max(1, min(256, int(TURN / max(seconds, 1e-9))))
    chunks = [range(first, min(first + size, count)) for first in range(done, count, size)]
    free: SimpleQueue[Loss] = SimpleQueue()
    threads = min(len(losses), len(chunks)) if seconds > PAYS else 1
    for loss in losses[: max(threads, 1)]:
        free.put(loss)

    def measured(chunk: range) -> list[float]:
        loss = free.get()
        try:
            return [loss(points(number)) for number in chunk]
        finally:
            free.put(loss)

    if threads < 2:
        for chunk in chunks:
            found[chunk.start : chunk.stop] = measured(chunk)
            bar.update(chunk.stop)
        return found
    with config.limited_threads(1), ThreadPoolExecutor(threads) as pool:
        try:
            for chunk, part in zip(chunks, pool.map(measured, chunks), strict=True):
                found[chunk.start : chunk.stop] = part
                bar.update(chunk.stop)
        except BaseException:  # Ctrl-C, usually: do not finish what nobody waits for
            pool.shutdown(cancel_futures=True)
            raise
    return found
