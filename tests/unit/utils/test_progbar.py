import pytest

from chainrule.errors import ArgumentError
from chainrule.utils import Progbar


def test_a_pipe_sees_one_line_at_the_end_with_means(capsys):
    bar = Progbar(4)
    bar.add(1, [("loss", 4.0), ("n", 1)])
    bar.update(3, [("loss", 1.0)])
    assert capsys.readouterr().out == ""
    bar.add(1, [("loss", 2.0)])
    said = capsys.readouterr().out
    assert said.startswith("4/4 - 0s - ")
    assert said.endswith("/step - loss: 2.0000 - n: 1.0000\n")


def test_the_end_can_be_told(capsys):
    bar = Progbar(None, unit_name="file")
    bar.update(7, [("loss", 1.0)])
    bar.update(8, [("loss", 5.0)], finalize=True)
    said = capsys.readouterr().out
    assert said.startswith("8/Unknown - 0s - ")
    assert said.endswith("/file - loss: 5.0000\n")


def test_silence(capsys):
    Progbar(1, verbose=0).update(1)
    assert capsys.readouterr().out == ""


def test_names_to_average_or_names_not_to():
    with pytest.raises(ArgumentError, match="either"):
        Progbar(1, stateful_metrics=[], stateless_metrics=[])
