"""Hand-written update rules beside the library's: :mod:`~chainrule.glass.update_rules.check`."""
