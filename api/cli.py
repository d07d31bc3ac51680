"""The command line `lanewatch`: the composition root. Exit codes: 0 done, 2 bad input or usage, 1 anything else."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence
from typing import Any, Final

import typer

from api.commands.check import check_command
from api.commands.config import config_app
from api.commands.export import export_command
from api.commands.link import link_command
from api.commands.replay import replay_command
from api.commands.run import run_command
from api.commands.schema import schema_command
from api.commands.serve import api_command
from api.commands.simulate import simulate_command
from api.commands.train import train_command
from api.commands.version import version_command
from api.commands.work import worker_command
from api.logs import set_up_logs
from api.settings import LogSettings
from vision.errors import LaneWatchError
from vision.redaction import redact_url
from vision.settings import read_settings

__all__ = ["app", "main"]

app = typer.Typer(
    name="lanewatch",
    help="Watches the truck lanes of a land border gate.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.callback()
def _lanewatch() -> None:
    """Watches the truck lanes of a land border gate."""
    settings = read_settings(LogSettings)
    set_up_logs(settings.log_format, settings.log_level)


app.command("run")(run_command)
app.command("worker")(worker_command)
app.command("api")(api_command)
app.command("replay")(replay_command)
app.command("check")(check_command)
app.command("export")(export_command)
app.command("train")(train_command)
app.command("simulate")(simulate_command)
app.add_typer(config_app, name="config")
app.command("link")(link_command)
app.command("schema")(schema_command)
app.command("version")(version_command)

_UsageError: Final[Any] = typer.BadParameter.__bases__[0]  # click's, which some versions of typer carry inside


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the command line and ends the process. A bad input is one sentence on stderr, never a traceback."""
    raise SystemExit(_code(list(sys.argv[1:] if arguments is None else arguments)))


def _code(arguments: list[str]) -> int:
    try:
        result = typer.main.get_command(app).main(arguments, prog_name="lanewatch", standalone_mode=False)
    except LaneWatchError as error:
        return _failed(2, str(error))
    except typer.Exit as error:
        return error.exit_code
    except (KeyboardInterrupt, typer.Abort):
        return _failed(1, "interrupted")
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:  # noqa: BLE001 - the process's top
        if isinstance(error, _UsageError):
            command = error.ctx.command_path if error.ctx else "lanewatch"
            return _failed(2, f"{error.format_message().rstrip('.')}. Try: {command} --help")
        return _failed(1, "this should not have happened:\n" + traceback.format_exc())
    return result if isinstance(result, int) else 0


def _failed(code: int, sentence: str) -> int:
    sys.stderr.write(f"lanewatch: {redact_url(sentence)}\n")
    return code


if __name__ == "__main__":
    main()
