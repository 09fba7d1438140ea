"""Which engine runs a plan: the native one wherever it can, the NumPy reference elsewhere."""

from __future__ import annotations

import warnings
from typing import Any, Literal, NamedTuple

from chainrule.core.plan import Plan
from chainrule.engines.base import Program
from chainrule.errors import ArgumentError, MissingEngineError, NoKernelError

Wanted = Literal["auto", "native", "numpy"]
ENGINES = ("auto", "native", "numpy")

_told = {"missing": False}


class Choice(NamedTuple):
    """A program, and which engine made it.

    Attributes:
        program: The plan made ready to run.
        engine: ``"native"`` or ``"numpy"``.
        why: Why it is not the native one, in words; empty if it is, or if it was not wanted.
    """

    program: Program
    engine: str
    why: str = ""


def choose(plan: Plan, wanted: Wanted = "auto") -> Choice:
    """Build the program of a plan.

    Args:
        plan: The model.
        wanted: ``"native"``, ``"numpy"``, or ``"auto"``: native where every part has a kernel.

    Raises:
        NoKernelError: ``"native"`` was wanted, and a part has none.
        MissingEngineError: ``"native"`` was wanted, and chainrule was installed without it.
    """
    why = ""
    if wanted != "numpy":
        from chainrule.engines.native import NativeEngine

        try:
            return Choice(NativeEngine().build(plan), "native")
        except MissingEngineError as error:
            if wanted == "native":
                raise
            why = "it is not installed"
            if not _told["missing"]:
                _told["missing"] = True
                warnings.warn(str(error), RuntimeWarning, stacklevel=2)
        except NoKernelError as error:
            if wanted == "native":
                raise
            why = str(error)
    from chainrule.engines.numpy import NumpyEngine

    return Choice(NumpyEngine().build(plan), "numpy", why)


def checked(engine: Any) -> Wanted:
    """The name of an engine.

    Raises:
        ArgumentError: There is none of that name.
    """
    if engine not in ENGINES:
        raise ArgumentError(f"`engine` must be one of {ENGINES}.", engine=engine)
    return engine
