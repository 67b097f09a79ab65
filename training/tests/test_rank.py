"""Fitting the weights that rank files, on made-up questions."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(HERE))

import rank


def features(path, repositories=16, questions=10):
    """Questions whose answer is the candidate with the largest `text` + 2 `head`; `test` is noise, `linked` never occurs."""
    random = np.random.default_rng(1)
    lines = []
    for repository in range(repositories):
        for question in range(questions):
            text, head, test = random.random(20), random.random(20), random.random(20) < 0.3
            best = int(np.argmax(text + 2 * head))
            candidates = [
                {"path": f"{at}.py", "hit": at == best, "file": at == best, "values": {"text": float(text[at]), "head": float(head[at]), "test": float(test[at])}}
                for at in range(20)
            ]
            lines.append(json.dumps({"repo": f"r{repository}", "query": f"q{question}", "category": "c", "targets": 1, "candidates": candidates}))
    path.write_text("\n".join(lines))
    return path


def weights(path):
    path.write_text(json.dumps({"files": {"text": 1.0, "head": 0.1, "test": -3.0, "linked": 0.7}, "late": 30}))
    return path


def test_what_decides_is_found_and_signs_stay(tmp_path):
    names = ["text", "head", "test", "linked"]
    questions = rank.Questions(features(tmp_path / "f.jsonl"), names)
    start = np.array([1.0, 0.1, -3.0, 0.7])
    fitted = rank.fit(questions, start, 0.0002)
    assert 1.5 < fitted[1] / fitted[0] < 2.5, fitted
    assert fitted[2] <= 0 and abs(fitted[2]) < 1, "noise has lost its weight, not its sign"
    # What answers has less of it now; it may not speak for a file all the same.
    turned = rank.fit(questions, np.array([1.0, -0.1, -3.0, 0.7]), 0.0002)
    assert turned[1] == 0
    before, after = rank.mean(rank.by_repository(start, questions)), rank.mean(rank.by_repository(fitted, questions))
    unseen = rank.mean(rank.unseen(questions, start, 0.0002))
    assert before < unseen <= after + 0.01 and after > 0.95


def test_folds_hold_whole_repositories_out(tmp_path, monkeypatch):
    questions = rank.Questions(features(tmp_path / "f.jsonl", repositories=9), ["text", "head", "test", "linked"])
    held = []
    monkeypatch.setattr(rank, "fit", lambda q, start, penalty, leave_out=frozenset(), without=(): held.append(leave_out) or start)
    found = rank.unseen(questions, np.array([1.0, 0.1, -3.0, 0.7]), 0.0)
    assert sorted(found) == sorted(set(questions.repositories))
    assert len(held) == rank.FOLDS and sum(len(fold) for fold in held) == 9 == len(set().union(*held))


def test_the_command_writes_only_when_asked(tmp_path):
    data, file = features(tmp_path / "f.jsonl"), weights(tmp_path / "w.json")
    before = file.read_text()
    command = [sys.executable, str(HERE / "rank.py"), str(data), "--weights", str(file)]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "fitted, unseen repositories" in said and file.read_text() == before
    subprocess.run([*command, "--write"], capture_output=True, check=True)
    written = json.loads(file.read_text())
    assert written["late"] == 30 and list(written["files"]) == ["text", "head", "test", "linked"]
    assert written["files"]["head"] > written["files"]["text"]
    assert written["files"]["linked"] == 0.7, "of what it says nothing, nothing changes"
