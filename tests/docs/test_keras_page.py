"""docs/keras.md says of every public name of Keras what is true."""

import re

import pytest
from tests.docs import keras_page

TEXT = keras_page.PAGE.read_text("utf-8")
ROWS = keras_page.read(TEXT)


WRITTEN_FOR = re.search(r"for Keras (\d+)\.(\d+)", TEXT).groups()

pytestmark = pytest.mark.skipif(
    tuple(map(int, keras_page.VERSION.split("."))) < tuple(map(int, WRITTEN_FOR)),
    reason="an older Keras has other names",
)


def test_the_page_is_about_the_keras_that_is_installed():
    assert ".".join(WRITTEN_FOR) == keras_page.VERSION


@pytest.mark.parametrize("section", keras_page.SECTIONS)
def test_every_public_name_has_one_true_row(section):
    wrong = list(keras_page.problems(section, ROWS[section]))
    hint = "`python -m tests.docs.keras_page` writes all but the last column"
    assert not wrong, "\n".join([f"docs/keras.md, section keras.{section}:", *wrong, hint])


def test_the_writer_changes_nothing_that_is_right():
    assert keras_page.rewritten(TEXT) == TEXT


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("| `Dense` | in | | |", "`Dense` has 2 rows"),
        ("| `Nonsense` | out | | why |", "`Nonsense` is not in Keras"),
        ("| `Conv1D`, `Dense` | out | | why |", "a row each"),
    ],
)
def test_a_wrong_row_is_found(row, said):
    rows = keras_page.read(f"## keras.layers\n{row}\n")["layers"]
    wrong = "\n".join(keras_page.problems("layers", ROWS["layers"] + rows))
    assert said in wrong


def test_a_false_status_or_a_missing_reason_is_found():
    row = next(row for row in ROWS["layers"] if row.names == ["Dense"])
    false = keras_page.Row(["Dense"], "out", "", row.note)
    assert any(str(row) in said for said in keras_page.problems("layers", [false]))
    silent = keras_page.Row(["Conv1D"], "out", "", "")
    assert any("say why" in said for said in keras_page.problems("layers", [silent]))


def test_differences_of_arguments_are_found():
    def keras_has(x, axis=-1, epsilon=1e-3, name=None): ...
    def ours(x, epsilon=1e-6, more=0): ...

    assert keras_page.differences(ours, keras_has) == [
        ("no", "axis"),
        ("no", "name"),
        ("more", "more"),
        ("1e-06", "epsilon"),
    ]
    assert not keras_page.differences(keras_has, keras_has)
