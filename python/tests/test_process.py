"""Threads, signals and forks."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import cogo


def run(code: str, *arguments: str, seconds: float = 60) -> subprocess.CompletedProcess:
    command = [sys.executable, "-c", textwrap.dedent(code), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=seconds)


def wait_for(child: int, seconds: float = 30) -> int:
    """The exit code of a child; kills it if it hangs."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.01)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    raise AssertionError("the child hangs")


def test_the_lock_of_the_interpreter_is_released(index: cogo.Index) -> None:
    ticks = 0
    stop = threading.Event()

    def tick() -> None:
        nonlocal ticks
        while not stop.is_set():
            ticks += 1
            time.sleep(0)

    interval = sys.getswitchinterval()
    # Nobody is made to let go of the lock: the thread can only run while a search has released it.
    sys.setswitchinterval(1000)
    thread = threading.Thread(target=tick)
    try:
        thread.start()
        before, end = ticks, time.monotonic() + 30
        # The other thread may be slow to wake up, so that one search is over before it has taken the lock.
        while ticks == before and time.monotonic() < end:
            index.search("basket")
        assert ticks > before
    finally:
        stop.set()
        sys.setswitchinterval(interval)
        thread.join()


def test_many_threads_get_the_same_answer(index: cogo.Index) -> None:
    expected = [hit.path for hit in index.search("basket")]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: [hit.path for hit in index.search("basket")], range(200)))
    assert answers == [expected] * 200


def test_ctrl_c_interrupts_indexing(tmp_path: Path) -> None:
    repository = tmp_path / "repository"
    for number in range(3000):
        path = repository / f"p{number % 50}" / f"m{number}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(f"def f_{number}_{i}(a, b):\n    return g_{i}(a) + b\n\n\n" for i in range(40)))
    code = """
        import os, signal, sys, threading, time
        import cogo
        # A shell starts what runs behind it with SIGINT ignored, and Python leaves it so.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        def interrupt():
            while not os.path.exists(os.path.join(sys.argv[1], ".cogo")):
                time.sleep(0.001)
            os.kill(os.getpid(), signal.SIGINT)
        threading.Thread(target=interrupt, daemon=True).start()
        try:
            cogo.Index.build(sys.argv[1])
            print("finished")
        except KeyboardInterrupt:
            print("interrupted")
    """
    done = run(code, str(repository))
    assert done.stdout.strip() == "interrupted", done
    # The process ended in the middle of the run; nothing is broken.
    index = cogo.Index.build(repository)
    assert index.status()["files"] == 3000


def in_child(index: cogo.Index) -> None:
    """What a child does; leaves with 0 if all went well."""
    code = 1
    try:
        assert index.search("the sum of all prices")[0].path == "shop/basket.py"
        assert index.graph.callers("apply_tax")["proven"] == 1
        (index.root / "child.py").write_text("def made_by_the_child():\n    return 1\n")
        assert index.refresh()["indexed"] == 1
        assert index.search("made by the child")[0].path == "child.py"
        assert cogo.Embedder().embed(["x"]).shape == (1, 256)
        code = 0
    except BaseException as error:
        print(repr(error), file=sys.stderr)
    finally:
        os._exit(code)


def test_a_forked_child_searches_and_indexes(index: cogo.Index) -> None:
    # So that the threads of the parent exist.
    index.search("basket")
    index.graph.overview()
    child = os.fork()
    if child == 0:
        in_child(index)
    assert wait_for(child) == 0
    assert index.search("basket")


def test_a_child_of_a_child_works_too(index: cogo.Index) -> None:
    child = os.fork()
    if child == 0:
        index.search("basket")
        grandchild = os.fork()
        if grandchild == 0:
            in_child(index)
        os._exit(wait_for(grandchild))
    assert wait_for(child) == 0


def test_a_fork_in_the_middle_of_a_call_is_an_error_and_does_not_hang(repository: Path) -> None:
    for number in range(1500):
        (repository / f"m{number}.py").write_text("".join(f"def f_{i}():\n    return {i}\n\n\n" for i in range(40)))
    thread = threading.Thread(target=cogo.Index.build, args=[repository])
    thread.start()
    time.sleep(0.1)
    child = os.fork()
    if child == 0:
        code = 1
        try:
            cogo.Index.build(repository)
        except cogo.ForkError as error:
            code = 0 if "spawn" in (error.hint or "") else 2
        finally:
            os._exit(code)
    assert thread.is_alive(), "the repository is too small for this test"
    assert wait_for(child) == 0
    thread.join()


def paths_of(index: cogo.Index) -> list:
    return [hit.path for hit in index.search("basket")]


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_pools_of_processes(index: cogo.Index, method: str) -> None:
    expected = paths_of(index)
    with multiprocessing.get_context(method).Pool(2) as pool:
        assert pool.map_async(paths_of, [index] * 4).get(60) == [expected] * 4
