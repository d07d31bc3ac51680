"""The health of a worker's gate, for a container's HEALTHCHECK: 0 while measurements reach the stream, else 1.

A worker sends a measurement for every lane each second, also when its cameras are offline, so a stream that nobody has
written to for STALE_S seconds means that no worker is doing its work. Reads REDIS_URL and LANEWATCH_GATE.
"""

import os
import sys
from pathlib import Path

import redis

from vision.config import load_gate
from vision.errors import LaneWatchError
from vision.redaction import redact_url
from vision.redis_keys import stream_key

STALE_S = 30


def age_s(url: str, gate_file: Path) -> float | None:
    """Seconds since the gate's stream was last written to, by the server's own clock; None when it is empty."""
    key = stream_key(load_gate(gate_file).id)
    with redis.Redis.from_url(url, socket_timeout=3, socket_connect_timeout=3, decode_responses=True) as server:
        newest = server.xrevrange(key, count=1)
        seconds, microseconds = server.time()
    return seconds + microseconds / 1e6 - int(newest[0][0].split("-")[0]) / 1000 if newest else None


def main() -> int:
    """Prints what it found; returns the exit code."""
    try:
        age = age_s(os.environ["REDIS_URL"], Path(os.environ["LANEWATCH_GATE"]))
    except KeyError as error:
        print(f"{error.args[0]} is not set")
        return 1
    except (redis.RedisError, LaneWatchError, OSError) as error:
        print(redact_url(str(error)))
        return 1
    print("nothing in the stream yet" if age is None else f"last written {age:.1f} s ago")
    return 0 if age is not None and age <= STALE_S else 1


if __name__ == "__main__":
    sys.exit(main())
