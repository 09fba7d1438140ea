"""Progress of fit, evaluate and predict: Keras' bar in a terminal, a plain line in a file."""

from __future__ import annotations

from typing import IO, Any

from chainrule.callbacks.callback import Callback, Logs
from chainrule.core.bar import Bar


class ProgbarLogger(Callback):
    """Shows where a run is. One is there by itself, unless the user gives another.

    It is silent while a ``fit`` validates. Unlike Keras' it can serve ``evaluate`` afterwards, and
    a run that was stopped shows the batches that were done.

    Args:
        stream: Where to write; standard output by default.

    Attributes:
        verbose: 0 silent; 1 a bar where it can be redrawn, else one line an epoch; 2 one line an
            epoch, as Keras prints it.
        epochs: The last epoch's number, counted from 1.
        steps: Batches in an epoch; ``None`` if nobody knows.
    """

    every_batch = False

    def __init__(self, stream: IO[str] | None = None) -> None:
        self.verbose, self.epochs = 1, 1
        self.steps: int | None = None
        self._stream = stream
        self._bar: Bar | None = None
        self._in_fit = False

    def set_params(self, params: dict[str, Any]) -> None:
        super().set_params(params)
        verbose = params.get("verbose", 1)
        self.verbose = 1 if verbose == "auto" else int(verbose)
        self.epochs = params.get("epochs") or 1
        self.steps = params.get("steps")

    # ------------------------------------------------------------ hooks

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._in_fit = True

    def on_train_end(self, logs: Logs | None = None) -> None:
        self._in_fit = False

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        self.begin(f"Epoch {epoch + 1}/{self.epochs}" if self.epochs > 1 else "")

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        self.advance(batch + 1, logs)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        self.finish(logs)

    def on_test_begin(self, logs: Logs | None = None) -> None:
        if not self._in_fit:
            self.begin()

    def on_test_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        if not self._in_fit:
            self.advance(batch + 1, logs)

    def on_test_end(self, logs: Logs | None = None) -> None:
        if not self._in_fit:
            self.finish(logs)

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        self.begin()

    def on_predict_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        self.advance(batch + 1)

    def on_predict_end(self, logs: Logs | None = None) -> None:
        self.finish()

    # ------------------------------------------------------------ the line

    def begin(self, title: str = "") -> Bar:
        """Begin a line: an epoch's, an evaluation's or a prediction's."""
        self._bar = Bar(self.steps, self.verbose, title, stream=self._stream)
        return self._bar

    def advance(self, done: int, logs: Logs | None = None) -> None:
        """Tell how many batches are done."""
        bar = self._bar or self.begin()
        bar.update(done, logs)

    def finish(self, logs: Logs | None = None) -> None:
        """Draw the last state and end the line."""
        bar = self._bar or self.begin()
        if self.steps is None:  # now it is known
            self.steps = bar.target = bar.done
        bar.finish(logs)
        self._bar = None

    def interrupt(self) -> None:
        """End a half-drawn line, so that what is printed next begins a new one."""
        if self._bar is not None:
            self._bar.interrupt()
