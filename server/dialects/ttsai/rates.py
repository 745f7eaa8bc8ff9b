"""TTS.ai's headers of what a key may still send. The reset is in seconds since the epoch."""

import math

from server.rates import Rate


def headers(rate: Rate) -> dict[str, str]:
    return {
        "X-RateLimit-Limit": str(rate.limit),
        "X-RateLimit-Remaining": str(rate.remaining),
        "X-RateLimit-Reset": str(math.ceil(rate.reset)),
    }
