"""One person known to several systems: how accounts are matched, and what wrong matches cost.

A data management platform gives one customer id to the accounts of a person: the loyalty card at
the till, the login of the web shop, that of the app. It errs in two ways. It *misses* a match, and
one person counts as two; or it *mixes up* accounts, and hangs one on somebody else.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from marketing_kpi.errors import ComputeError
from marketing_kpi.kpis.compute import compute
from marketing_kpi.kpis.facts.touches import VISITORS

if TYPE_CHECKING:
    import numpy.typing as npt

    from marketing_kpi.data.model import Data

SINGLE = ("pos", "app")
"""Systems in which a person usually has one account: a card at the till, a login of the app."""

MEASURES = ("customers", "repeat_rate", "orders_per_customer", "sales_per_customer")
"""What `people` gives of a way to tell persons apart."""

MISPLACED = "misplaced_sales"
"""The share of net sales that hang on somebody else than who bought."""

ERRORS = ("missed", "mixed")
"""The two ways in which matching errs."""

_ACCOUNTS_DRAWN = 1_000_000

_ACCOUNT = ["customer_id", "channel"]


def lacks_identities(data: Data) -> tuple[str, ...]:
    """Return the columns of `identities` that the data lack."""
    names = ("source_system", "source_id", "customer_id")
    return tuple(f"identities.{name}" for name in names if not data.has("identities", name))


def lacks_accounts(data: Data) -> tuple[str, ...]:
    """Return the columns of `orders` that `accounts` needs and the data lack."""
    names = ("customer_id", "channel", "amount")
    return tuple(f"orders.{name}" for name in names if not data.has("orders", name))


def by_system(data: Data) -> pd.DataFrame:
    """Count accounts and persons, system by system.

    Parameters
    ----------
    data
        What `open_data` returns; it has `identities`.

    Returns
    -------
    pandas.DataFrame
        A row a system, the largest first: ``system``, ``accounts``, ``people`` (distinct
        customers they are matched to), ``extra`` (accounts beyond a person's first there),
        ``unmatched`` (accounts without a customer) and ``shared`` (persons beyond an account's
        first). An account of several persons counts for each of them.

    Examples
    --------
    >>> from marketing_kpi.data.sources import open_data
    >>> orders = pd.DataFrame({"order_id": ["1"], "ordered_at": pd.to_datetime(["2025-01-02"])})
    >>> cards = pd.DataFrame({"source_system": "pos", "source_id": ["k1", "k2", "k2"],
    ...                       "customer_id": ["ana", "ana", "ben"]})
    >>> with open_data({"orders": orders, "identities": cards}) as data:
    ...     found = by_system(data)
    >>> found[["accounts", "people", "extra", "shared"]]
       accounts  people  extra  shared
    0         2       2      1       1
    """
    rows = data.table("identities")
    known = rows.filter(rows.source_system.notnull(), rows.source_id.notnull())
    pairs = known.select("source_system", "source_id", "customer_id").distinct()
    found = (
        pairs.group_by("source_system")
        .aggregate(
            accounts=pairs.source_id.nunique(),
            people=pairs.customer_id.nunique(),
            matched=pairs.source_id.nunique(where=pairs.customer_id.notnull()),
            links=pairs.customer_id.count(),
        )
        .execute()
    )
    found["extra"] = found["links"] - found["people"]
    found["unmatched"] = found["accounts"] - found["matched"]
    found["shared"] = found["links"] - found["matched"]
    named = found.rename(columns={"source_system": "system"}).drop(columns=["matched", "links"])
    keys, downward = ["accounts", "system"], [False, True]
    ordered: pd.DataFrame = named.sort_values(keys, ascending=downward, ignore_index=True)
    return ordered


class Share(NamedTuple):
    """The share of accounts that hang on the wrong person, with its 95 % interval.

    Attributes
    ----------
    share, low, high
        Null where no system tells.
    accounts
        Accounts of the systems looked at, one of several persons counted for each of them.
    extra
        Accounts beyond a person's first: the sign of a wrong match.
    people
        Persons known to any system.
    systems
        The systems looked at.
    shared
        Accounts of several persons: at most one of them is right.
    least
        The share of matches that are wrong for that alone. Persons with two accounts do not tell of
        these, and `share` may lie below.
    elsewhere
        Of the other systems, visitors apart, those that have accounts of several persons.
    shared_elsewhere, least_elsewhere
        These accounts, and the share of matches there that are wrong where an account is of one
        person: one of a household or a firm is rightly of several.
    """

    share: float | None
    low: float | None
    high: float | None
    accounts: int
    extra: int
    people: int
    systems: tuple[str, ...]
    shared: int = 0
    least: float = 0.0
    elsewhere: tuple[str, ...] = ()
    shared_elsewhere: int = 0
    least_elsewhere: float = 0.0


def wrong_share(data: Data, *, single: Sequence[str] = SINGLE) -> Share:
    """Estimate how many accounts are matched to the wrong person, from persons with two of them.

    Parameters
    ----------
    data
        What `open_data` returns; it has `identities`.
    single
        Systems in which a person has one account. There, two accounts of one person tell that at
        least one was hung on somebody else.

    Returns
    -------
    Share
        Of the accounts of these systems.

    Notes
    -----
    An account hung on somebody drawn at random meets another account of that system only where
    this person has one. With n accounts of a system, N persons and a share w of wrong matches,

        E[extra] = n − N (1 − (1 − n (1 − w) / N) exp(−n w / N))

    summed over systems is solved for w. The interval takes `extra` for a Poisson count. Matches
    that err among relatives or namesakes rather than at random are met more rarely or more often:
    the estimate then errs too, and an audit by hand of a sample of accounts is what helps.
    benchmarks/matching_coverage.md has how often the interval holds the truth: 95 % to 99 % where
    errors fall at random, little more than half where they do not.
    """
    rows = by_system(data)
    ids = data.table("identities")
    everybody = int(ids.customer_id.nunique().execute())
    chosen = rows[rows["system"].isin(list(single))]
    counts = _links(chosen).to_numpy(dtype=float)
    extra, total = int(chosen["extra"].sum()), int(counts.sum())
    named = tuple(chosen["system"])
    share = Share(None, None, None, total, extra, everybody, named)
    if total and everybody:
        beyond = int(chosen["shared"].sum())
        share = Share(*share_of(extra, counts, everybody), total, extra, everybody, named)
        share = share._replace(shared=_of_several(data, single), least=beyond / total)
    others = rows[~rows["system"].isin([*single, VISITORS]) & (rows["shared"] > 0)]
    if others.empty:
        return share
    elsewhere = tuple(others["system"])
    return share._replace(
        elsewhere=elsewhere,
        shared_elsewhere=_of_several(data, elsewhere),
        least_elsewhere=float(others["shared"].sum() / _links(others).sum()),
    )


def _links(systems: pd.DataFrame) -> pd.Series:
    """Count the matches of each system: an account of several persons has one with each."""
    return systems["accounts"] - systems["unmatched"] + systems["shared"]


def _of_several(data: Data, systems: Sequence[str]) -> int:
    """Count the accounts of these systems that are matched to several persons."""
    rows = data.table("identities")
    rows = rows.filter(rows.source_system.isin([*systems]), rows.source_id.notnull())
    each = rows.group_by("source_system", "source_id").aggregate(people=rows.customer_id.nunique())
    return int(each.filter(each.people > 1).count().execute())


def share_of(
    extra: int, counts: npt.NDArray[np.float64], people: int
) -> tuple[float, float, float]:
    """Return the share of wrong matches and its 95 % interval; see `wrong_share`.

    Parameters
    ----------
    extra
        Accounts beyond a person's first, of all systems together.
    counts
        Accounts of each system.
    people
        Persons known to any system.

    Examples
    --------
    >>> import numpy as np
    >>> [round(end, 4) for end in share_of(19, np.array([3902.0, 2152.0]), 8099)]
    [0.0078, 0.0047, 0.0122]
    """
    low, high = _poisson(extra)
    found, first, last = (_solved(count, counts, people) for count in (extra, low, high))
    return found, first, last


def _poisson(count: int) -> tuple[float, float]:
    """Return the exact 95 % interval of a Poisson mean (Garwood, 1936)."""
    from scipy.special import gammaincinv

    low = float(gammaincinv(count, 0.025)) if count else 0.0
    return low, float(gammaincinv(count + 1, 0.975))


def _expected(share: float, counts: npt.NDArray[np.float64], people: int) -> float:
    right = np.minimum(counts * (1 - share) / people, 1.0)
    met = people * (1 - (1 - right) * np.exp(-counts * share / people))
    return float((counts - met).sum())


def _solved(extra: float, counts: npt.NDArray[np.float64], people: int) -> float:
    from scipy.optimize import brentq

    if extra <= _expected(0.0, counts, people):
        return 0.0
    if extra >= _expected(1.0, counts, people):
        return 1.0
    found: float = brentq(lambda share: _expected(share, counts, people) - extra, 0.0, 1.0)
    return found


def accounts(data: Data, *, start: str | dt.date, end: str | dt.date) -> pd.DataFrame:
    """Return what each customer bought through each channel: a row an account that bought.

    Parameters
    ----------
    data
        What `open_data` returns.
    start, end
        First day, and the day after the last.

    Returns
    -------
    pandas.DataFrame
        ``customer_id``, ``channel``, ``orders`` and ``net_sales``, sorted; orders without a
        customer are not there, nor customers who only have credits.
    """
    table = compute(["orders", "net_sales"], data, by=_ACCOUNT, start=start, end=end)
    frame = table if isinstance(table, pd.DataFrame) else table.execute()
    known = frame[frame["customer_id"].notna()]
    bought = known.groupby("customer_id")["orders"].transform("sum") > 0
    rows = known[bought].astype({"orders": "int64", "net_sales": "float64"})
    return rows.sort_values(_ACCOUNT, ignore_index=True)


def people(
    rows: pd.DataFrame, person: Sequence[Any] | pd.Series[Any] | None = None
) -> pd.Series[Any]:
    """Count customers and what they do, when accounts are persons in a certain way.

    Parameters
    ----------
    rows
        What `accounts` returns.
    person
        The person of each row; by default its `customer_id`. Pass ``range(len(rows))`` for
        systems that do not talk to each other.

    Returns
    -------
    pandas.Series
        `MEASURES`: how many customers, the share of them with two orders or more, orders and net
        sales a customer; the last three are null without customers. Sales are those of the
        customers of whom every account's are known.

    Examples
    --------
    >>> rows = pd.DataFrame({"customer_id": ["a", "a", "b"], "channel": ["web", "store", "web"],
    ...                      "orders": [1, 1, 1], "net_sales": [50.0, 70.0, 30.0]})
    >>> people(rows).tolist()
    [2.0, 0.5, 1.5, 75.0]
    >>> people(rows, range(3)).tolist()
    [3.0, 0.0, 1.0, 50.0]
    """
    codes = pd.factorize(pd.Series(rows["customer_id"] if person is None else list(person)))[0]
    values = _measured(codes, *_columns(rows))
    return pd.Series(dict(zip(MEASURES, values, strict=True)), dtype="float64")


def errors_of_matching(
    rows: pd.DataFrame,
    *,
    missed: Sequence[float] = (),
    mixed: Sequence[float] = (),
    population: int | None = None,
    draws: int | None = None,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Say how counts and values move when matching errs, taking the customers of now for true.

    Parameters
    ----------
    rows
        What `accounts` returns.
    missed
        Shares of matches that are missed: an account beyond its person's first counts as a person
        of its own. At 1, no system talks to another.
    mixed
        Shares of accounts that hang on somebody else, drawn at random.
    population
        Persons whom an account may be hung on by mistake; by default those who bought.
    draws
        Times that errors are drawn; by default 40, fewer where there are so many accounts that
        chance hardly moves what they give.
    rng
        Draws which accounts err.

    Returns
    -------
    pandas.DataFrame
        A row an error, share and measure: ``error`` (`ERRORS`), ``share``, ``measure``
        (`MEASURES`, and `MISPLACED`: the share of net sales not on their person), ``true``,
        ``seen`` (the mean of the draws), ``low``, ``high`` (between which 95 % of the draws lie)
        and ``change`` (seen / true − 1; null where true is 0 or null).
        Empty without accounts.
    """
    for name, shares in (("missed", missed), ("mixed", mixed)):
        if wrong := [share for share in shares if not 0 <= share <= 1]:
            raise ComputeError(f"{name} == {wrong[0]}, must be in [0, 1]")
    found = []
    person = pd.factorize(rows["customer_id"])[0]
    orders, sales = _columns(rows)
    true = dict(zip([*MEASURES, MISPLACED], _under(person, person, orders, sales), strict=True))
    many = max(int(person.max(initial=-1)) + 1, population or 0)
    draw: Mapping[str, Callable[[float], npt.NDArray[np.int64]]] = {
        "missed": lambda share: _with_missed(person, orders, share, rng),
        "mixed": lambda share: _with_mixed(person, many, share, rng),
    }
    times = draws or int(np.clip(_ACCOUNTS_DRAWN // max(len(rows), 1), 4, 40))
    for error, shares in (("missed", missed), ("mixed", mixed)):
        for share in shares if len(rows) else ():
            seen = np.array(
                [_under(draw[error](share), person, orders, sales) for _ in range(times)]
            )
            for (measure, known), values in zip(true.items(), seen.T, strict=True):
                mean, low, high = _spread(values)
                change = mean / known - 1 if known else None
                found.append((error, share, measure, known, mean, low, high, change))
    names = ["error", "share", "measure", "true", "seen", "low", "high", "change"]
    frame = pd.DataFrame(found, columns=names)
    return frame.astype(dict.fromkeys(names[3:], "float64") | {"share": "float64"})


def _spread(values: npt.NDArray[np.float64]) -> tuple[float, float, float]:
    """Return the mean of the draws that tell, and between which 95 % of them lie."""
    told = values[~np.isnan(values)]
    if not len(told):
        return np.nan, np.nan, np.nan
    low, high = np.percentile(told, [2.5, 97.5])
    return float(told.mean()), float(low), float(high)


def _under(
    seen: npt.NDArray[np.int64],
    person: npt.NDArray[np.int64],
    orders: npt.NDArray[np.float64],
    sales: npt.NDArray[np.float64],
) -> tuple[float, ...]:
    """Return the measures when accounts are taken for these persons, and sales misplaced."""
    total = np.nansum(sales)
    misplaced = float(np.nansum(sales[seen != person]) / total) if total > 0 else np.nan
    return *_measured(seen, orders, sales), misplaced


def _columns(
    rows: pd.DataFrame,
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    return (
        rows["orders"].to_numpy(dtype="float64"),
        rows["net_sales"].to_numpy(dtype="float64", na_value=np.nan),
    )


def _measured(
    person: npt.NDArray[np.int64],
    orders: npt.NDArray[np.float64],
    sales: npt.NDArray[np.float64],
) -> tuple[float, float, float, float]:
    of_person = np.bincount(person, weights=orders)
    bought = of_person > 0
    count = float(bought.sum())
    if not count:
        return 0.0, np.nan, np.nan, np.nan
    spent = np.bincount(person, weights=sales)[bought]
    known = spent[~np.isnan(spent)]
    repeat = float((of_person >= 2).sum()) / count
    each = float(known.sum()) / len(known) if len(known) else np.nan
    return count, repeat, float(of_person.sum()) / count, each


def _with_missed(
    person: npt.NDArray[np.int64],
    orders: npt.NDArray[np.float64],
    share: float,
    rng: np.random.Generator,
) -> npt.NDArray[np.int64]:
    """Cut accounts off their person; the one with most orders stays who the person is."""
    ranked = pd.DataFrame({"person": person, "orders": -orders}).sort_values(["person", "orders"])
    is_first = ~ranked["person"].duplicated().sort_index().to_numpy()
    cut = ~is_first & (rng.random(len(person)) < share)
    found = person.copy()
    found[cut] = person.max() + 1 + np.arange(int(cut.sum()))
    return found


def _with_mixed(
    person: npt.NDArray[np.int64], many: int, share: float, rng: np.random.Generator
) -> npt.NDArray[np.int64]:
    """Hang accounts on somebody else: never on the person they are of."""
    if many < 2:
        return person
    moved = rng.random(len(person)) < share
    others = (person + rng.integers(1, many, len(person))) % many
    return np.where(moved, others, person)
