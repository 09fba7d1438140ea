import gzip
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from chainrule.datasets import exam_scores, fashion_mnist, idx
from chainrule.datasets.catalog import DATASETS
from chainrule.errors import ArgumentError, DataError, DownloadError

TOOL = Path(__file__).parents[3] / "tools" / "make_fashion_mnist_sample.py"
ARRAY = np.arange(24, dtype=np.uint8).reshape(4, 3, 2)


@pytest.fixture
def nowhere(tmp_path, monkeypatch):
    """A machine without the data set and without a network."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("CHAINRULE_DATA", raising=False)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setattr(fashion_mnist, "DEBIAN", tmp_path / "debian")
    monkeypatch.setattr(fashion_mnist, "MIRRORS", ("http://127.0.0.1:9/",))
    return tmp_path


@pytest.fixture
def small(monkeypatch):
    """The sample takes the place of the full set."""
    import hashlib

    files = []
    for file in fashion_mnist.FILES:
        content = gzip.decompress((fashion_mnist.SAMPLE / f"{file.name}.gz").read_bytes())
        digest = hashlib.sha256(content).hexdigest()
        files.append(file._replace(size=len(content), sha256=digest))
    monkeypatch.setattr(fashion_mnist, "FILES", tuple(files))


def put(folder, compressed=True):
    folder.mkdir(parents=True)
    for file in fashion_mnist.FILES:
        packed = (fashion_mnist.SAMPLE / f"{file.name}.gz").read_bytes()
        if compressed:
            (folder / f"{file.name}.gz").write_bytes(packed)
        else:
            (folder / file.name).write_bytes(gzip.decompress(packed))
    return folder


def test_the_sample_is_balanced_and_small():
    (x_train, y_train), (x_test, y_test) = fashion_mnist.load_sample()
    assert x_train.shape == (6000, 28, 28)
    assert x_test.shape == (1500, 28, 28)
    assert x_train.dtype == y_train.dtype == np.uint8
    assert np.bincount(y_train).tolist() == [600] * 10
    assert np.bincount(y_test).tolist() == [150] * 10
    size = sum(p.stat().st_size for p in fashion_mnist.SAMPLE.iterdir())
    assert size < 4_000_000
    assert "Zalando SE" in (fashion_mnist.SAMPLE / "LICENSE").read_text()


needs_all = pytest.mark.skipif(
    fashion_mnist.find() is None,
    reason="needs the full Fashion-MNIST: apt install dataset-fashion-mnist",
)


@needs_all
def test_the_full_set_is_that_of_keras():
    (x_train, y_train), (x_test, y_test) = fashion_mnist.load_data()
    assert [a.shape for a in (x_train, y_train, x_test, y_test)] == [
        (60000, 28, 28),
        (60000,),
        (10000, 28, 28),
        (10000,),
    ]
    assert {a.dtype.name for a in (x_train, y_train, x_test, y_test)} == {"uint8"}


@needs_all
def test_the_sample_is_what_the_tool_makes(tmp_path):
    subprocess.run([sys.executable, TOOL, "--out", tmp_path], check=True)
    for file in fashion_mnist.FILES:
        ours = idx.read(fashion_mnist.SAMPLE / f"{file.name}.gz")
        assert np.array_equal(ours, idx.read(tmp_path / f"{file.name}.gz"))


def test_nowhere_and_offline_is_an_error_and_never_the_sample(nowhere):
    assert fashion_mnist.find() is None
    with pytest.raises(DownloadError, match="apt install"):
        fashion_mnist.load_data()


@pytest.mark.parametrize(
    "place", ["debian", "cache/chainrule/fashion-mnist", "keras/datasets/fashion-mnist"]
)
@pytest.mark.parametrize("compressed", [True, False])
def test_every_place_is_looked_at(nowhere, small, place, compressed):
    folder = put(nowhere / place, compressed)
    assert fashion_mnist.find() == folder
    (x_train, _), _ = fashion_mnist.load_data()
    assert len(x_train) == 6000


def test_a_given_folder_goes_before_all_others(nowhere, small, monkeypatch):
    put(nowhere / "debian")
    monkeypatch.setenv("CHAINRULE_DATA", str(nowhere / "mine"))
    assert fashion_mnist.find() is None
    put(nowhere / "mine" / "fashion-mnist")
    assert fashion_mnist.find() == nowhere / "mine" / "fashion-mnist"


def test_a_damaged_copy_is_passed_over_with_a_warning(nowhere, small):
    folder = put(nowhere / "cache" / "chainrule" / "fashion-mnist")
    good = put(nowhere / "debian")
    bad = folder / f"{fashion_mnist.FILES[1].name}.gz"
    bad.write_bytes(bad.read_bytes()[:-20])
    with pytest.warns(UserWarning, match=bad.name):
        assert fashion_mnist.fetch() == good


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_idx_round_trip(tmp_path, pack):
    (tmp_path / "a").write_bytes(pack(idx.encode(ARRAY)))
    assert np.array_equal(idx.read(tmp_path / "a"), ARRAY)


WHOLE = idx.encode(ARRAY)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "header needs 4 bytes, 0 are there"),
        (WHOLE[:9], "header needs 12 bytes"),
        (WHOLE[:-1], "numbers needs 24 bytes, 23 are there"),
        (WHOLE + b"x", "more than the 24 numbers"),
        (b"\1" + WHOLE[1:], "not an IDX file of bytes"),
        (WHOLE[:2] + b"\x0d" + WHOLE[3:], "not an IDX file of bytes"),
        (WHOLE[:3] + b"\0" + WHOLE[4:], "not an IDX file of bytes"),
        (b"\0\0\x08\2" + struct.pack(">2I", 2**31, 2**31), "promises too much"),
        (b"\0\0\x08\1" + struct.pack(">I", 2**29), "cut short"),
        (gzip.compress(WHOLE)[:-9], "not a whole gzip file"),
        (gzip.compress(WHOLE)[:20] + b"!!" + gzip.compress(WHOLE)[22:], ""),
        (gzip.compress(WHOLE + b"\0" * 10_000_000), "more than"),
        (b"<html>", "not an IDX file"),
    ],
)
def test_a_damaged_idx_file_is_told_apart(tmp_path, content, message):
    (tmp_path / "a").write_bytes(content)
    with pytest.raises(DataError, match=f"a: .*{message}"):
        idx.read(tmp_path / "a")


def test_exam_scores_are_the_formula_of_the_lesson():
    (x_train, y_train), (x_test, y_test) = exam_scores.load_data(50, seed=1)
    assert x_train.shape == (40, 2)
    assert y_test.shape == (10, 1)
    again = exam_scores.load_data(50, seed=1)[0][0]
    assert np.array_equal(x_train, again)
    x = np.concatenate([x_train, x_test])
    assert x.max(axis=0).tolist() == [1, 1]
    design = np.c_[x, np.ones(50)]
    _, residual, rank, _ = np.linalg.lstsq(design, np.concatenate([y_train, y_test]), rcond=None)
    assert rank == 3
    assert residual < 1e-20
    with pytest.raises(ArgumentError, match="Both parts"):
        exam_scores.load_data(1)


def test_the_catalogue_says_where_data_come_from(nowhere):
    assert DATASETS.names == ("fashion-mnist", "exam-scores")
    assert "not here" in DATASETS["fashion-mnist"].place()
    assert DATASETS["exam-scores"].place() == "made on the spot"
