"""Detectors: weights found, opened, run; pictures in, boxes out. Shells round the core."""
