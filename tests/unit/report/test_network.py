import itertools
import subprocess
import sys
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from matplotlib import rcParams
from matplotlib.figure import Figure

from chainrule.errors import ArgumentError, StateError
from chainrule.layers import (
    Activation,
    Add,
    BatchNormalization,
    Concatenate,
    Dense,
    Dropout,
    Embedding,
    Flatten,
    Input,
    Subtract,
)
from chainrule.models import Model, Sequential
from chainrule.report import drawing
from chainrule.report.network import model_to_dot, plot_model

HEADERS = {".png": b"\x89PNG\r\n\x1a\n", ".svg": b"<?xml", ".pdf": b"%PDF-"}


def line():
    return Sequential(
        [
            Input((4,)),
            Dense(8, "relu", name="first"),
            Dropout(0.1, name="drop"),
            BatchNormalization(name="norm", trainable=False),
            Dense(2, "softmax", name="last"),
        ],
        name="line",
    )


def wide_and_deep():
    wide, deep = Input((20,), name="wide"), Input((8,), name="deep", dtype="int32")
    h = Flatten(name="flat")(Embedding(10, 3, name="table")(deep))
    h = Dense(32, "relu", name="hidden")(h)
    joined = Concatenate(name="joined")([wide, h])
    return Model([wide, deep], [Dense(1, name="main")(joined), Dense(3, name="aux")(h)])


def siamese():
    left, right = Input((4,), name="left"), Input((4,), name="right")
    code = Dense(3, name="code")
    return Model([left, right], Subtract(name="apart")([code(left), code(right)]))


def residual():
    x = h = Input((4,), name="x")
    for k in range(3):
        h = Add(name=f"sum{k}")(
            [h, Dense(4, name=f"dense{k}")(Activation("tanh", name=f"act{k}")(h))]
        )
    return Model(x, h)


def thirty():
    return Sequential([Input((4,)), *(Dense(4, name=f"dense{k}") for k in range(30))])


def long_names():
    x = Input((4,), name="measurements_of_the_turbine_per_ten_minutes")
    branches = [
        Dense(3, name=f"branch_{k}_with_a_name_that_somebody_generated_from_a_path")(x)
        for k in range(3)
    ]
    return Model(x, Concatenate(name="$all_of_them$")(branches))


MODELS = [line, wide_and_deep, siamese, residual, thirty, long_names]
every_model = pytest.mark.parametrize("build", MODELS, ids=lambda build: build.__name__)
EVERYTHING = dict.fromkeys(
    ("show_shapes", "show_dtype", "show_layer_names", "show_layer_activations", "show_trainable"),
    True,
)


def said(axes):
    return [text.get_text() for text in axes.texts]


def drawn(axes, kind):
    return [patch for patch in axes.patches if type(patch).__name__ == kind]


def bounds(axes):
    """Every text, and the box it is in, in points."""
    axes.figure.set_dpi(72)
    boxes = [patch.get_window_extent() for patch in drawn(axes, "Rectangle")]
    for text in axes.texts:
        middle = text.get_transform().transform(text.get_position())
        (box,) = [b for b in boxes[::2] if b.contains(*middle)]
        yield text.get_window_extent(), box


@every_model
@pytest.mark.parametrize("rankdir", ["TB", "LR"])
def test_text_fits_its_box_and_boxes_are_apart(build, rankdir, monkeypatch):
    axes = plot_model(build(), None, rankdir=rankdir, **EVERYTHING)
    monkeypatch.setitem(rcParams, "text.hinting", "none")  # as when it is written
    boxes = {}
    for text, box in bounds(axes):
        assert box.x0 + 4 < text.x0 < text.x1 < box.x1 - 4
        assert box.y0 < text.y0 < text.y1 < box.y1
        boxes[box.bounds] = box
    assert len(boxes) == len(drawn(axes, "Rectangle")) / 2
    for one, two in itertools.combinations(boxes.values(), 2):
        assert not one.overlaps(two)
    whole = axes.figure.bbox
    assert all(whole.x0 < b.x0 < b.x1 < whole.x1 for b in boxes.values())
    assert all(whole.y0 < b.y0 < b.y1 < whole.y1 for b in boxes.values())


@every_model
@pytest.mark.parametrize("splines", ["ortho", "polyline", "line", "curved", "spline"])
def test_there_is_a_box_for_each_call_and_an_arrow_for_each_edge(build, splines):
    model = build()
    joined = model.topology
    axes = plot_model(model, None, splines=splines)
    hidden = isinstance(model, Sequential)
    calls = len(joined.calls) + len(joined.inputs) * (not hidden)
    assert len(drawn(axes, "Rectangle")) == 2 * calls
    edges = {(symbol, call) for call in joined.calls for symbol in call.inputs}
    assert len(drawn(axes, "Polygon")) == len(edges) - hidden


