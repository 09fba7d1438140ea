import numpy as np
import pytest
from tests.builders import line, regressor

from chainrule.callbacks import PathRecorder
from chainrule.errors import ArgumentError, StateError


def trained(recorder, epochs=6, **options):
    model = regressor()
    start = model.theta.copy()
    model.fit(*line(), batch_size=16, epochs=epochs, verbose=0, callbacks=[recorder], **options)
    return model, start


def test_it_keeps_the_weights_at_the_start_and_after_each_epoch():
    recorder = PathRecorder()
    model, start = trained(recorder)
    assert recorder.points.shape == (7, model.theta.size)
    assert np.array_equal(recorder.points[0], start)
    assert np.array_equal(recorder.points[-1], model.theta)
    assert recorder.batches == [0, 4, 8, 12, 16, 20, 24]
    assert recorder.name == "sgd"


@pytest.mark.parametrize(
    ("options", "batches"),
    [
        ({"every": 4}, [0, 16]),
        ({"unit": "batch"}, list(range(25))),
        ({"unit": "batch", "every": 5}, [0, 5, 10, 15, 20]),
    ],
)
def test_it_keeps_as_many_as_it_is_told(options, batches):
    recorder = PathRecorder(**options)
    trained(recorder)
    assert recorder.batches == batches
    assert len(recorder.points) == len(batches)


def test_batches_on_the_way_are_the_same_weights():
    batches, epochs = PathRecorder(unit="batch"), PathRecorder()
    trained(batches)
    trained(epochs)
    assert np.array_equal(batches.points[::4], epochs.points)


def test_another_fit_begins_a_new_path():
    recorder = PathRecorder(name="mine")
    model, _ = trained(recorder)
    end = model.theta.copy()
    model.fit(*line(), epochs=1, verbose=0, callbacks=[recorder])
    assert len(recorder.points) == 2
    assert np.array_equal(recorder.points[0], end)
    assert recorder.name == "mine"


def test_recording_epochs_leaves_the_batches_to_the_engine():
    assert not PathRecorder().every_batch
    assert PathRecorder(unit="batch").every_batch


@pytest.mark.parametrize("options", [{"every": 0}, {"every": True}, {"unit": "step"}])
def test_wrong_arguments_are_refused(options):
    with pytest.raises(ArgumentError, match=next(iter(options))):
        PathRecorder(**options)


def test_nothing_recorded_is_said_so():
    with pytest.raises(StateError, match="give the recorder to"):
        _ = PathRecorder().points
