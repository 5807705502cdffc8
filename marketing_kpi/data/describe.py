"""The data dictionary: `data/README.md`, made from the declarations of `data/model.py`.

Write it again with ``python -m marketing_kpi.data.describe data/README.md``.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from marketing_kpi.data.model import (
    BOOLEAN,
    DATE,
    DECIMAL,
    FLOAT,
    INTEGER,
    STRING,
    TABLES,
    TIMESTAMP,
    Column,
    Table,
)
from marketing_kpi.text.locale import LANGUAGES
from marketing_kpi.text.messages import N_, Translator, translator

_LANGUAGE_NAMES = {"fr": "Français", "en": "English"}

_TYPES = {
    STRING: N_("text"),
    DATE: N_("day"),
    TIMESTAMP: N_("local time"),
    BOOLEAN: N_("true or false"),
    INTEGER: N_("whole number"),
    FLOAT: N_("number"),
    DECIMAL: N_("decimal, 4 places"),
}


def data_dictionary() -> str:
    """Return the data dictionary as Markdown, in French then in English.

    >>> data_dictionary().splitlines()[0]
    '# Dictionnaire de données · Data dictionary'
    """
    titles = " · ".join(_title(lang) for lang in LANGUAGES)
    links = " · ".join(f"[{_LANGUAGE_NAMES[lang]}](#{_anchor(lang)})" for lang in LANGUAGES)
    lines = [f"# {titles}", "", links, ""]
    for lang in LANGUAGES:
        lines += _part(lang)
    return "\n".join(lines).rstrip("\n") + "\n"


def _title(lang: str) -> str:
    _ = translator(lang)
    return _("Data dictionary")


def _anchor(lang: str) -> str:
    return _LANGUAGE_NAMES[lang].lower()


def _part(lang: str) -> Iterator[str]:
    _ = translator(lang)
    yield f"## {_LANGUAGE_NAMES[lang]}"
    yield ""
    yield _(
        "These are the tables and columns that the package reads, whatever they are called in "
        "the files of a client. Only `orders`, with `order_id` and `ordered_at`, is required; "
        "every other table or column is optional, and whatever needs an absent one says so. "
        "Extra columns are kept, as filters and dimensions."
    )
    yield ""
    yield _(
        "Money is in the currency of the data, without tax and without the shipping charged. "
        "Names carry their units."
    )
    yield ""
    yield _(
        "`demo/` holds the simulated retailer, one Parquet file a table, and `truth.json`, "
        "the parameters that it was simulated from."
    )
    yield ""
    for table in TABLES.values():
        yield from _section(table, lang, _)


def _section(table: Table, lang: str, _: Translator) -> Iterator[str]:
    yield f"### `{table.name}`"
    yield ""
    yield table.description[lang]
    yield ""
    headers = (_("Column"), _("Type"), _("Description"), _("Values"))
    yield f"| {' | '.join(headers)} |"
    yield "|---" * len(headers) + "|"
    for column in table.columns:
        yield f"| {' | '.join(_cells(column, lang, _))} |"
    yield ""


def _cells(column: Column, lang: str, _: Translator) -> tuple[str, str, str, str]:
    marks = [_("key")] * column.key + [_("required")] * column.required
    name = f"`{column.name}`" + (f" ({', '.join(marks)})" if marks else "")
    values = ", ".join(f"`{value}`" for value in column.values)
    return name, _(_TYPES[column.type]), column.description[lang], values


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(data_dictionary(), encoding="utf-8", newline="\n")
