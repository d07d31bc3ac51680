"""Settings of all tests."""

from hypothesis import settings

# A slow, shared machine is no failure; the examples are the same each time, so that a failure can be repeated.
settings.register_profile("lanewatch", deadline=None, derandomize=True)
settings.load_profile("lanewatch")