@pytest.mark.parametrize("splines", ["ortho", "polyline", "curved"])
def test_a_line_that_several_edges_share_is_drawn_once(splines):
    x = h = Input((4,))
    for _ in range(3):
        h = Add()([x, Dense(4)(h)])
    axes = plot_model(Model(x, h), None, splines=splines)
    pieces = []
    for patch in drawn(axes, "PathPatch"):
        path = patch.get_path()
        starts = np.flatnonzero(path.codes == path.MOVETO)
        pieces += [tuple(map(tuple, piece)) for piece in np.split(path.vertices, starts[1:])]
    assert len(set(pieces)) == len(pieces)
    for (one, *_, other), (start, *_, end) in itertools.combinations(pieces, 2):
        if one == start and other[0] == end[0] == one[0]:
            raise AssertionError(f"drawn twice: {one} to {other}, {start} to {end}")


def test_boxes_show_what_was_asked_for():
    model = line()
    assert said(plot_model(model, None)) == ["Dense", "Dropout", "BatchNormalization", "Dense"]
    names = said(plot_model(model, None, show_layer_names=True))
    assert names[0] == "first (Dense)"
    assert said(plot_model(model, None, show_shapes=True))[:3] == [
        "Dense",
        "Input shape: (None, 4)",
        "Output shape: (None, 8)",
    ]
    assert said(plot_model(model, None, show_dtype=True))[1] == "Output dtype: float32"
    activations = said(plot_model(model, None, show_layer_activations=True))
    assert [text for text in activations if ":" in text] == [
        "Activation: relu",
        "Activation: softmax",
    ]
    trainable = said(plot_model(model, None, show_trainable=True))
    assert [text for text in trainable if "rain" in text] == [
        "Trainable",
        "Non-trainable",
        "Trainable",
    ]


def test_inputs_of_several_shapes_and_types_are_listed():
    texts = said(plot_model(wide_and_deep(), None, **EVERYTHING))
    assert texts[:3] == ["wide (InputLayer)", "Output shape: (None, 20)", "Output dtype: float32"]
    assert "Output dtype: int32" in texts
    assert "Input shape: (None, 20), (None, 32)" in texts


def test_many_inputs_of_one_shape_are_counted():
    x = Input((4,))
    model = Model(x, Concatenate()([x, *(Dense(3)(x) for _ in range(4))]))
    texts = said(plot_model(model, None, show_shapes=True))
    assert "Input shape: (None, 4), 4 × (None, 3)" in texts


def test_each_use_of_a_shared_layer_has_a_box():
    texts = said(plot_model(siamese(), None, show_layer_names=True))
    assert texts.count("code (Dense)") == 2
    assert [text for text in texts if "Shared" in text] == [
        "Shared: use 1 of 2",
        "Shared: use 2 of 2",
    ]


def test_layers_of_a_model_within_a_model_are_shown():
    inner = residual()
    x = Input((4,), name="outer")
    model = Model(x, Dense(1, name="head")(inner(x)))
    for expand_nested in (False, True):
        texts = said(plot_model(model, None, show_layer_names=True, expand_nested=expand_nested))
        assert texts == [
            "outer (InputLayer)",
            *(
                f"{n}{k} ({c})"
                for k in range(3)
                for n, c in (("act", "Activation"), ("dense", "Dense"), ("sum", "Add"))
            ),
            "head (Dense)",
        ]


def test_a_line_that_holds_a_graph_shows_its_input():
    texts = said(plot_model(Sequential([residual(), Dense(1)]), None))
    assert texts[0] == "InputLayer"


@pytest.mark.parametrize(
    ("rankdir", "axis", "sign"), [("TB", 1, -1), ("BT", 1, 1), ("LR", 0, 1), ("RL", 0, -1)]
)
def test_directions(rankdir, axis, sign):
    axes = plot_model(line(), None, rankdir=rankdir)
    places = [sign * text.get_position()[axis] for text in axes.texts]
    assert places == sorted(places)
    assert len({round(text.get_position()[1 - axis], 6) for text in axes.texts}) == 1


def test_kinds_of_layers_have_colours_of_their_own():
    axes = plot_model(wide_and_deep(), None)
    heads = [patch.get_facecolor() for patch in drawn(axes, "Rectangle")][1::2]
    colours = dict(zip(said(axes), heads, strict=True))
    assert len({colours[kind] for kind in ("InputLayer", "Dense", "Concatenate")}) == 3
    assert colours["Dense"] == colours["Embedding"]
    assert colours["Flatten"] == colours["Concatenate"]


@pytest.mark.parametrize("suffix", HEADERS)
def test_pictures_are_files_of_three_formats_and_always_the_same(suffix, tmp_path):
    files = [tmp_path / f"{k}{suffix}" for k in "ab"]
    for file in files:
        plot_model(line(), file)
    assert files[0].read_bytes().startswith(HEADERS[suffix])
    assert files[0].read_bytes() == files[1].read_bytes()
    if suffix == ".svg":
        assert ET.parse(files[0]).getroot().tag.endswith("svg")


