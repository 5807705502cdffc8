"""Which source column is which canonical one, and which file is which table."""

from __future__ import annotations

import difflib
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from marketing_kpi.data.model import TABLES, Table
from marketing_kpi.errors import ColumnError, suggest

# Above this similarity an unknown column is taken for a misspelling and said to be.
MISSPELT = 0.8


def simplified(name: str) -> str:
    """Return a name without case, accents, spaces or punctuation.

    >>> simplified("Order ID "), simplified("N° Éléments")
    ('orderid', 'nelements')
    """
    bare = unicodedata.normalize("NFKD", name.casefold())
    return "".join(character for character in bare if character.isascii() and character.isalnum())


def table_of(name: str) -> str | None:
    """Return the canonical table that a file or frame name designates, or None.

    >>> table_of("Orders"), table_of("order-line"), table_of("notes")
    ('orders', 'order_lines', None)
    """
    simple = simplified(name)
    by_name = {simplified(table): table for table in TABLES}
    return by_name.get(simple) or by_name.get(f"{simple}s")


def match_columns(table: Table, sources: Sequence[str], *, where: str) -> dict[str, str]:
    """Return the source column of each canonical column that `sources` holds.

    Names are the same when they differ by case, accents, spaces and punctuation only. A column
    that two source columns could be is refused, unless one has exactly the canonical name.
    """
    check_duplicates(sources, where=where)
    matched: dict[str, str] = {}
    for column in table.names:
        alike = [source for source in sources if simplified(source) == simplified(column)]
        if column in alike:
            matched[column] = column
        elif len(alike) > 1:
            raise ColumnError(
                f"{where}: {' and '.join(repr(name) for name in alike)} could both be the column "
                f"'{column}'",
                hint=f"rename or remove one of them, or name one '{column}' exactly",
            )
        elif alike:
            matched[column] = alike[0]
    return matched


def require(
    columns: Iterable[str],
    matched: Mapping[str, str],
    sources: Sequence[str],
    *,
    where: str,
    hint: str | None = None,
) -> None:
    """Refuse a table that lacks one of the required `columns`, with the closest name it has."""
    left = [source for source in sources if source not in matched.values()]
    for column in columns:
        if column in matched:
            continue
        close = suggest(column, left)
        question = f"; did you write it '{close}'?" if close else ""
        raise ColumnError(
            f"{where}: column '{column}' not found{question}",
            hint=hint
            or f"the columns found are: {', '.join(sources)}. Rename one in the file, or give a "
            f"mapping that says which column is '{column}'",
        )


def misspelt(
    names: Iterable[str], matched: Mapping[str, str], sources: Sequence[str]
) -> dict[str, str]:
    """Return the unmatched source columns that look like one of `names` that is missing, with it.

    >>> misspelt(["quantity", "unit_price"], {"unit_price": "price"}, ["quantitty", "price"])
    {'quantitty': 'quantity'}
    """
    missing = [name for name in names if name not in matched]
    found: dict[str, str] = {}
    for source in sources:
        if source in matched.values():
            continue
        close = difflib.get_close_matches(source.casefold(), missing, n=1, cutoff=MISSPELT)
        if close and close[0] not in sources:
            found[source] = close[0]
    return found


def check_duplicates(sources: Sequence[str], *, where: str) -> None:
    """Refuse a header in which one name stands twice (engines do not tell case apart)."""
    counts = Counter(name.casefold() for name in sources)
    twice = [name for name in sources if counts[name.casefold()] > 1]
    if twice:
        raise ColumnError(
            f"{where}: the header has the column '{twice[0]}' {counts[twice[0].casefold()]} times",
            hint="give each column a name of its own; which one is meant cannot be guessed",
        )
