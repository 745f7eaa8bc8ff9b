"""The API process."""

import uvicorn

from cli.process import fail, prepare
from jobs import logs
from jobs.settings import Settings
from server.app import create_app

GRACE_SECONDS = 3


def run(settings: Settings) -> None:
    if not settings.redis_url:
        raise fail("The API needs VOXHALL_REDIS_URL. `voxhall up` starts everything, an embedded broker included.")
    prepare(settings)
    logs.configure("api", as_json=settings.log_json)
    uvicorn.run(
        create_app(settings),
        host=settings.host,
        port=settings.port,
        proxy_headers=True,
        forwarded_allow_ips=settings.trusted_proxies,
        timeout_graceful_shutdown=GRACE_SECONDS,
        server_header=False,
        access_log=False,
        log_config=None,
    )
