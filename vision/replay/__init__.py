"""Replay of videos and recordings into result files. Shells round the core."""
