"""Pages made before, kept beside the reports so that what has not changed is not made again.

An entry is a JSON file named after the hash of all that it was made from (`report.keys`): what is
there is whole, for it appeared by renaming. It is sealed with a key of the user's own, so that a
file that somebody else put there reaches no page; what is not an entry of ours counts as absent.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
import secrets
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from marketing_kpi.data.demo import user_cache

FOLDER = ".cache"
"""Name of the folder, among those of the clients; no client's id begins with a dot."""

FORMAT = 1
"""Changes when the content of an entry does."""

KEY_BYTES = 32
MAX_BYTES = 512 * 1024**2
"""What all entries may take; the ones unused for longest go first."""

MAX_ENTRY_BYTES = 32 * 1024**2
STALE_SECONDS = 3600
"""A file as old as this that was never renamed is what a killed run left."""

# A file that is not there or not an entry, a nesting without end, a user without a home.
_UNUSABLE = (OSError, ValueError, RuntimeError)
_ENTRY = re.compile(r"[0-9a-f]{64}\.json")
_UNFINISHED = re.compile(r"new-.+\.json\.tmp")
# Where the system has them: no link is followed, no pipe waited for, no line end changed.
_PLAIN_FLAGS = ("O_NOFOLLOW", "O_NONBLOCK", "O_BINARY")


@dataclass(frozen=True)
class Entry:
    """A result made before: when (ISO 8601), in how many seconds, and what it is, as JSON text."""

    made_at: str
    seconds: float
    content: str


class Cache:
    """The entries of an output folder.

    Parameters
    ----------
    out
        Folder that receives the reports.
    max_bytes
        What all entries may take.
    """

    def __init__(self, out: Path, *, max_bytes: int = MAX_BYTES) -> None:
        self.folder = out / FOLDER
        self.max_bytes = max_bytes

    def load(self, key: str) -> Entry | None:
        """Return the entry of a key; None when there is none of this user's."""
        path = self._path(key)
        try:
            entry = _opened(json.loads(_text(path)), key)
        except _UNUSABLE:
            return None
        with suppress(OSError):
            os.utime(path)  # its last use, by which `trim` chooses
        return entry

    def store(self, key: str, entry: Entry) -> None:
        """Keep an entry; a folder that takes no more costs nothing but the time saved later."""
        with suppress(*_UNUSABLE):
            sealed = {**asdict(entry), "seal": _seal(key, entry)}
            self.folder.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(dir=self.folder, prefix="new-", suffix=".json.tmp")
            try:
                with os.fdopen(handle, "w", encoding="utf-8") as file:
                    json.dump(sealed, file, ensure_ascii=False)
                Path(name).replace(self._path(key))
            finally:
                Path(name).unlink(missing_ok=True)

    def trim(self) -> None:
        """Remove the entries unused for longest until the rest fit, and what killed runs left."""
        with suppress(OSError):
            known = sorted(self._files(_ENTRY), key=lambda item: item[1].st_mtime, reverse=True)
            total = 0
            for path, status in known:
                total += status.st_size
                if total > self.max_bytes:
                    path.unlink(missing_ok=True)
            for path, status in self._files(_UNFINISHED):
                if time.time() - status.st_mtime > STALE_SECONDS:
                    path.unlink(missing_ok=True)

    def _path(self, key: str) -> Path:
        return self.folder / f"{key}.json"

    def _files(self, name: re.Pattern[str]) -> Iterator[tuple[Path, os.stat_result]]:
        for path in self.folder.iterdir():
            with suppress(FileNotFoundError):  # another run trims too
                status = path.lstat()
                if name.fullmatch(path.name) and stat.S_ISREG(status.st_mode):
                    yield path, status


def _text(path: Path) -> str:
    """Return the text of an ordinary file of a bearable size; a pipe or a link is neither."""
    flags = os.O_RDONLY | sum(getattr(os, name, 0) for name in _PLAIN_FLAGS)
    with os.fdopen(os.open(path, flags), "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode) or status.st_size > MAX_ENTRY_BYTES:
            raise ValueError(f"{path.name} is not an entry")
        return file.read(MAX_ENTRY_BYTES).decode("utf-8")


def _opened(sealed: Any, key: str) -> Entry:
    """Return the entry of a key from its file's content, if its seal is ours."""
    try:
        seal = str(sealed.pop("seal"))
        entry = Entry(**sealed)
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError("not an entry") from error
    if not hmac.compare_digest(seal.encode(), _seal(key, entry).encode()):
        raise ValueError("not sealed by this user")
    return entry


def _seal(key: str, entry: Entry) -> str:
    text = json.dumps([key, asdict(entry)], sort_keys=True)
    return hmac.new(_own_key(), text.encode(), hashlib.sha256).hexdigest()


def _own_key() -> bytes:
    """Return this user's key; it is made when first asked and never leaves their account."""
    path = user_cache() / "report-cache.key"
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        handle, name = tempfile.mkstemp(dir=path.parent)  # readable by its owner only
        with os.fdopen(handle, "wb") as file:
            file.write(secrets.token_bytes(KEY_BYTES))
        with suppress(FileExistsError):  # two runs at once: the first one's key is everyone's
            os.link(name, path)
        Path(name).unlink()
    key = path.read_bytes()
    if len(key) != KEY_BYTES:
        raise ValueError(f"{path.name} is not a key")
    return key
