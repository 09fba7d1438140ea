"""Saving and loading: nothing is lost, nothing is half-written, nothing damaged is believed."""

import json
import sys

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file
from tests.builders import blobs, classifier, every_layer, line, regressor

from chainrule.errors import ArgumentError, FormatVersionError, ModelFileError, UnknownNameError
from chainrule.formats import container
from chainrule.layers import Dense
from chainrule.losses import BinaryCrossentropy
from chainrule.metrics import BinaryAccuracy
from chainrule.models import Sequential, load_model
from chainrule.optimizers import SGD, Adam, RMSprop

OPTIMIZERS = [
    SGD(0.1),
    SGD(0.1, momentum=0.9, nesterov=True),
    RMSprop(0.01, momentum=0.5, centered=True),
    Adam(0.01, amsgrad=True),
]


@pytest.fixture
def saved(tmp_path):
    """A small trained model and its file."""
    x, y = line()
    model = regressor("adam", metrics=["mae"])
    model.fit(x, y, verbose=0)
    path = tmp_path / "model.safetensors"
    model.save(path)
    return model, path


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=repr)
def test_a_loaded_model_trains_on_with_the_same_bits(optimizer, tmp_path):
    x, y = blobs()
    model = classifier(optimizer=optimizer.from_config(optimizer.get_config()))
    model.fit(x, y, epochs=2, verbose=0)
    model.save(tmp_path / "m.safetensors")
    loaded = load_model(tmp_path / "m.safetensors")
    assert repr(loaded.optimizer) == repr(model.optimizer)
    assert loaded.optimizer.iterations == model.optimizer.iterations
    a, b = (m.fit(x, y, epochs=2, verbose=0).history for m in (model, loaded))
    assert a == b
    assert np.array_equal(model.theta, loaded.theta)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_every_layer_comes_back(dtype, tmp_path):
    model = every_layer(dtype)
    model.compile(
        "rmsprop",
        BinaryCrossentropy(label_smoothing=0.1),
        metrics=[BinaryAccuracy(threshold=0.4)],
        weighted_metrics=["mse"],
    )
    model.save(tmp_path / "m.safetensors")
    loaded = load_model(tmp_path / "m.safetensors")
    x = np.random.default_rng(0).normal(size=(5, 4, 3))
    assert loaded.get_config() == model.get_config()
    assert loaded.dtype == dtype
    assert np.array_equal(loaded.predict(x, verbose=0), model.predict(x, verbose=0))
    assert loaded.loss.get_config() == model.loss.get_config()
    assert [m.get_config() for m in loaded.metrics] == [m.get_config() for m in model.metrics]


def test_without_compile_only_weights_and_structure_come(saved):
    model, path = saved
    loaded = load_model(path, compile=False)
    assert not loaded.compiled
    assert np.array_equal(loaded.theta, model.theta)


def test_any_reader_of_safetensors_finds_the_weights_under_their_names(saved):
    model, path = saved
    tensors = load_file(path)
    assert np.array_equal(tensors["layers.0.kernel"], model.layers[0].kernel)
    weights = {f"layers.{place}.{name}" for place in (0, 1) for name in ("kernel", "bias")}
    assert set(tensors) == weights | {"optimizer.m", "optimizer.v"}


def test_weights_alone_are_saved_and_loaded(saved, tmp_path):
    model, path = saved
    weights = tmp_path / "m.weights.safetensors"
    model.save_weights(weights)
    other = regressor(seed=9)
    other.load_weights(weights)
    assert np.array_equal(other.theta, model.theta)
    other = regressor(seed=9)
    other.load_weights(path)
    assert np.array_equal(other.theta, model.theta)
    with pytest.raises(ModelFileError, match="weights only"):
        load_model(weights)


def test_weights_of_another_model_leave_this_one_as_it_was(saved):
    _, path = saved
    other = Sequential([Dense(5, input_dim=2, name="dense"), Dense(1, name="dense_1")])
    before = other.theta.copy()
    with pytest.raises(ModelFileError, match="must have shape"):
        other.load_weights(path)
    assert np.array_equal(other.theta, before)


@pytest.mark.parametrize(
    ("name", "message"),
    [("m.keras", "reserved"), ("m.h5", "must end in '.safetensors'"), ("m", "must end in")],
)
def test_a_wrong_extension_is_refused(saved, tmp_path, name, message):
    with pytest.raises(ArgumentError, match=message):
        saved[0].save(tmp_path / name)


def test_overwriting_can_be_forbidden(saved):
    model, path = saved
    with pytest.raises(ArgumentError, match="overwrite=True"):
        model.save(path, overwrite=False)


