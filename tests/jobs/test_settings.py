from pathlib import Path

import pytest

from jobs.settings import Settings, SettingsError, environment, load_settings


def test_defaults_need_nothing() -> None:
    settings = load_settings({})
    assert (settings.host, settings.port, settings.device) == ("127.0.0.1", 8080, "auto")


def test_the_environment_sets_and_the_command_line_wins() -> None:
    environ = {"VOXHALL_PORT": "9000", "VOXHALL_DEVICE": "cuda:1", "HOME": "/root"}
    settings = load_settings(environ, port=9001, host=None)
    assert (settings.port, settings.device, settings.host) == (9001, "cuda:1", "127.0.0.1")


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(SettingsError, match="VOXHALL_PROT"):
        load_settings({"VOXHALL_PROT": "9000"})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("VOXHALL_PORT", "70000"),
        ("VOXHALL_DEVICE", "gpu"),
        ("VOXHALL_API_KEY", "short"),
        ("VOXHALL_PUBLIC_URL", "x y"),
        ("VOXHALL_LEASE_SECONDS", "301"),
    ],
)
def test_a_wrong_value_is_named(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name):
        load_settings({name: value})


@pytest.mark.parametrize(
    "host", ["*.voice.example", "https://voice.example", "voice.example/", "b\u00fccher.example", "a b", "a..b", "a:b"]
)
def test_a_host_that_no_request_can_have_is_refused(host: str) -> None:
    with pytest.raises(SettingsError) as refused:
        load_settings({"VOXHALL_ALLOWED_HOSTS": f"other.example, {host}"})
    said = str(refused.value)
    assert said.startswith(f"VOXHALL_ALLOWED_HOSTS: `{host}` ")
    assert "\n" not in said


@pytest.mark.parametrize(
    "hosts", ["*", "*.localhost", "a.example, B_c.example:8080,", "xn--bcher-kva.example", "[::1]:80"]
)
def test_hosts_that_requests_have(hosts: str) -> None:
    assert load_settings({"VOXHALL_ALLOWED_HOSTS": hosts}).allowed_hosts == hosts


def test_children_read_the_same_settings(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path, port=9999, redis_url="unix:///x", log_json=True)
    assert load_settings(environment(settings)) == settings


def test_secrets_do_not_show() -> None:
    settings = load_settings({"VOXHALL_API_KEY": "0123456789abcdef"})
    assert "0123456789abcdef" not in repr(settings)
    assert environment(settings)["VOXHALL_API_KEY"] == "0123456789abcdef"
