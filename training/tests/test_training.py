"""The pipeline on made-up repositories: what is extracted, how words are cut, and that two runs give the same bytes."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

HERE = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(HERE))

from cogo_training import documentation, evaluate, export, extract, history, syntax, text_pairs, tokenizer, words

LICENCE = "Permission is hereby granted, free of charge, to any person obtaining a copy\n" * 3
PYTHON = '''"""Reads and writes settings of the {topic} service."""


class {Topic}Settings:
    """Keeps the settings of one {topic} and checks their values."""

    def load_{topic}(self, path):
        """Reads the {topic} settings from a file and returns them as a dictionary."""
        with open(path) as file:
            # skip every line that holds a comment and no value
            return {{key: value for key, value in (line.split("=") for line in file if not line.startswith("#"))}}

    def write_{topic}_file(self, path, values):
        with open(path, "w") as file:
            for key, value in sorted(values.items()):
                file.write(f"{{key}}={{value}}\\n")
'''
ENGLISH = "# Guide\n\nHow to open the {topic} settings file and read its values.\n\n```python\nsettings = {Topic}Settings().load_{topic}('a/path/of/settings.ini')\n```\n"
KOREAN = "# 안내\n\n{topic} 설정 파일을 열고 값을 읽는 방법입니다.\n\n```python\nsettings = {Topic}Settings().load_{topic}('a/path/of/settings.ini')\n```\n"
TOPICS = ["printer", "camera", "router", "scanner"]


def git(folder, *arguments):
    who = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false"]
    dates = {"GIT_AUTHOR_DATE": "2020-01-01T00:00:00Z", "GIT_COMMITTER_DATE": "2020-01-01T00:00:00Z"}
    subprocess.run(["git", "-C", str(folder), *who, *arguments], check=True, capture_output=True, env={"PATH": "/usr/bin:/bin:/usr/local/bin", **dates})


@pytest.fixture(scope="module")
def clones(tmp_path_factory):
    """Four small repositories, each with two commits, and the list of them."""
    base = tmp_path_factory.mktemp("clones")
    rows = ["repository\tcommit\tlicence"]
    for topic in TOPICS:
        folder = base / f"made+{topic}"
        (folder / "docs").mkdir(parents=True)
        fill = lambda text: text.format(topic=topic, Topic=topic.title())
        (folder / "LICENSE").write_text(LICENCE)
        (folder / "docs/guide.md").write_text(fill(ENGLISH) * 3)
        (folder / "docs/guide.ko.md").write_text(fill(KOREAN) * 3, encoding="utf8")
        (folder / f"{topic}_settings.py").write_text(fill(PYTHON))
        git(folder, "init", "-q")
        git(folder, "add", ".")
        git(folder, "commit", "-qm", "first")
        with (folder / f"{topic}_settings.py").open("a") as file:
            file.write(f"\n\ndef close_{topic}(connection, timeout):\n    connection.flush()\n    connection.close(timeout)\n")
        git(folder, "commit", "-qam", f"fix: close the {topic} connection after a timeout (#12)")
        head = subprocess.run(["git", "-C", str(folder), "rev-parse", "HEAD"], capture_output=True, text=True, check=True)
        rows.append(f"made/{topic}\t{head.stdout.strip()}\tMIT")
    (base / "sources.tsv").write_text("\n".join(rows) + "\n")
    return base


def make(clones, out):
    recipe = {"steps": 20, "batch": 16, "block": 8, "dims": 16}
    command = [sys.executable, HERE / "make.py", "--sources", clones, "--list", clones / "sources.tsv", "--out", out, "--size", "300"]
    done = subprocess.run([*command, "--recipe", json.dumps(recipe), "--threads", "1"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return {name: (out / name).read_bytes() for name in ("model.int8.safetensors", "tokenizer.json")}


def test_two_runs_give_the_same_bytes(clones, tmp_path):
    first, second = make(clones, tmp_path / "a"), make(clones, tmp_path / "b")
    assert first == second
    assert make(clones, tmp_path / "a") == first, "a finished run is left as it is"
    pieces = tokenizer.load(tmp_path / "a/tokenizer.json")
    table = export.read(tmp_path / "a/model.int8.safetensors")
    assert table.shape == (len(pieces), 16)
    assert not table[:2].any(), "padding and unknown words have no vector"
    assert pieces[:2] == ["[PAD]", "[UNK]"]


def test_a_repository_gives_pairs_of_many_kinds(clones, tmp_path):
    row = extract.extract("made/printer", clones / "made+printer" / ".git", tmp_path / "pairs.jsonl.gz")
    pairs = extract.read(tmp_path / "pairs.jsonl.gz")
    kinds = {pair[0] for pair in pairs}
    assert {"doc", "classdoc", "name", "inline", "moddoc", "path", "md", "par", "commit"} <= kinds, kinds
    assert row["licence"] == "MIT" and row["pairs"] == len(pairs)
    doc = next(pair for pair in pairs if pair[0] == "doc")
    assert "Reads the printer settings" in doc[4] and "Reads the printer settings" not in doc[5]
    parallel = next(pair for pair in pairs if pair[0] == "par")
    assert parallel[2] == "ko" and "설정" in parallel[4] + parallel[5] or "안내" in parallel[4]
    commit = next(pair for pair in pairs if pair[0] == "commit")
    assert commit[4] == "close the printer connection after a timeout" and "connection.flush()" in commit[5]


def test_a_repository_without_a_permissive_licence_gives_nothing(clones, tmp_path):
    folder = tmp_path / "closed"
    folder.mkdir()
    (folder / "a.py").write_text(PYTHON.format(topic="printer", Topic="Printer"))
    git(folder, "init", "-q")
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "first")
    assert extract.extract("made/closed", folder / ".git", tmp_path / "none")["pairs"] == 0
    assert not (tmp_path / "none").exists()


def test_evaluated_code_is_left_out(clones, tmp_path):
    known = extract.lines_below(clones / "made+printer")
    row = extract.extract("made/printer", clones / "made+printer" / ".git", tmp_path / "pairs", known)
    assert row["dropped"] == 1
    sys.path.insert(0, str(HERE))
    import make as command

    (tmp_path / "list.tsv").write_text("repository\tcommit\tlicence\npsf/requests\t0\tApache-2.0\n")
    with pytest.raises(SystemExit):
        command.sources(tmp_path / "list.tsv")


@pytest.mark.parametrize(
    "text, expected",
    [
        ("parseHTTPHeader2 snake_case", "parse http header2 snake case"),
        ("데이터베이스 연결을 닫는다", "데이터베이스 연결을 닫는다"),
        ("größeÄndern", "größeändern"),
        ("a" * 61 + " b", "b"),
    ],
)
def test_words_are_those_of_the_engine(text, expected):
    assert " ".join(words.words(text)) == expected


@pytest.mark.parametrize(
    "text, expected",
    [("파일을 읽는다", "ko"), ("ファイルを読む", "ja"), ("读取文件", "zh"), ("Liest die Datei und gibt das Ergebnis", "de"), ("reads a file", "en")],
)
def test_human_languages_are_told_apart(text, expected):
    assert words.human_language(text) == expected


def test_words_are_cut_longest_piece_first():
    assert tokenizer.cut("파일에서", {"파일", "파", "##에서", "##에", "##서"}) == ["파일", "##에서"]
    assert tokenizer.cut("abc", {"a", "##b"}) is None


def test_the_saved_tokenizer_cuts_as_ours_does(tmp_path):
    listed = ["file", "files", "reader", "파일", "파일을", "파일에서", "文件"] * 3
    pieces = tokenizer.train(list(dict.fromkeys(listed)), [9.0] * 7, [3] * 7, 200)
    tokenizer.save(pieces, tmp_path / "tokenizer.json")
    assert tokenizer.load(tmp_path / "tokenizer.json") == pieces
    theirs = tokenizer.Tokenizer.from_file(str(tmp_path / "tokenizer.json"))
    for text in ("readFiles 파일에서", "fileReader", "文件 reader"):
        ours = [piece for word in words.words(text) for piece in tokenizer.cut(word, set(pieces)) or ["[UNK]"]]
        assert theirs.encode(text).tokens == ours


@pytest.mark.parametrize(
    "language, source, name, doc",
    [
        ("rust", "/// Closes the file.\n#[inline]\npub fn close_file(f: File) -> Result<(), Error> { drop(f) }", "close_file", "Closes the file."),
        ("java", "class A {\n  /** Closes the file. */\n  @Override\n  public void closeFile() { file.close(); }\n}", "closeFile", "Closes the file."),
        ("typescript", "/** Closes the file. */\nexport function closeFile(f: File): void { f.close(); }", "closeFile", "Closes the file."),
        ("go", "package a\n\n// Close closes the file.\nfunc CloseFile(f *File) error { return f.Close() }", "CloseFile", "Close closes the file."),
    ],
)
def test_definitions_have_names_and_docs(language, source, name, doc):
    found = {d.name: d.doc for d in syntax.definitions(language, source.encode())}
    assert doc in found[name].strip()


def test_commit_subjects_lose_prefix_and_number():
    assert history.subject_text("feat(parser): accept trailing commas in lists (#42)") == "accept trailing commas in lists"
    assert history.subject_text("Bump serde from 1 to 2") == ""
    assert history.subject_text("Merge branch 'main'") == ""


def test_licences_are_no_documentation():
    assert not documentation.is_sentence("Copyright 2020 The Authors. All rights reserved.")
    assert documentation.is_sentence("설정 파일을 읽습니다")
    assert documentation.first_paragraph("@brief Reads `a` file.\n\n@param a b") == "Reads a file."


def test_translations_are_found_by_path():
    found = text_pairs.translations(["docs/ko/a.md", "docs/en/a.md", "README.md", "README.zh-CN.md", "docs/ja/b.md"])
    assert {frozenset(group) for group in found} == {frozenset({"ko", "en"}), frozenset({"zh", "en"})}


def test_ndcg_counts_a_place_once():
    results = [("a.py", 1, 10), ("b.py", 1, 10)]
    assert evaluate._ndcg(results, [{"path": "a.py"}]) == 1.0
    assert evaluate._ndcg(results, [{"path": "src/b.py"}]) == pytest.approx(1 / np.log2(3))
    assert evaluate._ndcg(results, [{"path": "a.py", "start_line": 11, "end_line": 12}]) == 0.0
