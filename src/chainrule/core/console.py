"""Where messages go, and what a stream can show: a terminal, a notebook, or a plain file."""

from __future__ import annotations

import os
import sys
from typing import IO

_state = {"interactive": True}


def enable_interactive_logging() -> None:
    """Let progress and messages go to standard output again, as they do at first."""
    _state["interactive"] = True


def disable_interactive_logging() -> None:
    """Let progress and messages go to the logger ``"chainrule"``, at level INFO.

    For a program without a reader: a bar becomes one record when it is done. (Keras logs to
    ``absl``, and every redraw of a bar becomes a record.)
    """
    _state["interactive"] = False


def is_interactive_logging_enabled() -> bool:
    """Whether progress and messages go to standard output."""
    return _state["interactive"]


def say(text: str) -> None:
    """Print a line, or log it while interactive logging is off.

    Characters that standard output cannot encode (of a file's name, say) are shown as escapes: a
    message must not end a training.
    """
    if is_interactive_logging_enabled():
        encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
        print(text.encode(encoding, "backslashreplace").decode(encoding), flush=True)
    else:
        log(text)


def log(text: str) -> None:
    """Give a line to the logger ``"chainrule"``."""
    import logging

    logging.getLogger("chainrule").info(text)


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


def columns() -> int:
    """Characters in a line of the terminal."""
    import shutil  # 3 ms that most programs can do without

    return shutil.get_terminal_size().columns
