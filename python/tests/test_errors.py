"""The tree of exceptions."""

from __future__ import annotations

import fcntl
import pickle
from pathlib import Path

import pytest

import cogo


def test_every_exception_is_an_error_of_cogo() -> None:
    for name in cogo.errors.__all__:
        assert issubclass(getattr(cogo, name), cogo.Error)
    assert issubclass(cogo.QueryError, ValueError)
    assert issubclass(cogo.NotIndexedError, LookupError)
    assert issubclass(cogo.StorageError, OSError)


@pytest.mark.parametrize("name", cogo.errors.__all__)
def test_exceptions_carry_message_and_hint_and_can_be_pickled(name: str) -> None:
    error = getattr(cogo, name)("it broke", "mend it")
    for error in [error, pickle.loads(pickle.dumps(error))]:
        assert (error.message, error.hint) == ("it broke", "mend it")
        assert str(error) == "it broke (hint: mend it)"
    assert str(getattr(cogo, name)("it broke")) == "it broke"


def test_no_index(repository: Path) -> None:
    with pytest.raises(cogo.NotIndexedError) as caught:
        cogo.Index.open(repository)
    assert "cogo.Index.build" in (caught.value.hint or "")


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(cogo.SourceError, match="nowhere"):
        cogo.Index.build(tmp_path / "nowhere")


def test_a_damaged_index(index: cogo.Index, repository: Path) -> None:
    for file in (repository / ".cogo").rglob("*"):
        if file.is_file():
            data = bytearray(file.read_bytes())
            data[len(data) // 2 :] = b"\xff" * (len(data) - len(data) // 2)
            file.chmod(0o644)
            file.write_bytes(data)
    with pytest.raises(cogo.IndexCorruptError) as caught:
        cogo.Index.open(repository)
    assert "rebuild=True" in (caught.value.hint or "")
    assert cogo.Index.build(repository, rebuild=True).search("tax")


def test_another_writer(index: cogo.Index, repository: Path) -> None:
    with open(repository / ".cogo" / "LOCK", "r+b") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        (repository / "new.py").write_text("x = 1\n")
        with pytest.raises(cogo.LockedError):
            index.refresh()
    assert index.refresh(wait=True)["files"] == 6


def test_wrong_settings(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(cogo.ConfigError, match="threads"):
        cogo.Index.build(repository, threads=0)
    with pytest.raises(cogo.ModelError, match="no-such-model"):
        cogo.Index.build(repository, model="no-such-model")
    monkeypatch.setenv("COGO_THREADS", "many")
    with pytest.raises(cogo.ConfigError):
        cogo.Index.build(repository)
