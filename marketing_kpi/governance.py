"""KPI governance: the dictionary as a product, and one person across systems.

``register`` lists who answers for each KPI, ``treatment`` what it does with cancelled and
fraudulent orders and with returns, ``sources`` and ``systems`` where its data come from and how
late, ``flow`` their way to the report, ``information_system`` the tables by what they are.
``revised`` makes a dictionary with one definition changed, ``changes`` tells which version that
is, ``side_by_side`` computes both over the months, ``break_between`` parts what moved from what was
redefined, ``deprecations`` lists what is leaving. ``by_system``, ``wrong_share``, ``accounts``,
``people`` and ``errors_of_matching`` are of persons known to several systems.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd

from marketing_kpi.errors import ComputeError, DictionaryError, unknown
from marketing_kpi.kpis.compute import compute, explain, missing_columns
from marketing_kpi.kpis.dictionary import Dictionary, Kpi, dictionary
from marketing_kpi.kpis.lineage import columns_of, simple_parts
from marketing_kpi.matching.people import (
    MEASURES,
    MISPLACED,
    SINGLE,
    Share,
    accounts,
    by_system,
    errors_of_matching,
    lacks_accounts,
    lacks_identities,
    people,
    wrong_share,
)

if TYPE_CHECKING:
    from marketing_kpi.data.model import Data

__all__ = [
    "MEASURES",
    "MISPLACED",
    "ORIGINS",
    "PROPOSALS",
    "SINGLE",
    "SYSTEMS",
    "Break",
    "Share",
    "accounts",
    "break_between",
    "breaks",
    "by_system",
    "changes",
    "coverage",
    "days_of",
    "deprecations",
    "errors_of_matching",
    "flow",
    "information_system",
    "lacks_accounts",
    "lacks_identities",
    "lacks_proposal",
    "order_value_after_returns",
    "people",
    "proposed",
    "register",
    "revised",
    "side_by_side",
    "sources",
    "systems",
    "treatment",
    "wrong_share",
]

SYSTEMS = ("pos", "ecommerce", "web_analytics", "crm", "erp", "wms", "survey", "ledger")
"""The source systems that entries name, from where people buy to where accounts are kept."""

_DAYS = {"Y": 365.25, "M": 365.25 / 12, "W": 7.0, "D": 1.0}
_HOURS = {"H": 1 / 24, "M": 1 / 1440, "S": 1 / 86400}
_PART = re.compile(r"(\d+)([YMWDHS])")


def days_of(duration: str) -> float:
    """Return how many days an ISO 8601 duration lasts; a month is a twelfth of 365.25 days.

    >>> days_of("P1D"), days_of("PT6H"), days_of("P2W")
    (1.0, 0.25, 14.0)
    """
    dates, _, times = duration.removeprefix("P").partition("T")
    days = sum(int(count) * _DAYS[unit] for count, unit in _PART.findall(dates))
    return float(days + sum(int(count) * _HOURS[unit] for count, unit in _PART.findall(times)))


# --- What the dictionary holds --------------------------------------------------------------


def register(entries: Dictionary | None = None) -> pd.DataFrame:
    """List the KPIs with who answers for each, its version and its standard rules.

    Parameters
    ----------
    entries
        The dictionary; by default the package's.

    Returns
    -------
    pandas.DataFrame
        A row a KPI, in the dictionary's order: ``kpi``, ``domain``, ``type``, ``owner``,
        ``version``, ``status``, ``replaced_by``, ``retires_on``, ``unit``, ``window`` (what it
        counts beside the period; null without any), ``filters`` (a tuple), ``created_on``,
        ``changed_on`` (days), ``systems`` (a tuple) and ``latency_days`` of its slowest source.

    Examples
    --------
    >>> register().set_index("kpi").loc["average_order_value", ["owner", "version"]].tolist()
    ['ecommerce', '1.0.0']
    """
    rows = [
        {
            "kpi": kpi.id,
            "domain": kpi.domain,
            "type": kpi.type,
            "owner": kpi.owner,
            "version": kpi.version,
            "status": kpi.status,
            "replaced_by": kpi.replaced_by,
            "retires_on": _day(kpi.retires_on),
            "unit": kpi.unit,
            "window": kpi.standard_window,
            "filters": kpi.filters,
            "created_on": _day(kpi.history[0].date),
            "changed_on": _day(kpi.history[-1].date),
            "systems": tuple(dict.fromkeys(source.system for source in kpi.sources)),
            "latency_days": max(days_of(source.latency) for source in kpi.sources),
        }
        for kpi in _known(entries).kpis
    ]
    return pd.DataFrame(rows)


def sources(entries: Dictionary | None = None) -> pd.DataFrame:
    """Return the matrix KPI × source system, a row a KPI and system.

    Parameters
    ----------
    entries
        The dictionary; by default the package's.

    Returns
    -------
    pandas.DataFrame
        ``kpi``, ``domain``, ``system``, ``fields`` (a tuple), ``owner`` (of the data),
        ``granularity``, ``latency`` (ISO 8601) and ``latency_days``.

    Examples
    --------
    >>> found = sources()
    >>> sorted(found[found.kpi == "conversion_rate"].system)
    ['ecommerce', 'web_analytics']
    """
    rows = [
        {
            "kpi": kpi.id,
            "domain": kpi.domain,
            "system": source.system,
            "fields": source.fields,
            "owner": source.owner,
            "granularity": source.granularity,
            "latency": source.latency,
            "latency_days": days_of(source.latency),
        }
        for kpi in _known(entries).kpis
        for source in kpi.sources
    ]
    return pd.DataFrame(rows)


def systems(entries: Dictionary | None = None) -> pd.DataFrame:
    """Say what each source system gives: its fields, who keeps them, how fine and how late.

    Parameters
    ----------
    entries
        The dictionary; by default the package's.

    Returns
    -------
    pandas.DataFrame
        A row a system, in the order of `SYSTEMS`: ``system``, ``kpis`` (how many read it),
        ``only_source`` (how many read nothing else), ``fields``, ``owners``, ``granularities``
        (tuples, the most frequent first) and ``latency_days`` of its slowest field.
    """
    rows = sources(entries)
    alone = rows.groupby("kpi")["system"].transform("nunique") == 1
    found = []
    for system in SYSTEMS:
        of_system = rows[rows["system"] == system]
        if of_system.empty:
            continue
        fields = [name for names in of_system["fields"] for name in names]
        found.append(
            {
                "system": system,
                "kpis": of_system["kpi"].nunique(),
                "only_source": rows.loc[of_system.index[alone[of_system.index]], "kpi"].nunique(),
                "fields": _most_frequent(fields),
                "owners": _most_frequent(of_system["owner"]),
                "granularities": _most_frequent(of_system["granularity"]),
                "latency_days": of_system["latency_days"].max(),
            }
        )
    return pd.DataFrame(found)


def treatment(entries: Dictionary | None = None) -> pd.DataFrame:
    """Say what each KPI does with cancelled and fraudulent orders, and with returns.

    Read from the tables that its formula reads, and from what its filters leave out: a KPI takes
    returns into account where its formula reads the table `returns`.

    Parameters
    ----------
    entries
        The dictionary; by default the package's.

    Returns
    -------
    pandas.DataFrame
        A row a KPI that the engine computes (analyses read what they are given): ``kpi``,
        ``cancelled`` and ``fraud`` (``in``, ``out`` or ``not_read`` where it reads no orders),
        ``returns`` (``read`` or ``not_read``), ``window`` and ``tables`` (a tuple).

    Examples
    --------
    >>> found = treatment().set_index("kpi")
    >>> found.loc["booked_revenue", ["cancelled", "fraud", "returns"]].tolist()
    ['in', 'out', 'not_read']
    """
    known = _known(entries)
    rows = []
    for kpi in known.kpis:
        if kpi.type == "analysis":
            continue
        parts = simple_parts(kpi, entries=known)
        columns = columns_of(kpi.id, entries=known)
        tables = tuple(sorted({column.partition(".")[0] for column in columns}))
        words = {word for part in (kpi, *parts) for word in part.filters}
        reads_orders = "valid orders" in words or not _ORDERS.isdisjoint(tables)
        takes_all = "booked orders" in words
        rows.append(
            {
                "kpi": kpi.id,
                "cancelled": ("in" if takes_all else "out") if reads_orders else "not_read",
                "fraud": "out" if reads_orders else "not_read",
                "returns": "read" if "returns" in tables else "not_read",
                "window": kpi.standard_window,
                "tables": tables,
            }
        )
    return pd.DataFrame(rows)


_BOOKED = "booked_sales"
_ORDERS = frozenset(["orders", "order_lines"])


def flow(entries: Dictionary | None = None) -> pd.DataFrame:
    """Return the way of data from systems to the domains of a report.

    Parameters
    ----------
    entries
        The dictionary; by default the package's.

    Returns
    -------
    pandas.DataFrame
        ``system``, ``domain`` and ``kpis``: how many KPIs of the domain read the system.
    """
    rows = sources(entries).drop_duplicates(["kpi", "system"])
    counted = rows.groupby(["system", "domain"], sort=False)["kpi"].size().rename("kpis")
    return counted.reset_index()


def coverage(data: Data, entries: Dictionary | None = None) -> pd.DataFrame:
    """Say which KPIs the data's tables and columns allow, by owner.

    Parameters
    ----------
    data
        What `open_data` returns.
    entries
        The dictionary; by default the package's.

    Returns
    -------
    pandas.DataFrame
        ``owner``, ``kpis`` (that the engine computes; analyses are not counted), ``computable``,
        and ``lacking`` (a tuple of those that are not), most KPIs first. A table without a row
        tells nothing: it counts as one that the data lack.
    """
    known, data = _known(entries), _with_rows(data)
    rows: dict[str, list[tuple[str, bool]]] = {}
    for kpi in known.kpis:
        if kpi.type != "analysis":
            told = explain(kpi.id, data, entries=known) is None
            rows.setdefault(kpi.owner, []).append((kpi.id, told))
    found = pd.DataFrame(
        [
            {
                "owner": owner,
                "kpis": len(kpis),
                "computable": sum(told for _, told in kpis),
                "lacking": tuple(id for id, told in kpis if not told),
            }
            for owner, kpis in rows.items()
        ]
    )
    return found.sort_values(["kpis", "owner"], ascending=[False, True], ignore_index=True)


def _with_rows(data: Data) -> Data:
    """Return the data without their tables that have no row; orders stay."""
    counts = {name: table.limit(1).count().execute() for name, table in data.tables.items()}
    tables = {name: data.table(name) for name in counts if counts[name] or name == "orders"}
    return replace(data, tables=tables)


class _Origin(NamedTuple):
    component: str
    system: str
    inside: bool


def _inside(system: str) -> _Origin:
    return _Origin("internal_records", system, inside=True)


ORIGINS: Mapping[str, _Origin] = MappingProxyType(
    {
        "contacts": _inside("crm"),
        "orders": _inside("ecommerce"),
        "order_lines": _inside("ecommerce"),
        "returns": _inside("ecommerce"),
        "chargebacks": _Origin("intelligence", "erp", inside=False),
        "promotions": _inside("erp"),
        "products": _inside("erp"),
        "stores": _inside("pos"),
        "sessions": _inside("web_analytics"),
        "touchpoints": _Origin("intelligence", "web_analytics", inside=False),
        "campaigns": _inside("crm"),
        "campaign_members": _inside("crm"),
        "marketing_spend": _Origin("intelligence", "erp", inside=False),
        "responses": _inside("crm"),
        "stock": _inside("wms"),
        "purchase_orders": _inside("erp"),
        "shipments": _inside("wms"),
        "labour": _inside("wms"),
        "surveys": _Origin("research", "crm", inside=True),
        "category_spend": _Origin("research", "survey", inside=False),
        "fixed_costs": _inside("erp"),
        "ledger": _inside("ledger"),
        "identities": _inside("crm"),
    }
)
"""Where each table usually comes from: the part of the marketing information system (internal
records, intelligence, research), the system that keeps it, as the entries that read it name it, and
whether the company records it itself or is told it by others (a platform's bill, a panel)."""


def information_system(data: Data) -> pd.DataFrame:
    """List the tables as parts of a marketing information system, with how many rows each has.

    Parameters
    ----------
    data
        What `open_data` returns.

    Returns
    -------
    pandas.DataFrame
        A row a canonical table: ``table``, ``component`` (``internal_records``,
        ``intelligence``, ``research``), ``system``, ``inside`` (whether the company records it
        itself), ``present`` (whether it is there and has a row) and ``rows`` (null where it is
        absent).
    """
    rows = []
    for name, origin in ORIGINS.items():
        count = int(data.table(name).count().execute()) if data.has(name) else None
        rows.append({"table": name, **origin._asdict(), "present": bool(count), "rows": count})
    return pd.DataFrame(rows).astype({"rows": "Int64"})


# --- A change of definition -----------------------------------------------------------------


def order_value_after_returns(k: Any) -> Any:
    """Take what came back off net sales before dividing by orders: a proposal, see `PROPOSALS`.

    Null without orders or sales. A *derived* formula of ``net_sales``, ``return_rate_value`` and
    ``orders``.
    """
    from marketing_kpi.kpis.formulas import ratio

    return ratio(k.net_sales * (1 - k.return_rate_value), k.orders)


PROPOSALS: Mapping[str, tuple[str, Mapping[str, Any]]] = MappingProxyType(
    {
        "cancelled_in": (
            "average_order_value",
            {"fact": _BOOKED, "filters": ("booked orders",)},
        ),
        "returns_off": (
            "average_order_value",
            {
                "type": "derived",
                "fact": None,
                "time": None,
                "over_time": None,
                "dimensions": (),
                "filters": (),
                "depends_on": ("net_sales", "return_rate_value", "orders"),
                "callable": "marketing_kpi.governance:order_value_after_returns",
                "example": {
                    "given": {"net_sales": 1000, "return_rate_value": 0.1, "orders": 10},
                    "expect": 90,
                },
            },
        ),
        "trailing_year": ("repeat_purchase_rate", {"window": "12 months"}),
    }
)
"""Changes of definition that shops argue about: the KPI, and the fields of its entry that move."""


def proposed(name: str, *, on: str, entries: Dictionary | None = None) -> Dictionary:
    """Return the dictionary as it would be after a change of `PROPOSALS`.

    Parameters
    ----------
    name
        A key of `PROPOSALS`.
    on
        The day from which the new definition holds.
    entries
        The dictionary; by default the package's.

    Examples
    --------
    >>> proposed("trailing_year", on="2025-01-01")["repeat_purchase_rate"].version
    '2.0.0'
    """
    if name not in PROPOSALS:
        message, hint = unknown("proposal", name, PROPOSALS)
        raise DictionaryError(message, hint=hint)
    kpi, fields = PROPOSALS[name]
    return revised(_known(entries), kpi, on=on, **fields)


def revised(entries: Dictionary, kpi: str, *, on: str, **fields: Any) -> Dictionary:
    """Return a dictionary with one definition changed, its version raised as it must be.

    Parameters
    ----------
    entries
        The dictionary; it is not changed.
    kpi
        Whose definition changes.
    on
        The day of the change, written into its history.
    **fields
        The fields of the entry that change.

    Returns
    -------
    Dictionary
        A whole one: `compute` takes it as ``entries``.

    Raises
    ------
    pydantic.ValidationError
        Where the entry would break the schema.

    Examples
    --------
    >>> from marketing_kpi.kpis.dictionary import dictionary
    >>> revised(dictionary(), "orders", on="2025-01-01", owner="finance")["orders"].version
    '1.0.1'
    """
    old = entries.kpi(kpi)
    raw = {**old.model_dump(), **fields}
    step = _step(old, Kpi.model_validate(raw))
    if step is not None:
        version = _raised(old.version, step)
        change = {"version": version, "date": on, "change": _CHANGED}
        history = [*(item.model_dump() for item in old.history), change]
        raw |= {"version": version, "history": history}
    return entries.replaced(Kpi.model_validate(raw))


_CHANGED = {"fr": "Changement de définition", "en": "Change of definition"}

_MAJOR = frozenset(
    ["type", "fact", "time", "over_time", "window", "within", "filters", "depends_on", "unit",
     "callable"]
)  # fmt: skip
_MINOR = frozenset(["dimensions", "sources", "synonyms", "status", "replaced_by", "retires_on"])
_NOT_COMPARED = frozenset(["version", "history"])
_STEPS = ("major", "minor", "patch")


def _fields_changed(old: Kpi, new: Kpi) -> tuple[str, ...]:
    names = (name for name in type(old).model_fields if name not in _NOT_COMPARED)
    return tuple(name for name in names if getattr(old, name) != getattr(new, name))


def _step(old: Kpi, new: Kpi) -> str | None:
    """Return which number of the version a change raises; None where nothing changed."""
    fields = _fields_changed(old, new)
    if not fields:
        return None
    if not _MAJOR.isdisjoint(fields):
        return "major"
    return "patch" if _MINOR.isdisjoint(fields) else "minor"


def _raised(version: str, step: str) -> str:
    place = _STEPS.index(step)
    numbers = [int(number) for number in version.split(".")]
    kept = [*numbers[:place], numbers[place] + 1]
    return ".".join(map(str, kept + [0] * (3 - len(kept))))


def changes(old: Dictionary, new: Dictionary) -> pd.DataFrame:
    """Compare two states of the dictionary, and say which version each change asks for.

    A version is major where the number may change for the same data, minor where something is
    added, a patch where words are made clearer.

    Parameters
    ----------
    old, new
        The two dictionaries.

    Returns
    -------
    pandas.DataFrame
        A row a KPI that differs: ``kpi``, ``change`` (``added``, ``removed``, ``major``,
        ``minor``, ``patch``), ``fields`` (a tuple), ``was``, ``now`` (versions), ``expected``
        (the version that the change asks for) and ``in_order``. A removed KPI never is: it has to
        be deprecated first.

    Examples
    --------
    >>> from marketing_kpi.kpis.dictionary import dictionary
    >>> found = changes(dictionary(), proposed("cancelled_in", on="2025-01-01"))
    >>> found[["kpi", "change", "was", "now", "in_order"]].values.tolist()
    [['average_order_value', 'major', '1.0.0', '2.0.0', True]]
    """
    rows = []
    for id in dict.fromkeys([*(k.id for k in old.kpis), *(k.id for k in new.kpis)]):
        was = old.kpi(id) if id in old else None
        now = new.kpi(id) if id in new else None
        if was is not None and now is not None and was == now:
            continue
        rows.append({"kpi": id, **_difference(was, now)})
    names = ["kpi", "change", "fields", "was", "now", "expected", "in_order"]
    return pd.DataFrame(rows, columns=names)


def _difference(was: Kpi | None, now: Kpi | None) -> dict[str, Any]:
    if was is None or now is None:
        left = now is None
        removed_in_order = was is not None and was.status == "deprecated"
        return {
            "change": "removed" if left else "added",
            "fields": (),
            "was": was.version if was else None,
            "now": now.version if now else None,
            "expected": None,
            "in_order": removed_in_order if left else True,
        }
    step = _step(was, now)
    expected = was.version if step is None else _raised(was.version, step)
    return {
        "change": step or "patch",
        "fields": _fields_changed(was, now),
        "was": was.version,
        "now": now.version,
        "expected": expected,
        "in_order": now.version == expected,
    }


def deprecations(*, as_of: str | dt.date, entries: Dictionary | None = None) -> pd.DataFrame:
    """List the KPIs that are leaving, what replaces each, and when.

    Parameters
    ----------
    as_of
        The day from which one looks.
    entries
        The dictionary; by default the package's.

    Returns
    -------
    pandas.DataFrame
        ``kpi``, ``replaced_by``, ``retires_on``, ``days_left`` (below 1: the day has come), the
        soonest first.
    """
    rows = register(entries)
    leaving = rows.loc[rows["status"] == "deprecated", ["kpi", "replaced_by", "retires_on"]]
    day = pd.Timestamp(as_of)
    left = (pd.to_datetime(leaving["retires_on"]) - day).dt.days
    return leaving.assign(days_left=left).sort_values(["days_left", "kpi"], ignore_index=True)


def side_by_side(
    data: Data,
    *,
    kpi: str,
    old: Dictionary | None = None,
    new: Dictionary,
    start: str | dt.date,
    end: str | dt.date,
    grain: str | None = "month",
) -> pd.DataFrame:
    """Compute a KPI by its old and by its new definition, over the same periods.

    Parameters
    ----------
    data
        What `open_data` returns.
    kpi
        Its id.
    old, new
        The dictionary before (by default the package's) and after the change.
    start, end
        First day, and the day after the last.
    grain
        ``month`` by default; None: the whole as one.

    Returns
    -------
    pandas.DataFrame
        ``period`` (only with `grain`), ``old``, ``new``, ``gap`` (new − old) and
        ``relative_gap`` (gap / old; null where old is 0 or null).

    Raises
    ------
    MissingDataError
        When the data lack what either definition reads.
    """
    both = [
        _series(data, kpi, known, start=start, end=end, grain=grain) for known in (_known(old), new)
    ]
    found = pd.DataFrame({"old": both[0], "new": both[1]})
    found["gap"] = found["new"] - found["old"]
    found["relative_gap"] = found["gap"] / found["old"].where(found["old"] != 0)
    return found.reset_index(drop=grain is None)


def _series(data: Data, kpi: str, known: Dictionary, **how: Any) -> pd.Series[Any]:
    table = compute(kpi, data, entries=known, **how)
    frame = table if isinstance(table, pd.DataFrame) else table.execute()
    values = frame.set_index("period")[kpi] if how["grain"] else frame[kpi]
    return values.astype("float64")


class Break(NamedTuple):
    """What a change of definition does to a comparison of two periods.

    Attributes
    ----------
    old_before, old_now, new_before, new_now
        The KPI of both periods by both definitions.
    published
        What a page shows that has the old definition before and the new one now:
        new_now − old_before.
    happened
        What moved by one definition, the old one: old_now − old_before.
    redefined
        The rest: new_now − old_now. ``happened + redefined == published``.
    """

    old_before: float
    old_now: float
    new_before: float
    new_now: float

    @property
    def published(self) -> float:
        """New now, less old before."""
        return self.new_now - self.old_before

    @property
    def happened(self) -> float:
        """Old now, less old before."""
        return self.old_now - self.old_before

    @property
    def redefined(self) -> float:
        """New now, less old now."""
        return self.new_now - self.old_now


def break_between(before: pd.DataFrame, now: pd.DataFrame) -> Break:
    """Part what moved between two periods from what a new definition added.

    Parameters
    ----------
    before, now
        What `side_by_side` returns for each period with ``grain=None``.

    Examples
    --------
    >>> before = pd.DataFrame({"old": [80.0], "new": [74.0]})
    >>> found = break_between(before, pd.DataFrame({"old": [82.0], "new": [75.0]}))
    >>> found.published, found.happened, found.redefined
    (-5.0, 2.0, -7.0)
    """
    for frame in (before, now):
        if len(frame) != 1:
            raise ComputeError(f"{len(frame)} rows for a period, must be 1: use grain=None")
    return Break(before["old"].item(), now["old"].item(), before["new"].item(), now["new"].item())


_NEEDS: Mapping[str, tuple[str, str]] = MappingProxyType({"cancelled_in": ("orders", "status")})
"""What tells a proposal from the definition of now: without it both would agree, falsely."""


def lacks_proposal(data: Data, name: str, *, entries: Dictionary | None = None) -> tuple[str, ...]:
    """Return what the data lack to compute a KPI as it is and as `PROPOSALS` would have it.

    Parameters
    ----------
    data
        What `open_data` returns.
    name
        A key of `PROPOSALS`.
    entries
        The dictionary; by default the package's.

    Returns
    -------
    tuple of str
        As ``table.column``; empty when they have it all.
    """
    known = _known(entries)
    kpi = PROPOSALS[name][0]
    new = proposed(name, on=_ANY_DAY, entries=known)
    lacking = [id for each in (known, new) for id in missing_columns(kpi, data, entries=each)]
    if (needed := _NEEDS.get(name)) and not data.has(*needed):
        lacking.append(".".join(needed))
    return tuple(dict.fromkeys(lacking))


_ANY_DAY = "2000-01-01"


def breaks(
    data: Data,
    *,
    start: str | dt.date,
    end: str | dt.date,
    previous_start: str | dt.date,
    previous_end: str | dt.date,
    entries: Dictionary | None = None,
) -> dict[str, tuple[str, Break]]:
    """Say what each change of `PROPOSALS` would do to the comparison of two periods.

    Parameters
    ----------
    data
        What `open_data` returns.
    start, end, previous_start, previous_end
        The two periods; ends are exclusive.
    entries
        The dictionary; by default the package's.

    Returns
    -------
    dict
        By proposal: its KPI and the `Break`. A proposal that the data cannot compute is not there.
    """
    known = _known(entries)
    kpis = {
        name: kpi
        for name, (kpi, _fields) in PROPOSALS.items()
        if not lacks_proposal(data, name, entries=known)
    }
    after = {name: proposed(name, on=str(start), entries=known) for name in kpis}
    if not kpis:
        return {}
    both = (previous_start, previous_end), (start, end)
    old = [_values(data, list(dict.fromkeys(kpis.values())), known, *span) for span in both]
    new = {name: [_values(data, [kpi], after[name], *span)[kpi] for span in both]
           for name, kpi in kpis.items()}  # fmt: skip
    return {
        name: (kpi, Break(old[0][kpi], old[1][kpi], new[name][0], new[name][1]))
        for name, kpi in kpis.items()
    }


def _values(
    data: Data, kpis: list[str], known: Dictionary, start: str | dt.date, end: str | dt.date
) -> dict[str, float]:
    table = compute(kpis, data, entries=known, start=start, end=end)
    frame = table if isinstance(table, pd.DataFrame) else table.execute()
    return {kpi: float(frame[kpi].astype("float64").iloc[0]) for kpi in kpis}


# --- Small parts ----------------------------------------------------------------------------


def _known(entries: Dictionary | None) -> Dictionary:
    return dictionary() if entries is None else entries


def _day(text: str | None) -> dt.date | None:
    return None if text is None else dt.date.fromisoformat(text)


def _most_frequent(names: Sequence[str] | pd.Series[Any]) -> tuple[str, ...]:
    return tuple(str(name) for name in pd.Series(list(names)).value_counts(sort=True).index)
