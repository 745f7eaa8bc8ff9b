"""deAPI's headers of what a key may still send: in a minute, and until midnight UTC."""

from server.rates import Rate


def headers(rate: Rate) -> dict[str, str]:
    return {
        "X-RateLimit-Limit": str(rate.limit),
        "X-RateLimit-Remaining": str(rate.remaining),
        "X-RateLimit-Daily-Limit": str(rate.daily_limit),
        "X-RateLimit-Daily-Remaining": str(rate.daily_remaining),
        "X-RateLimit-Type": rate.kind,
    }
