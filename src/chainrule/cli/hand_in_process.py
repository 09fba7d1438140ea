"""Have a file examined in a process of its own, with limits of time and memory."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any

MEGABYTES = 4096
"""Address space that a hand-in may have. NumPy alone takes about 300."""

GRACE = 3.0
"""Seconds beyond the limit for starting Python, and for ending in order."""


@dataclass(frozen=True)
class FileReport:
    """What was found in one file.

    Attributes:
        file: Its name as given.
        message: What went wrong with the file as a whole; ``""`` if nothing did.
        checked: A verdict for each class and function: see ``chainrule.glass.hand_ins.Checked``.
    """

    file: str
    message: str = ""
    checked: list[dict[str, Any]] = field(default_factory=list)

    @property
    def verdict(self) -> str:
        """Wrong if anything is; right if everything is; else unchecked."""
        verdicts = {one["verdict"] for one in self.checked}
        if "wrong" in verdicts:
            return "wrong"
        return "right" if verdicts == {"right"} else "unchecked"


class Examiner:
    """Starts the processes, and ends those that are running.

    Args:
        seconds: What one file may take.
        optimizer: Which rule update rules should be whose names do not say.
    """

    def __init__(self, seconds: float, optimizer: str = "") -> None:
        self._seconds, self._optimizer = seconds, optimizer
        self._running: set[subprocess.Popen[bytes]] = set()
        self._lock, self._over = Lock(), False

    def examine(self, path: Path, shown: str) -> FileReport:
        """Check one file.

        Args:
            path: The file.
            shown: What to call it.
        """
        with tempfile.TemporaryDirectory() as folder:
            results = Path(folder) / "results"
            ended = self._run(path, results)
            text = results.read_text("utf-8") if results.exists() else ""
        return _report(shown, text, ended, self._seconds)

    def stop(self) -> None:
        """End all processes; none are started any more."""
        with self._lock:
            self._over = True
            running = list(self._running)
        for process in running:
            _end(process)

    def _run(self, path: Path, results: Path) -> int | None:
        """How the process ended; ``None`` if its time was over."""
        options = [str(self._seconds), str(MEGABYTES)]
        options += [self._optimizer] if self._optimizer else []
        command = [sys.executable, "-P", "-m", "chainrule.cli.examination"]
        settings = {"PYTHONDONTWRITEBYTECODE": "1", "MPLBACKEND": "Agg", "OMP_NUM_THREADS": "1"}
        settings |= {"OPENBLAS_NUM_THREADS": "1", "PYTHONIOENCODING": "utf-8"}
        with self._lock:
            if self._over:
                return None
            process = subprocess.Popen(  # noqa: S603  (this Python, on a file the user named)
                [*command, str(path), str(results), *options],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={**os.environ, **settings},
                start_new_session=os.name == "posix",
            )
            self._running.add(process)
        try:
            return process.wait(self._seconds + GRACE)
        except subprocess.TimeoutExpired:
            return None
        finally:
            _end(process)
            with self._lock:
                self._running.discard(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process and those that it started."""
    try:
        if os.name == "posix":
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    except ProcessLookupError:
        pass
    process.wait()


def _report(shown: str, text: str, ended: int | None, seconds: float) -> FileReport:
    """What a process wrote, whole or not."""
    lines = []
    for line in text.splitlines():
        try:
            lines.append(json.loads(line))
        except ValueError:
            break  # cut off while it was written
    heads = [line for line in lines if "found" in line]
    checked = [line["checked"] for line in lines if "checked" in line]
    begun = [line["begun"] for line in lines if "begun" in line]
    cut = _how_it_ended(ended, seconds)
    if not heads:
        return FileReport(shown, cut or "Nothing could be read from it.")
    message = heads[0]["message"]
    done = {one["name"] for one in checked}
    for name in heads[0]["found"]:
        if name not in done:
            why = cut if name in begun else "Its turn did not come: time was over."
            checked.append({"name": name, "kind": "", "rule": "", "verdict": "unchecked"})
            checked[-1] |= {"message": why, "faults": [], "findings": [], "text": ""}
    if not checked and not message:
        message = (
            "There is nothing in it to check: no class with a forward pass and a training step, "
            "no update rule."
        )
    return FileReport(shown, message, checked)


def _how_it_ended(ended: int | None, seconds: float) -> str:
    if ended is None:
        return f"It was still running after {seconds:g} s. Is there a loop without an end?"
    if ended < 0:
        name = signal.Signals(-ended).name
        return f"It crashed Python ({name})."
    return f"It ended Python at once (exit code {ended})."
