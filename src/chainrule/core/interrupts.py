"""Ctrl-C that waits for the end of a batch, so that no update is left half done."""

from __future__ import annotations

import signal
import threading
from types import FrameType
from typing import Any


class Interrupts:
    """While entered, a first Ctrl-C is kept until :meth:`check`; a second acts at once.

    Only in the main thread, and only where Python's own handler is in place: a program that
    handles the signal itself is left alone.
    """

    def __init__(self) -> None:
        self._pending = False
        self._previous: Any = None

    def __enter__(self) -> Interrupts:
        main = threading.current_thread() is threading.main_thread()
        if main and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            self._previous = signal.signal(signal.SIGINT, self._keep)
        return self

    def __exit__(self, *exception: object) -> None:
        if self._previous is not None:
            signal.signal(signal.SIGINT, self._previous)

    def check(self) -> None:
        """Raise the kept interrupt.

        Raises:
            KeyboardInterrupt: Ctrl-C came since the last check.
        """
        if self._pending:
            self._pending = False
            raise KeyboardInterrupt

    def _keep(self, number: int, frame: FrameType | None) -> None:
        if self._pending:
            raise KeyboardInterrupt
        self._pending = True
