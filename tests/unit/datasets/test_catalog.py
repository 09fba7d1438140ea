"""What a program is told about the data sets that there are."""

import dataclasses
import json
import subprocess
import sys

import pytest

from chainrule.datasets.catalog import DATASETS
from chainrule.errors import UnknownNameError

from .conftest import put


def test_it_has_every_data_set_under_its_name():
    assert DATASETS.names == ("fashion-mnist", "exam-scores")
    assert all(DATASETS[name].name == name for name in DATASETS.names)
    with pytest.raises(UnknownNameError, match="Did you mean 'fashion-mnist'"):
        DATASETS.find("fashon-mnist")


def test_it_says_where_data_come_from_now(nowhere):
    assert DATASETS["exam-scores"].place() == "made on the spot"
    assert "not here" in DATASETS["fashion-mnist"].place()
    folder = put(nowhere / "debian")
    assert DATASETS["fashion-mnist"].place() == str(folder)


def test_it_loads_what_it_describes():
    entry = DATASETS["exam-scores"]
    (x_train, _), (x_test, _) = entry.load()
    assert (len(x_train), len(x_test)) == entry.sizes
    assert x_train.shape[1] == len(entry.feature_names)
    assert (entry.task, entry.class_names) == ("regression", ())


def test_classes_have_names():
    entry = DATASETS["fashion-mnist"]
    assert (entry.task, entry.licence, entry.sizes) == ("classification", "MIT", (60_000, 10_000))
    assert len(set(entry.class_names)) == 10


def test_an_entry_does_not_change():
    with pytest.raises(dataclasses.FrozenInstanceError):
        DATASETS["exam-scores"].task = "classification"


def test_importing_loads_nothing_that_only_fetching_needs():
    code = (
        "import sys, numpy, json; before = set(sys.modules); "
        "import chainrule.datasets.catalog; print(json.dumps(list(set(sys.modules) - before)))"
    )
    loaded = set(json.loads(subprocess.check_output([sys.executable, "-c", code])))
    heavy = {"gzip", "zlib", "hashlib", "urllib.request", "http.client", "socket", "ssl", "fcntl"}
    assert not loaded & heavy
