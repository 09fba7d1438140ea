"""IDX files, the format of MNIST: read with every check, written for the embedded sample.

A file is: two zero bytes, a type byte (8 for unsigned bytes), the number of axes, one big-endian
32-bit length per axis, then the numbers (LeCun, Cortes and Burges, 1998).
"""

from __future__ import annotations

import math
import os
import struct
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

import numpy as np

from chainrule.core.files import atomic_write
from chainrule.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Bytes = NDArray[np.uint8]

UNSIGNED_BYTE = 0x08
TYPES = {
    0x08: "unsigned bytes",
    0x09: "signed bytes",
    0x0B: "16-bit integers",
    0x0C: "32-bit integers",
    0x0D: "32-bit floats",
    0x0E: "64-bit floats",
}
"""Every type byte of the format."""
MOST_AXES = 4
MOST_BYTES = 1 << 30
"""Refuse a header that promises more than this before anything is allocated."""
MOST_EXPANSION = 1032
"""Bytes that one byte of a deflate stream can become at most (zlib.net, "Technical Details")."""
CHUNK = 1 << 20
GZIP_MAGIC = b"\x1f\x8b"


def read(path: str | os.PathLike[str], shape: tuple[int | None, ...] | None = None) -> Bytes:
    """Read an IDX file of bytes, compressed (``.gz``) or not, whatever its name.

    Never allocates more than the file can hold, nor reads on when the header's numbers are there.

    Args:
        path: The file.
        shape: Lengths that its axes must have; ``None`` for an axis of any length.

    Returns:
        A new uint8 array of the header's shape.

    Raises:
        DataError: It is no such file, has another shape, is cut short, or holds more than its
            header says.
        OSError: It cannot be opened.
    """
    import gzip
    import zlib

    path = Path(path)
    try:
        with open(path, "rb") as packed:
            compressed = packed.read(len(GZIP_MAGIC)) == GZIP_MAGIC
            packed.seek(0)
            room = os.fstat(packed.fileno()).st_size * (MOST_EXPANSION if compressed else 1)
            file = cast("IO[bytes]", gzip.GzipFile(fileobj=packed) if compressed else packed)
            lengths = _header(file, path, shape)
            return _numbers(file, path, lengths, room - 4 - 4 * len(lengths))
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(f"{path}: not a whole gzip file ({error}).") from None


def write(path: str | os.PathLike[str], array: Bytes) -> None:
    """Write an IDX file, compressed if its name ends with ``.gz``.

    The same array gives the same bytes, at any time and under any name.

    Args:
        path: Where the finished file goes; its folder must exist.
        array: uint8, of 1 to 4 axes.

    Raises:
        DataError: The array has another type or other axes.
        OSError: It cannot be written.
    """
    content = encode(array)
    with atomic_write(path) as file:
        file.write(_gzip(content) if Path(path).suffix == ".gz" else content)


def encode(array: Bytes) -> bytes:
    """The bytes of an uncompressed IDX file.

    Raises:
        DataError: The array is not of uint8, or has other than 1 to 4 axes.
    """
    return header(array) + array.tobytes()


def header(array: Bytes) -> bytes:
    """What comes before the numbers in an IDX file.

    Raises:
        DataError: The array is not of uint8, or has other than 1 to 4 axes.
    """
    if array.dtype != np.uint8 or not 1 <= array.ndim <= MOST_AXES:
        raise DataError(
            f"An IDX file is written of uint8, with 1 to {MOST_AXES} axes.",
            dtype=array.dtype.name,
            shape=array.shape,
        )
    return struct.pack(f">BBBB{array.ndim}I", 0, 0, UNSIGNED_BYTE, array.ndim, *array.shape)


def _gzip(content: bytes) -> bytes:
    import zlib

    packed = zlib.compress(content, 9, wbits=31)  # writes no name and no time,
    return packed[:9] + b"\x03" + packed[10:]  # but the system it runs on: always "Unix"


def _header(file: IO[bytes], path: Path, shape: tuple[int | None, ...] | None) -> tuple[int, ...]:
    zeros, kind, axes = struct.unpack(">HBB", begin := _exactly(file, 4, path))
    if zeros or kind not in TYPES or not 1 <= axes <= MOST_AXES:
        raise DataError(
            f"{path}: not an IDX file of bytes; it must begin with 00 00 08 and 01 to "
            f"0{MOST_AXES}.",
            begins=begin.hex(" "),
        )
    if kind != UNSIGNED_BYTE:
        raise DataError(f"{path}: must be of unsigned bytes (08), not {TYPES[kind]} ({kind:02x}).")
    lengths: tuple[int, ...] = struct.unpack(f">{axes}I", _exactly(file, 4 * axes, path))
    if shape is not None and not _fits(lengths, shape):
        raise DataError(f"{path}: its shape must be {shape}.", shape=lengths)
    return lengths


def _fits(lengths: tuple[int, ...], shape: tuple[int | None, ...]) -> bool:
    return len(lengths) == len(shape) and all(
        wanted in (None, length) for length, wanted in zip(lengths, shape, strict=True)
    )


def _numbers(file: IO[bytes], path: Path, lengths: tuple[int, ...], room: int) -> Bytes:
    """What comes after the header, in a file with room for no more than ``room``."""
    size = math.prod(lengths)  # of Python's integers: 2**31 times 2**31 does not wrap round
    if size > min(room, MOST_BYTES):
        raise DataError(
            f"{path}: its header promises {size} numbers, but the file can hold at most "
            f"{min(room, MOST_BYTES)}.",
            shape=lengths,
        )
    array = np.empty(size, np.uint8)
    have = 0
    while have < size:
        chunk = file.read(min(CHUNK, size - have))
        if not chunk:
            raise DataError(f"{path}: cut short: its header promises {size} numbers, not {have}.")
        array[have : have + len(chunk)] = np.frombuffer(chunk, np.uint8)
        have += len(chunk)
    if file.read(1):  # of a gzip file, this also compares the checksum
        raise DataError(f"{path}: there are more than the {size} numbers of its header.")
    return array.reshape(lengths)


def _exactly(file: IO[bytes], size: int, path: Path) -> bytes:
    content = file.read(size)
    if len(content) < size:
        raise DataError(f"{path}: cut short: needs {size} bytes of header, not {len(content)}.")
    return content
