import signal
import stat
import subprocess
import time
from pathlib import Path

import redis

from cli import broker


def test_the_broker_keeps_nothing_and_is_its_owners_only(tmp_path: Path) -> None:
    path = broker.socket_path(tmp_path)
    with subprocess.Popen(broker.command(path)) as process:
        client = redis.Redis.from_url(f"unix://{path}")
        end = time.monotonic() + 20
        while not path.exists() or not client.ping():
            assert time.monotonic() < end
            time.sleep(0.02)
        client.set("text", "the treasure lies under the old oak")
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        assert stat.S_IMODE(path.stat().st_mode) == 0o700
        assert client.config_get("port") == {"port": "0"}
        client.close()
        pulse = broker.pulse(path)
        first, second = pulse(), pulse()
        process.send_signal(signal.SIGSTOP)
        assert (first, second, pulse(), pulse()) == (1, 2, 2, 2)
        process.send_signal(signal.SIGCONT)
        process.terminate()
    assert {file.name for file in path.parent.iterdir()} <= {"valkey.log"}


def test_a_data_folder_with_a_long_name_has_its_socket_elsewhere(tmp_path: Path) -> None:
    deep = tmp_path / ("x" * 90)
    deep.mkdir()
    path = broker.socket_path(deep)
    try:
        assert len(str(path)) < broker.LONGEST_SOCKET_PATH
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    finally:
        path.parent.rmdir()
