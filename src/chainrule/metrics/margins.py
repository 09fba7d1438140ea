"""How far scores are from being right by a margin of 1."""

from __future__ import annotations

from chainrule import losses
from chainrule.metrics.reduction import RuleMetric


class Hinge(RuleMetric):
    """Mean of max(0, 1 − t p), with targets of −1 and 1 (or of 0 and 1 throughout a batch)."""

    rule = losses.hinge


class SquaredHinge(RuleMetric):
    """Mean of max(0, 1 − t p)²; targets as of :class:`Hinge`."""

    rule = losses.squared_hinge


class CategoricalHinge(RuleMetric):
    """Mean of max(0, 1 + the best score of a wrong class − the score of the right one)."""

    rule = losses.categorical_hinge
