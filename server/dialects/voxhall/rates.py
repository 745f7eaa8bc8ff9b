"""Our own headers of what a key may still send, as the IETF drafted them. The reset is in seconds from now."""

import math
import time

from server.rates import Rate


def headers(rate: Rate) -> dict[str, str]:
    return {
        "RateLimit-Limit": str(rate.limit),
        "RateLimit-Remaining": str(rate.remaining),
        "RateLimit-Reset": str(max(0, math.ceil(rate.reset - time.time()))),
    }
