"""Spans of requests: whose word counts for the trace that they belong to."""

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient
from pydantic import AnyHttpUrl

from jobs import tracing
from jobs.settings import Settings
from tests.collector import Collector, collecting

TRACE = "0af7651916cd43dd8448eb211c80319c"
ASKED_FOR = {"traceparent": f"00-{TRACE}-b7ad6b7169203331-01"}
NOT_TO_BE_KEPT = {"traceparent": f"00-{TRACE}-b7ad6b7169203331-00"}
STRANGER = {"Authorization": "", "x-api-key": ""}


@pytest.fixture
def collector() -> Iterator[Collector]:
    with collecting() as found:
        yield found


@pytest.fixture
def settings(settings: Settings, collector: Collector) -> Settings:
    return settings.model_copy(update={"otlp_endpoint": AnyHttpUrl(collector.url)})


@pytest.mark.parametrize("form", ["Authorization", "x-api-key"])
def test_a_callers_trace_is_continued(client: TestClient, collector: Collector, secret: str, form: str) -> None:
    given = STRANGER | {form: f"Bearer {secret}" if form == "Authorization" else secret}
    client.get("/voices", headers=given | ASKED_FOR)
    tracing.end()
    assert collector.named("GET /voices").trace == TRACE


@pytest.mark.parametrize("given", [{}, {"Authorization": "Bearer wrong"}, {"x-api-key": "wrong"}])
@pytest.mark.parametrize("said", [ASKED_FOR, NOT_TO_BE_KEPT])
def test_a_strangers_is_not(client: TestClient, collector: Collector, given: dict[str, str], said: Any) -> None:
    """Nor can they keep their requests out of the traces."""
    client.post("/jobs", headers=STRANGER | given | said, json={})
    tracing.end()
    span = collector.named("POST /jobs")
    assert (span.trace == TRACE, span.parent) == (False, "")
