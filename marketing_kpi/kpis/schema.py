"""What files of entries share: strict models, and problems with their file, line and suggestion."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from marketing_kpi.errors import suggest, unknown
from marketing_kpi.text import yaml12
from marketing_kpi.text.locale import LANGUAGES

_CODES = {
    "missing": "missing_field",
    "literal_error": "unknown_value",
    "string_pattern_mismatch": "malformed",
    "string_too_short": "empty_text",
    "too_short": "empty",
}


class Strict(BaseModel):
    """A model that refuses keys it does not know and does not change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong in a file of entries.

    `code` is stable (``unknown_key``, ``bad_id``, ``missing_language``, …), so that a program can
    tell problems apart; `str` gives the line that a person reads.
    """

    code: str
    file: str
    line: int
    entry: str
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.entry}: {self.message} [{self.code}]"


@dataclass(frozen=True)
class Place:
    """Where an entry was read."""

    file: str
    document: yaml12.Document
    root: yaml12.KeyPath

    def line(self, *path: str | int) -> int:
        """Return the line of what lies at `path` within the entry."""
        return self.document.line((*self.root, *path))

    @property
    def number(self) -> int:
        """Which entry of its list it is, counted from 1."""
        return int(self.root[-1]) + 1


def read(path: Path, problems: list[Problem]) -> yaml12.Document | None:
    """Read a file of entries; None when it cannot be read, and `problems` says why."""
    try:
        return yaml12.read(path)
    except yaml12.YamlError as error:
        problems.append(Problem(error.code, path.name, error.line, "-", error.message))
    except UnicodeDecodeError:
        message = "the file is not UTF-8: save it as UTF-8"
        problems.append(Problem("not_utf8", path.name, 1, "-", message))
    except OSError as error:
        message = f"the file cannot be read: {error.strerror}"
        problems.append(Problem("not_readable", path.name, 1, "-", message))
    return None


def refusals(
    error: ValidationError,
    model: type[BaseModel],
    place: Place,
    name: str,
    *,
    malformed: Mapping[str, tuple[str, str]],
) -> Iterator[Problem]:
    """Return what pydantic refused as problems, each where it stands in the file.

    Parameters
    ----------
    model
        What the entry was read as: its keys are suggested for those it does not know.
    name
        What the entry is called in the problem.
    malformed
        For a key whose text must follow a pattern: code and end of the sentence.
    """
    for fault in _told_once(error):
        code, message = _named(fault, model, malformed)
        yield Problem(code, place.file, place.line(*fault["loc"]), name, message)


def _told_once(error: ValidationError) -> list[Any]:
    """Return pydantic's errors, without lists that only look empty since an item is refused."""
    faults = error.errors(include_url=False)
    above = {fault["loc"][:depth] for fault in faults for depth in range(len(fault["loc"]))}
    return [f for f in faults if f["type"] != "too_short" or f["loc"] not in above]


def _named(
    fault: Mapping[str, Any], model: type[BaseModel], malformed: Mapping[str, tuple[str, str]]
) -> tuple[str, str]:
    """Return the code and the sentence for one of pydantic's errors."""
    path, kind, given = fault["loc"], fault["type"], fault["input"]
    field = ".".join(map(str, path))
    last = str(path[-1]) if path else ""
    if kind == "extra_forbidden":
        fields = _fields_at(model, path[:-1])
        return "unknown_key", "; ".join(
            unknown("key", last, fields, where=".".join(map(str, path[:-1])))
        )
    if kind == "missing":
        if last in LANGUAGES:
            return "missing_language", f"'{field}' is missing: write it in French and English"
        return (
            "missing_example" if last == "example" else "missing_field"
        ), f"'{field}' is missing"
    if kind == "literal_error":
        expected = str(fault["ctx"]["expected"])
        close = suggest(str(given), re.findall(r"'(\w+)'", expected))
        question = f"; did you mean '{close}'?" if close else ""
        return f"unknown_{last}", f"'{field}' is {given!r}, must be one of {expected}{question}"
    if kind == "string_pattern_mismatch":
        code, sentence = malformed.get(last, ("malformed", "is not snake_case"))
        return code, f"'{field}' {given!r} {sentence}"
    if kind == "value_error":
        code, _, sentence = str(fault["ctx"]["error"]).partition(": ")
        return code, sentence
    return _CODES.get(kind, "wrong_type"), f"'{field}': {fault['msg'].lower()} (found {given!r})"


def _fields_at(model: type[BaseModel], path: Sequence[str | int]) -> list[str]:
    """Return the keys that are allowed where `path` leads."""
    fields = model
    for step in path:
        if isinstance(step, str) and step in fields.model_fields:
            fields = _model_of(fields.model_fields[step].annotation)
    return list(fields.model_fields)


def _model_of(annotation: Any) -> type[BaseModel]:
    """Return the model inside an annotation such as ``Bilingual | None`` or ``tuple[X, ...]``."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    arguments = (_model_of(part) for part in getattr(annotation, "__args__", ()))
    return next((part for part in arguments if part is not BaseModel), BaseModel)
