"""Neo4j Community from Maven Central (the project in `tests/neo4j/`), without a container and without rights. Needs Java 17 and Maven.

The libraries are kept below the folder; the data lie in a temporary folder of their own, which an unprivileged user may write.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from postgres_server import NOBODY, free_port, unprivileged

PROJECT = Path(__file__).resolve().parent.parent / "neo4j"
JAVA = 17
# Seconds until it must listen.
PATIENCE = 120


def start(folder):
    libraries = fetched(folder)
    stop(folder)
    home = Path(tempfile.mkdtemp(prefix="cogo-neo4j-"))
    for path in [PROJECT / "Server.java", *([] if readable(libraries) else [libraries])]:
        (shutil.copytree if path.is_dir() else shutil.copy)(path, home / path.name)
    data = home / "data"
    data.mkdir()
    if os.geteuid() == 0:
        for path in [home, data]:
            os.chown(path, NOBODY, NOBODY)
    if (home / libraries.name).is_dir():
        libraries = home / libraries.name
    port = free_port()
    command = ["java", "-Xmx1g", "-cp", f"{libraries}/*", str(home / "Server.java"), str(data), str(port)]
    with open(home / "log", "wb") as log:
        server = subprocess.Popen(unprivileged(command), stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd="/", start_new_session=True)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "running").write_text(f"{server.pid}\n{home}")
    until = time.monotonic() + PATIENCE
    while b"ready" not in (home / "log").read_bytes():
        if server.poll() is not None or time.monotonic() > until:
            reason = (home / "log").read_text(errors="replace").strip()[-300:]
            stop(folder)
            sys.exit(f"the server did not start: {reason}")
        time.sleep(0.2)
    return f"bolt://127.0.0.1:{port}"


def stop(folder):
    running = folder / "running"
    if not running.is_file():
        return
    pid, home = running.read_text().split("\n", 1)
    try:
        # Only if it is still ours: numbers of processes come again.
        command = Path(f"/proc/{pid}/cmdline")
        if not command.exists() or home in command.read_text():
            os.kill(int(pid), signal.SIGKILL)
    except (OSError, ValueError):
        pass
    time.sleep(0.2)
    shutil.rmtree(home, ignore_errors=True)
    running.unlink()


def fetched(folder):
    """The folder with the libraries."""
    java = shutil.which("java")
    version = subprocess.run([java, "-version"], capture_output=True, text=True).stderr if java else ""
    found = re.search(r'version "(\d+)', version)
    if not found or int(found.group(1)) < JAVA:
        sys.exit(f"Java {JAVA} or newer is not installed")
    libraries = folder / "libraries"
    if not libraries.is_dir():
        if shutil.which("mvn") is None:
            sys.exit("Maven is not installed")
        half = folder / "libraries.half"
        shutil.rmtree(half, ignore_errors=True)
        half.mkdir(parents=True)
        project = half / "pom.xml"
        shutil.copy(PROJECT / "pom.xml", project)
        command = ["mvn", "-q", "-B", "-f", str(project), "dependency:copy-dependencies", f"-DoutputDirectory={half}", "-DincludeScope=runtime"]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"Maven could not fetch Neo4j: {done.stdout.strip()[-200:]}")
        project.unlink()
        half.rename(libraries)
    return libraries


def readable(folder):
    """Whether the user that runs the server can see the folder of the build."""
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    return subprocess.call(unprivileged(["ls", str(folder)]), cwd="/", **quiet) == 0
