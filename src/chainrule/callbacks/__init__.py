"""Callbacks: code of yours that runs at fixed moments of training."""

from typing import TYPE_CHECKING

from chainrule.callbacks.callback import Callback
from chainrule.callbacks.callback_list import CallbackList
from chainrule.callbacks.history import History
from chainrule.callbacks.progress import ProgbarLogger
from chainrule.core.lazy import lazy

if TYPE_CHECKING:
    from chainrule.callbacks.averages import SwapEMAWeights
    from chainrule.callbacks.checkpoint import ModelCheckpoint
    from chainrule.callbacks.csv_logger import CSVLogger
    from chainrule.callbacks.distributions import DistributionRecorder
    from chainrule.callbacks.early_stopping import EarlyStopping
    from chainrule.callbacks.functions import LambdaCallback
    from chainrule.callbacks.health import HealthMonitor
    from chainrule.callbacks.learning_rate import LearningRateScheduler, ReduceLROnPlateau
    from chainrule.callbacks.path_recorder import PathRecorder
    from chainrule.callbacks.terminate import TerminateOnNaN

__all__ = [
    "CSVLogger",
    "Callback",
    "CallbackList",
    "DistributionRecorder",
    "EarlyStopping",
    "HealthMonitor",
    "History",
    "LambdaCallback",
    "LearningRateScheduler",
    "ModelCheckpoint",
    "PathRecorder",
    "ProgbarLogger",
    "ReduceLROnPlateau",
    "SwapEMAWeights",
    "TerminateOnNaN",
]

__getattr__, __dir__ = lazy(
    __name__,
    {
        "averages": ("SwapEMAWeights",),
        "checkpoint": ("ModelCheckpoint",),
        "csv_logger": ("CSVLogger",),
        "distributions": ("DistributionRecorder",),
        "early_stopping": ("EarlyStopping",),
        "functions": ("LambdaCallback",),
        "health": ("HealthMonitor",),
        "learning_rate": ("LearningRateScheduler", "ReduceLROnPlateau"),
        "path_recorder": ("PathRecorder",),
        "terminate": ("TerminateOnNaN",),
    },
)
