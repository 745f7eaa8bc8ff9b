"""The API process."""

import asyncio
import socket
import time
from contextlib import suppress

import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.h11_impl import H11Protocol

from cli.process import check_ledger, fail, prepare
from jobs import heap, logs
from jobs.settings import Settings
from server.app import create_app
from server.arriving import Arrivals

GRACE_SECONDS = 3
UPLOAD_SECONDS = 20.0
"""How long a request that brings something may still take until its answer begins."""
LOOK = 0.2

LONGEST_HEAD = 64 * 1024
"""Bytes of a request before its body."""


def run(settings: Settings) -> None:
    if not settings.redis_url:
        raise fail("The API needs VOXHALL_REDIS_URL. `voxhall up` starts everything, an embedded broker included.")
    prepare(settings, "api")
    heap.begin()
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
        http=H11Protocol,  # the other parser has no bound for headers
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
    """Takes in what is on its way, and answers those who wait for a job, before it cuts their connections."""

    def __init__(self, config: uvicorn.Config, app: FastAPI) -> None:
        super().__init__(config)
        self._app = app

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        hall = self._app.state.hall
        hall.closing.set()
        for listening in self.servers:
            listening.close()
        for connection in list(self.server_state.connections):
            if isinstance(connection, H11Protocol):  # a websocket cannot be told twice
                connection.shutdown()  # without a request it ends now, else after its answer
        await self._all_in(hall.arrivals)
        await super().shutdown(sockets)

    async def _all_in(self, arrivals: Arrivals) -> None:
        """Waits a while, unless a second signal came."""
        end = time.monotonic() + UPLOAD_SECONDS
        while arrivals.open and not self.force_exit and time.monotonic() < end:
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK):
                    await arrivals.all_in()
