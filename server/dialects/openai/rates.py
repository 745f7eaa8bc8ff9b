"""OpenAI's headers of what a key may still send. The reset is a span such as `6m0s`."""

import math
import time

from server.rates import Rate


def headers(rate: Rate) -> dict[str, str]:
    minutes, seconds = divmod(max(0, math.ceil(rate.reset - time.time())), 60)
    return {
        "x-ratelimit-limit-requests": str(rate.limit),
        "x-ratelimit-remaining-requests": str(rate.remaining),
        "x-ratelimit-reset-requests": f"{minutes}m{seconds}s" if minutes else f"{seconds}s",
    }
