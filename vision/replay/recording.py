"""Recordings: the reader and the writer of what the core saw, JSON Lines, gzipped where the name ends in .gz. A shell.

A recording begins with a header line; every further line is one event of the core, in the order in which it was fed.
The writer's bytes depend on the events alone, so two recordings of the same events are the same file.
"""

from __future__ import annotations

import gzip
import io
import json
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Final, cast

from pydantic import ValidationError

from vision.config import GateConfig
from vision.core.events import CameraChanged, Seen, Unchanged
from vision.core.ticks import with_ticks
from vision.errors import RecordingError
from vision.replay.recording_format import Checkpoint, Header, Recorded, Version, event_of, header_record, record_of
from vision.vocabulary import VEHICLE_CLASSES

__all__ = ["Checkpoint", "Header", "Recorded", "Recording", "RecordingWriter", "read_recording"]

LONGEST_GAP_S: Final = 86_400.0
BLOCK_BYTES: Final = 65_536  # of lines that wait in memory until they are written
MEMBER_BYTES: Final = 1_048_576  # the same where they are gzipped


class Recording:
    """An open recording: its header, and once through its events in order.

    Where the header says `"ticks": false` (made elsewhere), ticks are put in at every whole second from the first event
    to the last, after the events of that very second, and each camera's session starts as online at its first frame.
    """

    def __init__(self, path: Path, header: Header, lines: Iterator[tuple[int, bytes]], file: BinaryIO) -> None:
        self.path = path
        self.header = header
        self._lines = lines
        self._file = file
        self._size = max(1, path.stat().st_size)

    @property
    def events(self) -> Iterator[Recorded]:
        """The events. Raises RecordingError with the number of a line that cannot be read."""
        with self._file:
            events = self._read()
            if self.header.ticks:
                yield from (event for _, event in events)
            else:
                yield from with_ticks(_without_jumps(self._with_cameras(events), str(self.path)), last_second=False)

    def fraction(self) -> float:
        """The share of the file that was read, 0..1; 1 after the end."""
        return 1.0 if self._file.closed else min(1.0, self._file.tell() / self._size)

    def close(self) -> None:
        """Lets the file go; needed only where the events were not read to their end."""
        self._file.close()

    def _read(self) -> Iterator[tuple[int, Recorded]]:
        for number, line in self._lines:
            try:
                yield number, event_of(line, self.header)
            except ValidationError as error:
                raise RecordingError(_bad_line(self.path, number, error)) from None
            except ValueError as error:
                raise RecordingError(f"recording {self.path}: line {number}: {error}") from None

    def _with_cameras(self, events: Iterable[tuple[int, Recorded]]) -> Iterator[tuple[int, Recorded]]:
        sessions: dict[str, int] = {}
        for number, event in events:
            if isinstance(event, CameraChanged):
                sessions[event.camera] = event.session
            elif isinstance(event, Seen | Unchanged) and sessions.get(event.camera) != event.session:
                sessions[event.camera] = event.session
                size = self.header.cameras[event.camera]
                yield number, CameraChanged(event.camera, event.session, event.t, "online", size.width, size.height)
            yield number, event


def read_recording(path: Path) -> Recording:
    """Opens a recording and reads its header. Raises RecordingError where it is absent or begins otherwise."""
    try:
        raw = path.open("rb")
    except FileNotFoundError:
        raise RecordingError(f"recording {path} does not exist; give the path of a .jsonl or .jsonl.gz file") from None
    except OSError as error:
        raise RecordingError(f"recording {path} cannot be read: {error.strerror}") from None
    try:
        lines = _lines(path, raw)
        return Recording(path, _header(path, next(lines, (1, b""))[1]), lines, raw)
    except BaseException:
        raw.close()
        raise


def _lines(path: Path, raw: BinaryIO) -> Iterator[tuple[int, bytes]]:
    number = 0
    file = cast("BinaryIO", gzip.GzipFile(fileobj=raw)) if ".gz" in path.suffixes[-2:] else raw  # .gz.part too
    try:
        for number, line in enumerate(file, start=1):
            if line.strip():
                yield number, line
    except (EOFError, zlib.error, gzip.BadGzipFile):
        raise RecordingError(
            f"recording {path} is cut or damaged after line {number}: its gzip data does not go on;"
            " copy it again, or unpack what is whole with `zcat` and drop the last line"
        ) from None
    except OSError as error:
        raise RecordingError(f"recording {path} cannot be read after line {number}: {error.strerror}") from None


def _header(path: Path, line: bytes) -> Header:
    try:
        header = Header.model_validate_json(line)
    except ValidationError as error:
        problem = _problem(error)
        raise RecordingError(
            f"recording {path}: line 1 is not the header of a recording ({problem}); it begins with"
            ' {"kind":"recording","version":1,"gate":...}'
        ) from None
    strange = [name for name in header.classes if name not in VEHICLE_CLASSES]
    if strange:
        raise RecordingError(
            f"recording {path}: line 1: class '{strange[0]}' is not known; name each one of {', '.join(VEHICLE_CLASSES)}"
        )
    return header


