"""What a report was made from: the files and their hashes, and what the data are worth."""

from __future__ import annotations

import datetime as dt
import hashlib
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from marketing_kpi.report.execute import Failure, failure_of

if TYPE_CHECKING:
    from marketing_kpi.data.quality import Quality


@dataclass(frozen=True)
class InputFile:
    """A file that was read: its name under the data's folder, its size, its SHA-256."""

    name: str
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Inspection:
    """The check of a client's data, or why there is none; never both.

    `first_order` and `last_order` are the days between which the data tell about the time before
    the report's date, as `kpis.compute.extent` has them; None when there is no order.
    """

    seconds: float
    files: tuple[InputFile, ...] = ()
    quality: Quality | None = None
    first_order: dt.date | None = None
    last_order: dt.date | None = None
    failure: Failure | None = None


def inspect(
    source: str, *, mapping: str | None, as_of: str, secrets: tuple[str, ...]
) -> Inspection:
    """Open a client's data, check them and hash their files.

    Parameters
    ----------
    source, mapping
        As `open_data` takes them.
    as_of
        ISO date from which an event lies in the future.
    secrets
        Texts to keep out of a failure.
    """
    from marketing_kpi.data.quality import check
    from marketing_kpi.data.sources import open_data
    from marketing_kpi.kpis.extent import extent

    started = time.perf_counter()
    try:
        data = open_data(source, mapping=mapping)
        try:
            quality = _portable(check(data, as_of=as_of))
            first, last = extent(data, before=dt.date.fromisoformat(as_of))
        finally:
            data.close()
        files = tuple(_hashed(source, mapping))
    except Exception as error:  # noqa: BLE001 - a driver raises what it likes, secrets in its text
        return Inspection(time.perf_counter() - started, failure=failure_of(error, secrets))
    return Inspection(time.perf_counter() - started, files, quality, first, last)


def _portable(quality: Quality) -> Quality:
    """Return a copy that can be sent to another process: read-only views cannot."""
    findings = tuple(
        replace(found, details=dict(found.details), examples=tuple(map(dict, found.examples)))
        for found in quality.findings
    )
    return replace(quality, findings=findings)


def _hashed(source: str, mapping: str | None) -> Iterator[InputFile]:
    for root in [source, *([mapping] if mapping else [])]:
        path = Path(root)
        files = [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_file())
        for file in files:
            name = file.name if path.is_file() else file.relative_to(path).as_posix()
            with file.open("rb") as content:
                digest = hashlib.file_digest(content, "sha256").hexdigest()
            yield InputFile(name, file.stat().st_size, digest)
