"""Scenes of our own that judge the filter beside the oracle: simulated traffic, exact boxes, a detector's faults added.

Nothing here is fitted to the oracle; the levels have numbers of our own in the same range.
"""
