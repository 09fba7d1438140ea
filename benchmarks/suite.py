"""Runs every peer on a workload in turn, each in a process of its own, and collects the times."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any

from benchmarks.agreement import disagreements
from benchmarks.process import Process, WorkerError
from benchmarks.table import duration
from benchmarks.workloads import Workload

SHORT = 10.0
"""Seconds of a first run below which it only warms up, and is not counted."""
REST = 0.1
"""Seconds before each run, for the threads of the peer before to fall asleep."""


@dataclass(frozen=True)
class Settings:
    """How to measure.

    Attributes:
        repeats: Timed runs of each peer.
        budget: Seconds of timed runs after which a slow peer is not repeated.
        limit: Seconds after which an answer is given up.
        say: Called with lines on how it goes.
    """

    repeats: int = 5
    budget: float = 60.0
    limit: float = 1200.0
    say: Callable[[str], object] = print


@dataclass
class Measurement:
    """What one peer did on one workload.

    Attributes:
        status: ``"ok"``, ``"not installed"`` or ``"failed"``.
        reason: Why, if not ok.
        prepare: Seconds of compiling; ``None`` for a workload that begins with the process.
        first: Seconds of the first run, which is among the others only if it was long.
        seconds: Each repeat's time.
        losses: What is compared with ours, by the names of :data:`benchmarks.agreement.CHECKS`.
        disagreements: What is further from ours than it may be.
        note: How its work differs from ours, or what its time means.
        differs: Whether it differs so that losses are not to be compared.
        versions: The packages that did the work.
    """

    status: str = "ok"
    reason: str = ""
    prepare: float | None = None
    first: float | None = None
    seconds: list[float] = field(default_factory=list)
    losses: dict[str, float] = field(default_factory=dict)
    disagreements: list[str] = field(default_factory=list)
    note: str = ""
    differs: bool = False
    versions: dict[str, Any] = field(default_factory=dict)

    def add(self, seconds: float) -> None:
        """Note one run."""
        if self.first is None:
            self.first = seconds
            if seconds < SHORT:
                return
        self.seconds.append(seconds)

    def take(self, answer: dict[str, Any]) -> None:
        """Note what a worker said at its end."""
        self.losses, self.versions = answer["losses"], answer["versions"]
        self.note, self.differs = answer["note"], answer["differs"]

    @property
    def median(self) -> float | None:
        """Seconds, of the repeats."""
        return statistics.median(self.seconds) if self.seconds else None

    @property
    def spread(self) -> float | None:
        """Half of the way from the quickest to the slowest repeat, as a share of the median."""
        if not self.seconds:
            return None
        return (max(self.seconds) - min(self.seconds)) / 2 / statistics.median(self.seconds)

    def as_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        return asdict(self) | {"median": self.median, "spread": self.spread}


def measure(work: Workload, names: list[str], settings: Settings) -> dict[str, Measurement]:
    """Every peer's measurement; in each repeat one peer after the other, so that drift hits all."""
    results = {name: Measurement() for name in names}
    if work.action == "start":
        _measure_starts(work, results, settings)
    else:
        _measure_runs(work, results, settings)
    ours = results.get("ours", Measurement())
    for name, result in results.items():
        if not result.differs:
            result.disagreements = disagreements(result.losses, ours.losses)
        settings.say(f"  {name:18} {_told(result)}")
    return results


def _measure_runs(work: Workload, results: dict[str, Measurement], settings: Settings) -> None:
    processes: dict[str, Process] = {}
    try:
        for name, result in results.items():
            processes[name] = Process(name, work, settings.limit)
            with _noting(result):
                processes[name].answer()  # it is ready: the next one starts when this one is quiet
                result.prepare = processes[name].ask("prepare")["seconds"]
        for _ in range(settings.repeats + 1):
            for name in _due(results, settings):
                time.sleep(REST)
                with _noting(results[name]):
                    results[name].add(processes[name].ask("run")["seconds"])
        for name, result in results.items():
            if result.status == "ok":
                with _noting(result):
                    result.take(processes[name].ask("finish"))
    finally:
        for process in processes.values():
            process.end()


def _measure_starts(work: Workload, results: dict[str, Measurement], settings: Settings) -> None:
    """A new process for every run; the first one fills the caches of files."""
    for _ in range(settings.repeats + 1):
        for name in _due(results, settings):
            time.sleep(REST)
            with _noting(results[name]):
                begin = time.perf_counter()
                process = Process(name, work, settings.limit)
                try:
                    process.answer()  # it has trained
                    seconds = time.perf_counter() - begin
                    results[name].take(process.answer())
                finally:
                    process.end()
                results[name].add(seconds)


def _due(results: dict[str, Measurement], settings: Settings) -> list[str]:
    """Those who are to run once more: without trouble so far, and within the budget."""
    return [
        name
        for name, result in results.items()
        if result.status == "ok"
        and len(result.seconds) < settings.repeats
        and sum(result.seconds) < settings.budget
    ]


@contextmanager
def _noting(result: Measurement) -> Iterator[None]:
    """Writes trouble down in a measurement."""
    try:
        yield
    except WorkerError as trouble:
        result.status, result.reason = trouble.status, str(trouble)


def _told(result: Measurement) -> str:
    if result.status != "ok":
        return f"{result.status}: {result.reason}"
    runs = ", ".join(duration(seconds) for seconds in result.seconds)
    return "   ".join([runs, *(f"DISAGREES: {text}" for text in result.disagreements)])
