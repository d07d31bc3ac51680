"""A progress bar on a terminal's stderr; nothing where stderr is not a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

__all__ = ["progress_bar"]

EVERY: Final = 20  # calls; reading a file's position for each event would cost more than the event


@contextmanager
def progress_bar(what: str, fraction: Callable[[], float]) -> Iterator[Callable[[object], None]]:
    """Yields a function to call after each piece of work; `fraction` tells how much is done, 0..1."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task(what, total=1.0)
        calls = 0

        def advance(_: object = None) -> None:
            nonlocal calls
            calls += 1
            if calls % EVERY == 0 and not progress.disable:
                progress.update(task, completed=fraction())

        yield advance
