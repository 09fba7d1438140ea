"""Every exception that chainrule raises on purpose.

```
ChainruleError
├── ArgumentError (ValueError)        an argument that cannot be used
│   ├── UnknownNameError              a name that is in no registry; names the nearest one
│   ├── ShapeError                    arrays or layers that do not fit together
│   └── StateError                    a call before build() or compile()
├── DataError (ValueError)            a user's data that cannot be trained on
├── ModelFileError (ValueError)       a file that is no intact chainrule model
│   └── FormatVersionError            written by a newer chainrule
├── DownloadError (OSError)           a data set that could not be fetched
├── DivergedError (ArithmeticError,   training whose loss is no longer a number
│                  RuntimeError)
├── NoCurvatureError                  a rule whose derivatives cannot be differentiated
│               (NotImplementedError)
└── NoKernelError                     a part of a model that the native engine does not run
    │           (NotImplementedError)
    └── MissingEngineError            chainrule was installed without that engine
```
"""

from __future__ import annotations


class ChainruleError(Exception):
    """Base of all errors of chainrule.

    Args:
        message: What must hold, and what to do about it.
        **received: What came instead, shown at the end as ``Received: name=value``.
    """

    def __init__(self, message: str, **received: object) -> None:
        if received:
            shown = ", ".join(f"{name}={_short(value)}" for name, value in received.items())
            message = f"{message} Received: {shown}"
        super().__init__(message)


class ArgumentError(ChainruleError, ValueError):
    """An argument that cannot be used."""


class UnknownNameError(ArgumentError):
    """A name that is in no registry."""


class ShapeError(ArgumentError):
    """Arrays or layers whose shapes do not fit together."""


class StateError(ArgumentError):
    """A call that needs ``build()`` or ``compile()`` first."""


class DataError(ChainruleError, ValueError):
    """Data that cannot be trained on."""


class ModelFileError(ChainruleError, ValueError):
    """A file that is not an intact chainrule model."""


class FormatVersionError(ModelFileError):
    """A model file written by a newer version of chainrule."""


class DownloadError(ChainruleError, OSError):
    """A data set that could not be fetched."""


class DivergedError(ChainruleError, ArithmeticError, RuntimeError):
    """Training whose loss is no longer a finite number."""


class NoCurvatureError(ChainruleError, NotImplementedError):
    """A rule whose derivatives cannot be differentiated; the message says which, and why."""


class NoKernelError(ChainruleError, NotImplementedError):
    """A part of a model that the native engine does not run; the message says which."""


class MissingEngineError(NoKernelError):
    """chainrule was installed without its native engine."""


def _short(value: object, limit: int = 120) -> str:
    text = repr(value)
    return text if len(text) <= limit else text[: limit - 1] + "…"
