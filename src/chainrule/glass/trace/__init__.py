"""A training step, number by number: :mod:`~chainrule.glass.trace.record` is what it is kept in."""
