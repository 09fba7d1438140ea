"""A worker as its parent sees it: a process that is asked and answers, or is in trouble."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import threading
from dataclasses import asdict
from pathlib import Path
from typing import Any, TextIO, cast

from benchmarks.peers import PEERS
from benchmarks.workloads import Workload

ROOT = Path(__file__).parents[1]
ON_THE_CPU = {"CUDA_VISIBLE_DEVICES": "", "JAX_PLATFORMS": "cpu", "TF_CPP_MIN_LOG_LEVEL": "3"}
"""For all processes: this is about CPUs. Numbers of threads are left as they are."""
PATIENCE = 10.0
"""Seconds for a process to end after its input did."""


def _environment() -> dict[str, str]:
    """Ours, but for a wish to compile every module anew: of installed packages, pip did it once."""
    return {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}


class WorkerError(Exception):
    """A peer did not answer as hoped; the text says why.

    Attributes:
        status: ``"not installed"`` or ``"failed"``.
    """

    def __init__(self, status: str, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class Process:
    """A worker of one peer with one workload; a context that ends it.

    Args:
        peer: The peer's name.
        work: The workload.
        limit: Seconds after which an answer is given up.
    """

    def __init__(self, peer: str, work: Workload, limit: float) -> None:
        self.limit = limit
        self.errors = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115
        self.process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.worker", peer, json.dumps(asdict(work))],
            cwd=ROOT,
            env=_environment() | ON_THE_CPU | PEERS[peer].environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            text=True,
            encoding="utf-8",
        )
        self.input = cast(TextIO, self.process.stdin)
        self.output = cast(TextIO, self.process.stdout)

    def ask(self, command: str) -> dict[str, Any]:
        """Send a command and wait for its answer; see :meth:`answer`."""
        with contextlib.suppress(BrokenPipeError):  # then it has said why it ended
            self.input.write(command + "\n")
            self.input.flush()
        return self.answer()

    def answer(self) -> dict[str, Any]:
        """The next line.

        Raises:
            WorkerError: It tells of trouble, or the process ended or took too long.
        """
        late = threading.Event()

        def give_up() -> None:
            late.set()
            self.process.kill()

        timer = threading.Timer(self.limit, give_up)
        timer.start()
        line = self.output.readline()
        timer.cancel()
        if late.is_set():
            raise WorkerError("failed", f"took longer than {self.limit:.0f} s")
        if not line:
            raise WorkerError("failed", f"the process ended: {self._last_words()}")
        answer: dict[str, Any] = json.loads(line)
        if "status" in answer:
            raise WorkerError(answer["status"], answer["reason"])
        return answer

    def _last_words(self) -> str:
        self.errors.seek(0)
        lines = self.errors.read().strip().splitlines()
        return lines[-1] if lines else f"exit status {self.process.wait()}"

    def end(self) -> None:
        """Close its input and wait until it has ended."""
        with contextlib.suppress(BrokenPipeError):
            self.input.close()
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.output.close()
        self.errors.close()
