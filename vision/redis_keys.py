"""Every Redis key and channel, in one place. Pure."""

from typing import Final

__all__ = [
    "TRUTH_S",
    "checkpoint_key",
    "config_key",
    "emitted_key",
    "epoch_key",
    "frames_channel",
    "owner_key",
    "pictures_channel",
    "recorder_key",
    "statuses_key",
    "stream_key",
    "truth_channel",
    "truth_key",
    "watch_key",
    "written_key",
]

TRUTH_S: Final = 5
"""Truth that is older says nothing about the present: the key is gone by then, and nobody shows it."""


def stream_key(gate: str) -> str:
    """The stream of messages; one entry has the field `m`: a message as JSON."""
    return f"lanewatch:{gate}:messages"


def emitted_key(gate: str) -> str:
    """A sorted set of the ids of messages that the api itself appended, by time: each is appended once."""
    return f"lanewatch:{gate}:emitted"


def epoch_key(gate: str) -> str:
    """A random id that lives as long as the stream's data: set once if absent."""
    return f"lanewatch:{gate}:epoch"


def recorder_key(gate: str) -> str:
    """The stream position up to which the api has recorded history; trimming never passes it."""
    return f"lanewatch:{gate}:recorder"


def config_key(gate: str) -> str:
    """The gate's current configuration as JSON: {"version", "hash", "config"}."""
    return f"lanewatch:{gate}:config"


def statuses_key(gate: str) -> str:
    """A snapshot beside the stream, changed with it: lane id to the newest `LaneData` as JSON.

    It is what a worker begins with that has no position in the stream to go on from.
    """
    return f"lanewatch:{gate}:statuses"


def owner_key(gate: str, section: str) -> str:
    """The fencing token (an integer that only grows) of the worker that owns a section."""
    return f"lanewatch:{gate}:owner:{section}"


def checkpoint_key(gate: str, section: str) -> str:
    """A section's last checkpoint, JSON."""
    return f"lanewatch:{gate}:checkpoint:{section}"


def written_key(gate: str, section: str) -> str:
    """The fencing token of a section's owner and the number of the last message it wrote, joined by "-".

    It tells whether a transaction whose answer was lost was carried out.
    """
    return f"lanewatch:{gate}:written:{section}"


def watch_key(gate: str, camera: str) -> str:
    """Exists, with a time-to-live, while somebody watches a camera."""
    return f"lanewatch:{gate}:watch:{camera}"


def frames_channel(gate: str, camera: str) -> str:
    """Pub/sub channel of `FrameEvent`s."""
    return f"lanewatch:{gate}:frames:{camera}"


def pictures_channel(gate: str, camera: str) -> str:
    """Pub/sub channel of `PictureEvent`s."""
    return f"lanewatch:{gate}:pictures:{camera}"


def truth_key(gate: str) -> str:
    """The newest `GateTruth` of a simulated gate as JSON, with a time-to-live of TRUTH_S; a real gate never has it."""
    return f"lanewatch:{gate}:truth"


def truth_channel(gate: str) -> str:
    """Pub/sub channel of `GateTruth`s; the same as under `truth_key`, as they come."""
    return f"lanewatch:{gate}:truths"
