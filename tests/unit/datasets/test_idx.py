"""A file is read as what it is, or refused by name; never half, never more than it says."""

import gzip
import re
import struct
import tracemalloc

import numpy as np
import pytest

from chainrule.datasets import idx
from chainrule.errors import DataError

ARRAY = np.arange(24, dtype=np.uint8).reshape(4, 3, 2)
WHOLE = idx.encode(ARRAY)


def promising(*lengths):
    return struct.pack(f">BBBB{len(lengths)}I", 0, 0, 8, len(lengths), *lengths)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "a-file"


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
@pytest.mark.parametrize("shape", [(4, 3, 2), (24,), (1, 24), (2, 2, 3, 2), (0, 28, 28)])
def test_what_was_written_is_read(path, pack, shape):
    array = np.arange(24, dtype=np.uint8)[: np.prod(shape)].reshape(shape)
    path.write_bytes(pack(idx.encode(array)))
    found = idx.read(path)
    assert found.dtype == np.uint8
    assert found.shape == shape
    assert np.array_equal(found, array)
    found += 1  # is the caller's own


@pytest.mark.parametrize("name", ["a.gz", "a"])
def test_a_file_is_compressed_if_its_name_says_so(tmp_path, name):
    idx.write(tmp_path / name, ARRAY)
    assert (tmp_path / name).read_bytes().startswith(b"\x1f\x8b") == (name == "a.gz")
    assert np.array_equal(idx.read(tmp_path / name), ARRAY)


def test_a_compressed_file_holds_no_time_no_name_and_no_system(tmp_path):
    idx.write(tmp_path / "a.gz", ARRAY)
    assert (tmp_path / "a.gz").read_bytes()[:10] == bytes.fromhex("1f8b 08 00 00000000 02 03")


def test_an_array_need_not_be_contiguous(path):
    idx.write(path, ARRAY.T)
    assert np.array_equal(idx.read(path), ARRAY.T)


@pytest.mark.parametrize(
    "array", [ARRAY.astype(np.float32), np.uint8(1) * np.ones((), np.uint8), ARRAY[None, None]]
)
def test_what_the_format_cannot_hold_is_not_written(path, array):
    with pytest.raises(DataError, match="written of uint8, with 1 to 4 axes"):
        idx.write(path, array)
    assert not path.exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "needs 4 bytes of header, not 0"),
        (WHOLE[:3], "needs 4 bytes of header, not 3"),
        (WHOLE[:9], "needs 12 bytes of header, not 5"),
        (WHOLE[:16], "promises 24 numbers, but the file can hold at most 0"),
        (WHOLE[:-1], "promises 24 numbers, but the file can hold at most 23"),
        (WHOLE + b"x", "more than the 24 numbers"),
        (WHOLE + WHOLE, "more than the 24 numbers"),
        (b"\1" + WHOLE[1:], "not an IDX file.*begins='01 00 08 03'"),
        (WHOLE[:1] + b"\1" + WHOLE[2:], "not an IDX file.*begins='00 01 08 03'"),
        (WHOLE[:2] + b"\x07" + WHOLE[3:], "not an IDX file.*begins='00 00 07 03'"),
        (WHOLE[:2] + b"\x0d" + WHOLE[3:], "unsigned bytes .*not 32-bit floats"),
        (WHOLE[:2] + b"\x09" + WHOLE[3:], "unsigned bytes .*not signed bytes"),
        (WHOLE[:3] + b"\0" + WHOLE[4:], "not an IDX file.*begins='00 00 08 00'"),
        (WHOLE[:3] + b"\xff" + WHOLE[4:], "not an IDX file.*begins='00 00 08 ff'"),
        (b"<html>Please log in</html>", "not an IDX file.*begins='3c 68 74 6d'"),
        (b"PK\3\4" + WHOLE, "not an IDX file"),
        (b"\x93NUMPY" + WHOLE, "not an IDX file"),
        (promising(2**31, 2**31), "promises 4611686018427387904 numbers"),
        (promising(2**32 - 1, 2**32 - 1, 2**32 - 1), "promises 79228162458924105385300197375"),
        (promising(2**16, 2**16, 2**16, 2**16), "promises 18446744073709551616"),  # 0 in 64 bits
        (promising(2**29), "promises 536870912 numbers"),
        (gzip.compress(promising(2**29), mtime=0), "promises 536870912 numbers"),
        (gzip.compress(WHOLE[:-1], mtime=0), "promises 24 numbers, not 23"),
        (gzip.compress(WHOLE + b"x", mtime=0), "more than the 24 numbers"),
        (gzip.compress(WHOLE, mtime=0) * 2, "more than the 24 numbers"),
        (gzip.compress(gzip.compress(WHOLE, mtime=0)), "not an IDX file"),
        (gzip.compress(b"", mtime=0), "needs 4 bytes of header, not 0"),
        (gzip.compress(WHOLE, mtime=0)[:-9], "not a whole gzip file"),
        (gzip.compress(WHOLE, mtime=0) + b"rubbish", "not a whole gzip file"),
        (gzip.compress(WHOLE, mtime=0)[:-8] + bytes(8), "not a whole gzip file .CRC"),
        (b"\x1f\x8b", "not a whole gzip file"),
        (b"\x1f\x8b" + b"rubbish" * 9, "not a whole gzip file"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_damaged_file_is_refused_by_name(path, content, message):
    path.write_bytes(content)
    with pytest.raises(DataError, match=f"{re.escape(str(path))}: .*{message}"):
        idx.read(path)


@pytest.mark.parametrize("content", [WHOLE, gzip.compress(WHOLE, mtime=0)], ids=["plain", "gzip"])
def test_a_file_cut_anywhere_is_refused(path, content):
    for length in range(len(content)):
        path.write_bytes(content[:length])
        with pytest.raises(DataError, match=path.name):
            idx.read(path)


def test_a_wrong_bit_anywhere_in_a_gzip_file_never_gives_other_numbers(path):
    content = gzip.compress(WHOLE, mtime=0)
    refused = 0
    for place in range(8 * len(content)):
        wrong = bytearray(content)
        wrong[place // 8] ^= 1 << place % 8
        path.write_bytes(wrong)
        try:
            assert np.array_equal(idx.read(path), ARRAY)  # it was in the time or the system
        except DataError:
            refused += 1
    assert refused > 8 * (len(content) - 10)


@pytest.mark.parametrize(
    ("shape", "fits"),
    [
        (None, True),
        ((4, 3, 2), True),
        ((None, 3, 2), True),
        ((None, 3, 3), False),
        ((None,), False),
        ((None, None, None, None), False),
    ],
)
def test_a_shape_that_was_asked_for_is_held_to(path, shape, fits):
    path.write_bytes(WHOLE)
    if fits:
        assert idx.read(path, shape).shape == (4, 3, 2)
        return
    with pytest.raises(DataError, match=re.escape(f"must be {shape}. Received: shape=(4, 3, 2)")):
        idx.read(path, shape)


@pytest.mark.parametrize(
    "content",
    [
        promising(2**29),
        gzip.compress(promising(2**29)),
        promising(2**31, 2**31),
        gzip.compress(WHOLE + bytes(50_000_000), 1),
    ],
    ids=["promises", "promises, in gzip", "promises more than there is", "bomb"],
)
def test_a_lie_in_the_header_costs_no_memory(path, content):
    path.write_bytes(content)
    tracemalloc.start()
    try:
        with pytest.raises(DataError):
            idx.read(path)
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


def test_a_file_that_is_not_there_is_the_systems_error(path):
    with pytest.raises(FileNotFoundError):
        idx.read(path)