def test_a_file_without_suffix_is_a_png_and_the_default_is_that_of_keras(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    plot_model(line(), "picture")
    plot_model(line())
    assert (tmp_path / "picture").read_bytes()[:8] == HEADERS[".png"]
    assert sorted(file.name for file in tmp_path.iterdir()) == ["model.png", "picture"]


def test_dots_per_inch(tmp_path):
    widths = []
    for dpi in (50, 100):
        plot_model(line(), tmp_path / "a.png", dpi=dpi)
        widths.append(int.from_bytes((tmp_path / "a.png").read_bytes()[16:20], "big"))
    assert widths[1] == pytest.approx(2 * widths[0], abs=1)


def test_a_picture_too_large_for_a_png_has_fewer_dots():
    axes = plot_model(thirty(), None)
    height = axes.figure.get_size_inches()[1]
    assert drawing.fitting(axes, 200) == 200
    assert 65_000 < drawing.fitting(axes, 100_000) * height < 2**16


@every_model
def test_an_axes_that_is_given_is_filled_and_text_is_as_small_as_its_box(build, monkeypatch):
    monkeypatch.setitem(rcParams, "text.hinting", "none")
    ax = Figure(figsize=(8, 16), dpi=72).add_axes((0.1, 0.1, 0.8, 0.8))
    assert plot_model(build(), None, **EVERYTHING, ax=ax) is ax
    ax.apply_aspect()
    outside = ax.get_window_extent().padded(1)
    for text, box in bounds(ax):
        assert box.x0 <= text.x0 < text.x1 <= box.x1
        assert outside.x0 <= box.x0 < box.x1 <= outside.x1
        assert outside.y0 <= box.y0 < box.y1 <= outside.y1


def test_a_notebook_shows_the_picture():
    assert plot_model(line(), None)._repr_png_()[:8] == HEADERS[".png"]


def test_names_are_no_formulas(tmp_path):
    axes = plot_model(long_names(), tmp_path / "a.png", show_layer_names=True)
    assert "$all_of_them$ (Concatenate)" in said(axes)


def test_drawing_does_not_touch_pyplot():
    code = (
        "import sys; from chainrule import Sequential, Input; from chainrule.layers import Dense; "
        "from chainrule.utils import plot_model; "
        "plot_model(Sequential([Input((2,)), Dense(1)]), None); "
        "sys.exit('matplotlib.pyplot' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("make", [plot_model, model_to_dot])
@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"rankdir": "XY"}, "`rankdir` must be one of .*Received: rankdir='XY'"),
        ({"splines": "zigzag"}, "`splines` must be one of .*Received: splines='zigzag'"),
        ({"dpi": 0}, "`dpi` must be positive. Received: dpi=0"),
        ({"layer_range": ("a", "b")}, "Unrecognized keyword arguments. Received: layer_range="),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_what_cannot_be_used_is_refused(make, wrong, message):
    with pytest.raises(ArgumentError, match=message):
        make(line(), **wrong)


@pytest.mark.parametrize("make", [plot_model, model_to_dot])
def test_a_model_must_be_built(make):
    with pytest.raises(StateError, match="is not built"):
        make(Sequential([Dense(3)]))


def test_an_unknown_suffix_is_refused_before_anything_is_drawn(tmp_path):
    with pytest.raises(ArgumentError, match=r"must end in \.png, \.svg, \.pdf\. Received: path="):
        plot_model(line(), tmp_path / "model.docx")


def test_without_matplotlib_it_says_what_to_type(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ImportError, match=r'pip install "chainrule\[plot\]"'):
        plot_model(line(), None)


# ------------------------------------------------------------ text for Graphviz


def test_dot_has_every_box_and_edge():
    text = model_to_dot(wide_and_deep(), show_shapes=True, rankdir="LR", dpi=96, splines="curved")
    lines = [entry.strip() for entry in text.splitlines()]
    assert lines[0].startswith('digraph "functional')
    assert lines[-1] == "}"
    assert lines[1:5] == ["rankdir=LR;", "concentrate=true;", "dpi=96;", "splines=curved;"]
    assert sum("[label=<<table" in entry for entry in lines) == 8
    assert [entry for entry in lines if "->" in entry] == [
        f'"{one}" -> "{two}" [penwidth=2];'
        for one, two in [(1, 2), (2, 3), (3, 4), (0, 5), (4, 5), (5, 6), (4, 7)]
    ]
    assert "<b>joined (Concatenate)</b>" in text
    assert "Input shape: (None, 20), (None, 32)" in text


def test_dot_escapes_names():
    layer = Dense(1, name='a<b> & "c"')
    model = Sequential([Input((2,)), layer], name='say "hi" \\ <now>')
    text = model_to_dot(model)
    assert text.startswith('digraph "say \\"hi\\" \\\\ <now>" {')
    assert "<b>a&lt;b&gt; &amp; &quot;c&quot; (Dense)</b>" in text


def test_dot_of_a_part_is_a_cluster():
    text = model_to_dot(line(), subgraph=True, show_layer_names=False)
    assert text.startswith('subgraph "cluster_line" {\n  label="line";')
    assert "dpi" not in text
    assert '"line/0" -> "line/1"' in text
    assert "first" not in text
