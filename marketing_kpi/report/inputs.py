"""What a report is made from: the files and their hashes, and what the data are worth."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from marketing_kpi.data.watch import state
from marketing_kpi.errors import MarketingKpiError
from marketing_kpi.report.execute import Failure, failure_of

if TYPE_CHECKING:
    from marketing_kpi.data.model import Finding
    from marketing_kpi.data.quality import Quality, TableSummary
    from marketing_kpi.kpis.periods import Periods

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
_SAMPLE = "sample:"
_DUCKDB = (8, b"DUCK")
"""Where a DuckDB file says what it is; `open_data` goes by that too, not by the name."""

CONNECTION = "what is on a connection cannot be compared with what it was"
DATABASE = "a database may read other files, so its own tells too little"
UNREADABLE = "its files cannot be read"
LINKS = "its folder holds links to folders"


Signature = tuple[tuple[str, int, int, int], ...]


def signature(files: Iterable[Path]) -> Signature:
    """Return what changes when one of some files does, without reading them."""
    return tuple((str(path), *state(path)) for path in files)


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file's content."""
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


@dataclass(frozen=True)
class InputFile:
    """A file that was read: its name under the data's folder, its size, its SHA-256."""

    name: str
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Source:
    """The files that a client's data and mapping are, at the start of a run.

    Attributes
    ----------
    roots
        The files, and the folders that hold files.
    at
        Their signature at that time.
    why_not
        Why the files do not tell whether the data have changed; None when they do.
    """

    roots: tuple[Path, ...]
    at: Signature = ()
    why_not: str | None = None

    @cached_property
    def files(self) -> tuple[InputFile, ...]:
        """Every file, with its hash."""
        return tuple(
            InputFile(_name(file, root), file.stat().st_size, sha256(file))
            for root in self.roots
            for file in _files(root)
        )

    def holds(self) -> bool:
        """Say whether the files are still what they were."""
        try:
            return _signature(self.roots) == self.at
        except OSError:
            return False


def look(source: str, *, mapping: str | None) -> Source:
    """Return the files of a client's data, without opening them as data.

    Parameters
    ----------
    source, mapping
        As `open_data` takes them.
    """
    rules = (Path(mapping),) if mapping else ()
    if _URL.match(source):
        return Source(rules, _signature(rules), CONNECTION)
    try:
        roots = (*_roots(source), *rules)
        return Source(roots, _signature(roots), _why_not(roots))
    except (MarketingKpiError, OSError):  # opening the data says it better
        return Source((), why_not=UNREADABLE)


def _why_not(roots: Sequence[Path]) -> str | None:
    if not all(root.exists() for root in roots):
        return UNREADABLE
    if any(_is_database(file) for root in roots for file in _files(root)):
        return DATABASE
    if any(path.is_symlink() and path.is_dir() for root in roots for path in root.rglob("*")):
        return LINKS
    return None


def _signature(roots: Iterable[Path]) -> Signature:
    return signature(file for root in roots for file in _files(root))


def _roots(source: str) -> tuple[Path, ...]:
    if source == "demo":
        from marketing_kpi.data.demo import demo_folder

        return (demo_folder(),)
    if source.startswith(_SAMPLE):
        from marketing_kpi.data.samples import sample_files

        return sample_files(source.removeprefix(_SAMPLE))
    return (Path(source),)


def _files(root: Path) -> list[Path]:
    return [root] if root.is_file() else sorted(path for path in root.rglob("*") if path.is_file())


def _is_database(file: Path) -> bool:
    at, mark = _DUCKDB
    with file.open("rb") as content:
        return content.read(at + len(mark))[at:] == mark


def _name(file: Path, root: Path) -> str:
    return file.name if file == root else file.relative_to(root).as_posix()


@dataclass(frozen=True)
class Inspection:
    """The check of a client's data, or why there is none; never both.

    `first_order` and `last_order` are the days between which the data tell about the time before
    the end of the report's period, as `kpis.extent.extent` has them; None when there is no order.
    `is_compared` as `kpis.extent.is_compared` says.
    """

    seconds: float
    quality: Quality | None = None
    first_order: dt.date | None = None
    last_order: dt.date | None = None
    is_compared: bool = False
    failure: Failure | None = None

    def to_json(self) -> str:
        """Return a check that went well as JSON text; `of` reads it."""
        assert self.quality is not None
        content = {
            "source": self.quality.source,
            "tables": [table._asdict() for table in self.quality.tables],
            "findings": [
                {one.name: getattr(found, one.name) for one in fields(found)}
                for found in self.quality.findings
            ],
            "first_order": self.first_order,
            "last_order": self.last_order,
            "is_compared": self.is_compared,
        }
        return json.dumps(content, default=_plain, ensure_ascii=False)

    @classmethod
    def of(cls, text: str, *, seconds: float) -> Inspection:
        """Return the check whose JSON is `text`."""
        from marketing_kpi.data.quality import Quality

        content = json.loads(text)
        quality = Quality(
            content["source"],
            tuple(_summary(table) for table in content["tables"]),
            tuple(_finding(found) for found in content["findings"]),
        )
        days = _day(content["first_order"]), _day(content["last_order"])
        return cls(seconds, quality, *days, is_compared=content["is_compared"])


def _plain(value: object) -> object:
    """Return what JSON has no word for as what it has."""
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, dt.date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} in a check of data")


def _summary(content: Mapping[str, Any]) -> TableSummary:
    from marketing_kpi.data.quality import TableSummary

    columns = {name: tuple(content[name]) for name in ("present", "absent", "extra")}
    days = {name: _day(content[name]) for name in ("first", "last")}
    return TableSummary(**{**content, **columns, **days})


def _finding(content: Mapping[str, Any]) -> Finding:
    from marketing_kpi.data.model import Finding

    return Finding(**{**content, "examples": tuple(content["examples"])})


def _day(text: str | None) -> dt.date | None:
    return None if text is None else dt.date.fromisoformat(text)


def inspect(
    source: str, *, mapping: str | None, dates: Periods, secrets: tuple[str, ...]
) -> Inspection:
    """Open a client's data and check them.

    Parameters
    ----------
    source, mapping
        As `open_data` takes them.
    dates
        The report's period and comparison; what happened after the period lies in the future.
    secrets
        Texts to keep out of a failure.
    """
    from marketing_kpi.data.quality import check
    from marketing_kpi.data.sources import open_data
    from marketing_kpi.kpis.extent import extent, is_compared

    started = time.perf_counter()
    try:
        data = open_data(source, mapping=mapping)
        try:
            quality = check(data, as_of=dates.end)
            first, last = extent(data, before=dates.end)
            compared = is_compared(data, dates)
        finally:
            data.close()
    except Exception as error:  # noqa: BLE001 - a driver raises what it likes, secrets in its text
        return Inspection(time.perf_counter() - started, failure=failure_of(error, secrets))
    seconds = time.perf_counter() - started
    return Inspection(seconds, quality, first, last, compared)
