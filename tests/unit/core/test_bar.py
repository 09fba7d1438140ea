import sys
import types

import pytest
from tests.unit.core.streams import Stream

from chainrule.core import bar as module
from chainrule.core import console
from chainrule.core.bar import Bar, clock, pace

NUMBERS = {"accuracy": 0.5, "loss": 0.00052}


@pytest.fixture(autouse=True)
def terminal(monkeypatch):
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(console, "columns", lambda: 100)


@pytest.fixture
def clockwork(monkeypatch):
    """Time that stands still until it is moved."""
    now = types.SimpleNamespace(seconds=0.0)
    monkeypatch.setattr(
        module, "time", types.SimpleNamespace(perf_counter=lambda: 100 + now.seconds)
    )
    return now


def run(stream, verbose=1, target=4, title="Epoch 1/2", numbers=NUMBERS, **options):
    bar = Bar(target, verbose, title, stream=stream, interval=0, **options)
    for step in range(4):
        bar.update(step + 1, numbers)
    bar.finish(numbers)
    return stream.getvalue()


def test_a_terminal_sees_the_bar_of_keras():
    text = run(Stream())
    assert text.startswith("Epoch 1/2\n\r")
    last = text.strip().split("\r")[-1]
    assert "\x1b[1m4/4\x1b[0m \x1b[32m━━━━━━━━━━━━━━━━━━━━\x1b[0m" in last
    assert last.endswith("/step - accuracy: 0.5000 - loss: 5.2000e-04")


def test_a_pipe_sees_one_plain_line():
    text = run(Stream(tty=False))
    assert len(text.splitlines()) == 1
    assert text.startswith("Epoch 1/2 - 4/4 - 0s - ")
    assert not set(text) & set("\r\b\x1b")
    assert text.isascii()


def test_verbose_2_is_the_two_lines_of_keras_and_0_is_silence():
    first, second = run(Stream(), verbose=2).splitlines()
    assert first == "Epoch 1/2"
    assert second.startswith("4/4 - 0s - ")
    assert run(Stream(), verbose=0) == ""


def test_the_times_are_those_to_come_and_in_the_end_those_that_passed(clockwork):
    stream = Stream()
    bar = Bar(4, stream=stream, interval=0)
    for step, seconds in enumerate([90, 100, 110], start=1):  # the first step warms up
        clockwork.seconds = seconds
        bar.update(step)
    clockwork.seconds = 120
    bar.update(4)
    bar.finish()
    shown = stream.getvalue().replace("\x1b[1m", "").replace("\x1b[0m", "").split("\r")[1:]
    times = [line.split("━ ")[-1].split()[:2] for line in shown]
    assert times == [
        ["4:30", "90s/step"],
        ["20s", "10s/step"],
        ["10s", "10s/step"],
        ["0s", "10s/step"],
        ["120s", "10s/step"],
    ]


def test_an_unknown_number_of_steps_has_no_cells():
    assert "      4/Unknown 0s" in run(Stream(), target=None).replace("\x1b[1m", "").replace(
        "\x1b[0m", ""
    )
    assert run(Stream(tty=False), target=None, title="").startswith("4/Unknown - 0s - ")


def test_a_loop_that_was_cut_short_says_where():
    stream = Stream(tty=False)
    bar = Bar(9, stream=stream)
    bar.update(2)
    bar.finish()
    assert stream.getvalue().startswith("2/9 - ")


def test_more_steps_than_expected_do_not_overflow():
    assert "━" * 21 not in run(Stream(), target=3).replace("\x1b[0m\x1b[37m", "")


def test_width_and_unit_can_be_chosen():
    text = run(Stream(), width=8, unit="sample")
    assert f"\x1b[32m{'━' * 8}\x1b[0m" in text
    assert "/sample" in text


def test_an_encoding_without_the_bar_gets_ascii():
    text = run(Stream(encoding="cp1252"))
    assert "====" in text
    text.encode("cp1252")


def test_no_color_is_honoured(monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in run(Stream())


def test_no_more_than_ten_redraws_a_second():
    stream = Stream()
    bar = Bar(10_000, stream=stream)
    for step in range(10_000):
        bar.update(step + 1, {"loss": 1.0})
    assert stream.getvalue().count("\r") <= 10 * bar._elapsed() + 1


def test_a_narrow_terminal_never_wraps(monkeypatch):
    monkeypatch.setattr(console, "columns", lambda: 30)
    lines = run(Stream()).replace("\n", "\r").split("\r")
    drawn = [line.rstrip() for line in lines if "━" in line and not line.endswith("e-04")]
    assert len(drawn) == 4
    assert all(len(line) < 30 for line in drawn)


def test_what_a_shorter_line_leaves_behind_is_wiped(clockwork):
    stream = Stream()
    bar = Bar(9, stream=stream, interval=0)
    bar.update(1, {"a": 1.0, "b": 2.0})
    bar.update(2, {"a": 1.0})
    assert stream.getvalue().endswith("a: 1.0000" + " " * len(" - b: 2.0000"))


def test_an_interrupt_ends_a_half_drawn_line_once():
    stream = Stream()
    bar = Bar(9, stream=stream, interval=0)
    bar.interrupt()
    assert stream.getvalue() == ""
    bar.update(1)
    bar.interrupt()
    bar.interrupt()
    assert stream.getvalue().count("\n") == 1


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
    monkeypatch.setattr(console, "screen", lambda stream: "notebook")
    assert run(Stream(tty=False)) == "Epoch 1/2\n"
    assert shown[-1].startswith("4/4 ━━━━━━━━━━━━━━━━━━━━ 0s")
    assert len(shown) == 5
    assert not any(set(line) & set("\r\b\x1b") for line in shown)


def test_what_is_no_number_is_shown_as_it_is():
    assert run(Stream(tty=False), numbers={"who": "me"}).endswith(" - who: me\n")


@pytest.mark.parametrize(
    ("seconds", "shown"), [(3.7, "3s"), (60, "60s"), (125, "2:05"), (3725, "1:02:05"), (0, "0s")]
)
def test_clock(seconds, shown):
    assert clock(seconds) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"), [(2.4, "2s/step"), (0.0113, "11ms/step"), (4.5e-5, "45us/step")]
)
def test_pace(seconds, shown):
    assert pace(seconds) == shown
