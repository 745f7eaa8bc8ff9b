import pytest

from bench.report import Report, middle, percentile


def test_percentiles_lie_within_what_was_measured() -> None:
    seconds = [float(n) for n in range(1, 102)]
    assert percentile(seconds, 50) == 51
    assert percentile(seconds, 99) == 100
    assert percentile([1.0, 2.0], 99) <= 2.0
    assert percentile([3.0], 99) == 3.0


def test_a_median_comes_with_the_extremes() -> None:
    assert middle([3.0, 1.0, 2.0]) == "2.0 (1.0 to 3.0)"


def test_what_is_printed_is_kept(capsys: pytest.CaptureFixture[str]) -> None:
    report = Report()
    report.table("a", "b")
    report.row("1", "2")
    assert report.text == "| a | b |\n|---|---|\n| 1 | 2 |"
    assert capsys.readouterr().out == f"{report.text}\n"
