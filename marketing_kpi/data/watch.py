"""Files that are read where they are: whether they are still what they were."""

from __future__ import annotations

from pathlib import Path

from marketing_kpi.errors import SourceError

State = tuple[int, int, int]


def state(path: Path) -> State:
    """Return what changes when a file does, without reading it: its size, when it was written."""
    status = path.stat()
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns


class Watch:
    """Files as they were when they were first looked at."""

    def __init__(self) -> None:
        self._states: dict[Path, State | None] = {}

    def add(self, *paths: Path) -> None:
        """Watch files from now on; those that are watched already stay as they were."""
        for path in paths:
            self._states.setdefault(path, _state_or_none(path))

    @property
    def paths(self) -> tuple[Path, ...]:
        """What is watched."""
        return tuple(self._states)

    def release(self, path: Path) -> None:
        """Watch a file no more: all of it was read."""
        del self._states[path]

    def refuse_changed(self, cause: BaseException | None = None) -> None:
        """Refuse to go on when a file is no more what it was: its rows would be of two versions.

        Parameters
        ----------
        cause
            What went wrong meanwhile.
        """
        for path, before in self._states.items():
            now = _state_or_none(path)
            if now == before:
                continue
            what = "is gone" if now is None else "was replaced or written to"
            raise SourceError(
                f"{path.name} {what} since it was opened, so what was read of it no longer holds",
                hint="when it is written whole, open the data again: open_data(…)",
            ) from cause


def _state_or_none(path: Path) -> State | None:
    try:
        return state(path)
    except OSError:
        return None