def _bad_line(path: Path, number: int, error: ValidationError) -> str:
    if error.errors()[0]["type"] == "json_invalid":
        return (
            f"recording {path}: line {number} is not JSON, the file is cut or damaged there;"
            f" copy it again, or keep its first {number - 1} lines"
        )
    return f"recording {path}: line {number}: {_problem(error)}; correct or remove the line"


def _problem(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_context=False)[0]
    if first["type"] == "json_invalid":
        return "it is not JSON"
    where = ".".join(str(part) for part in first["loc"])
    return f"{where}: {first['msg']}" if where else first["msg"]


def _without_jumps(events: Iterable[tuple[int, Recorded]], where: str) -> Iterator[Recorded]:
    last: float | None = None
    for number, event in events:
        jump_s = 0.0 if last is None else event.t - last
        if jump_s > LONGEST_GAP_S:
            raise RecordingError(
                f"recording {where}: line {number}: t jumps by {jump_s:.0f} s; correct it, or split the file there"
            )
        last = event.t if last is None else max(last, event.t)
        yield event


class RecordingWriter:
    """Writes events to `path` + ".part", renamed to `path` by `close`.

    The file grows by whole lines, gzipped by whole members, so what a crash leaves unfinished can be read. Where a write
    fails, as on a full disk, the file is cut back to its last whole line and let go, and RecordingError is raised; `close`
    then gives what is whole its name. As a context manager it closes on success and leaves nothing behind on an error.
    version: 2 where frames without change may come, 1 where none can: software from before them reads it.
    """

    def __init__(self, path: Path, config: GateConfig, cameras: Mapping[str, tuple[int, int]], version: Version = 1) -> None:
        self._path, self._version = path, version
        self._part = path.with_name(path.name + ".part")
        self._gzipped = path.suffix == ".gz"
        self._waiting = bytearray()
        self._whole_bytes = 0
        self._is_over = False
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._raw = self._part.open("wb", buffering=0)
        except OSError as error:
            raise self._failed(error) from None
        self._line(header_record(config, cameras, version))

    def write(self, event: Recorded) -> None:
        """Appends one event, or the checkpoint from which a section goes on. Raises RecordingError."""
        if isinstance(event, Unchanged) and self._version < 2:
            raise RecordingError(f"recording {self._path} is of version 1 and holds no frame without change; write version 2")
        self._line(record_of(event))

    def close(self) -> None:
        """Finishes the file and gives it its name; where writing failed, what is whole, if anything is. Once."""
        if self._is_over:
            return
        self._is_over = True
        try:
            self._flush()
        finally:
            self._let_go()
            self._give_name()

    def discard(self) -> None:
        """Throws away what was written."""
        if not self._is_over:
            self._is_over = True
            self._let_go()
            self._part.unlink(missing_ok=True)

    def __enter__(self) -> RecordingWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            self.discard()
            return
        try:
            self._flush()
        except RecordingError:
            self.discard()
            raise
        self.close()

    def _line(self, record: dict[str, object]) -> None:
        text = json.dumps(record, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
        self._waiting += text.encode() + b"\n"
        if len(self._waiting) >= (MEMBER_BYTES if self._gzipped else BLOCK_BYTES):
            self._flush()

    def _flush(self) -> None:
        """Adds the lines that wait to the file. Raises RecordingError, and lets the file go, where they do not go in."""
        if self._raw.closed or not self._waiting:
            return
        data = memoryview(_member(self._waiting) if self._gzipped else bytes(self._waiting))
        self._waiting.clear()
        try:
            written = 0
            while written < len(data):
                written += self._raw.write(data[written:])
        except OSError as error:
            with suppress(OSError):
                self._raw.truncate(self._whole_bytes)
            self._let_go()
            raise self._failed(error) from None
        self._whole_bytes += len(data)

    def _let_go(self) -> None:
        with suppress(OSError):
            self._raw.close()

    def _give_name(self) -> None:
        try:
            if self._whole_bytes:
                self._part.replace(self._path)
            else:
                self._part.unlink(missing_ok=True)
        except OSError as error:
            raise self._failed(error) from None

    def _failed(self, error: OSError) -> RecordingError:
        return RecordingError(f"recording {self._path} cannot be written: {error.strerror}; make room or give another place")


def _member(lines: bytes | bytearray) -> bytes:
    """The lines as gzip data that are whole by themselves; the same bytes each time."""
    packed = io.BytesIO()
    with gzip.GzipFile("", "wb", 6, packed, mtime=0) as file:
        file.write(lines)
    return packed.getvalue()
