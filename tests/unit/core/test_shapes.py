import pytest

from chainrule.core.shapes import parse
from chainrule.errors import ShapeError

DENSE = parse("x[*N,I] kernel[I,O] bias[O] -> z[*N,O]")


@pytest.mark.parametrize("rows", [(), (None,), (7,), (None, 4), (2, 3, 5)])
def test_a_group_stands_for_any_number_of_axes(rows):
    shapes = {"x": (*rows, 4), "kernel": (4, 6), "bias": (6,)}
    assert DENSE.infer(shapes, {}) == {"z": (*rows, 6)}


def test_an_unknown_length_takes_what_another_array_knows():
    loss = parse("y_true[*N,K] y_pred[*N,K] -> losses[*N]")
    assert loss.infer({"y_true": (None, 3), "y_pred": (8, 3)}, {}) == {"losses": (8,)}


def test_an_axis_that_no_input_has_comes_from_the_options():
    reshape = parse("x[N,*A] -> y[N,*shape]")
    assert reshape.infer({"x": (None, 2, 6)}, {"shape": (3, 4)}) == {"y": (None, 3, 4)}


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        ({"x": (5, 3), "kernel": (4, 6)}, r"Axis I of kernel\[I,O\] must be 3"),
        ({"x": ()}, "at least 1 axes"),
        ({"kernel": (4,)}, "must have 2 axes"),
    ],
)
def test_what_does_not_fit_is_named(shapes, message):
    with pytest.raises(ShapeError, match=message):
        DENSE.infer({"bias": (6,), **shapes}, {})


@pytest.mark.parametrize("text", ["x[N]", "x[N -> y[N]", "x[*A,*B] -> y[N]", "x(N) -> y[N]"])
def test_a_text_that_is_none_is_refused(text):
    with pytest.raises(ShapeError):
        parse(text)


def test_domains_and_auxiliary_outputs_are_read():
    fused = parse("z[*N,K] y_true[*N]:label(K) -> losses[*N] (p[*N,K])")
    assert [(s.domain, s.bound) for s in fused.inputs] == [("real", ""), ("label", "K")]
    assert [s.auxiliary for s in fused.outputs] == [False, True]
