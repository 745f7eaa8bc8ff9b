import logging
import threading
import time
from collections.abc import Iterator

import pytest
from pydantic import AnyHttpUrl

from jobs import tracing
from jobs.ledger import Ledger
from jobs.settings import Settings
from jobs.specs import SpeechSpec
from tests.collector import Collector, collecting

CALLERS = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def collector() -> Iterator[Collector]:
    with collecting() as found:
        tracing.begin(Settings(otlp_endpoint=AnyHttpUrl(found.url)), "tests")
        yield found
        tracing.end()


def test_spans_arrive_in_one_trace_with_what_was_told(collector: Collector) -> None:
    with tracing.span("outer", {"voxhall.kind": "speech"}, parent=CALLERS, kind="server") as outer:
        with tracing.span("inner"):
            pass
        outer.rename("POST /jobs")
        outer.tell({"http.response.status_code": 202})
    tracing.end()
    assert set(collector.paths) == {"/v1/traces"}
    inner, outer_span = collector.named("inner"), collector.named("POST /jobs")
    assert (inner.trace, inner.parent) == (outer_span.trace, outer_span.id)
    assert (outer_span.trace, outer_span.parent) == tuple(CALLERS.split("-")[1:3])
    assert outer_span.attributes == {"voxhall.kind": "speech", "http.response.status_code": 202}


def test_an_error_is_told_by_its_kind_and_never_by_its_words(collector: Collector) -> None:
    with pytest.raises(ValueError, match="private"), tracing.span("work"):
        raise ValueError("private words of a caller")
    tracing.end()
    assert collector.named("work").failed == "ValueError"
    assert not any(b"private" in body for body in collector.bodies)


def test_what_is_over_belongs_to_its_parent_and_to_nothing_else(collector: Collector) -> None:
    now = time.time()
    tracing.past("wait", parent=CALLERS, start=now - 3, end=now)
    tracing.past("nobody's", parent=None, start=now - 3, end=now)
    tracing.past("clock went back", parent=CALLERS, start=now, end=now - 3)
    tracing.end()
    assert [span.name for span in collector.spans] == ["wait", "clock went back"]
    assert collector.named("wait").seconds == pytest.approx(3, abs=1e-3)
    assert collector.named("clock went back").seconds == 0


def test_each_thread_is_in_a_span_of_its_own(collector: Collector) -> None:
    found: list[str | None] = []
    with tracing.span("here"):
        thread = threading.Thread(target=lambda: found.append(tracing.current()))
        thread.start()
        thread.join()
        assert tracing.current()
    assert found == [None]
    assert tracing.current() is None


def test_a_header_that_is_no_traceparent_begins_a_trace(collector: Collector) -> None:
    with tracing.span("odd", parent="00-\r\nevil"):
        pass
    tracing.end()
    assert collector.named("odd").parent == ""


def test_a_job_keeps_the_trace_that_it_was_submitted_in(collector: Collector, ledger: Ledger, key_id: str) -> None:
    spec = SpeechSpec(text="Hello.", voice="af_heart")
    with tracing.span("request", parent=CALLERS):
        wanted = tracing.current()
        ledger.add(job_id="1" * 32, key_id=key_id, dialect="voxhall", spec=spec, interactive=False)
    ledger.add(job_id="2" * 32, key_id=key_id, dialect="voxhall", spec=spec, interactive=False)
    assert wanted
    assert (ledger.get("1" * 32).trace, ledger.get("2" * 32).trace) == (wanted, None)


def test_a_collector_that_fails_hurts_nobody(collector: Collector, caplog: pytest.LogCaptureFixture) -> None:
    collector.status = 400
    with caplog.at_level(logging.CRITICAL, "opentelemetry"), tracing.span("work") as span:
        span.tell({"voxhall.kind": "speech"})
    tracing.end()
    tracing.end()
    with tracing.span("after the end"):
        assert tracing.current() is None


def test_without_a_collector_there_are_no_spans() -> None:
    tracing.begin(Settings(), "tests")
    with tracing.span("work", parent=CALLERS) as span:
        span.rename("other")
        span.tell({"voxhall.kind": "speech"})
        span.fail("internal_error")
        assert (tracing.is_on(), tracing.current()) == (False, None)
