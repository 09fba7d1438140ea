"""The process of one peer with one workload: does what it is told, line by line.

It says that it is ready; then a line in is a command, a line out is its answer in JSON:
``prepare``, ``run`` (as often as asked) and ``finish``. A workload that begins with the process
needs no commands: it runs, says so, and finishes.
"""

from __future__ import annotations

import json
import os
import sys
import time
import traceback
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TextIO

import numpy as np

from benchmarks import peers
from benchmarks.agreement import end_of
from benchmarks.workloads import Data, Workload, load, loss_of, outputs_of, quick

if TYPE_CHECKING:
    from benchmarks.peers.peer import Peer

CALLS = 100
"""Calls between two looks at the clock where one takes microseconds."""
BLOCKS = 30
"""Such blocks in one run; the run's time is their median."""
LONGEST = 1.0
"""Seconds after which a run of slow calls takes no further block."""


def main() -> None:
    channel = _own_channel()
    name, work = sys.argv[1], Workload(**_tuples(json.loads(sys.argv[2])))
    try:
        peer_class = peers.load(name)
        data = load(work)
        peer = peer_class(work, data)
        if work.action == "start":
            peer.history = peer.train()
            _answer(channel, done=True)  # the parent stops its clock at this line
            _answer(channel, **_finish(peer, work, data))
            return
        _answer(channel, ready=True)
        for command in sys.stdin:
            _answer(channel, **_do(command.strip(), peer, work, data))
    except Exception as error:
        traceback.print_exc()
        _answer(channel, **_failure(error))


def _own_channel() -> TextIO:
    """The pipe to the parent; what anybody prints goes to stderr instead."""
    channel = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return channel


def _tuples(fields: dict[str, Any]) -> dict[str, Any]:
    return {key: tuple(v) if isinstance(v, list) else v for key, v in fields.items()}


def _answer(channel: TextIO, **answer: Any) -> None:
    print(json.dumps(answer), file=channel, flush=True)


def _failure(error: Exception) -> dict[str, Any]:
    missing = isinstance(error, ModuleNotFoundError)
    reason = f"{type(error).__name__}: {error}".splitlines()[0]
    return {"status": "not installed" if missing else "failed", "reason": reason}


def _do(command: str, peer: Peer, work: Workload, data: Data) -> dict[str, Any]:
    if command == "prepare":
        return {"seconds": _seconds(peer.prepare)}
    if command == "run":
        return {"seconds": _run(peer, work, data)}
    return _finish(peer, work, data)


def _seconds(call: Callable[[], Any]) -> float:
    begin = time.perf_counter()
    call()
    return time.perf_counter() - begin


def _run(peer: Peer, work: Workload, data: Data) -> float:
    """Seconds of one training, one prediction of all rows, or one call for one row."""
    if work.action == "train":
        peer.reset()
        begin = time.perf_counter()
        peer.history = peer.train()
        return time.perf_counter() - begin
    if work.action == "rows":
        return _seconds(lambda: peer.predict(data.x))
    return _seconds_of_a_call(lambda: peer.predict_row(data.x))


def _seconds_of_a_call(call: Callable[[], Any]) -> float:
    blocks: list[float] = []
    end = time.perf_counter() + LONGEST
    while len(blocks) < BLOCKS and time.perf_counter() < end:
        begin = time.perf_counter()
        for _ in range(CALLS):
            call()
        blocks.append((time.perf_counter() - begin) / CALLS)
    return float(np.median(blocks))


def _finish(peer: Peer, work: Workload, data: Data) -> dict[str, Any]:
    """What the work led to, and who did it."""
    return {
        "losses": _losses(peer, work, data),
        "note": peer.note,
        "differs": peer.differs,
        "versions": _threads() | peer.versions(),
    }


def _losses(peer: Peer, work: Workload, data: Data) -> dict[str, float]:
    """By the names of :data:`benchmarks.agreement.CHECKS`."""
    if not work.trains:
        outputs = peer.predict_row(data.x) if work.action == "row" else peer.predict(data.x)
        return {"loss of the predictions": loss_of(work, data, lambda rows: outputs[rows])}
    found = {end_of(work): _judged(peer, work, data)}
    if len(peer.history["loss"]) == work.epochs:  # epochs joined to one have no last one
        found["mean loss of the last epoch"] = peer.history["loss"][-1]
    if work.action == "train":
        short = quick(work)
        its_data = load(short)
        beginner = type(peer)(short, its_data)
        beginner.train()
        found["loss after the first steps"] = _judged(beginner, short, its_data)
    return found


def _judged(peer: Peer, work: Workload, data: Data) -> float:
    weights = peer.weights()
    return loss_of(work, data, lambda rows: outputs_of(work, weights, data.x[rows]))


def _threads() -> dict[str, Any]:
    """Of BLAS and OpenMP, if the package that can tell is there."""
    try:
        from threadpoolctl import threadpool_info
    except ModuleNotFoundError:
        return {}
    numbers = [pool["num_threads"] for pool in threadpool_info()]
    return {"threads": max(numbers)} if numbers else {}


if __name__ == "__main__":
    main()
