"""Callbacks: code of yours that runs at fixed moments of training."""

from chainrule.callbacks.callback import Callback, CallbackList
from chainrule.callbacks.checkpoint import ModelCheckpoint
from chainrule.callbacks.early_stopping import EarlyStopping
from chainrule.callbacks.history import History

__all__ = ["Callback", "CallbackList", "EarlyStopping", "History", "ModelCheckpoint"]
