import pytest

from chainrule.engines import threads


@pytest.fixture(autouse=True)
def as_it_was(monkeypatch):
    monkeypatch.delenv("CHAINRULE_NUM_THREADS", raising=False)
    monkeypatch.setattr(threads, "_cores", lambda: 8)
    yield
    threads.set_threads(None)


def test_as_many_as_there_are_cores_unless_told():
    assert threads.get_threads() == 8
    threads.set_threads(3)
    assert threads.get_threads() == 3
    threads.set_threads(None)
    assert threads.get_threads() == 8


def test_never_more_than_cores(monkeypatch):
    threads.set_threads(100)
    assert threads.get_threads() == 8


def test_the_environment_says_how_many(monkeypatch):
    monkeypatch.setenv("CHAINRULE_NUM_THREADS", "2")
    assert threads.get_threads() == 2
    threads.set_threads(5)  # what the program says goes before it
    assert threads.get_threads() == 5


@pytest.mark.parametrize("value", ["0", "two", "-1", "1.5"])
def test_a_wrong_environment_is_named(monkeypatch, value):
    monkeypatch.setenv("CHAINRULE_NUM_THREADS", value)
    with pytest.raises(ValueError, match="CHAINRULE_NUM_THREADS"):
        threads.get_threads()


@pytest.mark.parametrize("count", [0, -1, 1.5, True, "2"])
def test_a_wrong_number_is_refused(count):
    with pytest.raises(ValueError, match="count"):
        threads.set_threads(count)


def test_small_batches_stay_on_one_thread():
    assert threads.useful(1e3) == 1
    assert threads.useful(1e12) == 8
