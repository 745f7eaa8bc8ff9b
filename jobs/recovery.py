"""What becomes of a step whose worker is gone."""

from typing import Any

from sqlalchemy import Connection, Row, update

from jobs.schema import steps

LONELY_DEATHS = 3
"""A step that took its worker with it this many times while running alone is failed."""

STRANGE_DEATHS = 5
"""A step that lost its worker this many times, by whatever it was, runs alone: who kills may do so because of it."""


def put_back(connection: Connection, row: Row[Any], *, crashed: bool) -> str | None:
    """Puts a step of a dead worker back, to run alone where it crashed, or fails it.

    One that is back already, since its lease ran out, is charged nothing more.

    Returns:
        Its new state; None where it is somebody else's by now.
    """
    deaths = row.deaths + (1 if row.state == "running" else 0)
    state = "failed" if row.alone and deaths >= LONELY_DEATHS else "queued"
    alone = row.alone or crashed or deaths >= STRANGE_DEATHS
    # They count from none once it runs alone.
    count = deaths if row.alone or not alone else 0
    back = (
        update(steps)
        .where(steps.c.job_id == row.job_id, steps.c.position == row.position)
        .where(steps.c.state == row.state, steps.c.lease == row.lease, steps.c.worker == row.worker)
        .values(state=state, alone=alone, deaths=count, lease=None)
    )
    return state if connection.execute(back).rowcount else None
