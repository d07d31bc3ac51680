"""The commands of `lanewatch`, one a file; with `api.cli` the composition root."""
