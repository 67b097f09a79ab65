#!/bin/sh
# Fills fuzz/corpus/ with inputs to start from: the fixtures of the languages, and the files of an index of fuzz/tree/.
# Names end in `.seed`, so that nobody takes them for sources. usage: fuzz/seeds.sh [folder of cogo and cogo-index]    (default: target/release)
set -eu
here=$(cd "$(dirname "$0")" && pwd)
bin=${1:-$here/../target/release}
fixtures=$here/../indexer/src/language/tests/fixtures
corpus=$here/corpus
for target in chunk scan_inspect document query container manifest; do
    mkdir -p "$corpus/$target"
done

# A byte of the given value (0 to 255).
byte() {
    printf "\\$(printf %03o "$1")"
}

# chunk: a language is its number among those with a grammar.
languages=$("$bin/cogo" languages --format jsonl | sed 's/},{/}\n{/g' | grep '"grammar":true')
for file in "$fixtures"/*; do
    name=$(basename "$file")
    case $name in *.listing) continue ;; esac
    line=$(echo "$languages" | grep -n "\"${name##*.}\"\|\"$name\"" | head -1 | cut -d: -f1)
    { byte $((${line:-1} - 1)); byte 4; cat "$file"; } > "$corpus/chunk/$name.seed"
    { echo "$name"; cat "$file"; } > "$corpus/scan_inspect/$name.seed"
done
{ echo settings.py; printf 'key = "AKIA%s"\ntoken = "ghp_%s"\n' QWERTYUIOPASDFGH 0123456789abcdefghijABCDEFGHIJ012345; } \
    > "$corpus/scan_inspect/secrets"

# document
for format in 0 1 2 3; do
    { byte $format; cat "$here/tree/docs/guide.md"; } > "$corpus/document/guide-$format"
done
{ byte 1; printf 'Title\n=====\n\nPart\n----\n\ntext\n'; } > "$corpus/document/rst"
{ byte 2; printf '= Title\n\n== Part\n\n----\n== code\n----\n'; } > "$corpus/document/adoc"
{ byte 3; cat "$fixtures/html.html"; } > "$corpus/document/html"
{ byte 4; printf '{"nbformat":4,"metadata":{"kernelspec":{"language":"python"}},"cells":['
  printf '{"cell_type":"markdown","source":["# A\\n","b \\u00e9"]},{"cell_type":"code","outputs":[{}],"source":"x = 1"}]}'; } \
    > "$corpus/document/notebook"

# query: mode, limit, globs, languages, kinds, question
for mode in 0 1 2 3 4; do
    { byte $mode; byte 10; printf '\n\n\nretry with backoff'; } > "$corpus/query/plain-$mode"
    { byte $mode; byte 3; printf '*.rs,!docs/**\nrust\n'; byte 1; printf '\nBookShelf put'; } > "$corpus/query/filter-$mode"
done

# container, manifest
index=$(mktemp -d)
trap 'rm -rf "$index"' EXIT
"$bin/cogo-index" --quiet --threads 1 --index-dir "$index" "$here/tree"
{ byte 0; cat "$index"/gen-*/catalog.bin; } > "$corpus/container/raw"
{ byte 1; cat "$index"/gen-*/*.seg; } > "$corpus/container/segment"
{ byte 2; cat "$index"/gen-*/catalog.bin; } > "$corpus/container/catalog"
cp "$index"/gen-*/manifest.json "$corpus/manifest/manifest.json"
