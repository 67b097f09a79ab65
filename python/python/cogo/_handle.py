"""The compiled engine of an index, opened again in a forked process."""

from __future__ import annotations

import json
import os
from typing import Any, Mapping

from cogo._cogo import Engine

# Engines of parent processes. They are not dropped: that could wait for threads that a fork does not copy.
_inherited: list[Engine] = []


class Handle:
    def __init__(self, path: str, settings: Mapping[str, Any]) -> None:
        self.settings = {key: value for key, value in settings.items() if value is not None}
        self._open(path)

    def _open(self, path: str) -> None:
        self._engine = Engine(path, json.dumps(self.settings))
        # The root of the nearest index, made absolute: the working directory may change.
        self.root = str(self._engine.root)
        self._process = os.getpid()

    @property
    def engine(self) -> Engine:
        if self._process != os.getpid():
            inherited = self._engine
            self._open(self.root)
            _inherited.append(inherited)
        return self._engine
