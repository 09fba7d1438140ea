"""What it costs that every training is watched for numbers that are not finite.

Run: python -m benchmarks.watching
"""

from __future__ import annotations

import statistics
import time

from benchmarks.peers.ours import ThePeer
from benchmarks.workloads import chosen, load
from chainrule.models.watch import Watch

RUNS = 9
"""Pairs of trainings, with and without, in turn."""
NAMES = "W1,W2,W3,W4,W5,W6"


def seconds(peer: ThePeer, watched: bool) -> float:
    """One training from the first weights."""
    before, after = Watch.before, Watch.after
    if not watched:
        Watch.before = Watch.after = lambda self, *ignored: None  # type: ignore[method-assign]
    try:
        peer.reset()
        started = time.perf_counter()
        peer.train()
        return time.perf_counter() - started
    finally:
        Watch.before, Watch.after = before, after  # type: ignore[method-assign]


def main() -> None:
    for work in chosen(NAMES):
        peer = ThePeer(work, load(work))
        seconds(peer, True)
        pairs = [(seconds(peer, True), seconds(peer, False)) for _ in range(RUNS)]
        ratio = statistics.median(on / off for on, off in pairs)
        on, off = (statistics.median(times) for times in zip(*pairs, strict=True))
        print(
            f"{work.name}: {1e3 * off:8.1f} ms without, {1e3 * on:8.1f} ms with: {ratio - 1:+.1%}",
            flush=True,
        )


if __name__ == "__main__":
    main()
