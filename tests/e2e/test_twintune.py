"""TwinTune's contract: submit, poll, download, list, and its ways to say no."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from tests.e2e.product import KEY, UPLOAD_LIMIT, Product, until
from tests.e2e.texts import RUSSIAN

PATH = "/v1/inferences-tts"
TIME = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6} \+00:00"
FIELDS = {"inferenceId", "modelId", "status", "type", "inferenceUrl", "jobStartTime", "jobEndTime"}


@pytest.fixture(scope="module")
def twintune(product: Product) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=product.url, headers={"x-api-key": KEY}, timeout=60) as client:
        yield client


@pytest.fixture(scope="module")
def submitted(twintune: httpx.Client) -> dict[str, Any]:
    answers = [
        twintune.post(PATH, json={"tts_text": text, "tts_voice": "bf_emma"}) for text in ("One.", "Two.", "Three.")
    ]
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    body: dict[str, Any] = answers[-1].json()
    return body


@pytest.fixture(scope="module")
def ended(twintune: httpx.Client, submitted: dict[str, Any]) -> dict[str, Any]:
    def look() -> dict[str, Any] | None:
        body: dict[str, Any] = twintune.get(f"{PATH}/{submitted['inferenceId']}").json()
        return body if body["status"] != "RUNNING" else None

    return until(look) or {}


def test_a_new_inference_runs(submitted: dict[str, Any]) -> None:
    assert submitted.keys() == FIELDS
    assert (submitted["status"], submitted["type"], submitted["modelId"]) == ("RUNNING", "TTS", "bf_emma")
    assert submitted["inferenceUrl"] is None
    assert submitted["jobEndTime"] is None
    assert re.fullmatch(TIME, submitted["jobStartTime"])


def test_it_succeeds(ended: dict[str, Any]) -> None:
    assert ended.keys() == FIELDS
    assert ended["status"] == "SUCCESS"
    started, finished = (
        datetime.strptime(ended[name], "%Y-%m-%d %H:%M:%S.%f %z") for name in ("jobStartTime", "jobEndTime")
    )
    assert started <= finished <= datetime.now(UTC)


def test_the_result_needs_no_key_and_is_lossy(ended: dict[str, Any], product: Product) -> None:
    answer = httpx.get(ended["inferenceUrl"])
    assert answer.is_success
    assert answer.headers["content-type"] == "audio/mpeg"
    assert re.match(rb"ID3|\xff[\xf2\xf3\xfa\xfb]", answer.content)
    assert ended["inferenceUrl"].startswith(product.url)


def test_pages(twintune: httpx.Client, ended: dict[str, Any], product: Product) -> None:
    first, second = (twintune.get(PATH, params={"page": n, "perPage": 2}).json() for n in (1, 2))
    assert first["data"][0] == ended | {"inferenceUrl": first["data"][0]["inferenceUrl"]}
    assert all(inference.keys() == FIELDS for inference in first["data"])
    total, base = first["meta"]["total"], f"{product.url}{PATH}?page="
    last = -(-total // 2)
    assert total >= 3
    assert first["meta"] == {
        "total": total,
        "perPage": 2,
        "currentPage": 1,
        "lastPage": last,
        "firstPage": 1,
        "firstPageUrl": f"{base}1&perPage=2",
        "lastPageUrl": f"{base}{last}&perPage=2",
        "nextPageUrl": f"{base}2&perPage=2",
        "previousPageUrl": None,
    }
    assert second["meta"]["previousPageUrl"] == f"{base}1&perPage=2"
    assert second["meta"]["nextPageUrl"] == (f"{base}3&perPage=2" if last > 2 else None)
    assert twintune.get(first["meta"]["nextPageUrl"]).json()["meta"] == second["meta"]


def test_only_its_own_inferences_are_listed(twintune: httpx.Client, client: httpx.Client) -> None:
    other = client.get("/jobs", params={"kind": "speech", "size": 100}).json()
    listed = twintune.get(PATH, params={"perPage": 100}).json()
    assert listed["meta"]["total"] < other["total"] + 1
    refused = twintune.get(f"{PATH}/no-such-id")
    assert (refused.status_code, refused.json()) == (404, {"message": "Not Found"})


@pytest.mark.parametrize("headers", [{}, {"x-api-key": "not-a-key-of-this-server"}, {"Authorization": f"Bearer {KEY}"}])
def test_forbidden(product: Product, headers: dict[str, str]) -> None:
    for method, path in (("POST", PATH), ("GET", PATH), ("GET", f"{PATH}/1")):
        answer = httpx.request(method, f"{product.url}{path}", headers=headers)
        assert (answer.status_code, answer.json()) == (403, {"message": "Forbidden"})


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (
            {},
            [
                {"loc": ["body", "tts_text"], "msg": "field required", "type": "value_error.missing"},
                {"loc": ["body", "tts_voice"], "msg": "field required", "type": "value_error.missing"},
            ],
        ),
        (
            {"tts_text": 7, "tts_voice": "bf_emma"},
            [{"loc": ["body", "tts_text"], "msg": "str type expected", "type": "type_error.str"}],
        ),
    ],
)
def test_faults_in_the_words_of_pydantic_v1(
    twintune: httpx.Client, body: dict[str, Any], detail: list[dict[str, Any]]
) -> None:
    answer = twintune.post(PATH, json=body)
    assert (answer.status_code, answer.json()) == (422, {"detail": detail})


@pytest.mark.parametrize(
    ("wrong", "field", "kind"),
    [
        ({"tts_text": "  "}, "tts_text", "value_error"),
        ({"tts_text": RUSSIAN}, "tts_text", "value_error"),
        ({"tts_voice": "nobody"}, "tts_voice", "value_error"),
    ],
)
def test_refused_values(twintune: httpx.Client, wrong: dict[str, str], field: str, kind: str) -> None:
    total = twintune.get(PATH).json()["meta"]["total"]
    answer = twintune.post(PATH, json={"tts_text": "Good.", "tts_voice": "af_heart"} | wrong)
    assert answer.status_code == 422
    assert answer.json().keys() == {"detail"}
    [problem] = answer.json()["detail"]
    assert problem.keys() == {"loc", "msg", "type"}
    assert (problem["loc"], problem["type"]) == (["body", field], kind)
    assert twintune.get(PATH).json()["meta"]["total"] == total


def test_more_than_a_thousand_characters_are_refused_in_the_words_of_pydantic_1(twintune: httpx.Client) -> None:
    answer = twintune.post(PATH, json={"tts_text": "a" * 1001, "tts_voice": "af_heart"})
    problem = {
        "loc": ["body", "tts_text"],
        "msg": "ensure this value has at most 1000 characters",
        "type": "value_error.any_str.max_length",
        "ctx": {"limit_value": 1000},
    }
    assert (answer.status_code, answer.json()) == (422, {"detail": [problem]})


def test_a_thousand_characters_are_taken(twintune: httpx.Client) -> None:
    answer = twintune.post(PATH, json={"tts_text": "Good. ".ljust(1000, "a"), "tts_voice": "nobody"})
    assert [problem["loc"] for problem in answer.json()["detail"]] == [["body", "tts_voice"]]


def test_too_large(twintune: httpx.Client) -> None:
    answer = twintune.post(PATH, json={"tts_text": "a" * (UPLOAD_LIMIT + 100_000), "tts_voice": "af_heart"})
    assert (answer.status_code, answer.json()) == (413, {"message": "Payload Too Large"})


def test_malformed_json(twintune: httpx.Client) -> None:
    answer = twintune.post(PATH, content=b"{", headers={"Content-Type": "application/json"})
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"][0] == "body"


@pytest.mark.parametrize("params", [{"page": 0}, {"perPage": 0}, {"perPage": 1000}, {"page": "x"}])
def test_refused_pages(twintune: httpx.Client, params: dict[str, str]) -> None:
    answer = twintune.get(PATH, params=params)
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"] == ["query", next(iter(params))]
