"""Retries with exponential backoff."""
import time


class HTTPRetryPolicy:
    def wait_seconds(self, attempt: int) -> float:
        """Seconds to wait before attempt number `attempt`."""
        return min(60.0, 0.5 * 2 ** attempt)


def call_with_retry(request, policy=HTTPRetryPolicy()):
    time.sleep(policy.wait_seconds(1))
    return request()
