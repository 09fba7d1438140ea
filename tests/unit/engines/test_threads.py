import pytest

from chainrule import config
from chainrule.engines.native import useful_threads


@pytest.fixture(autouse=True)
def as_it_was(monkeypatch):
    monkeypatch.delenv("CHAINRULE_NUM_THREADS", raising=False)
    monkeypatch.setattr(config, "_cores", lambda: 8)
    yield
    config.set_threads(None)


def test_as_many_as_there_are_cores_unless_told():
    assert config.get_threads() == 8
    config.set_threads(3)
    assert config.get_threads() == 3
    config.set_threads(None)
    assert config.get_threads() == 8


def test_never_more_than_cores(monkeypatch):
    config.set_threads(100)
    assert config.get_threads() == 8


def test_the_environment_says_how_many(monkeypatch):
    monkeypatch.setenv("CHAINRULE_NUM_THREADS", "2")
    assert config.get_threads() == 2
    config.set_threads(5)  # what the program says goes before it
    assert config.get_threads() == 5


def test_a_limit_holds_within_its_block_only():
    config.set_threads(5)
    with config.limited_threads(1):
        assert config.get_threads() == 1
    assert config.get_threads() == 5
    config.set_threads(None)
    with config.limited_threads(2):
        assert config.get_threads() == 2
    assert config.get_threads() == 8


@pytest.mark.parametrize("value", ["0", "two", "-1", "1.5"])
def test_a_wrong_environment_is_named(monkeypatch, value):
    monkeypatch.setenv("CHAINRULE_NUM_THREADS", value)
    with pytest.raises(ValueError, match="CHAINRULE_NUM_THREADS"):
        config.get_threads()


@pytest.mark.parametrize("count", [0, -1, 1.5, True, "2"])
def test_a_wrong_number_is_refused(count):
    with pytest.raises(ValueError, match="count"):
        config.set_threads(count)


def test_small_batches_stay_on_one_thread():
    assert useful_threads(1e3) == 1
    assert useful_threads(1e12) == 8
