from fastapi.testclient import TestClient

from server.dialects.ttsai.later import LATER
from tests.server.dialects.ttsai.conftest import CLIP, shape
from tests.server.dialects.ttsai.test_voices import STRANGER


def test_what_is_not_offered_says_what_is(client: TestClient) -> None:
    for path in [f"{base}{path}/" for path in LATER for base in ("/v1/", "/api/v1/")]:
        answer = client.post(path, files={"file": ("a.wav", CLIP)}, data={"target_language": "es"})
        shape(answer.json())
        assert (answer.status_code, answer.json()["error"]["type"]) == (501, "not_offered"), path
        refused = client.post(path, json={"text": "Hello."}, headers=STRANGER)
        shape(refused.json())
        assert refused.status_code == 401, path
