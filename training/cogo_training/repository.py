"""Reads a commit of a repository out of its git directory, without a work tree, and judges its licence."""

import re
import subprocess
from pathlib import Path

# Licences that let anybody use, change and pass on the text.
PERMISSIVE = {"MIT", "Apache-2.0", "BSD", "ISC", "BSL-1.0", "Zlib", "Unlicense", "PostgreSQL"}
_LICENCE_FILE = re.compile(r"(^|/)(LICEN[SC]ES?/(MIT|Apache)|LICEN[SC]E|COPYING|MIT-LICENSE|COPYRIGHT|UNLICENSE|MIT)", re.I)


class Repository:
    """A bare git directory, or the `.git` of a checkout."""

    def __init__(self, name, git_dir, commit="HEAD"):
        self.name = name
        self.git_dir = Path(git_dir)
        self.commit = self.git("rev-parse", f"{commit}^{{commit}}").decode().strip()
        if len(self.commit) != 40:
            raise ValueError(f"`{git_dir}` has no commit `{commit}` of {name}")

    def git(self, *arguments):
        """Standard output of a git command; empty if it fails."""
        command = ["git", f"--git-dir={self.git_dir}", *arguments]
        return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False).stdout

    def files(self):
        """(path, blob, bytes) of all regular files, by path."""
        found = []
        for entry in self.git("ls-tree", "-r", "-l", "-z", self.commit).split(b"\0"):
            if not entry:
                continue
            about, path = entry.split(b"\t", 1)
            mode, kind, blob, size = about.split()
            if kind == b"blob" and mode != b"120000" and size.isdigit():
                found.append((path.decode("utf8", "replace"), blob.decode(), int(size)))
        return sorted(found)

    def texts(self, blobs):
        """The texts of blobs, in order; `None` for what is no UTF-8 text."""
        command = ["git", f"--git-dir={self.git_dir}", "cat-file", "--batch"]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
            for blob in blobs:
                process.stdin.write(blob.encode() + b"\n")
                process.stdin.flush()
                header = process.stdout.readline().split()
                if len(header) < 3:
                    yield None
                    continue
                data = process.stdout.read(int(header[2]))
                process.stdout.read(1)
                text = data.decode("utf8", "replace").replace("\r\n", "\n")
                yield None if "\0" in text else text
            process.stdin.close()

    def licences(self, files):
        """Names of the licences in the upper two folders."""
        near = [blob for path, blob, _ in files if path.count("/") <= 1 and _LICENCE_FILE.search(path)]
        return sorted({licence(text) for text in self.texts(near) if text})


def licence(text):
    """The name of the licence a text is, or `OTHER`."""
    head = re.sub(r"\s+", " ", text[:12000])
    if re.search(r"GNU (AFFERO|LESSER|LIBRARY)? ?GENERAL PUBLIC", head[:800], re.I):
        return "GPL"
    for name, pattern in _LICENCES:
        if re.search(pattern, head, re.I):
            return name
    return "OTHER"


_LICENCES = [
    ("Apache-2.0", r"Apache License.{0,40}Version 2\.0|apache\.org/licenses/LICENSE-2\.0"),
    ("MIT", r"Permission is hereby granted, free of charge"),
    ("BSD", r"Redistribution and use in source and binary forms"),
    ("ISC", r"Permission to use, copy, modify, (and/or )?(and )?distribute this software"),
    ("BSL-1.0", r"Boost Software License"),
    ("Zlib", r"freely, subject to the following restrictions"),
    ("Unlicense", r"free and unencumbered software released into the public domain"),
    ("PostgreSQL", r"PostgreSQL License"),
    ("MPL", r"Mozilla Public License"),
]


def locate(folder, name):
    """The git directory of `owner/name` below a folder: bare or checkout, in a folder `owner+name` or `name`."""
    owner, short = name.split("/")
    for base in (f"{owner}+{short}", f"{owner}/{short}", short):
        for inner in ("repo", "repo/.git", ".git", ""):
            at = Path(folder) / base / inner
            if (at / "HEAD").is_file() and (at / "objects").is_dir():
                return at
    return None
