"""Engines: readers of the plan that compute. They never see a layer."""
