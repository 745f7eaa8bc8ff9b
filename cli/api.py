"""The API process."""

import socket

import uvicorn
from fastapi import FastAPI

from cli.process import check_ledger, fail, prepare
from jobs import logs
from jobs.settings import Settings
from server.app import create_app

GRACE_SECONDS = 3
LONGEST_HEAD = 64 * 1024
"""Bytes of a request before its body."""


def run(settings: Settings) -> None:
    if not settings.redis_url:
        raise fail("The API needs VOXHALL_REDIS_URL. `voxhall up` starts everything, an embedded broker included.")
    prepare(settings, "api")
    check_ledger(settings)
    logs.configure("api", as_json=settings.log_json)
    app = create_app(settings)
    _Server(configuration(app, settings), app).run()


def configuration(app: FastAPI, settings: Settings) -> uvicorn.Config:
    """How the app is served: who is believed about a caller's address, and how much of a head is read."""
    return uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        http="h11",  # the other parser has no bound for headers
        h11_max_incomplete_event_size=LONGEST_HEAD,
        ws_per_message_deflate=False,  # sound does not get smaller by it, and what unpacks may be a bomb
        proxy_headers=True,
        forwarded_allow_ips=settings.trusted_proxies,
        timeout_graceful_shutdown=GRACE_SECONDS,
        server_header=False,
        access_log=False,
        log_config=None,
    )


class _Server(uvicorn.Server):
    """Answers those who wait for a job before it cuts their connections, so that they know what to do."""

    def __init__(self, config: uvicorn.Config, app: FastAPI) -> None:
        super().__init__(config)
        self._app = app

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._app.state.hall.closing.set()
        await super().shutdown(sockets)
