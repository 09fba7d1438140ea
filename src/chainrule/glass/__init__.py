"""Looking inside: numbers of a training step, and whether they are right."""
