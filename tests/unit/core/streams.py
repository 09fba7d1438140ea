"""Streams that say what they are."""

import io


class Stream(io.StringIO):
    """Text in memory that passes for a terminal, or for a file, of some encoding."""

    def __init__(self, tty=True, encoding="utf-8"):
        super().__init__()
        self._tty, self._encoding = tty, encoding

    encoding = property(lambda self: self._encoding)

    def isatty(self):
        return self._tty
