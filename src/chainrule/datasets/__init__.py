"""Data sets: found on this machine, fetched once, always checked."""

from chainrule.datasets import exam_scores, fashion_mnist

__all__ = ["exam_scores", "fashion_mnist"]
