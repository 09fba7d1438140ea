"""IDX files, the format of MNIST: read with every check, written for the embedded sample.

A file is: two zero bytes, a type byte (8 for unsigned bytes), the number of axes, one big-endian
32-bit length per axis, then the numbers.
"""

from __future__ import annotations

import gzip
import math
import os
import struct
import zlib
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from chainrule.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Bytes = NDArray[np.uint8]

UNSIGNED_BYTE = 0x08
MOST_BYTES = 1 << 30
"""Refuse a header that promises more than this before anything is allocated."""


def read(path: str | os.PathLike[str]) -> Bytes:
    """Read an IDX file of bytes, compressed (``.gz``) or not.

    Raises:
        DataError: It is no such file, is cut short, or holds more than its header says.
        OSError: It cannot be opened.
    """
    path = Path(path)
    try:
        with _open(path) as file:
            shape = _header(file, path)
            size = math.prod(shape)
            content = _exactly(file, size, path, "numbers")
            if file.read(1):
                raise DataError(f"{path}: there are more than the {size} numbers of its header.")
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(f"{path}: not a whole gzip file ({error}).") from None
    return np.frombuffer(content, np.uint8).reshape(shape)


def encode(array: Bytes) -> bytes:
    """The bytes of an uncompressed IDX file."""
    head = struct.pack(f">BBBB{array.ndim}I", 0, 0, UNSIGNED_BYTE, array.ndim, *array.shape)
    return head + np.ascontiguousarray(array, np.uint8).tobytes()


def _open(path: Path) -> IO[bytes]:
    with open(path, "rb") as file:
        compressed = file.read(2) == b"\x1f\x8b"
    return gzip.open(path, "rb") if compressed else open(path, "rb")  # type: ignore[return-value]


def _header(file: IO[bytes], path: Path) -> tuple[int, ...]:
    zeros, kind, axes = struct.unpack(">HBB", _exactly(file, 4, path, "header"))
    if zeros or kind != UNSIGNED_BYTE or not 1 <= axes <= 4:
        raise DataError(
            f"{path}: not an IDX file of bytes; it must begin with 00 00 08 and 1 to 4 axes.",
            begins=f"{zeros:04x} {kind:02x} {axes:02x}",
        )
    shape = struct.unpack(f">{axes}I", _exactly(file, 4 * axes, path, "header"))
    if math.prod(shape) > MOST_BYTES:
        raise DataError(f"{path}: its header promises too much.", shape=shape)
    return shape


def _exactly(file: IO[bytes], size: int, path: Path, what: str) -> Any:
    content = file.read(size)
    if len(content) < size:
        raise DataError(f"{path}: cut short: {what} needs {size} bytes, {len(content)} are there.")
    return content
