"""The whole API reference against the API itself: whatever fits its schemas, and what does not, is answered as it says.

A real server, a real key; a worker that does every job at once.
"""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import CheckContext
from schemathesis.core.failures import FailureGroup
from schemathesis.core.result import Ok
from schemathesis.core.transport import Response
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from schemathesis.transport.serialization import Binary

from tests.server import known
from tests.server.conftest import Puppet, listening
from tests.server.hurried import Hurried

pytestmark = pytest.mark.timeout(600)

Case = schemathesis.Case[Any]
Operation = APIOperation[Any, Any, Any, Any]

CASES = 2
"""Of each operation and mode, where all is tried."""

INSTALLS = "voxhall models pull"

EACH = settings(
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def no_fault(_context: CheckContext, response: Response, case: Case) -> None:
    """501 is a path that is there to say so. 503 tells the operator what to install, or whoever watches to wait."""
    told = response.status_code == 501 or (response.status_code == 503 and INSTALLS in response.text)
    told = told or case.path == "/readyz"
    assert response.status_code < 500 or told, response.text


MUST_WORK = (
    "POST /v1/audio/speech",
    "POST /v1/audio/transcriptions",
    "POST /v1/inferences-tts",
    "GET /v1/inferences-tts/{inference_id}",
    "POST /api/v2/audio/speech",
    "GET /api/v2/jobs/{job_request}",
    "POST /v1/tts/",
    "GET /v1/speech/results/",
    "POST /v1/stt/",
    "POST /v1/jobs/text-to-speech",
    "GET /v1/jobs/{job_id}",
    "POST /v1/realtime/tts",
    "POST /jobs",
    "GET /jobs/{job_id}",
)
"""Of each dialect something, so that it is not refusals alone that are looked at."""

CHECKS = [
    no_fault,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


@pytest.fixture
def session() -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.trust_env = False
        yield session


@pytest.fixture
def headers(secret: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}", "x-api-key": secret}


@pytest.fixture
def address(app: FastAPI, puppet: Puppet) -> Iterator[str]:
    with listening(app) as address, Hurried(puppet):
        yield address


@pytest.fixture
def document(app: FastAPI) -> dict[str, Any]:
    # Every file that is generated is a recording; no file at all is what the other half of the cases has.
    schemathesis.openapi.format("binary", st.just(Binary(known.WAV)))
    return app.openapi()


def operations(document: dict[str, Any], address: str) -> list[Operation]:
    schema = schemathesis.openapi.from_dict(document)
    schema.config.update(base_url=address)
    found = [*schema.get_all_operations()]
    valid = [operation.ok() for operation in found if isinstance(operation, Ok)]
    assert len(valid) == len(found)
    return valid


def failures(
    operation: Operation, mode: GenerationMode, call: Callable[[Case], Response], *, cases: int
) -> Iterator[str]:
    @given(case=operation.as_strategy(mode))
    @settings(EACH, max_examples=cases)
    def check(case: Case) -> None:
        case.validate_response(call(case), checks=CHECKS)

    try:
        check()
    except (FailureGroup, AssertionError) as error:
        yield f"{operation.label}: {error}"
    except Unsatisfiable:
        assert mode is GenerationMode.NEGATIVE, operation.label  # whatever is sent there, is right


def test_whatever_is_sent(
    document: dict[str, Any], address: str, session: requests.Session, headers: dict[str, str]
) -> None:
    def call(case: Case) -> Response:
        return case.call(session=session, headers=headers, timeout=30)

    every = operations(document, address)
    assert len(every) > 100
    found = [
        said for operation in every for mode in GenerationMode for said in failures(operation, mode, call, cases=CASES)
    ]
    assert not found, "\n\n".join(found)


def test_what_can_be_done_is_done(
    document: dict[str, Any], address: str, session: requests.Session, headers: dict[str, str]
) -> None:
    done: set[str] = set()

    def call(case: Case) -> Response:
        response = case.call(session=session, headers=headers, timeout=30)
        if response.status_code < 300:
            done.add(case.operation.label)
        return response

    narrowed = operations(known.narrowed(document, known.ids(address, session, headers)), address)
    narrowed.sort(key=lambda operation: operation.method == "delete")  # after what they delete was looked at
    found = [said for operation in narrowed for said in failures(operation, GenerationMode.POSITIVE, call, cases=1)]
    assert not found, "\n\n".join(found)
    assert {*MUST_WORK} - done == set()
