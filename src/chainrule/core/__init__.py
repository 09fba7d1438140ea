"""Mechanism without mathematics: rules, shapes, parameters, plans, randomness."""
