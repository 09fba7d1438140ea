import pytest
from tests.builders import line, regressor
from tests.unit.core.streams import Stream

from chainrule.callbacks import CallbackList, ProgbarLogger


def test_evaluate_and_predict_have_a_line_too(capsys):
    x, y = line(40)
    model = regressor()
    model.evaluate(x, y)
    model.predict(x, verbose=2)
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("2/2 - 0s")
    assert "loss: " in first
    assert second.startswith("2/2 - 0s")


@pytest.mark.parametrize("verbose", [0, 1, 2])
@pytest.mark.parametrize("given", [[], [ProgbarLogger]])
def test_fit_has_one_bar_whoever_gives_it(given, verbose, capsys):
    x, y = line(40)
    callbacks = [kind() for kind in given]
    regressor().fit(x, y, epochs=2, verbose=verbose, validation_split=0.5, callbacks=callbacks)
    shown = capsys.readouterr().out.splitlines()
    assert len(shown) == 2 * verbose
    assert sum("val_loss: " in row for row in shown) == (2 if verbose else 0)


def test_a_bar_of_ones_own_does_not_slow_training_down():
    assert not CallbackList([ProgbarLogger()]).watches_batches


def test_a_bar_serves_a_loop_of_ones_own():
    stream = Stream(tty=False)
    hooks = CallbackList(ProgbarLogger(stream), verbose="auto", epochs=1, steps=3)
    hooks.on_test_begin()
    for batch in range(3):
        hooks.on_test_batch_begin(batch)
        hooks.on_test_batch_end(batch, {"loss": 1.0})
    hooks.on_test_end({"loss": 1.0})
    hooks.on_predict_begin()
    hooks.on_predict_batch_end(2, {"outputs": [1, 2]})
    hooks.on_predict_end()
    test, prediction = stream.getvalue().splitlines()
    assert test.startswith("3/3 - 0s")
    assert test.endswith("loss: 1.0000")
    assert prediction.endswith("/step")


def test_validation_is_silent_and_a_later_evaluation_is_not():
    stream = Stream(tty=False)
    hooks = CallbackList(ProgbarLogger(stream), verbose=1, epochs=1, steps=1)
    for begin, end in ((hooks.on_train_begin, hooks.on_train_end), (print, print)):
        begin()
        hooks.on_test_begin()
        hooks.on_test_batch_end(0, {"loss": 1.0})
        hooks.on_test_end({"loss": 1.0})
        end()
    assert len(stream.getvalue().splitlines()) == 1


def test_the_number_of_batches_is_learned_in_the_first_epoch():
    stream = Stream(tty=False)
    hooks = CallbackList(ProgbarLogger(stream), verbose=1, epochs=2, steps=None)
    for epoch in range(2):
        hooks.on_epoch_begin(epoch)
        for batch in range(5 - epoch):
            hooks.on_train_batch_end(batch)
        hooks.on_epoch_end(epoch)
    first, second = stream.getvalue().splitlines()
    assert first.startswith("Epoch 1/2 - 5/5 - ")
    assert second.startswith("Epoch 2/2 - 4/5 - ")


def test_an_interrupt_ends_the_half_drawn_line(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    stream = Stream()
    bar = ProgbarLogger(stream)
    hooks = CallbackList([bar, object()], verbose=1, epochs=1, steps=3)
    hooks.interrupt()
    hooks.on_epoch_begin(0)
    bar._bar.interval = 0
    hooks.on_train_batch_end(0)
    assert "\n" not in stream.getvalue()
    hooks.interrupt()
    assert stream.getvalue().endswith("\n")
