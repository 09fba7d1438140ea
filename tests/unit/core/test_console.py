import io
import logging
import sys

import pytest
from tests.unit.core.streams import Stream

from chainrule.core import console
from chainrule.core.bar import Bar


@pytest.fixture
def logged(caplog):
    """The records of the library's logger, while interactive logging is off."""
    console.disable_interactive_logging()
    with caplog.at_level(logging.INFO, logger="chainrule"):
        yield caplog
    console.enable_interactive_logging()


def test_messages_are_printed(capsys):
    console.say("Hello")
    assert capsys.readouterr().out == "Hello\n"


def test_messages_are_logged_instead(logged, capsys):
    assert not console.is_interactive_logging_enabled()
    console.say("Hello")
    assert logged.messages == ["Hello"]
    assert capsys.readouterr().out == ""


def test_a_bar_becomes_one_record(logged, capsys):
    bar = Bar(2, verbose=1, title="Epoch 1/2", interval=0)
    bar.update(1)
    bar.update(2)
    bar.finish({"loss": 1.0})
    (message,) = logged.messages
    assert message.startswith("Epoch 1/2 - 2/2 - 0s - ")
    assert message.endswith("/step - loss: 1.0000")
    assert capsys.readouterr().out == ""


def test_a_silent_bar_is_not_logged(logged):
    Bar(1, verbose=0, title="Epoch 1/2").finish()
    assert logged.messages == []


def test_a_name_that_cannot_be_encoded_ends_nothing(monkeypatch):
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, "cp1252"))
    console.say("saved to ж.safetensors")
    assert raw.getvalue().split() == [b"saved", b"to", b"\\u0436.safetensors"]


def test_screens(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    assert console.screen(Stream()) == "terminal"
    assert console.screen(Stream(tty=False)) == "plain"
    monkeypatch.setenv("TERM", "dumb")
    assert console.screen(Stream()) == "plain"


@pytest.mark.parametrize(("encoding", "there"), [("utf-8", True), ("cp1252", False)])
def test_encodings(encoding, there):
    assert console.can_encode(Stream(encoding=encoding), "━") == there
