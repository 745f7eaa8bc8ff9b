from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

from jobs.keys import Keys
from jobs.ledger import Ledger
from jobs.settings import Settings
from server.hall import Hall
from server.keyless import network
from tests.server.conftest import Puppet, RvcVoices

STRANGER = {b"authorization": b"", b"x-api-key": b""}
TWENTY = "Twenty characters ok"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"keyless_characters": 50})


@pytest.fixture
def ask(client: TestClient, rvc: RvcVoices) -> Callable[..., Any]:
    rvc.install("kokoro", "spacy-en", "chatterbox-english")

    def post(text: str = TWENTY, path: str = "/v1/tts/", **more: Any) -> Any:
        return client.post(path, json={"text": text, "voice": "af_bella"} | more, headers=STRANGER)

    return post


Ask = Callable[..., Any]


@pytest.mark.parametrize("path", ["/v1/tts/", "/api/v1/tts/"])
def test_a_free_model_speaks_without_a_key(
    ask: Ask, client: TestClient, puppet: Puppet, ledger: Ledger, hall: Hall, path: str
) -> None:
    answer = ask(path=path)
    assert answer.status_code == 200
    uuid = answer.json()["uuid"]
    assert ledger.get(uuid).key_id == hall.keys.own("without a key").id
    puppet.deliver(puppet.claim(), "speech.mp3", b"sound", media_type="audio/mpeg", duration=1.0)
    done = client.get("/v1/speech/results/", params={"uuid": uuid}, headers=STRANGER).json()
    assert client.get(done["result_url"], headers=STRANGER).content == b"sound"


def test_an_address_has_so_many_characters_a_day(ask: Ask, client: TestClient, ledger: Ledger) -> None:
    assert [ask().status_code for _ in range(3)] == [200, 200, 429]
    refused = ask()
    assert refused.json()["error"]["code"] == "rate_limited"
    assert "10 are left" in refused.json()["message"]
    assert 1 <= int(refused.headers["retry-after"]) <= 86_400
    assert ask("Ten chars.").status_code == 200
    assert ask("Ten chars.").status_code == 429
    assert ask("x" * 51).status_code == 400
    assert client.post("/v1/tts/", json={"text": TWENTY, "voice": "af_bella"}).status_code == 200
    assert ledger.waiting() == {"speech": 4}


def test_what_is_refused_costs_nothing(ask: Ask) -> None:
    assert [ask(voice="nobody").status_code for _ in range(4)] == [404] * 4
    assert ask().status_code == 200


def test_everything_else_wants_a_key(ask: Ask, client: TestClient, ledger: Ledger, rvc: RvcVoices) -> None:
    voice = rvc.add("Nina", kind="clone", text="Hi.", language="en", seconds=8.0, model=None, description=None)
    for refused in (
        ask(user_voice_id=f"uv_{voice}"),
        ask(webhook_url="https://1.1.1.1/hook"),
        ask("x" * 10_000),
        ask(path="/v1/tts/batch/"),
        client.post("/v1/audio/speech", json={"input": "Hello.", "model": "tts-1", "voice": "alloy"}, headers=STRANGER),
        client.post("/v1/tts/", json={"text": TWENTY}, headers={"Authorization": "Bearer wrong"}),
    ):
        assert refused.status_code in (401, 404), refused.text
    assert ledger.waiting() == {}


def test_strangers_do_not_repeat_each_other(client: TestClient, ask: Ask) -> None:
    headers = {**STRANGER, b"idempotency-key": b"1"}
    body = {"text": "Ten chars.", "voice": "af_bella"}
    first, second = (client.post("/v1/tts/", json=body, headers=headers).json()["uuid"] for _ in range(2))
    assert first != second


def test_nobody_can_count(ask: Ask, hall: Hall, client: TestClient) -> None:
    broken = hall.settings.model_copy(update={"redis_url": "redis://127.0.0.1:1"})
    object.__setattr__(hall, "settings", broken)
    refused = ask()
    assert (refused.status_code, refused.json()["error"]["type"]) == (503, "unavailable")


def test_without_the_setting_a_key_is_needed(ask: Ask, hall: Hall) -> None:
    object.__setattr__(hall, "settings", hall.settings.model_copy(update={"keyless_characters": 0}))
    assert ask().status_code == 401


def test_an_address_is_its_network() -> None:
    assert network("203.0.113.7") == network("::ffff:203.0.113.7") == "203.0.113.7"
    assert network("2001:db8::1") == network("2001:db8::ffff:1%eth0") != network("2001:db8:0:1::1")
    assert network("::1") == "::/64"
    assert network("testclient") == "testclient"


def test_the_servers_own_keys_stand_in_nobodys_way(hall: Hall) -> None:
    keys: Keys = hall.keys
    assert keys.own("without a key").id != keys.own("voice previews").id
    assert [key.revoked_at is not None for key in keys.list() if key.name == "without a key"] == [True]
