"""What was not done as asked, in the header of an answer that has no other place for it."""

from collections.abc import Iterable

HEADER = "x-voxhall-warning"


def warned(warnings: Iterable[str]) -> dict[str, str]:
    """Headers are ASCII to many clients: any other character is a question mark. Empty where there is no warning."""
    said = " ".join(warnings)
    return {HEADER: said.encode("ascii", "replace").decode()} if said else {}
