#!/usr/bin/env python3
"""Fetches an official client of Supabase Realtime into a folder, once, and prints the program that runs it.

    prepare.py python FOLDER      the `realtime` package of PyPI, in a virtual environment
    prepare.py node FOLDER        `@supabase/realtime-js` of npm

Exits with 1 and says why if that is not possible here.
"""

import shutil
import subprocess
import sys
from pathlib import Path


def run(*command, cwd=None):
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True)
    if done.returncode != 0:
        lines = (done.stderr or done.stdout).strip().splitlines() or ["no output"]
        sys.exit(f"`{command[0]}` failed: {lines[-1]}")


def python(folder):
    program = folder / "python" / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    if not (folder / "python.done").exists():
        run(sys.executable, "-m", "venv", "--clear", str(folder / "python"))
        run(str(program), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "realtime>=2.34,<3")
        (folder / "python.done").touch()
    return program


def node(folder):
    program = shutil.which("node")
    npm = shutil.which("npm")
    if program is None or npm is None:
        sys.exit("there is no `node` or no `npm`")
    home = folder / "node"
    if not (folder / "node.done").exists():
        home.mkdir(parents=True, exist_ok=True)
        (home / "package.json").write_text('{ "private": true, "type": "module" }\n')
        run(npm, "install", "--silent", "--no-audit", "--no-fund", "@supabase/realtime-js@^2.119", "ws@^8", cwd=home)
        (folder / "node.done").touch()
    return program


def main():
    kind, folder = sys.argv[1], Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    print({"python": python, "node": node}[kind](folder))


if __name__ == "__main__":
    main()
