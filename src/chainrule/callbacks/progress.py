"""Progress of fit, evaluate and predict: Keras' bar in a terminal, a plain line in a file."""

from __future__ import annotations

import os
import sys
import time
from typing import IO, Any

from chainrule.callbacks.callback import Callback, Logs

WIDTH = 20
"""Cells of the bar."""
INTERVAL = 0.1
"""Seconds between redraws, at least."""


class Progress(Callback):
    """Shows where a run is.

    Args:
        verbose: 0 silent; 1 a bar where it can be redrawn, else one line an epoch; 2 one line an
            epoch, as Keras prints it.
        steps: Batches in an epoch.
        epochs: The last epoch, if there are epochs.
        stream: Where to write; standard output by default.
    """

    def __init__(
        self, verbose: int, steps: int, epochs: int | None = None, stream: IO[str] | None = None
    ) -> None:
        self.verbose = verbose
        self.steps = steps
        self.epochs = epochs
        self.stream = stream or sys.stdout
        self.screen = screen(self.stream) if verbose == 1 else "plain"
        self.style = Style(self.stream) if self.screen == "terminal" else Style(None)
        self._head = ""
        self._display: Any = None
        self._reset()

    def _reset(self) -> None:
        self._started = self._drawn = time.perf_counter()
        self._first: float | None = None
        self._first_steps = 0
        self._width = 0
        self._done = 0
        self._logs: Logs = {}

    # ------------------------------------------------------------ hooks

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self._reset()
        self._head = ""
        if self.verbose and self.epochs is not None and self.epochs > 1:
            title = f"Epoch {epoch + 1}/{self.epochs}"
            if self.screen == "plain" and self.verbose == 1:
                self._head = f"{title} - "
            else:
                self._write(f"{title}\n")

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        self._advance(batch + 1, logs)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        self.finish(logs)

    def advance(self, done: int, logs: Logs | None = None) -> None:
        """Tell how many batches are done."""
        self._advance(done, logs)

    def finish(self, logs: Logs | None = None) -> None:
        """Draw the last state and end the line."""
        self._logs = logs or {}
        if not self.verbose:
            return
        if self.screen == "plain":
            self._write(f"{self._head}{self._plain()}\n")
        else:
            self._draw(finished=True)
        self._display = None

    def interrupt(self) -> None:
        """End a half-drawn line, so that what is printed next begins a new one."""
        if self._width and self.screen == "terminal":
            self._write("\n")
            self._width = 0

    # ------------------------------------------------------------ drawing

    def _advance(self, done: int, logs: Logs | None) -> None:
        now = time.perf_counter()
        if self._first is None:  # the first step is left out of the estimate: it warms up
            self._first, self._first_steps = now, done
        self._done, self._logs = done, logs or {}
        if self.verbose and self.screen != "plain" and now - self._drawn >= INTERVAL:
            self._drawn = now
            self._draw(finished=False)

    def _draw(self, finished: bool) -> None:
        done = self.steps if finished and self._done >= self.steps else self._done
        filled = WIDTH * done // max(self.steps, 1)
        count = f"{done:>{len(str(self.steps))}}/{self.steps}"
        seconds = self._elapsed() if finished else self._per_step() * (self.steps - done)
        style = self.style
        visible = f"{count} {style.cell * filled}{style.empty * (WIDTH - filled)} "
        tail = f"{clock(seconds)} {pace(self._per_step())}{_numbers(self._logs)}"
        line = visible + tail
        if self.screen == "notebook":
            self._show(line)
            return
        coloured = (
            f"{style.bold(count)} {style.green(style.cell * filled)}"
            f"{style.dim(style.empty * (WIDTH - filled))} {tail}"
        )
        room = _columns() - 1
        if len(line) > room and not finished:  # a wrapped line could not be redrawn
            coloured = line = line[:room]
        blank = " " * max(0, min(self._width, room) - len(line))
        self._width = 0 if finished else len(line)
        self._write(f"\r{coloured}{blank}" + ("\n" if finished else ""))

    def _plain(self) -> str:
        seconds = f"{self._elapsed():.0f}s"
        done = f"{self._done}/{self.steps}"
        return f"{done} - {seconds} - {pace(self._per_step())}{_numbers(self._logs)}"

    def _show(self, line: str) -> None:
        """Redraw in place in a notebook, without control characters in the saved file."""
        from IPython.display import display

        if self._display is None:
            self._display = display({"text/plain": line}, raw=True, display_id=True)
        else:
            self._display.update({"text/plain": line}, raw=True)

    def _write(self, text: str) -> None:
        self.stream.write(text)
        self.stream.flush()

    # ------------------------------------------------------------ time

    def _elapsed(self) -> float:
        return time.perf_counter() - self._started

    def _per_step(self) -> float:
        steps = self._done - self._first_steps
        if self._first is None or steps <= 0:
            return self._elapsed() / max(self._done, 1)
        return (time.perf_counter() - self._first) / steps


class Style:
    """Characters and colours that a stream can show.

    Args:
        stream: The stream; ``None`` for no colours and full Unicode.
    """

    def __init__(self, stream: IO[str] | None) -> None:
        unicode = stream is None or can_encode(stream, "━")
        self.cell, self.empty = ("━", "━") if unicode else ("=", ".")
        self.colours = stream is not None and has_colours()
        if unicode and not self.colours:
            self.empty = "─" if stream is None or can_encode(stream, "─") else "."

    def bold(self, text: str) -> str:
        """Bold, where there are colours."""
        return self._wrap("1", text)

    def green(self, text: str) -> str:
        """Green, where there are colours."""
        return self._wrap("32", text)

    def dim(self, text: str) -> str:
        """Grey, where there are colours."""
        return self._wrap("37", text)

    def _wrap(self, code: str, text: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self.colours and text else text


def screen(stream: IO[str]) -> str:
    """``"terminal"``, ``"notebook"`` or ``"plain"`` (a file, a pipe, a dumb terminal)."""
    if stream is sys.stdout and type(stream).__module__.startswith("ipykernel"):
        return "notebook"
    if getattr(stream, "isatty", lambda: False)() and os.environ.get("TERM") != "dumb":
        return "terminal"
    return "plain"


def can_encode(stream: IO[str], text: str) -> bool:
    """Whether the stream's encoding has these characters."""
    try:
        text.encode(getattr(stream, "encoding", None) or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def has_colours() -> bool:
    """Whether colours are wanted: see https://no-color.org."""
    if os.environ.get("NO_COLOR"):
        return False
    return os.name != "nt" or "WT_SESSION" in os.environ or "ANSICON" in os.environ


def clock(seconds: float) -> str:
    """``3s``, ``2:05`` or ``1:02:05``."""
    whole = int(seconds)
    if whole >= 3600:
        return f"{whole // 3600}:{whole % 3600 // 60:02d}:{whole % 60:02d}"
    return f"{whole // 60}:{whole % 60:02d}" if whole >= 60 else f"{whole}s"


def pace(seconds: float) -> str:
    """Time per step: ``2s/step``, ``11ms/step``, ``45us/step``."""
    if seconds >= 1 or seconds == 0:
        return f"{seconds:.0f}s/step"
    return f"{seconds * 1e3:.0f}ms/step" if seconds >= 1e-3 else f"{seconds * 1e6:.0f}us/step"


def _numbers(logs: Logs) -> str:
    shown = {
        name: f"{value:.4f}" if abs(value) > 1e-3 else f"{value:.4e}"
        for name, value in logs.items()
    }
    return "".join(f" - {name}: {value}" for name, value in shown.items())


def _columns() -> int:
    import shutil

    return shutil.get_terminal_size().columns
