"""Optimizers of the whole batch: line searches, and methods that know or learn the curvature."""
