"""The dictionary as JSON, with a JSON schema that says what each field holds."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from marketing_kpi.kpis.dictionary import Concept, Dictionary, Kpi
from marketing_kpi.kpis.schema import Strict

FORMAT: Literal["1.0"] = "1.0"
"""Version of the format; its first number changes when a reader of the old one would break."""

SCHEMA_NAME = "kpi-dictionary.schema.json"
"""Name of the schema's file, beside the dictionary's."""


class Document(Strict):
    """The dictionary in one JSON document: KPIs and concepts, in its order."""

    schema_: str = Field(default=SCHEMA_NAME, alias="$schema")
    format: Literal["1.0"] = FORMAT
    kpis: tuple[Kpi, ...]
    concepts: tuple[Concept, ...]


def document(entries: Dictionary) -> dict[str, Any]:
    """Return the dictionary as a JSON document.

    Parameters
    ----------
    entries
        What `dictionary` or `load` returns.

    Examples
    --------
    >>> from marketing_kpi.kpis.dictionary import dictionary
    >>> found = document(dictionary())
    >>> found["format"], found["kpis"][0]["version"]
    ('1.0', '1.0.0')
    """
    whole = Document(kpis=entries.kpis, concepts=entries.concepts)
    found: dict[str, Any] = whole.model_dump(mode="json", by_alias=True)
    return found


def schema() -> dict[str, Any]:
    """Return the JSON schema (draft 2020-12) of `document`."""
    found = Document.model_json_schema(by_alias=True, mode="serialization")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **found}


def to_json(value: Mapping[str, Any]) -> str:
    """Return JSON as a person can read it and version control can compare it."""
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"


def read(text: str) -> Document:
    """Return the document that a JSON text holds.

    Raises
    ------
    pydantic.ValidationError
        Where it is not one.
    """
    return Document.model_validate_json(text)
