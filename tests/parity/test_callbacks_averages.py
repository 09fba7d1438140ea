"""SwapEMAWeights: what is validated, saved and left behind, with the averages of the weights."""

import numpy as np
import pytest
from tests.parity.builders import LIBRARIES, assert_same_history, lesson
from tests.parity.tolerances import assert_agree


def averaging(library):
    return library.optimizers.SGD(0.5, use_ema=True, ema_momentum=0.9)


@pytest.mark.parametrize("each_epoch", [False, True])
def test_a_run_validates_with_the_averages_as_in_keras(each_epoch, float64):
    problem = lesson()
    twins = problem.twins(optimizer=averaging)
    seen = {library: [] for library in LIBRARIES}

    def callbacks(library):
        def note(epoch, logs):
            model = twins.both[LIBRARIES.index(library)]
            seen[library].append(np.concatenate([w.ravel() for w in model.get_weights()]))

        return [
            library.callbacks.SwapEMAWeights(swap_on_epoch=each_epoch),
            library.callbacks.LambdaCallback(on_epoch_end=note),
        ]

    histories = twins.fit(
        problem.x, problem.y, epochs=4, validation_split=1 / 3, callbacks=callbacks
    )
    assert_same_history(*histories, "history, float64")
    for ours, theirs in zip(*seen.values(), strict=True):
        assert_agree(ours, theirs, "weights, float64")
    twins.assert_same_weights("weights, float64")


def test_an_evaluation_swaps_there_and_back(float64):
    problem = lesson()
    twins = problem.twins(optimizer=averaging)
    for _ in range(5):
        twins.each(lambda model: model.train_on_batch(problem.x[:16], problem.y[:16]))
    ours, theirs = (
        model.evaluate(
            problem.x,
            problem.y,
            batch_size=16,
            verbose=0,
            callbacks=[library.callbacks.SwapEMAWeights()],
        )
        for library, model in zip(LIBRARIES, twins.both, strict=True)
    )
    assert_agree(ours, theirs, "history, float64")
    twins.assert_same_weights("weights, float64")


def test_a_prediction_swaps_back_where_that_of_keras_does_not(float64):
    problem = lesson()
    twins = problem.twins(optimizer=averaging)
    for _ in range(5):
        twins.each(lambda model: model.train_on_batch(problem.x[:16], problem.y[:16]))
    kept = []
    outputs = []
    for library, model in zip(LIBRARIES, twins.both, strict=True):
        before = model.get_weights()
        swap = library.callbacks.SwapEMAWeights()
        outputs.append(model.predict(problem.x, batch_size=16, verbose=0, callbacks=[swap]))
        kept.append(all(map(np.array_equal, before, model.get_weights())))
    assert_agree(*outputs, "history, float64")
    assert kept == [True, False]


def test_an_optimizer_that_does_not_average_is_refused(float64):
    problem = lesson()
    for library, model in zip(LIBRARIES, problem.twins().both, strict=True):
        swap = library.callbacks.SwapEMAWeights()
        with pytest.raises(ValueError, match="`use_ema=True`"):
            model.fit(
                problem.x,
                problem.y,
                batch_size=16,
                verbose=0,
                validation_split=1 / 3,
                callbacks=[swap],
            )
