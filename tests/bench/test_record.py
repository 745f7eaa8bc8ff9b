from pathlib import Path

from bench import conversion
from bench.record import CONVERSIONS, HEADING, PACKAGE, RESULTS, SINGLE, Figures, with_row


def test_a_row_goes_to_the_end_of_the_table_of_its_heading() -> None:
    document = (
        f"# Results\n\n| other |\n|---|\n\n{HEADING}\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n## Next\n\n| c |\n|---|\n"
    )
    assert with_row(document, ["3", "4"]) == document.replace("| 1 | 2 |\n", "| 1 | 2 |\n| 3 | 4 |\n")


def test_a_row_fits_the_table_that_there_is() -> None:
    columns = _columns(RESULTS)
    row = Figures().row("1234567")
    assert len(row) == len(columns)
    assert row[3:] == ["-"] * (len(columns) - 3)


def test_figures_stand_under_their_columns() -> None:
    figures = Figures(
        speeds={
            PACKAGE: 100.0,
            SINGLE: 150.0,
            "batch of 64": 1200.0,
            "batch of 256": 1100.0,
            "int8, ONNX Runtime": 9e9,
        },
        first={8: [0.2, 0.2, 0.2]},
        whole_way=900.0,
    )
    named = dict(zip(_columns(RESULTS), figures.row("1234567"), strict=True))
    assert named["package's loop"] == "100.0"
    assert (named["of 16"], named["of 64"], named["of 256"]) == ("-", "1200.0", "1100.0")
    assert named["best to package's"] == "12.00 (batch of 64)"
    assert (named["1 stream"], named["8 streams"]) == ("-", "200 / 200")
    assert named["whole way"] == "900.0"


def test_a_conversion_s_row_fits_its_table() -> None:
    row = conversion.row("1234567", "v2-f0-40000", 5.0, ["1.2", "0.4", "3.00", "-"])
    assert len(row) == len(_columns(RESULTS, CONVERSIONS))
    document = f"{HEADING}\n\n| a |\n|---|\n\n{CONVERSIONS}\n\n| b |\n|---|\n"
    assert with_row(document, ["1"], CONVERSIONS) == f"{document}| 1 |\n"


def _columns(results: Path, heading: str = HEADING) -> list[str]:
    lines = results.read_text().splitlines()
    head = next(line for line in lines[lines.index(heading) :] if line.startswith("|"))
    return [cell.strip() for cell in head.strip("|").split("|")]
