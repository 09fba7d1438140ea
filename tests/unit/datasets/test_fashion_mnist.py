"""Where Fashion-MNIST is looked for, and what is believed of what is found."""

import gzip
import shutil

import numpy as np
import pytest

from chainrule.datasets import fashion_mnist, idx
from chainrule.errors import DataError, DownloadError

from .conftest import closed, put

NAMES = [f"{file.name}.gz" for file in fashion_mnist.FILES]


@pytest.mark.skipif(
    fashion_mnist.find() is None,
    reason="needs the full Fashion-MNIST: apt install dataset-fashion-mnist",
)
def test_the_full_set_is_that_of_keras():
    (x_train, y_train), (x_test, y_test) = fashion_mnist.load_data()
    arrays = (x_train, y_train, x_test, y_test)
    assert [a.shape for a in arrays] == [(60000, 28, 28), (60000,), (10000, 28, 28), (10000,)]
    assert {a.dtype.name for a in arrays} == {"uint8"}
    assert np.bincount(y_train).tolist() == [6000] * 10
    assert np.bincount(y_test).tolist() == [1000] * 10
    assert fashion_mnist.class_names[y_train[0]] == "Ankle boot"


def test_nowhere_and_offline_is_an_error_and_never_the_sample(nowhere):
    assert fashion_mnist.find() is None
    with pytest.raises(DownloadError) as caught:
        fashion_mnist.load_data()
    said = str(caught.value)
    for part in (
        "http://127.0.0.1:9/train-images-idx3-ubyte.gz",
        "refused",
        fashion_mnist.FILES[0].sha256,
        str(fashion_mnist.cache() / NAMES[0]),
        "apt install dataset-fashion-mnist",
        "CHAINRULE_DATA",
    ):
        assert part in said


@pytest.mark.parametrize(
    "place", ["debian", "cache/chainrule/fashion-mnist", "keras/datasets/fashion-mnist"]
)
@pytest.mark.parametrize("compressed", [True, False])
def test_every_place_is_looked_at(nowhere, small, place, compressed):
    folder = put(nowhere / place, compressed)
    assert fashion_mnist.find() == folder
    assert fashion_mnist.fetch() == folder
    (x_train, _), _ = fashion_mnist.load_data()
    assert len(x_train) == 6000


def test_the_places_have_an_order(nowhere):
    places = ["cache/chainrule/fashion-mnist", "debian", "keras/datasets/fashion-mnist"]
    folders = [put(nowhere / place) for place in places]
    for folder in folders:
        assert fashion_mnist.find() == folder
        shutil.rmtree(folder)
    assert fashion_mnist.find() is None


@pytest.mark.parametrize("below", [".", "fashion-mnist"])
def test_a_given_folder_goes_before_the_cache_and_instead_of_others(nowhere, monkeypatch, below):
    put(nowhere / "debian")
    monkeypatch.setenv("CHAINRULE_DATA", str(nowhere / "mine"))
    assert fashion_mnist.find() is None
    cached = put(fashion_mnist.cache())
    assert fashion_mnist.find() == cached
    put(nowhere / "mine" / below)
    assert fashion_mnist.find() == nowhere / "mine" / below


def test_without_settings_the_cache_is_in_the_home_folder(nowhere, monkeypatch):
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setattr("pathlib.Path.home", lambda: nowhere)
    assert fashion_mnist.cache() == nowhere / ".cache" / "chainrule" / "fashion-mnist"


def test_three_files_of_four_are_not_the_set(nowhere):
    folder = put(nowhere / "debian")
    (folder / NAMES[3]).unlink()
    assert fashion_mnist.find() is None


def test_a_folder_that_may_not_be_entered_is_passed_over(common_folder, nowhere, monkeypatch):
    monkeypatch.setattr(fashion_mnist, "DEBIAN", put(common_folder / "in"))
    assert fashion_mnist.find() == common_folder / "in"
    with closed(common_folder, 0o000):
        assert fashion_mnist.find() is None


def cut(packed):
    return packed[:-20]


def altered(packed):
    content = bytearray(gzip.decompress(packed))
    content[-1] ^= 1
    return gzip.compress(content, 1)


def longer(packed):
    return gzip.compress(gzip.decompress(packed) + b"\0", 1)


def login(packed):
    return b"<html>Please log in</html>"


@pytest.mark.parametrize("damage", [cut, altered, longer, login])
@pytest.mark.parametrize("name", NAMES[1:3])
def test_a_damaged_copy_is_passed_over_with_a_warning(nowhere, small, damage, name):
    bad = put(fashion_mnist.cache()) / name
    good = put(nowhere / "debian")
    bad.write_bytes(damage(bad.read_bytes()))
    with pytest.warns(UserWarning, match=f"Passed over a copy of Fashion-MNIST: {bad}: ") as caught:
        assert fashion_mnist.fetch() == good
    with pytest.warns(UserWarning, match=str(bad)):
        fashion_mnist.load_data()
    assert caught[0].filename == __file__  # it points at the caller


def test_damaged_and_nowhere_else_is_an_error(nowhere, small):
    bad = put(nowhere / "debian") / NAMES[1]
    bad.write_bytes(b"rubbish")
    with pytest.warns(UserWarning, match=str(bad)), pytest.raises(DownloadError):
        fashion_mnist.load_data()


@pytest.fixture
def online(nowhere, small, mirror, monkeypatch):
    """A machine without the data set, with a network on which the small one is."""
    monkeypatch.setattr(fashion_mnist, "MIRRORS", (mirror.url("status-404"), mirror.url("sample-")))
    return mirror


def test_what_is_nowhere_is_fetched_into_the_cache_once(online):
    seen = []
    assert fashion_mnist.fetch(lambda *a: seen.append(a)) == fashion_mnist.cache()
    assert fashion_mnist.find() == fashion_mnist.cache()
    assert seen[-1] == (754, 754)
    count = len(online.requests)
    (x_train, y_train), (x_test, y_test) = fashion_mnist.load_data()
    assert [len(a) for a in (x_train, y_train, x_test, y_test)] == [6000, 6000, 1500, 1500]
    assert len(online.requests) == count
    assert sorted(p.name for p in fashion_mnist.cache().glob("[!.]*")) == sorted(NAMES)


def test_only_what_is_missing_or_damaged_is_fetched(online):
    folder = put(fashion_mnist.cache())
    (folder / NAMES[1]).write_bytes(b"rubbish")
    (folder / NAMES[3]).unlink()
    fashion_mnist.load_data()
    assert [path for path, _ in online.requests].count("sample") == 2


def test_images_without_their_labels_are_refused(tmp_path, monkeypatch):
    folder = put(tmp_path / "sample")
    monkeypatch.setattr(fashion_mnist, "SAMPLE", folder)
    (_, labels), _ = fashion_mnist.load_sample()
    idx.write(folder / NAMES[1], labels[:-1])
    with pytest.raises(DataError, match="6000 training images, but 5999 labels"):
        fashion_mnist.load_sample()


def test_images_of_another_size_are_refused(tmp_path, monkeypatch):
    folder = put(tmp_path / "sample")
    monkeypatch.setattr(fashion_mnist, "SAMPLE", folder)
    idx.write(folder / NAMES[2], np.zeros((1500, 32, 32), np.uint8))
    with pytest.raises(DataError, match=f"{NAMES[2]}.*28, 28.*1500, 32, 32"):
        fashion_mnist.load_sample()
