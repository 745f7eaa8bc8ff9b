"""`/docs`: the API reference page. Its script comes with a package, so the page works without any network."""

import re
from base64 import b64encode
from hashlib import sha256
from pathlib import Path

import fastapi_offline
from fastapi import FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from starlette.responses import HTMLResponse
from starlette.staticfiles import StaticFiles

ASSETS = "/docs/assets"
_SCRIPT = re.compile("<script>(.*?)</script>", re.DOTALL)


def add_to(app: FastAPI) -> None:
    app.mount(ASSETS, StaticFiles(directory=Path(fastapi_offline.__file__).parent / "static"), name="reference assets")

    page = get_swagger_ui_html(
        openapi_url="/openapi.json",
        title="Voxhall",
        swagger_js_url=f"{ASSETS}/swagger-ui-bundle.js",
        swagger_css_url=f"{ASSETS}/swagger-ui.css",
        swagger_favicon_url=f"{ASSETS}/favicon.png",
    )
    headers = {"Content-Security-Policy": _policy(bytes(page.body).decode())}

    @app.get("/docs", include_in_schema=False)
    def docs() -> HTMLResponse:
        return HTMLResponse(page.body, headers=headers)


def _policy(page: str) -> str:
    """The page runs its own scripts and no others, and talks to its own server."""
    digests = [b64encode(sha256(script.encode()).digest()).decode() for script in _SCRIPT.findall(page)]
    scripts = " ".join(["'self'", *(f"'sha256-{digest}'" for digest in digests)])
    rest = "style-src 'self' 'unsafe-inline'; img-src 'self' data:; media-src 'self' blob:; connect-src 'self'"
    outside = "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
    return f"default-src 'none'; script-src {scripts}; {rest}; {outside}"
