"""A flat extract with canonical tables beside it: members of campaigns, costs, surveys."""

from __future__ import annotations

from collections.abc import Mapping as MappingType
from dataclasses import dataclass
from pathlib import Path

from marketing_kpi.data.mapping import Format, Mapping
from marketing_kpi.data.model import TABLES, Finding
from marketing_kpi.data.names import simplified, table_of
from marketing_kpi.errors import SourceError, suggest, unknown

# What a flat extract always holds itself.
OF_THE_EXTRACT = ("orders", "order_lines")


@dataclass(frozen=True)
class Apart:
    """Which of the things that a source holds are its flat extract, and which stand beside it.

    Attributes
    ----------
    extract
        Names of the extract: of one thing, or of its parts.
    beside
        Name by canonical table.
    others
        Names that mean nothing here.
    called
        Name of each, without what is no part of it.
    """

    extract: tuple[str, ...]
    beside: dict[str, str]
    others: tuple[str, ...]
    called: MappingType[str, str]


def apart(called: MappingType[str, str], rules: Mapping, *, where: str) -> Apart:
    """Tell a flat extract from the canonical tables beside it, by what they are called.

    Parameters
    ----------
    called
        Name of each file, sheet, table or frame, without what is no part of its name.
    rules
        Whose `table` names the extract, in full (ventes.csv, schema.ventes) or as it is called;
        without it, all that has no name of a table is the
        extract, or everything where nothing else is.

    Raises
    ------
    SourceError
        There is no thing that `rules.table` names, or two for one table.
    """
    tables = {name: table_of(each) for name, each in called.items()}
    if rules.table is not None:
        wanted = simplified(rules.table)
        extract = tuple(name for name in called if simplified(name) == wanted) or tuple(
            name for name, each in called.items() if simplified(each) == wanted
        )
        if not extract:
            message, hint = unknown("table", rules.table, [*called.values()], where=where)
            raise SourceError(message, hint=hint)
    else:
        extract = tuple(n for n, table in tables.items() if table in (None, *OF_THE_EXTRACT))
        extract = extract or tuple(called)
    beside: dict[str, str] = {}
    for name, table in tables.items():
        if table is None or table in OF_THE_EXTRACT or name in extract:
            continue
        if table in beside:
            raise SourceError(
                f"{where} has two of the table '{table}': {beside[table]} and {name}",
                hint="keep one",
            )
        beside[table] = name
    known = {*extract, *beside.values()}
    others = tuple(name for name in called if name not in known)
    return Apart(extract, beside, others, called)


def only_one(found: Apart, *, where: str) -> str:
    """Return the name of the extract; refuse several, of which any could be meant."""
    if len(found.extract) == 1:
        return found.extract[0]
    names = [found.called[name] for name in found.extract]
    if len(set(names)) < len(names):
        names = [*found.extract]
    choices = ", or ".join(f"table: {name}" for name in names[:_CHOICES])
    raise SourceError(
        f"{where} holds {len(names)} tables that could be the extract "
        f"({', '.join(names[:8])}), and the mapping describes one",
        hint=f"say which in the mapping ({choices}); parts of one extract go in one folder",
    )


_CHOICES = 3


def beside_rules(rules: Mapping) -> Mapping:
    """Return how tables beside an extract are read: dates, numbers and words as it says."""
    how = rules.format
    same = Format(date_order=how.date_order, decimal=how.decimal, thousands=how.thousands)
    return Mapping(kind="tables", format=same, values=rules.values)


def ignored(name: str) -> Finding:
    """Say why something is not read: it has no name of a table, or the extract makes it."""
    if table_of(Path(name).stem) in OF_THE_EXTRACT:
        return Finding("made_of_extract", "suspicious", name)
    close = suggest(Path(name).stem, TABLES)
    if close is None:
        return Finding("ignored_file", "suspicious", name)
    return Finding("misnamed_file", "suspicious", name, details={"closest": close})


def refuse_both(table: str, made: MappingType[str, object], *, where: str) -> None:
    """Refuse a table that the extract holds and that stands beside it too."""
    if table in made:
        raise SourceError(
            f"{where}: '{table}' is made of the extract, and stands beside it too",
            hint=f"leave what makes {table} out of the mapping, or take the other one away",
        )
