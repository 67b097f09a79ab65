#!/usr/bin/env python3
"""The one test command: prepares what the tests need and runs all of them.

    python3 tests/run.py            everything
    python3 tests/run.py --fast     without formatting, lints and documentation

Needs a Rust toolchain and Python 3, nothing else. What is missing for a part is installed if
it can be (rustfmt and clippy through rustup, the ONNX Runtime library through pip, Neo4j through Maven if Java 17
and Maven are there), or that part is reported as skipped, by name.
The exit code is 0 if everything that ran passed.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


class Run:
    """Runs steps one after the other and remembers how they went."""

    def __init__(self):
        self.rows = []

    def step(self, name, command, **environment):
        print(f"\n== {name}: {' '.join(command)}", flush=True)
        started = time.monotonic()
        code = subprocess.call(command, cwd=ROOT, env={**os.environ, **environment})
        outcome = "passed" if code == 0 else f"FAILED (exit code {code})"
        self.rows.append((name, outcome, time.monotonic() - started))

    def skip(self, name, reason):
        print(f"\n== {name}: skipped, {reason}", flush=True)
        self.rows.append((name, f"skipped: {reason}", 0.0))

    def report(self):
        print("\n== result")
        for name, outcome, seconds in self.rows:
            print(f"{name:<16} {seconds:7.1f} s  {outcome}")
        return 1 if any("FAILED" in outcome for _, outcome, _ in self.rows) else 0


def component(name):
    """Whether the cargo subcommand of a rustup component can be used, after trying to install it."""
    works = lambda: subprocess.call(["cargo", name, "--version"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) == 0
    if works():
        return True
    if shutil.which("rustup"):
        package = {"fmt": "rustfmt"}.get(name, name)
        subprocess.call(["rustup", "component", "add", package])
    return works()


def onnx_runtime():
    """The ONNX Runtime library for the tests of large models: the user's, or that of the wheel, kept below target/."""
    if os.environ.get("ORT_DYLIB_PATH"):
        return os.environ["ORT_DYLIB_PATH"]
    folder = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "onnxruntime"
    find = lambda: next(iter(sorted(folder.glob("libonnxruntime*.so.*")) + sorted(folder.glob("libonnxruntime*.dylib"))), None)
    if find() is None:
        with tempfile.TemporaryDirectory() as wheels:
            pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:", "onnxruntime"]
            if subprocess.call([*pip, "--dest", wheels]) != 0:
                return None
            folder.mkdir(parents=True, exist_ok=True)
            for wheel in Path(wheels).glob("*.whl"):
                with zipfile.ZipFile(wheel) as archive:
                    for name in archive.namelist():
                        if name.startswith("onnxruntime/capi/libonnxruntime.") or name.endswith(".dylib"):
                            (folder / Path(name).name).write_bytes(archive.read(name))
    found = find()
    return str(found.resolve()) if found else None


def prepared(script, kind):
    """The lines that `script` prints after it fetched what tests use, into target/; or why that failed."""
    folder = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "tmp" / kind
    command = [sys.executable, str(ROOT / "tests" / script), kind, str(folder.absolute())]
    done = subprocess.run(command, capture_output=True, text=True)
    return (done.stdout.split("\n"), None) if done.returncode == 0 else (None, done.stderr.strip() or "unknown reason")


class Servers:
    """The servers that the tests of mirrors use; stopped at the end, however that comes."""

    KINDS = {"postgres": "COGO_TEST_DATABASE_URL", "neo4j": "COGO_TEST_NEO4J_URI"}

    def __init__(self, run):
        self.run = run
        self.started = []

    def __enter__(self):
        environment = {}
        for kind, variable in self.KINDS.items():
            if os.environ.get(variable):
                continue
            done = self.call("start", kind)
            if done.returncode == 0:
                self.started.append(kind)
                environment[variable] = done.stdout.strip()
            else:
                self.run.skip(f"mirror: {kind}", done.stderr.strip() or "unknown reason")
        return environment

    def __exit__(self, *_):
        for kind in self.started:
            self.call("stop", kind)

    def call(self, verb, kind):
        folder = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "tmp" / f"mirror-{kind}"
        script = ROOT / "tests" / "mirror" / "prepare.py"
        return subprocess.run([sys.executable, str(script), verb, kind, str(folder.absolute())], capture_output=True, text=True)


def clients(script, name, kind):
    """Fetches what tests use as a client, to where they look for it; why not, if that fails."""
    folder = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "tmp" / name
    script = ROOT / script
    done = subprocess.run([sys.executable, str(script), kind, str(folder.absolute())], capture_output=True, text=True)
    return None if done.returncode == 0 else done.stderr.strip() or "unknown reason"


