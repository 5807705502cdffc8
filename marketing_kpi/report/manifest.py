"""What made a report, for other programs: the content of its ``manifest.json``.

The models are what is written, `schema` what ``reports/manifest.schema.json`` publishes.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from marketing_kpi.report.execute import Failure
from marketing_kpi.report.inputs import InputFile
from marketing_kpi.report.since import Told
from marketing_kpi.report.tasks import Made

FILE = "manifest.json"
VERSION: Final = 1
"""Changes when a program that reads manifests would have to."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class Making(_Part):
    """How a part of a report came to be."""

    seconds: float = Field(ge=0)
    """How long it took when it was made."""
    made_at: str
    """When, in UTC (ISO 8601)."""
    reused: bool
    """Whether an earlier run made it of the same things."""
    failure: Failure | None

    @staticmethod
    def how(made: Made) -> dict[str, Any]:
        """Return what these fields say of a part."""
        return {
            "seconds": round(made.seconds, 3),
            "made_at": made.made_at,
            "reused": made.is_reused,
            "failure": made.failure,
        }


class Page(Making):
    """A page of a report."""

    notebook: str = Field(pattern="^[0-9]{2}$")
    """The number of its lesson."""
    file: str
    title: str
    status: Literal["ok", "failed"]
    parameters: dict[str, Any]
    """What the lesson was given; paths as the configuration writes them."""


class Table(_Part):
    """A table of a report, in ``tables.xlsx`` and as ``tables/<name>.csv`` and ``.parquet``."""

    name: str
    caption: str


class Manifest(_Part):
    """What made a report: configuration, versions, inputs, durations; no secret."""

    manifest: Literal[1] = VERSION
    """The version of this form."""
    made_at: str
    """When it was put together, in UTC (ISO 8601)."""
    config: dict[str, Any]
    """The client's configuration as written, with the defaults filled in."""
    selected: list[str]
    """The lessons of the pages; fewer than the configuration's in an extract."""
    lang: str
    locale: str
    versions: dict[str, str]
    """Of this package, of Python and of the libraries."""
    inputs: list[InputFile]
    """The files of the data; none when they come by a connection."""
    kpis: dict[str, str]
    """The version of each KPI that a page shows, by id."""
    data_check: Making
    pages: list[Page]
    tables: list[Table]
    told: Told
    """What it tells, for the next report to say what changed."""
    before: Told | None
    """What the last report told that told something else; None where there is none."""

    def to_json(self) -> str:
        """Return the text of the file."""
        return self.model_dump_json(indent=2) + "\n"


def earlier(folder: Path) -> Manifest | None:
    """Return the manifest of a published report; None where none can be read."""
    try:
        return Manifest.model_validate_json((folder / FILE).read_text(encoding="utf-8"))
    except (OSError, ValidationError):  # none yet, or one of another version
        return None


def schema() -> dict[str, Any]:
    """Return the JSON schema of a manifest."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **Manifest.model_json_schema(mode="serialization"),
    }
