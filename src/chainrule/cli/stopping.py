"""Stopping ``fit`` from outside with whole weights: Ctrl-C, SIGTERM, a pipe that nobody reads."""

from __future__ import annotations

import math
import signal
import warnings
from types import FrameType
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.callbacks import Callback
from chainrule.callbacks.callback import Logs
from chainrule.cli.main import reader_gone

if TYPE_CHECKING:
    from chainrule.callbacks import History
    from chainrule.models import Sequential


class Stopping(Callback):
    """Ends training when a signal asks for it, or when the loss is no longer a number.

    Attributes:
        code: The exit code that a signal asks for; 0 if none came.
    """

    def __init__(self) -> None:
        self.code = 0

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        if self.code:  # a signal came before ``fit`` was ready for one
            self.model.stop_training = True

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        if not all(map(math.isfinite, (logs or {}).values())):
            self.model.stop_training = True

    def fit(self, model: Sequential, x: Any, y: Any, batch_size: int, **options: Any) -> None:
        """``model.fit``; afterwards ``model.history`` has the whole epochs only."""
        self.set_model(model)
        before = signal.signal(signal.SIGTERM, self._terminated)
        try:
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", "The loss became", RuntimeWarning)  # told later
                model.fit(x, y, batch_size, callbacks=[self], **options)
        except KeyboardInterrupt:
            self.code = self.code or 128 + signal.SIGINT
        except BrokenPipeError:
            self.code = reader_gone()
        finally:
            signal.signal(signal.SIGTERM, before)
        if self.code and model.history is not None:
            _whole_epochs(model.history, model, len(x), batch_size)

    def diverged(self, model: Sequential) -> bool:
        """Whether the loss or a weight is no longer a finite number."""
        assert model.history is not None  # noqa: S101  (it was trained)
        last = [values[-1] for values in model.history.history.values() if values]
        return not (all(map(math.isfinite, last)) and bool(np.isfinite(model.theta).all()))

    def _terminated(self, number: int, frame: FrameType | None) -> None:
        """Do as Ctrl-C does; where a script has switched Ctrl-C off, ask ``fit`` to end."""
        self.code = 128 + number
        if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
            self.model.stop_training = True
        else:
            signal.raise_signal(signal.SIGINT)


def _whole_epochs(history: History, model: Sequential, samples: int, batch_size: int) -> None:
    """Drop the record of an epoch that was cut short."""
    assert model.optimizer is not None  # noqa: S101  (it was trained)
    whole = model.optimizer.steps // math.ceil(samples / batch_size)
    del history.epoch[whole:]
    for name, epochs in history.epochs.items():
        kept = sum(epoch < whole for epoch in epochs)
        del epochs[kept:], history.history[name][kept:]
