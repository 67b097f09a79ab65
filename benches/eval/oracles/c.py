"""What libclang says of the calls in a C or C++ checkout: one JSON object per line, for `compare.py`.

    pip install libclang
    python3 c.py CHECKOUT calls.jsonl --clang='-Iinclude -std=c++17' 'src/**/*.cc' 'src/**/*.h'

A row is a call whose name is written at its place: a function, a method, or a macro with arguments. `defs` and `decls` are its
definition and its declarations in the checkout; both are empty if it comes from outside. Relative include paths are those of the
checkout. A file with errors still counts for what could be read of it; how many had some is printed.
"""

import argparse
import collections
import glob
import json
import os
import sys

from clang import cindex
from clang.cindex import CursorKind as Kind

FUNCTIONS = {
    Kind.FUNCTION_DECL, Kind.CXX_METHOD, Kind.CONSTRUCTOR, Kind.DESTRUCTOR, Kind.FUNCTION_TEMPLATE,
    Kind.CONVERSION_FUNCTION,
}
# Expressions stand in each other: parentheses, casts and temporaries around the name that is called.
DEEPEST = 6


class Oracle:
    def __init__(self, root):
        self.root = os.path.realpath(root)
        self.texts = {}
        self.definitions = collections.defaultdict(set)
        self.declarations = collections.defaultdict(set)
        self.rows = {}

    def path(self, file):
        return os.path.relpath(os.path.realpath(file.name), self.root)

    def is_inside(self, cursor):
        file = cursor.location.file
        return file is not None and os.path.realpath(file.name).startswith(self.root + os.sep)

    def text(self, file):
        if file.name not in self.texts:
            with open(file.name, "rb") as source:
                self.texts[file.name] = source.read()
        return self.texts[file.name]

    def read(self, unit):
        for cursor in unit.cursor.get_children():
            if not self.is_inside(cursor):
                continue
            if cursor.kind == Kind.MACRO_INSTANTIATION:
                self.macro(cursor)
            else:
                self.visit(cursor)

    def visit(self, top):
        # Without recursion: expressions of generated tables are deeper than Python's stack.
        open_cursors = [top]
        while open_cursors:
            cursor = open_cursors.pop()
            if cursor.kind in FUNCTIONS and self.is_inside(cursor):
                place = (self.path(cursor.location.file), cursor.location.line)
                table = self.definitions if cursor.is_definition() else self.declarations
                table[cursor.get_usr()].add(place)
            if cursor.kind == Kind.CALL_EXPR:
                self.call(cursor)
            open_cursors.extend(cursor.get_children())

    def call(self, cursor):
        named = next(cursor.get_children(), None)
        for _ in range(DEEPEST):
            if named is None or named.kind in (Kind.CALL_EXPR, Kind.LAMBDA_EXPR):
                return
            if named.kind in (Kind.DECL_REF_EXPR, Kind.MEMBER_REF_EXPR):
                break
            named = next(named.get_children(), None)
        else:
            return
        used = named.referenced
        if named.kind == Kind.MEMBER_REF_EXPR and cursor.referenced and cursor.referenced.kind in FUNCTIONS:
            used = cursor.referenced
        if used is None or not self.is_inside(named):
            return
        pattern = cindex.conf.lib.clang_getSpecializedCursorTemplate(used)
        if pattern is not None and pattern.kind.is_declaration():
            used = pattern
        kind = "function" if used.kind in FUNCTIONS else "other"
        self.row(named.location, used.spelling.split("<")[0], kind, used)

    def macro(self, cursor):
        used = cursor.referenced
        if used is None or used.location.file is None:
            return
        end = cursor.location.offset + len(cursor.spelling)
        if self.text(cursor.location.file)[end:end + 2].lstrip()[:1] == b"(":
            self.row(cursor.location, cursor.spelling, "macro", used)

    def row(self, location, name, kind, used):
        written = self.text(location.file)[location.offset:location.offset + len(name)]
        if written != name.encode():
            return
        file = self.path(location.file)
        declared = [[self.path(used.location.file), used.location.line]] if self.is_inside(used) else []
        row = {"file": file, "offset": location.offset, "name": name, "kind": kind, "decls": declared}
        self.rows[(file, location.offset)] = (row, used.get_usr())

    def write(self, path):
        with open(path, "w") as out:
            for row, usr in self.rows.values():
                row["defs"] = sorted(self.definitions.get(usr, ()))
                row["decls"] = sorted({tuple(place) for place in row["decls"]} | self.declarations.get(usr, set()))
                out.write(json.dumps(row) + "\n")


def main():
    parser = argparse.ArgumentParser(description="Calls of a C or C++ checkout, as libclang sees them.")
    parser.add_argument("checkout")
    parser.add_argument("out")
    parser.add_argument("patterns", nargs="+", help="files, relative to the checkout")
    parser.add_argument("--clang", default="", help="arguments for clang, in one string")
    options = parser.parse_args()
    out = os.path.abspath(options.out)
    os.chdir(options.checkout)
    files = sorted({file for pattern in options.patterns for file in glob.glob(pattern, recursive=True)})
    oracle, index, broken = Oracle("."), cindex.Index.create(), 0
    flags = cindex.TranslationUnit.PARSE_DETAILED_PROCESSING_RECORD
    for file in files:
        try:
            unit = index.parse(file, args=options.clang.split(), options=flags)
        except cindex.TranslationUnitLoadError as error:
            print(f"{file}: {error}", file=sys.stderr)
            continue
        broken += any(note.severity >= cindex.Diagnostic.Error for note in unit.diagnostics)
        oracle.read(unit)
    print(f"{len(files)} files, {broken} with errors, {len(oracle.rows)} calls", file=sys.stderr)
    oracle.write(out)


main()
