from pathlib import Path

import numpy as np
import pytest

from chainrule.activations import sigmoid
from chainrule.core.rule import RULES, Rule
from chainrule.core.source import lines, traced
from chainrule.errors import ArgumentError


def cube(x):
    """Three factors."""
    square = x * x  # s = x²
    return square * x  # y = s x


def looping(x):
    for _ in range(3):
        x = x * x
    return x


def test_lines_have_name_equation_code_and_place():
    first, second = lines(cube)
    assert (first.names, first.equation, first.code) == (("square",), "s = x²", "x * x")
    assert (second.names, second.equation, second.code) == (("y",), "y = s x", "square * x")
    assert first.file == __file__
    assert Path(__file__).read_text().splitlines()[first.number - 1].strip().startswith("square =")


def test_a_trace_reports_what_was_computed():
    made, readings = traced(cube)(np.array([2.0, 3.0]))
    assert made.tolist() == [8, 27]
    assert [r.value.tolist() for r in readings] == [[4, 9], [8, 27]]


def test_a_trace_takes_options_and_gives_the_same_bits():
    z = np.linspace(-5, 5, 11)
    made, readings = traced(sigmoid.forward)(z)
    assert np.array_equal(made, sigmoid.forward(z))
    assert len(readings) == 2


def test_a_body_that_is_not_straight_lines_is_refused():
    with pytest.raises(ArgumentError, match="straight lines"):
        lines(looping)


def test_every_rule_of_the_library_can_be_read():
    own = [rule for rule in RULES.values() if rule.forward.__module__.startswith("chainrule.")]
    assert len(own) > 100
    for rule in own:
        assert isinstance(rule, Rule)
        assert all(lines(function) for function in rule.functions().values())


def test_a_function_without_lines_is_refused():
    with pytest.raises(OSError, match="not made by a def statement"):
        lines(lambda z: z)
