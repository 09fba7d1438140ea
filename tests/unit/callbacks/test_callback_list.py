import pytest

from chainrule.callbacks import (
    Callback,
    CallbackList,
    CSVLogger,
    EarlyStopping,
    History,
    LambdaCallback,
    LearningRateScheduler,
    ModelCheckpoint,
    ProgbarLogger,
    ReduceLROnPlateau,
    SwapEMAWeights,
    TerminateOnNaN,
)


class AtBatches(Callback):
    def on_predict_batch_begin(self, batch, logs=None):
        pass


class OnceInAWhile(AtBatches):
    every_batch = False


@pytest.mark.parametrize(
    ("callback", "watches"),
    [
        (Callback(), False),
        (History(), False),
        (EarlyStopping(), False),
        (ReduceLROnPlateau(), False),
        (LearningRateScheduler(float), False),
        (CSVLogger("log.csv"), False),
        (SwapEMAWeights(), False),
        (ProgbarLogger(), False),
        (LambdaCallback(on_epoch_end=print, on_train_begin=print), False),
        (LambdaCallback(on_train_batch_end=print), True),
        (LambdaCallback(on_test_batch_begin=print), True),
        (TerminateOnNaN(), True),
        (ModelCheckpoint("a.safetensors"), False),
        (ModelCheckpoint("a.safetensors", save_freq=2), True),
        (AtBatches(), True),
        (OnceInAWhile(), False),
        (object(), False),
    ],
    ids=lambda value: type(value).__name__,
)
def test_only_who_watches_batches_is_called_at_each(callback, watches):
    assert CallbackList([callback]).watches_batches == watches


def test_a_callback_alone_a_list_a_list_of_lists_and_a_callback_list_will_do():
    first, second = Callback(), Callback()
    assert CallbackList(first).callbacks == [first]
    assert CallbackList((first, [second])).callbacks == [first, second]
    assert CallbackList(CallbackList([first, second])).callbacks == [first, second]
    assert CallbackList().callbacks == []


def test_all_share_one_sorted_dictionary_that_is_not_the_callers():
    seen = []
    logs = {"loss": 1.0, "acc": 0.5}

    def add(epoch, logs):
        logs["a"] = epoch

    hooks = CallbackList(
        [LambdaCallback(on_epoch_end=add), LambdaCallback(on_epoch_end=lambda *a: seen.append(a))]
    )
    hooks.on_epoch_end(3, logs)
    assert list(seen[0][1].items()) == [("acc", 0.5), ("loss", 1.0), ("a", 3)]
    assert list(logs) == ["loss", "acc"]


def test_without_model_or_parameters_callbacks_keep_theirs():
    callback = Callback()
    CallbackList([callback], model="a model", steps=3)
    CallbackList([callback])
    assert (callback.model, callback.params) == ("a model", {"steps": 3})


def test_callbacks_of_the_library_come_last_and_are_not_added_twice():
    user, history = Callback(), History()
    *first, bar = CallbackList([user], True, True, own=[history]).callbacks
    assert first == [user, history]
    assert isinstance(bar, ProgbarLogger)
