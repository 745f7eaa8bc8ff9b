from collections.abc import Mapping

import pytest
from fastapi.testclient import TestClient

from jobs.database import Database
from jobs.keys import Keys

# Each dialect's header form: a route, and whether it takes a bearer, an `x-api-key`.
ROUTES = [("/v1/models", True, False), ("/v1/inferences-tts", False, True), ("/voices", True, True)]


def ask(client: TestClient, path: str, headers: Mapping[str, str]) -> int:
    del client.headers["Authorization"], client.headers["x-api-key"]
    return client.get(path, headers=headers).status_code


@pytest.mark.parametrize(("path", "bearer", "header"), ROUTES)
def test_a_key_counts_in_the_form_of_its_dialect(
    client: TestClient, secret: str, path: str, bearer: bool, header: bool
) -> None:
    statuses = {True: {200}, False: {401, 403}}
    assert client.get(path, headers={"x-api-key": ""}).status_code in statuses[bearer]
    assert client.get(path, headers={"Authorization": ""}).status_code in statuses[header]


@pytest.mark.parametrize(("path", "bearer", "header"), ROUTES)
def test_a_revoked_key_ends_at_once(
    client: TestClient, database: Database, path: str, bearer: bool, header: bool
) -> None:
    assert client.get(path).status_code == 200
    keys = Keys(database)
    (key,) = keys.list()
    keys.revoke(key.id)
    assert client.get(path).status_code in {401, 403}


@pytest.mark.parametrize("form", ["{}", "Basic {}", "Bearer", "Bearer  ", "Bearer {}x", "bearer{}"])
def test_another_scheme_is_no_key(client: TestClient, secret: str, form: str) -> None:
    assert ask(client, "/v1/models", {"Authorization": form.format(secret)}) == 401


def test_the_scheme_is_read_as_http_says(client: TestClient, secret: str) -> None:
    assert ask(client, "/v1/models", {"authorization": f"bearer {secret}"}) == 200


def test_what_is_missing_is_said(client: TestClient) -> None:
    client.headers["Authorization"] = ""
    assert "`voxhall keys create NAME`" in client.get("/v1/models").json()["error"]["message"]
