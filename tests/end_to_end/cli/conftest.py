"""A machine that has the embedded sample only, and two finished runs on it."""

import os

import pytest
from tests.end_to_end.cli.process import QUICK, run


@pytest.fixture(scope="session")
def world(tmp_path_factory):
    """A folder to work in, and an environment where the full data set is not found."""
    folder = tmp_path_factory.mktemp("world")
    (folder / "empty").mkdir()
    environment = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "FORCE_COLOR")}
    environment |= {
        "CHAINRULE_DATA": str(folder / "empty"),
        "XDG_CACHE_HOME": str(folder / "cache"),
        "COLUMNS": "100",
    }
    return folder, environment


@pytest.fixture(scope="session")
def exam(world):
    """A run on exam scores."""
    done = run(world, *QUICK, "--out", "exam")
    assert done.returncode == 0, done.stderr
    return world[0] / "exam", done


@pytest.fixture(scope="session")
def fashion(world):
    """A run on pictures, which are those of the sample here."""
    options = ["--epochs", "2", "--hidden", "16", "--out", "fashion"]
    done = run(world, "train", "fashion-mnist", *options)
    assert done.returncode == 0, done.stderr
    return world[0] / "fashion", done