def python_package(run, fast):
    """Builds the Python package into a virtual environment below target/ and runs its tests there."""
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")).absolute()
    folder = target / "tmp" / "python"
    python = folder / "bin" / "python"
    tools = ["maturin>=1.9,<2", "pytest", "mypy", "numpy"]
    adapters = ["langchain-core", "llama-index-core"]
    install = [str(python), "-m", "pip", "install", "--quiet"]
    made = python.exists() or subprocess.call([sys.executable, "-m", "venv", str(folder)]) == 0
    if not made or subprocess.call([*install, *tools]) != 0:
        run.skip("python package", "no virtual environment with maturin, pytest, mypy and numpy could be made")
        return
    with_adapters = subprocess.call([*install, *adapters]) == 0
    if not with_adapters:
        run.skip("python adapters", f"pip could not install {' and '.join(adapters)}")
    # The development profile, as for the other tests; maturin finds its environment by these two.
    environment = {
        "CARGO_TARGET_DIR": str(target),
        "VIRTUAL_ENV": str(folder),
        "PATH": f"{folder / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}",
    }
    manifest = ["--manifest-path", "python/Cargo.toml"]
    run.step("python build", [str(python), "-m", "maturin", "develop", *manifest], **environment)
    run.step("python tests", [str(python), "-m", "pytest", "-q", "-p", "no:cacheprovider", "python"])
    if not fast:
        options = ["--strict", "--cache-dir", str(folder / "mypy")]
        options += [] if with_adapters else ["--exclude", r"(langchain|llamaindex)\.py$"]
        checked = ["python/python/cogo", "python/tests/typed_example.py"]
        run.step("python types", [str(python), "-m", "mypy", *options, *checked])
        run.step("python stubs", [str(python), "-m", "mypy.stubtest", "cogo._cogo"])


def training():
    """Tests the making of the bundled model, in a virtual environment of its own."""
    folder = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")).absolute() / "tmp" / "training"
    python = folder / "bin" / "python"
    made = python.exists() or subprocess.call([sys.executable, "-m", "venv", str(folder)]) == 0
    install = [str(python), "-m", "pip", "install", "--quiet", "-r", str(ROOT / "training" / "requirements.txt")]
    if not made or subprocess.call(install) != 0:
        return None
    return [str(python), "-m", "pytest", "-q", "-p", "no:cacheprovider", "training/tests"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--fast", action="store_true", help="only the tests")
    options = parser.parse_args()
    if shutil.which("cargo") is None:
        sys.exit("error: no `cargo` found\nhint: install Rust from https://rustup.rs, then run this again")

    run = Run()
    if not options.fast:
        if component("fmt"):
            run.step("format", ["cargo", "fmt", "--all", "--check"])
        else:
            run.skip("format", "rustfmt is not installed")
        if component("clippy"):
            run.step("lints", ["cargo", "clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"])
        else:
            run.skip("lints", "clippy is not installed")
    library = onnx_runtime()
    if library is None:
        run.skip("large models", "the ONNX Runtime library is not here and pip could not fetch it")
    environment = {"ORT_DYLIB_PATH": library} if library else {}
    for name, kind, variables in [
        ("search page", "browser", ["COGO_TEST_PLAYWRIGHT", "COGO_TEST_CHROMIUM"]),
        ("fuzzed requests", "schemathesis", ["COGO_TEST_SCHEMATHESIS"]),
    ]:
        found, reason = prepared("http/prepare.py", kind)
        if found is None:
            run.skip(name, reason)
        else:
            environment.update(zip(variables, found))
    for kind in ["python", "node"]:
        for name, script, folder in [
            ("MCP", "tests/mcp/prepare.py", "mcp-clients"),
            ("Realtime", "agents/tests/bus/prepare.py", "realtime-clients"),
        ]:
            reason = clients(script, folder, kind)
            if reason is not None:
                run.skip(f"{name} with {kind}", reason)
    minilm = ROOT.parent / "shared" / "models" / "minilm"
    if minilm.is_dir():
        environment.setdefault("COGO_TEST_MINILM", str(minilm))
    with Servers(run) as servers:
        run.step("tests", ["cargo", "test", "--workspace", "--locked"], **environment, **servers)
    python_package(run, options.fast)
    command = training()
    if command is None:
        run.skip("training", "pip could not install what training/requirements.txt lists")
    else:
        run.step("training", command)
    if not options.fast:
        run.step("documentation", ["cargo", "doc", "--workspace", "--no-deps", "--locked"], RUSTDOCFLAGS="-D warnings")
        if shutil.which("cargo-deny"):
            run.step("dependencies", ["cargo", "deny", "--offline", "check", "licenses", "bans", "sources"])
        else:
            run.skip("dependencies", "cargo-deny is not installed")
    sys.exit(run.report())


if __name__ == "__main__":
    main()
