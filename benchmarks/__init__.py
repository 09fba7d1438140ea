"""chainrule and its peers, timed on the same work. Run: python -m benchmarks --help."""
