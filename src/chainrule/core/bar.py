"""A line that shows how far a loop is: Keras' bar in a terminal, a plain line in a file."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from typing import IO, Any

import numpy as np

from chainrule.core import console

WIDTH = 20
"""Cells of the bar."""
INTERVAL = 0.1
"""Seconds between redraws, at least."""
LIVE = ("terminal", "notebook")
"""Screens on which a line can be redrawn."""


class Bar:
    """One line that is redrawn while a loop runs, or written once when it is done.

    Args:
        target: Steps of the loop; ``None`` if nobody knows.
        verbose: 0 silent; 1 a bar where it can be redrawn, else one line at the end; 2 one line at
            the end, as Keras prints it.
        title: Stands above the bar, or before a line at the end.
        width: Cells of the bar.
        interval: Seconds between redraws, at least.
        unit: What a step is called.
        stream: Where to write. If ``None``: standard output, or the logger ``"chainrule"`` while
            interactive logging is off.

    Attributes:
        done: Steps done so far.
    """

    def __init__(
        self,
        target: int | None,
        verbose: int = 1,
        title: str = "",
        *,
        width: int = WIDTH,
        interval: float = INTERVAL,
        unit: str = "step",
        stream: IO[str] | None = None,
    ) -> None:
        self.target = target
        self.verbose = verbose
        self.width = width
        self.interval = interval
        self.unit = unit
        self._stream = sys.stdout if stream is None else stream
        logged = stream is None and not console.is_interactive_logging_enabled()
        self.screen = "log" if logged else console.screen(self._stream) if verbose == 1 else "plain"
        self._style = Style(self._stream if self.screen == "terminal" else None)
        self._head = ""
        self._display: Any = None
        self._drawn_width = 0
        self.done = 0
        self._numbers: Mapping[str, Any] = {}
        self._started = self._drawn = time.perf_counter()
        self._first: tuple[float, int] | None = None
        if verbose and title:
            if self.screen in LIVE or (verbose == 2 and not logged):
                self._write(f"{title}\n")
            else:
                self._head = f"{title} - "

    def update(self, done: int, numbers: Mapping[str, Any] | None = None) -> None:
        """Tell how many steps are done, and what to show beside them."""
        now = self._reach(done)
        self._numbers = numbers or {}
        if self.verbose and self.screen in LIVE and now - self._drawn >= self.interval:
            self._drawn = now
            self._draw(finished=False)

    def finish(self, numbers: Mapping[str, Any] | None = None, done: int | None = None) -> None:
        """Draw the last state, after ``done`` steps if that is new, and end the line."""
        if done is not None:
            self._reach(done)
        self._numbers = numbers or {}
        if not self.verbose:
            return
        if self.screen in LIVE:
            self._draw(finished=True)
        elif self.screen == "log":
            console.log(f"{self._head}{self._plain()}")
        else:
            self._write(f"{self._head}{self._plain()}\n")

    def _reach(self, done: int) -> float:
        now = time.perf_counter()
        if self._first is None:  # the first step is left out of the estimate: it warms up
            self._first = now, done
        self.done = done
        return now

    def interrupt(self) -> None:
        """End a half-drawn line, so that what is printed next begins a new one."""
        if self._drawn_width and self.screen == "terminal":
            self._write("\n")
            self._drawn_width = 0

    # ------------------------------------------------------------ drawing

    def _draw(self, finished: bool) -> None:
        style, count, cells = self._style, f"{self.done:7d}/Unknown", 0
        seconds = f"{self._elapsed():.0f}s"
        if self.target:
            count = f"{self.done:>{len(str(self.target))}}/{self.target}"
            cells = min(self.width, self.width * self.done // self.target)
            if not finished:
                seconds = clock(self._per_step() * (self.target - self.done))
        filled = style.cell * cells
        empty = style.empty * (self.width - cells if self.target else 0)
        space = " " if self.target else ""
        tail = f" {pace(self._per_step(), self.unit)}{_shown(self._numbers)}"
        line = f"{count}{space}{filled}{empty} {seconds}{tail}"
        if self.screen == "notebook":
            self._show(line)
            return
        coloured = (
            f"{style.bold(count)}{space}{style.green(filled)}{style.dim(empty)} "
            f"{style.bold(seconds)}{tail}"
        )
        room = console.columns() - 1
        if len(line) > room and not finished:  # a wrapped line could not be redrawn
            coloured = line = line[:room]
        blank = " " * max(0, min(self._drawn_width, room) - len(line))
        self._drawn_width = 0 if finished else len(line)
        self._write(f"\r{coloured}{blank}" + ("\n" if finished else ""))

    def _plain(self) -> str:
        done = f"{self.done}/{self.target or 'Unknown'}"
        pace_ = pace(self._per_step(), self.unit)
        return f"{done} - {self._elapsed():.0f}s - {pace_}{_shown(self._numbers)}"

    def _show(self, line: str) -> None:
        """Redraw in place in a notebook, without control characters in the saved file."""
        from IPython.display import display

        if self._display is None:
            self._display = display({"text/plain": line}, raw=True, display_id=True)
        else:
            self._display.update({"text/plain": line}, raw=True)

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()

    # ------------------------------------------------------------ time

    def _elapsed(self) -> float:
        return time.perf_counter() - self._started

    def _per_step(self) -> float:
        if self._first is not None and self.done > self._first[1]:
            started, steps = self._first
            return (time.perf_counter() - started) / (self.done - steps)
        return self._elapsed() / max(self.done, 1)


class Style:
    """Characters and colours that a stream can show.

    Args:
        stream: The stream; ``None`` for no colours and full Unicode.
    """

    def __init__(self, stream: IO[str] | None) -> None:
        unicode = stream is None or console.can_encode(stream, "━")
        self.cell, self.empty = ("━", "━") if unicode else ("=", ".")
        self.colours = stream is not None and console.has_colours()
        if unicode and not self.colours:
            self.empty = "─" if stream is None or console.can_encode(stream, "─") else "."

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


def clock(seconds: float) -> str:
    """``3s``, ``2:05`` or ``1:02:05``."""
    whole = int(seconds)
    if seconds > 3600:
        return f"{whole // 3600}:{whole % 3600 // 60:02d}:{whole % 60:02d}"
    return f"{whole // 60}:{whole % 60:02d}" if seconds > 60 else f"{whole}s"


def pace(seconds: float, unit: str = "step") -> str:
    """Time per step: ``2s/step``, ``11ms/step``, ``45us/step``."""
    if seconds >= 1 or seconds == 0:
        return f"{seconds:.0f}s/{unit}"
    return f"{seconds * 1e3:.0f}ms/{unit}" if seconds >= 1e-3 else f"{seconds * 1e6:.0f}us/{unit}"


def _shown(numbers: Mapping[str, Any]) -> str:
    return "".join(f" - {name}: {_text(value)}" for name, value in numbers.items())


def _text(value: Any) -> str:
    if not isinstance(value, int | float | np.number):  # a callback may put anything in the logs
        return str(value)
    number = float(value)
    return f"{number:.4f}" if abs(number) > 1e-3 else f"{number:.4e}"
