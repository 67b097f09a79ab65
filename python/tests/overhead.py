"""Measures what a search through Python costs beyond the engine's own time.

    python3 python/tests/overhead.py [REPOSITORY]
"""

import statistics
import sys
import tempfile
import time
from pathlib import Path

import cogo

CALLS = 1000


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        if len(sys.argv) < 2:
            Path(folder, "tax.py").write_text("def apply_tax(amount):\n    return amount * 1.2\n")
        index = cogo.Index.build(sys.argv[1] if len(sys.argv) > 1 else folder)
        index.search("tax")
        overheads = []
        for _ in range(CALLS):
            started = time.perf_counter_ns()
            hits = index.search("apply tax")
            overheads.append((time.perf_counter_ns() - started) / 1000 - hits.elapsed_us)
        overheads.sort()
        print(
            f"{CALLS} searches, {len(hits)} hits each; microseconds beyond the engine's: "
            f"median {statistics.median(overheads):.1f}, p90 {overheads[CALLS * 9 // 10]:.1f}, p99 {overheads[CALLS * 99 // 100]:.1f}"
        )


if __name__ == "__main__":
    main()
