"""What a replay writes: messages as JSON Lines, lanes, visits and alerts as CSV, a summary as JSON. A shell.

Everything goes to files named `.part` beside their place and gets its name at the end: a replay that fails leaves nothing.
Times are POSIX seconds; an empty field is None, not measured.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from contextlib import ExitStack, suppress
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, TextIO

from vision.core.lanes.vehicle import Visit
from vision.errors import ConfigError
from vision.messages import AlertChanged, LaneMeasured, Message, VisitData, VisitEnded

__all__ = ["ALERT_COLUMNS", "LANE_COLUMNS", "VISIT_COLUMNS", "OutputWriter", "visit_row"]

LANE_COLUMNS: Final = (
    "t",
    "lane_id",
    "queue_vehicles",
    "queue_m",
    "standing_vehicles",
    "standing_m",
    "vehicles",
    "in_service",
    "expected_wait_s",
    "expected_wait_low_s",
    "expected_wait_high_s",
    "quality",
    "censored",
    "queue_low",
    "queue_high",
)
VISIT_COLUMNS: Final = (
    "visit_id",
    "lane_id",
    "vehicle_class",
    "first_seen_t",
    "arrived_t",
    "joined_t",
    "service_t",
    "left_t",
    "dwell_s",
    "wait_s",
    "service_s",
    "outcome",
    "start_censored",
    "end_censored",
    "arrived_inferred",
)
ALERT_COLUMNS: Final = (
    "t",
    "alert_id",
    "rule",
    "scope",
    "subject",
    "severity",
    "state",
    "value",
    "unit",
    "threshold",
    "since",
    "sequence",
    "quality",
    "stale",
)
_FILE_NAMES: Final = ("messages.jsonl", "lanes.csv", "visits.csv", "alerts.csv", "summary.json")


class OutputWriter:
    """Writes a replay's files into a folder; as a context manager it leaves nothing of them behind on an error.

    Raises ConfigError where the folder cannot be written.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._made = not folder.exists()
        self._visits: list[dict[str, Any]] = []
        self._summary: dict[str, Any] = {}
        self._open_files = ExitStack()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._files = {name: self._open(name) for name in _FILE_NAMES}
        except OSError as error:
            self.discard()
            raise self._failed(error) from None
        self._lanes = _table(self._files["lanes.csv"], LANE_COLUMNS)
        self._alerts = _table(self._files["alerts.csv"], ALERT_COLUMNS)

    def write(self, message: Message) -> None:
        """Adds one message to messages.jsonl and to the table that it belongs to. Raises ConfigError when there is no room."""
        try:
            self._files["messages.jsonl"].write(message.model_dump_json() + "\n")
            match message:
                case LaneMeasured(data=data):
                    self._lanes.writerow(_cells(data.model_dump(include=set(LANE_COLUMNS))))
                case AlertChanged(data=data):
                    self._alerts.writerow(_cells(data.model_dump(include=set(ALERT_COLUMNS))))
                case VisitEnded(data=data):
                    self._visits.append(visit_row(data))
                case _:
                    pass
        except OSError as error:
            raise self._failed(error) from None

    def finish(self, open_visits: Iterable[Visit], summary: dict[str, Any]) -> None:
        """Adds what is known at the end: the visits still open, and the summary."""
        self._visits += [visit_row(visit) for visit in open_visits]
        self._summary = summary

    def close(self) -> None:
        """Writes the visits in order of their first sight and the summary, and gives every file its name."""
        visits = _table(self._files["visits.csv"], VISIT_COLUMNS)
        for row in sorted(self._visits, key=lambda row: (row["first_seen_t"], row["lane_id"], row["visit_id"])):
            visits.writerow(_cells(row))
        json.dump(self._summary, self._files["summary.json"], indent=2, ensure_ascii=False, allow_nan=False)
        self._files["summary.json"].write("\n")
        self._open_files.close()
        for name in _FILE_NAMES:
            self._part(name).replace(self._folder / name)

    def discard(self) -> None:
        """Throws away what was written, and the folder if it was not there before."""
        with suppress(OSError):
            self._open_files.close()
        for name in _FILE_NAMES:
            with suppress(OSError):
                self._part(name).unlink()
        if self._made and self._folder.is_dir() and not any(self._folder.iterdir()):
            self._folder.rmdir()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if kind is not None:
            self.discard()
            return
        try:
            self.close()
        except OSError as failure:
            self.discard()
            raise self._failed(failure) from None

    def _failed(self, error: OSError) -> ConfigError:
        return ConfigError(f"cannot write into {self._folder}: {error.strerror}; make room there or give another --out")

    def _part(self, name: str) -> Path:
        return self._folder / f"{name}.part"

    def _open(self, name: str) -> TextIO:
        return self._open_files.enter_context(self._part(name).open("w", encoding="utf-8", newline=""))


def visit_row(visit: VisitData | Visit) -> dict[str, Any]:
    """A visit with its durations in seconds: dwell (only of a departure), wait and service, None where not known."""
    row = visit.model_dump() if isinstance(visit, VisitData) else asdict(visit)
    departed_t = visit.left_t if visit.outcome == "departed" else None
    return row | {
        "dwell_s": _between(visit.arrived_t, departed_t),
        "wait_s": _between(visit.joined_t, visit.service_t),
        "service_s": _between(visit.service_t, departed_t),
    }


def _between(start: float | None, end: float | None) -> float | None:
    return None if start is None or end is None else round(end - start, 3)


def _table(file: TextIO, columns: tuple[str, ...]) -> csv.DictWriter[str]:
    writer = csv.DictWriter(file, columns, extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    return writer


def _cells(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: str(value).lower() if isinstance(value, bool) else value for name, value in fields.items()}
