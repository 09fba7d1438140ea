import pytest
from tests.builders import blobs, classifier

from chainrule.errors import ArgumentError
from chainrule.layers import Dense, Flatten, Input
from chainrule.models import Sequential
from chainrule.report.summary import size_text


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
    text = summary(model, show_trainable=True, layer_range=("dense", "dense"))
    (row,) = [line for line in text.splitlines() if "dense (Dense)" in line]
    assert row.split("│")[-2].strip() == "N"
    assert "dense_1 (Dense)" not in text
    with pytest.raises(ArgumentError, match="layer_range"):
        summary(model, layer_range=("dense", "nope"))


@pytest.mark.parametrize(
    ("size", "text"), [(0, "0.00 B"), (1024, "1.00 KB"), (31400, "30.66 KB"), (3 << 30, "3.00 GB")]
)
def test_sizes(size, text):
    assert size_text(size) == text