def test_a_failed_save_keeps_the_old_file(saved, monkeypatch):
    model, path = saved
    before = path.read_bytes()
    monkeypatch.setattr("os.fsync", lambda handle: (_ for _ in ()).throw(OSError(28, "full")))
    with pytest.raises(OSError, match="full"):
        model.save(path)
    assert path.read_bytes() == before
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_every_changed_byte_is_found(saved, tmp_path):
    """Exhaustive over the file: two flips of each byte."""
    content = saved[1].read_bytes()
    damaged = tmp_path / "damaged.safetensors"
    believed = []
    for place in range(len(content)):
        for flip in (0x01, 0x80):
            changed = bytearray(content)
            changed[place] ^= flip
            damaged.write_bytes(changed)
            try:
                container.read(damaged)
            except ModelFileError:
                continue
            believed.append((place, flip))
    assert believed == []


def test_every_cut_is_found(saved, tmp_path):
    content = saved[1].read_bytes()
    damaged = tmp_path / "damaged.safetensors"
    for size in range(0, len(content), 7):
        damaged.write_bytes(content[:size])
        with pytest.raises(ModelFileError):
            load_model(damaged)
    damaged.write_bytes(content + b"\0")
    with pytest.raises(ModelFileError):
        load_model(damaged)


def rewritten(path, change):
    """The file with its facts changed and every hash right again."""
    tensors, facts = container.read(path)
    change(facts)
    container.write(path, tensors, facts)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (
            lambda f: f["model"]["config"]["layers"][1].update(class_name="os.system"),
            UnknownNameError,
            "layer",
        ),
        (
            lambda f: f["model"]["config"]["layers"][1].update(class_name=["x"]),
            UnknownNameError,
            "layer",
        ),
        (
            lambda f: f["model"]["config"]["layers"][1]["config"].update(units="9"),
            ArgumentError,
            "units",
        ),
        (
            lambda f: f["model"]["config"]["layers"][1]["config"].update(units=7),
            ModelFileError,
            "shape",
        ),
        (
            lambda f: f["model"]["config"]["layers"][1]["config"].update(activation="exec"),
            UnknownNameError,
            "activation",
        ),
        (lambda f: f["model"]["config"].pop("layers"), ModelFileError, "description"),
        (lambda f: f.update(model=3), ModelFileError, "description"),
        (
            lambda f: f["compile"].update(optimizer={"class_name": "eval"}),
            UnknownNameError,
            "optimizer",
        ),
        (
            lambda f: f["compile"]["optimizer"]["config"].update(cmd=1),
            ArgumentError,
            "no such argument",
        ),
        (lambda f: f["state"].pop("iterations"), ModelFileError, "description"),
    ],
)
def test_a_file_cannot_name_code_or_what_does_not_exist(saved, change, error, message):
    rewritten(saved[1], change)
    with pytest.raises(error, match=message):
        load_model(saved[1])


def test_loading_runs_no_code_and_opens_nothing_else(saved):
    load_model(saved[1])  # everything that loading imports is imported now
    seen = []
    armed = [True]

    def audit(event, arguments):
        watched = ("exec", "compile", "import", "subprocess.Popen", "os.system", "socket.connect")
        if armed and (event in watched or event.startswith("pickle")):
            seen.append((event, arguments[:1]))
        if armed and event == "open" and str(arguments[0]) != str(saved[1]):
            seen.append((event, arguments[0]))

    sys.addaudithook(audit)
    load_model(saved[1])
    armed.clear()
    assert seen == []


def test_a_plain_safetensors_file_and_a_newer_format_are_told_apart(saved, tmp_path):
    plain = tmp_path / "plain.safetensors"
    save_file({"a": np.zeros(2)}, plain)
    with pytest.raises(ModelFileError, match="not a chainrule model"):
        load_model(plain)
    save_file({"a": np.zeros(2)}, plain, {"format": "chainrule", "version": "2"})
    with pytest.raises(FormatVersionError, match="newer chainrule"):
        load_model(plain)
    with pytest.raises(FileNotFoundError):
        load_model(tmp_path / "none.safetensors")


def test_a_deep_header_is_refused(tmp_path):
    header = b"[" * 200_000
    bomb = tmp_path / "bomb.safetensors"
    bomb.write_bytes(len(header).to_bytes(8, "little") + header)
    with pytest.raises(ModelFileError):
        load_model(bomb)


def test_facts_are_readable_json(saved):
    _, facts = container.read(saved[1])
    assert json.loads(json.dumps(facts)) == facts
    assert facts["state"]["iterations"] == 2


def test_a_layer_of_your_own_comes_back_when_named(tmp_path):
    class Twice(Dense):
        pass

    model = Sequential([Twice(2, input_dim=2)])
    model.save(tmp_path / "m.safetensors")
    with pytest.raises(UnknownNameError, match="Twice"):
        load_model(tmp_path / "m.safetensors")
    loaded = load_model(tmp_path / "m.safetensors", custom_objects={"Twice": Twice})
    assert isinstance(loaded.layers[0], Twice)
