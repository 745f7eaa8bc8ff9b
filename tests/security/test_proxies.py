"""Whose word counts for where a caller is."""

from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Request

from jobs.settings import Settings

FORWARDED = {
    "X-Forwarded-For": "8.8.8.8",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "evil.example",
    "X-Forwarded-Port": "666",
    "X-Forwarded-Prefix": "/evil",
    "X-Original-URL": "/evil",
    "X-Rewrite-URL": "/evil",
    "Forwarded": "for=9.9.9.9;host=evil.example;proto=https",
}


@pytest.fixture
def app(app: FastAPI) -> FastAPI:
    @app.get("/where")
    def where(request: Request) -> dict[str, Any]:
        return {
            "base": str(request.base_url),
            "path": request.url.path,
            "caller": request.client and request.client.host,
        }

    return app


def test_a_proxy_on_this_machine_tells_scheme_and_caller_and_no_name(port: int) -> None:
    found = httpx.get(f"http://127.0.0.1:{port}/where", headers=FORWARDED).json()
    assert found == {"base": f"https://127.0.0.1:{port}/", "path": "/where", "caller": "8.8.8.8"}


@pytest.fixture
def settings(settings: Settings, request: pytest.FixtureRequest) -> Settings:
    return settings.model_copy(update=getattr(request, "param", {}))


@pytest.mark.parametrize("settings", [{"trusted_proxies": "192.0.2.1"}], indirect=True)
def test_nobody_else_is_believed(port: int) -> None:
    found = httpx.get(f"http://127.0.0.1:{port}/where", headers=FORWARDED).json()
    assert found == {"base": f"http://127.0.0.1:{port}/", "path": "/where", "caller": "127.0.0.1"}
