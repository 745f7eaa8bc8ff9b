"""JSON or a form, as everywhere."""

from server.forms import openapi_of, parsed

__all__ = ["openapi_of", "parsed"]
