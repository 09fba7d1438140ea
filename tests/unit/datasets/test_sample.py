"""The sample that comes with chainrule, and the tool that makes it."""

import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest

from chainrule.datasets import fashion_mnist, idx

TOOL = Path(__file__).parents[3] / "tools" / "make_fashion_mnist_sample.py"
NAMES = [f"{file.name}.gz" for file in fashion_mnist.FILES]


def test_it_is_balanced_and_looks_like_the_full_set():
    (x_train, y_train), (x_test, y_test) = fashion_mnist.load_sample()
    assert x_train.shape == (6000, 28, 28)
    assert x_test.shape == (1500, 28, 28)
    assert {a.dtype.name for a in (x_train, y_train, x_test, y_test)} == {"uint8"}
    assert np.bincount(y_train).tolist() == [600] * 10
    assert np.bincount(y_test).tolist() == [150] * 10
    assert len(fashion_mnist.class_names) == 10


def test_its_classes_are_mixed():
    (_, y_train), (_, y_test) = fashion_mnist.load_sample()
    for labels in (y_train, y_test):
        for part in np.array_split(labels, 15):  # nowhere are they in order of class
            assert len(np.unique(part)) == 10


def test_it_is_small_and_has_its_licence():
    assert sum(p.stat().st_size for p in fashion_mnist.SAMPLE.iterdir()) < 4_000_000
    licence = (fashion_mnist.SAMPLE / "LICENSE").read_text("utf-8")
    assert "Copyright (c) 2017 Zalando SE, https://tech.zalando.com" in licence
    assert "without restriction" in licence


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """What the tool makes of the full set."""
    if fashion_mnist.find() is None:
        pytest.skip("needs the full Fashion-MNIST: apt install dataset-fashion-mnist")
    folder = tmp_path_factory.mktemp("sample")
    subprocess.run([sys.executable, TOOL, "--out", folder], check=True)
    return folder


@pytest.mark.parametrize("name", NAMES)
def test_it_holds_what_the_tool_makes(made, name):
    assert np.array_equal(idx.read(fashion_mnist.SAMPLE / name), idx.read(made / name))


@pytest.mark.skipif("ng" in zlib.ZLIB_RUNTIME_VERSION, reason="zlib-ng compresses otherwise")
@pytest.mark.parametrize("name", NAMES)
def test_it_is_what_the_tool_makes_byte_by_byte(made, name):
    assert (fashion_mnist.SAMPLE / name).read_bytes() == (made / name).read_bytes()


def test_the_tool_says_what_is_missing(tmp_path):
    done = subprocess.run(
        [sys.executable, TOOL, "--source", tmp_path, "--out", tmp_path / "out"],
        capture_output=True,
        text=True,
    )
    assert done.returncode != 0
    assert "train-images-idx3-ubyte" in done.stderr
