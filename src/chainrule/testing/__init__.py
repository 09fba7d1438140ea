"""For authors of rules: make inputs for a rule, and check it."""

from chainrule.testing.conformance import check_rule, check_update_rule
from chainrule.testing.samples import sample_inputs
from chainrule.testing.tolerances import TOLERANCES, Tolerance, assert_close

__all__ = [
    "TOLERANCES",
    "Tolerance",
    "assert_close",
    "check_rule",
    "check_update_rule",
    "sample_inputs",
]
