#!/usr/bin/env python3
"""Fetches what the tests of `cogo serve` use beside the server: a browser with playwright-core, or schemathesis.

    prepare.py browser FOLDER       prints the folder of the module, and the browser
    prepare.py schemathesis FOLDER  prints the command

Says on stderr why not, and exits with 1, if that cannot be done.
"""

import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path


def sh(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"`{' '.join(command)}` failed: {done.stderr.strip()[-300:]}")


def browser(folder):
    names = ["chromium", "chromium-browser", "google-chrome"]
    find = lambda: os.environ.get("COGO_TEST_CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    for program in ["node", "npm"]:
        if shutil.which(program) is None:
            sys.exit(f"there is no {program}")
    if find() is None and shutil.which("apt-get") and os.geteuid() == 0:
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for command in (["apt-get", "update", "-q"], ["apt-get", "install", "-y", "-q", "--no-install-recommends", "chromium"]):
            subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    if find() is None:
        sys.exit("there is no Chromium")
    if not (folder / "node_modules" / "playwright-core").is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        sh("npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(folder), "playwright-core@1")
    print(folder)
    print(find())


def schemathesis(folder):
    command = folder / "bin" / "schemathesis"
    if not command.is_file():
        venv.create(folder, with_pip=True, clear=True)
        sh(str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "schemathesis>=4,<5")
    print(command)


if __name__ == "__main__":
    kind, folder = sys.argv[1], Path(sys.argv[2])
    {"browser": browser, "schemathesis": schemathesis}[kind](folder)
