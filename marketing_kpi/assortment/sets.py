"""Sets of three products or more that meet more often than their parts tell."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Any, NamedTuple

import ibis.expr.types as ir
import numpy as np
import pandas as pd

from marketing_kpi.assortment.baskets import (
    LEAST_TOGETHER,
    MOST_ROWS,
    Baskets,
    read_baskets,
)
from marketing_kpi.assortment.chance import (
    FALSE_SHARE,
    false_discovery,
    poisson_interval,
    poisson_tail,
)
from marketing_kpi.errors import ComputeError
from marketing_kpi.kpis.frames import in_engine

if TYPE_CHECKING:
    from marketing_kpi.data.model import Data


MOST_IN_SETS = 150
"""Products of which sets are looked for, those in most baskets: the sets grow with their cube."""


class Sets(NamedTuple):
    """Sets of three products or more in baskets, held against their strongest part.

    Attributes
    ----------
    sets
        A row a set found in `LEAST_TOGETHER` baskets or more, at most `MOST_ROWS`, the least likely
        by chance first: products (names, a tuple in alphabetical order), size, together, support,
        lift (support over the product of the supports of all its products), without (the product
        that its strongest part lacks), expected (baskets that this part and that product would
        share by chance), lift_beyond (together / expected) with its 95 % interval (low, high);
        p_value (exact, one-sided), q_value (corrected for all the sets looked at), verdict:
        ``together`` or ``cannot_tell``.
    baskets, products, tested
        As in `Pairs`, of the `MOST_IN_SETS` products in most baskets; a set is looked at when all
        its parts are in `LEAST_TOGETHER` baskets.
    """

    sets: pd.DataFrame
    baskets: int
    products: int
    tested: int


def sets(
    data: Data,
    *,
    end: str | dt.date,
    start: str | dt.date | None = None,
    of: str = "product_id",
    largest: int = 3,
    named: bool = False,
) -> Sets:
    """Find the sets of three products or more that meet more often than their parts tell.

    Parameters
    ----------
    data, end, start, of, named
        As in `pairs`.
    largest
        Products of the largest sets, 3 or more.

    Returns
    -------
    Sets
        See its attributes.

    Raises
    ------
    ComputeError
        When `largest` is below 3.

    Notes
    -----
    A set has a high lift whenever two of its products belong together. What is new in it is judged
    against its strongest part: of all the ways to take one product away, that whose baskets and
    those of the product give the most meetings by chance, ``n_part n_product / N``.

    References
    ----------
    Agrawal, R. and Srikant, R. (1994). Fast algorithms for mining association rules. VLDB 20.

    Examples
    --------
    >>> from marketing_kpi.data.sources import open_data
    >>> items = ["cup", "pot", "tea"] * 40 + ["cup", "jam", "rug"] * 60 + ["pot", "mat", "tea"] * 9
    >>> lines = pd.DataFrame({"product_id": items, "quantity": 1, "unit_price": 5.0})
    >>> lines["order_id"] = (lines.index // 3).astype(str)
    >>> orders = pd.DataFrame({"order_id": lines.order_id.unique()})
    >>> orders["ordered_at"] = pd.Timestamp("2025-06-01")
    >>> found = sets(open_data({"orders": orders, "order_lines": lines}), end="2026-01-01")
    >>> found.sets[["products", "together", "without", "expected"]].head(1)
            products  together without   expected
    0  (cup, jam, rug)        60     cup  55.045872
    """
    if largest < _SMALLEST_SET:
        raise ComputeError(f"largest == {largest}, must be 3 or more", hint="pairs() finds pairs")
    held = read_baskets(
        data, end=end, start=start, of=of, within=(), most=MOST_IN_SETS, named=named
    )
    rows, counted = held.rows, held.together
    single = rows.group_by("product").aggregate(n=rows.count()).to_pandas()
    known: dict[tuple[int, ...], int] = {}
    known |= {(row.product,): int(row.n) for row in single.itertuples()}
    pairs_seen = counted[["first", "second"]].itertuples(index=False, name=None)
    known |= dict(zip(pairs_seen, counted["together"].astype(int).tolist(), strict=True))
    found, tested = _grown(data, rows, known, largest)
    return Sets(_judged_sets(found, known, held, tested), held.baskets, len(held.names), tested)


_SMALLEST_SET = 3


def _grown(
    data: Data, rows: ir.Table, known: dict[tuple[int, ...], int], largest: int
) -> tuple[list[tuple[int, ...]], int]:
    """Count sets of more and more products, adding them to those known; say how many were tried.

    A set is tried when every part of it that lacks one product is known.
    """
    held = rows.rename(item1="product")
    found: list[tuple[int, ...]] = []
    tested = 0
    for size in range(2, largest + 1):
        parts = {items for items in known if len(items) == size}
        if size > 2:
            tried = _joined_parts(known, size)
            tested += len(tried)
            parts = set(tried)
        if not parts:
            break
        names = [f"item{n}" for n in range(1, size + 1)]
        wanted = in_engine(pd.DataFrame(sorted(parts), columns=names)).cast(
            dict.fromkeys(names, "int32")
        )
        other = rows.rename(**{names[-1]: "product"})
        met = held.join(other, ["basket"]).filter(lambda t, n=names: t[n[-1]] > t[n[-2]])
        held = data.keep(met.semi_join(wanted, names).select("basket", *names))
        if size > 2:
            counted = held.group_by(names).aggregate(n=held.count()).to_pandas()
            counted = counted[counted["n"] >= LEAST_TOGETHER]
            new = {tuple(row[:-1]): int(row[-1]) for row in counted.itertuples(index=False)}
            known |= new
            found += new
    return found, tested


def _joined_parts(known: Mapping[tuple[int, ...], int], size: int) -> list[tuple[int, ...]]:
    """Return the sets of a size whose every part of one product less is known."""
    parts = sorted(items for items in known if len(items) == size - 1)
    by_start: dict[tuple[int, ...], list[int]] = {}
    for items in parts:
        by_start.setdefault(items[:-1], []).append(items[-1])
    whole = (
        (*start, one, two)
        for start, ends in by_start.items()
        for one, two in combinations(sorted(ends), 2)
    )
    return [
        items for items in whole
        if all(items[:place] + items[place + 1 :] in known for place in range(size))
    ]  # fmt: skip


def _judged_sets(
    found: Sequence[tuple[int, ...]],
    known: Mapping[tuple[int, ...], int],
    held: Baskets,
    tested: int,
) -> pd.DataFrame:
    rows = [_set_row(items, known, held) for items in found]
    table = pd.DataFrame(rows, columns=_SET_COLUMNS)
    seen, expected = (table[name].to_numpy("float64") for name in ("together", "expected"))
    table["lift_beyond"] = seen / expected
    table["low"], table["high"] = poisson_interval(seen, expected)
    table["p_value"] = poisson_tail(seen, expected)
    ranked = table.sort_values(["p_value", "products"], ignore_index=True)
    ranked["q_value"] = false_discovery(ranked["p_value"].to_numpy(), tested=tested)
    ranked["verdict"] = np.where(ranked["q_value"] < FALSE_SHARE, "together", "cannot_tell")
    return ranked.iloc[:MOST_ROWS]


_SET_COLUMNS = ["products", "size", "together", "support", "lift", "without", "expected"]


def _set_row(
    items: tuple[int, ...], known: Mapping[tuple[int, ...], int], held: Baskets
) -> tuple[Any, ...]:
    together, size, baskets = known[items], len(items), held.baskets
    shares = math.prod(known[(item,)] / baskets for item in items)
    chance = {
        item: known[tuple(i for i in items if i != item)] * known[(item,)] / baskets
        for item in items
    }
    # of equal parts, the one that lacks the first by name: never the one with the lowest code
    without = min(items, key=lambda item: (-chance[item], held.names[item]))
    names = tuple(sorted(held.names[item] for item in items))
    support = together / baskets
    last = (held.names[without], chance[without])
    return (names, size, together, support, support / shares, *last)
