"""Stop when the loss is no longer a number."""

from __future__ import annotations

import math

from chainrule.callbacks.callback import Callback, Logs
from chainrule.core.console import say
from chainrule.errors import DivergedError


class TerminateOnNaN(Callback):
    """Stops training at the first batch after which the loss is NaN or infinite.

    The loss is the mean over the epoch so far. The batch counts from 0.

    Args:
        raise_error: Whether to raise an error at once, so that no other callback meets the end of
            the training, instead of stopping in good order.

    Raises:
        DivergedError: The loss is no finite number and ``raise_error`` is on.
    """

    def __init__(self, raise_error: bool = False) -> None:
        self.raise_error = raise_error

    def on_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        loss = (logs or {}).get("loss")
        if loss is None or math.isfinite(loss):
            return
        if self.raise_error:
            raise DivergedError(
                f"NaN or Inf loss encountered at batch {batch}. Terminating training immediately.",
                loss=loss,
            )
        say(f"Batch {batch}: Invalid loss, terminating training")
        self.model.stop_training = True
