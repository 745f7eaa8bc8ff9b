import pytest

from bench import conversion, endurance, interactive, machine, speech
from bench.endurance import pace


@pytest.mark.parametrize("command", [speech.main, interactive.main, endurance.main, conversion.main])
def test_every_command_explains_itself(command: object, capsys: pytest.CaptureFixture[str]) -> None:
    assert callable(command)
    with pytest.raises(SystemExit) as ended:
        command(["--help"])
    assert ended.value.code == 0
    assert "--device" in capsys.readouterr().out


def test_an_endurance_without_two_ends_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        endurance.main(["--jobs", "100"])
    assert "at least 200" in capsys.readouterr().err


def test_pace_is_of_the_times_between_ends() -> None:
    assert pace([10.0, 10.5, 11.0]) == 2.0


def test_a_commit_is_named() -> None:
    assert machine.commit()
