"""What a browser is told, and what a page of another site cannot make it do."""

import re
from base64 import b64encode
from hashlib import sha256
from itertools import product

from fastapi import FastAPI
from fastapi.testclient import TestClient

from jobs.ledger import Ledger

STRANGER = {"Authorization": "", "x-api-key": ""}
ELSEWHERE = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}


def test_nothing_is_guessed_told_on_or_framed(client: TestClient) -> None:
    for path in ("/healthz", "/v1/models", "/nonsense", "/files/x/y", "/docs", "/docs/assets/swagger-ui.css"):
        headers = client.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "frame-ancestors 'none'" in headers["content-security-policy"]


def test_an_error_that_nobody_foresaw_tells_it_too(app: FastAPI, client: TestClient) -> None:
    @app.get("/broken")
    def broken() -> None:
        raise RuntimeError

    assert client.get("/broken").headers["x-content-type-options"] == "nosniff"


def test_the_reference_runs_its_own_scripts_and_no_others(client: TestClient) -> None:
    answer = client.get("/docs")
    policy = dict(part.strip().split(" ", 1) for part in answer.headers["content-security-policy"].split(";"))
    [script] = re.findall("<script>(.*?)</script>", answer.text, re.DOTALL)
    digest = b64encode(sha256(script.encode()).digest()).decode()
    assert policy["script-src"].split() == ["'self'", f"'sha256-{digest}'"]
    assert policy["connect-src"] == "'self'"
    assert not re.search(r"\son\w+=", answer.text)


def test_no_page_of_another_site_reads_an_answer(client: TestClient) -> None:
    asked = ELSEWHERE | {
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization",
        "Access-Control-Request-Private-Network": "true",
    }
    for method, path in product(("GET", "POST", "OPTIONS"), ("/jobs", "/v1/audio/speech", "/v1/tts/", "/metrics")):
        answer = client.request(method, path, headers=asked)
        assert not [name for name in answer.headers if name.startswith("access-control-")]


def test_no_page_of_another_site_asks_for_a_change_without_a_key(client: TestClient, ledger: Ledger) -> None:
    client.headers.pop("authorization")
    client.headers.pop("x-api-key")
    body = {"text": "Hello.", "voice": "af_heart"}
    refused = client.post("/v1/tts/", json=body, headers=ELSEWHERE)
    assert (refused.status_code, refused.json()["error"]["type"]) == (403, "forbidden")
    assert client.post("/v1/tts/", json=body, headers={"Sec-Fetch-Site": "same-origin"}).status_code == 401
    assert client.get("/healthz", headers=ELSEWHERE).status_code == 200
    assert ledger.waiting() == {}


def test_a_page_that_was_given_a_key_may(client: TestClient) -> None:
    assert client.post("/jobs", json={"kind": "nonsense"}, headers=ELSEWHERE).status_code == 400
