import io
import sys
import types

import pytest
from tests.builders import line, regressor

from chainrule.callbacks import progress as module
from chainrule.callbacks.progress import Progress, clock, pace, screen


class Stream(io.StringIO):
    """A stream that says what it is."""

    def __init__(self, tty=True, encoding="utf-8"):
        super().__init__()
        self._tty, self._encoding = tty, encoding

    encoding = property(lambda self: self._encoding)

    def isatty(self):
        return self._tty


@pytest.fixture(autouse=True)
def terminal(monkeypatch):
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(module, "_columns", lambda: 100)


def run(stream, verbose=1, epochs=2, steps=4):
    bar = Progress(verbose, steps, epochs, stream)
    for epoch in range(epochs):
        bar.on_epoch_begin(epoch)
        for batch in range(steps):
            bar._drawn = 0  # as if enough time had passed
            bar.on_train_batch_end(batch, {"accuracy": 0.5, "loss": 0.00052})
        bar.on_epoch_end(epoch, {"accuracy": 0.5, "loss": 0.00052})
    return stream.getvalue()


def test_a_terminal_sees_the_bar_of_keras():
    text = run(Stream())
    assert text.startswith("Epoch 1/2\n\r")
    last = text.strip().split("\r")[-1]
    assert "\x1b[1m4/4\x1b[0m \x1b[32m━━━━━━━━━━━━━━━━━━━━\x1b[0m" in last
    assert last.endswith("/step - accuracy: 0.5000 - loss: 5.2000e-04")


def test_a_pipe_sees_one_plain_line_an_epoch():
    text = run(Stream(tty=False))
    assert len(text.splitlines()) == 2
    assert text.startswith("Epoch 1/2 - 4/4 - 0s - ")
    assert not set(text) & set("\r\b\x1b")
    assert text.isascii()


def test_verbose_2_is_the_two_lines_of_keras_and_0_is_silence():
    assert run(Stream(), verbose=2).splitlines()[0] == "Epoch 1/2"
    assert run(Stream(), verbose=2).splitlines()[1].startswith("4/4 - 0s - ")
    assert run(Stream(), verbose=0) == ""


def test_an_encoding_without_the_bar_gets_ascii():
    text = run(Stream(encoding="cp1252"))
    assert "====" in text
    text.encode("cp1252")


def test_no_color_is_honoured(monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in run(Stream())


def test_a_dumb_terminal_is_a_file(monkeypatch):
    monkeypatch.setenv("TERM", "dumb")
    assert screen(Stream()) == "plain"


def test_no_more_than_ten_redraws_a_second():
    stream = Stream()
    bar = Progress(1, 10_000, 1, stream)
    bar.on_epoch_begin(0)
    for batch in range(10_000):
        bar.on_train_batch_end(batch, {"loss": 1.0})
    assert stream.getvalue().count("\r") <= 10 * bar._elapsed() + 1


def test_a_narrow_terminal_never_wraps(monkeypatch):
    monkeypatch.setattr(module, "_columns", lambda: 30)
    for line_ in run(Stream()).replace("\n", "\r").split("\r"):
        drawn = line_.rstrip()
        if "━" in drawn and not drawn.endswith("e-04"):
            assert len(drawn) < 30


def test_a_notebook_updates_one_display(monkeypatch):
    shown = []
    handle = types.SimpleNamespace(update=lambda data, raw: shown.append(data["text/plain"]))

    def display(data, raw, display_id):
        shown.append(data["text/plain"])
        return handle

    fake = types.ModuleType("IPython.display")
    fake.display = display
    monkeypatch.setitem(sys.modules, "IPython", types.ModuleType("IPython"))
    monkeypatch.setitem(sys.modules, "IPython.display", fake)
    monkeypatch.setattr(module, "screen", lambda stream: "notebook")
    text = run(Stream(tty=False))
    assert text == "Epoch 1/2\nEpoch 2/2\n"
    assert shown[-1].startswith("4/4 ━━━━━━━━━━━━━━━━━━━━ 0s")
    assert not any(set(line_) & set("\r\b\x1b") for line_ in shown)


@pytest.mark.parametrize(
    ("seconds", "shown"), [(3.7, "3s"), (125, "2:05"), (3725, "1:02:05"), (0, "0s")]
)
def test_clock(seconds, shown):
    assert clock(seconds) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"), [(2.4, "2s/step"), (0.0113, "11ms/step"), (4.5e-5, "45us/step")]
)
def test_pace(seconds, shown):
    assert pace(seconds) == shown


def test_evaluate_and_predict_have_a_line_too(capsys):
    x, y = line(40)
    model = regressor()
    model.evaluate(x, y)
    model.predict(x, verbose=2)
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("2/2 - 0s")
    assert "loss: " in first
    assert second.startswith("2/2 - 0s")
