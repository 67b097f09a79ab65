"""Drives semble in one process for compare.py: a JSON request per line on stdin, a JSON answer per line on stdout.

Run by the Python of semble's own environment. The model is loaded once, before anything is measured; every index is
built in full, because the cache folder is empty and private.
"""

import gc
import json
import os
import resource
import sys
import tempfile
import time


def main(model: str) -> None:
    # semble reads a cached index where there is one; here is none.
    os.environ["SEMBLE_CACHE_LOCATION"] = tempfile.mkdtemp(prefix="semble-cache-")
    import semble
    import semble.index.dense
    from semble import ContentType, SembleIndex

    started = time.perf_counter()
    if model:
        semble.index.dense.load_model(model)
    options = {"model_path": model} if model else {}
    load_seconds = time.perf_counter() - started
    answer({"semble": semble.__version__, "model_load_seconds": load_seconds})
    index = None
    for line in sys.stdin:
        request = json.loads(line)
        if "index" in request:
            if request["workers"]:
                os.environ["SEMBLE_INDEX_WORKERS"] = str(request["workers"])
            else:
                os.environ.pop("SEMBLE_INDEX_WORKERS", None)
            content = (ContentType.CODE,) if request["content"] == "code" else tuple(ContentType)
            index = None
            gc.collect()
            started = time.perf_counter()
            index = SembleIndex.from_path(request["index"], content=content, **options)
            seconds = time.perf_counter() - started
            assert not index.loaded_from_disk, "semble answered from a cache"
            stats = index.stats
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
            answer({
                "seconds": seconds, "files": stats.indexed_files, "chunks": stats.total_chunks, "peak_rss_mb": peak,
            })
        else:
            started = time.perf_counter()
            results = index.search(request["query"], top_k=request["limit"])
            seconds = time.perf_counter() - started
            answer({"seconds": seconds, "hits": len(results)})


def answer(message: dict) -> None:
    print(json.dumps(message), flush=True)


if __name__ == "__main__":
    # The answers are stdout; what libraries print goes to stderr. semble starts workers by importing this file anew.
    main(sys.argv[1] if len(sys.argv) > 1 else "")
