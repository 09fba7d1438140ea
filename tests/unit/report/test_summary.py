import pytest
from tests.builders import blobs, classifier

from chainrule.errors import ArgumentError
from chainrule.layers import Add, Concatenate, Dense, Flatten, Input
from chainrule.models import Model, Sequential
from chainrule.report.summary import size_text
from chainrule.utils import disable_interactive_logging, enable_interactive_logging


def summary(model, **arguments):
    texts = []
    model.summary(print_fn=texts.append, **arguments)
    (text,) = texts
    return text


def test_the_table_is_that_of_keras_with_memory_and_fusions():
    model = Sequential([Input((28, 28)), Flatten(), Dense(10, "softmax")])
    model.compile("adam", "sparse_categorical_crossentropy")
    lines = summary(model, line_length=76).splitlines()
    assert lines[0] == 'Model: "sequential"'
    assert lines[2].startswith("┃ Layer (type) ")
    assert len(lines[2]) == 76
    assert [cell.strip() for cell in lines[6].split("│")[1:4]] == [
        "dense (Dense)",
        "(None, 10)",
        "7,850",
    ]
    assert " Total params: 7,850 (30.66 KB)" in lines
    assert " Non-trainable params: 0 (0.00 B)" in lines
    assert any(line.startswith(" Fused: dense/softmax + ") for line in lines)


def test_after_training_the_optimizer_counts_too():
    model = classifier()
    assert "Optimizer params" not in summary(model)
    model.fit(*blobs(), verbose=0)
    assert " Optimizer params: 134 (536.00 B)" in summary(model).splitlines()


def test_an_unbuilt_model_says_so():
    text = summary(Sequential([Dense(3)]))
    assert "?" in text
    assert "0 (unbuilt)" in text


def test_trainable_column_and_layer_range():
    model = classifier()
    model.layers[0].trainable = False
    text = summary(model, show_trainable=True, layer_range=("dense", "dense$"))
    (row,) = [line for line in text.splitlines() if "dense (Dense)" in line]
    assert row.split("│")[-2].strip() == "N"
    assert "dense_1 (Dense)" not in text
    with pytest.raises(ArgumentError, match=r"must be two of \['dense', 'dense_1'\]. Received"):
        summary(model, layer_range=("dense", "nope"))


def cells(text, name):
    """The cells of a layer's row, lines of a cell joined."""
    lines = text.splitlines()
    (start,) = [k for k, line in enumerate(lines) if line.startswith(f"│ {name}")]
    end = next(k for k in range(start, len(lines)) if lines[k][0] in "├└")
    columns = zip(*(line.split("│")[1:-1] for line in lines[start:end]), strict=True)
    return [" ".join(" ".join(column).split()) for column in columns]


def test_uses_of_a_layer_are_numbered_and_all_its_shapes_shown():
    short, long = Input((4,), name="short"), Input((6, 4), name="long")
    code = Dense(4, name="code")
    once, twice = code(short), code(long)
    model = Model([short, long], [Add(name="sum")([once, code(once)]), twice])
    text = summary(model, line_length=120)
    assert cells(text, "code")[1:] == [
        "(None, 4), (None, 6, 4)",
        "20",
        "short[0][0], long[0][0], code[0][0]",
    ]
    assert cells(text, "sum")[3] == "code[0][0], code[2][0]"
    assert cells(text, "short")[3] == "-"


def test_layers_of_a_model_within_a_model_are_listed_with_their_uses():
    x = Input((4,), name="x")
    inner = Model(x, Add(name="sum")([x, Dense(4, name="code")(x)]))
    one, two = Input((4,), name="one"), Input((4,), name="two")
    model = Model([one, two], Concatenate(name="both")([inner(one), inner(two)]))
    text = summary(model, line_length=120, show_trainable=True)
    assert cells(text, "code")[3:] == ["one[0][0], two[0][0]", "Y"]
    assert cells(text, "sum")[3] == "one[0][0], code[1][0], two[0][0], code[2][0]"
    assert cells(text, "both")[3] == "sum[1][0], sum[2][0]"
    assert " Total params: 20 (80.00 B)" in text.splitlines()


def test_a_long_name_goes_on_in_the_next_line():
    name = "a_name_that_is_longer_than_the_column_of_names"
    x = Input((4,), name="x")
    model = Model(x, Add(name="sum")([x, Dense(4, name=name)(x)]))
    row = cells(summary(model, line_length=80), "a_name")
    assert row[0].replace(" ", "") == f"{name}(Dense)"


def test_without_interactive_logging_the_table_is_logged(caplog, capsys):
    disable_interactive_logging()
    try:
        with caplog.at_level("INFO", "chainrule"):
            classifier().summary()
    finally:
        enable_interactive_logging()
    assert "dense_1 (Dense)" in caplog.text
    assert not capsys.readouterr().out


def test_widths_that_cannot_be_are_refused():
    model = classifier()
    with pytest.raises(ArgumentError, match=r"at least 4 characters.*line_length=10"):
        summary(model, line_length=10)
    with pytest.raises(ArgumentError, match="3 columns"):
        summary(model, positions=(0.5, 1.0))


@pytest.mark.parametrize(
    ("size", "text"), [(0, "0.00 B"), (1024, "1.00 KB"), (31400, "30.66 KB"), (3 << 30, "3.00 GB")]
)
def test_sizes(size, text):
    assert size_text(size) == text
