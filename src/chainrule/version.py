"""The version of chainrule, in the one place from which everything reads it."""

__version__ = "0.1.0"
