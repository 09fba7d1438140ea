"""Looking inside: numbers of a training step, and whether they are right."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chainrule.core.lazy import lazy

if TYPE_CHECKING:
    from chainrule.glass.backprop import BackpropReport, check_backprop
    from chainrule.glass.faults import FAULTS, Fault
    from chainrule.glass.finding import Finding
    from chainrule.glass.gradients import GradientReport, check_gradients
    from chainrule.glass.paths import Path, descend
    from chainrule.glass.surfaces import SURFACES, Surface
    from chainrule.glass.trace.cells import Cell
    from chainrule.glass.trace.record import Entry, Step, Trace
    from chainrule.glass.update_rules.check import OptimizerReport, check_optimizer

__all__ = [
    "FAULTS",
    "SURFACES",
    "BackpropReport",
    "Cell",
    "Entry",
    "Fault",
    "Finding",
    "GradientReport",
    "OptimizerReport",
    "Path",
    "Step",
    "Surface",
    "Trace",
    "check_backprop",
    "check_gradients",
    "check_optimizer",
    "descend",
]

__getattr__, __dir__ = lazy(
    __name__,
    {
        "backprop": ("BackpropReport", "check_backprop"),
        "faults": ("FAULTS", "Fault"),
        "finding": ("Finding",),
        "gradients": ("GradientReport", "check_gradients"),
        "paths": ("Path", "descend"),
        "surfaces": ("SURFACES", "Surface"),
        "trace.cells": ("Cell",),
        "trace.record": ("Entry", "Step", "Trace"),
        "update_rules.check": ("OptimizerReport", "check_optimizer"),
    },
)
"""A model that is only trained needs none of it."""
