"""The exception tree: every error that LaneWatch raises on purpose. Pure.

A message says what was wrong, where, and what to do; it never holds a credential.
"""

__all__ = ["ConfigError", "LaneWatchError", "ModelError", "RecordingError", "StreamError"]


class LaneWatchError(Exception):
    """The root of all errors raised on purpose; the command line prints one as a sentence and exits with 2."""


class ConfigError(LaneWatchError):
    """A gate file or a setting that cannot be used."""


class StreamError(LaneWatchError):
    """A camera's stream or a video file that cannot be opened, read or decoded."""


class ModelError(LaneWatchError):
    """Weights that are absent, are not a model, or do not fit the detector."""


class RecordingError(LaneWatchError):
    """A recording that is absent, cut, or has a line that cannot be read."""
