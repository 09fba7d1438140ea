"""What goes wrong in hand-written update rules, rule by rule."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from chainrule.core.registry import Registry
from chainrule.glass.update_rules.faults.form import Deviation as Deviation
from chainrule.glass.update_rules.faults.form import Form as Form
from chainrule.glass.update_rules.faults.lion import lion
from chainrule.glass.update_rules.faults.moments import adam, adamax, adamw, nadam
from chainrule.glass.update_rules.faults.momentum import MOMENTUM, NESTEROV, SGD
from chainrule.glass.update_rules.faults.squares import adadelta, adagrad, rmsprop

FORMS: Registry[Callable[[Mapping[str, Any]], Form]] = Registry("update rule")
"""For each rule the function that makes its form from its options."""

FORMS.add("sgd", lambda options: SGD)
FORMS.add("momentum", lambda options: MOMENTUM)
FORMS.add("nesterov", lambda options: NESTEROV)
for _form in (rmsprop, adagrad, adadelta, adam, adamw, adamax, nadam, lion):
    FORMS.add(_form.__name__, _form)
