"""The table of a test: a row a member of a campaign, with its arm and what it did."""

from __future__ import annotations

import datetime as dt
import itertools
import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

import ibis
import ibis.expr.types as ir

from marketing_kpi.data.model import Data
from marketing_kpi.errors import ComputeError, DataError, MissingDataError, unknown
from marketing_kpi.kpis.extent import begins_by, extent, lasts_to
from marketing_kpi.kpis.facts import FACTS, MONEY, missing
from marketing_kpi.kpis.facts.base import attach, one_a_key
from marketing_kpi.kpis.facts.campaigns import (
    CONTROL,
    SURELY_SOME,
    WINDOW_DAYS,
    known_members,
    members_of,
    purchases,
    starts,
    tells_responses,
    with_responses,
)
from marketing_kpi.kpis.facts.service import campaign_costs
from marketing_kpi.kpis.frames import Frame
from marketing_kpi.kpis.periods import midnight
from marketing_kpi.text.messages import N_

BEFORE_DAYS = 365
"""Days before the first contact that `members` looks back on: a year has all its seasons."""

NOTES: Mapping[str, str] = MappingProxyType(
    {
        "window_not_over": N_(
            "The window is not over in the data: what members still do in it is missing."
        ),
        "contacts_not_recorded": N_(
            "No contact is recorded: the window starts on the day of the draw or of the campaign."
        ),
        "control_contacted": N_("Members of the control were contacted: the effect is diluted."),
        "treated_not_contacted": N_(
            "Some of the treated were not contacted; they stay in the arm that was drawn."
        ),
        "contacts_spread_out": N_(
            "The treated were not all contacted on one day: late ones have less time to act."
        ),
        "window_before_data": N_(
            "The data begin after the window does: what members did in its first days is missing."
        ),
        "few_members_found": N_(
            "Fewer than half of the members have an order in the data, at any time: either many "
            "never bought, or customer ids are written in two ways."
        ),
        "unlike_found": N_(
            "Before the window, far more members of one arm than of another had an order, which "
            "chance does not do: customer ids are written in two ways in one of them, or the draw "
            "was not random. Find out which before you believe anything below."
        ),
        "nobody_found": N_(
            "One arm has no order in the data, at any time, and another has many: either its "
            "members bought nothing, or their customer ids are written otherwise. Look for a few "
            "of them in the orders before you believe anything below."
        ),
        "in_both_arms": N_("Some members are listed in both arms."),
        "unknown_members": N_(
            "The members of an arm have no order in the data, at any time: their customer ids are "
            "probably written otherwise in campaign_members than in orders."
        ),
        "outside_data": N_("The data have no order in the window."),
        "without_arm": N_(
            "Members without an arm are in neither group: if one arm lost them more than another, "
            "what is left of both cannot be compared."
        ),
        "without_customer": N_("Rows without a customer are in neither group."),
    }
)
"""What `window` may note, by id."""

FEW_FOUND = 0.5
"""Share of the members with an order, at any time, under which their ids are doubted."""

BY_CHANCE = 1e-6
"""Probability under which chance is not what made more members of one arm have ordered before."""

_BOUGHT = ("orders", "revenue", "margin")

MADE = (
    "customer_id", "arm", "assigned_at", "contacted_at",
    "bought", *_BOUGHT, "responded", "orders_before", "revenue_before",
)  # fmt: skip
"""The columns that `members` makes: none to add has the name of one."""


class Window(NamedTuple):
    """When the members of a campaign are followed, and what to know of it.

    Attributes
    ----------
    campaign
        Its id.
    start, end
        First day, the same for both arms, and the day after the last.
    is_over
        Whether the data reach the end, to within a week.
    last_day
        The day of the last order of the data; null without any.
    control_n, treated_n
        Members of the control, and of all other arms.
    control_contacted, treated_contacted
        How many of each were contacted; null where no contact is recorded.
    contact_days
        Days from the first contact of a treated member to the last one, both included; null where
        none is recorded.
    notes
        Ids of `NOTES`.
    first_day
        The day of the first order of the data, after their last break of more than a year; null
        without any.
    without_arm
        Members of the campaign who have an arm in none of their rows: they are in neither group.
    without_customer
        Rows of the campaign that name no customer.
    """

    campaign: str
    start: dt.date
    end: dt.date
    is_over: bool
    last_day: dt.date | None
    control_n: int
    treated_n: int
    control_contacted: int | None
    treated_contacted: int | None
    contact_days: int | None
    notes: tuple[str, ...]
    first_day: dt.date | None = None
    without_arm: int = 0
    without_customer: int = 0


def window(data: Data, *, campaign: str, window_days: int = WINDOW_DAYS) -> Window:
    """Say when the members of a campaign are followed, and whether the data tell it all.

    Parameters
    ----------
    data
        What `open_data` returns, with campaign_members.
    campaign
        A campaign_id.
    window_days
        Days from the first contact on, 1 or more.

    Returns
    -------
    Window
        The day of the first contact of a treated member begins the window of both arms; where no
        contact is recorded, the day of the draw, or else the first day of the campaign.

    Raises
    ------
    DataError
        When the campaign has no members, or nothing tells when it began.
    MissingDataError
        When the data have no campaign_members with campaign_id, customer_id and arm.

    Examples
    --------
    >>> import pandas as pd
    >>> from marketing_kpi.data.sources import open_data
    >>> members = pd.DataFrame({"campaign_id": "mail", "customer_id": list("abc"),
    ...                         "arm": ["treatment", "treatment", "control"],
    ...                         "contacted_at": pd.to_datetime(["2025-04-03 09:00"] * 2 + [None])})
    >>> orders = pd.DataFrame({"order_id": ["1", "2"], "customer_id": ["a", "c"], "amount": 20.0,
    ...                        "ordered_at": pd.to_datetime(["2025-04-10"] * 2)})
    >>> data = open_data({"orders": orders, "campaign_members": members})
    >>> found = window(data, campaign="mail", window_days=14)
    >>> str(found.start), str(found.end), found.is_over, found.notes
    ('2025-04-03', '2025-04-17', True, ())
    """
    _check(data, window_days)
    listed = _listed(data, campaign)
    treated, control = listed.arm != CONTROL, listed.arm == CONTROL
    summary = listed.aggregate(
        members=listed.customer_id.nunique(),
        treated_n=treated.sum(),
        control_n=control.sum(),
        treated_contacted=listed.contacted_at.count(where=treated),
        control_contacted=listed.contacted_at.count(where=control),
        first=listed.contacted_at.min(where=treated).date(),
        last=listed.contacted_at.max(where=treated).date(),
    )
    (row,) = data.connection.to_pyarrow(summary).to_pylist()
    if not row["members"]:
        _refuse_unknown(data, campaign)
    start = _start(data, listed, campaign)
    end = start + dt.timedelta(days=window_days)
    first_day, last_day = extent(data)
    begun, latest = extent(data, before=end)
    is_outside = latest is None or latest < start
    known = _known(data, listed)
    told = row["treated_contacted"] + row["control_contacted"] > 0
    is_over = lasts_to(last_day, end)
    without_arm, without_customer = _left_out(data, listed, campaign)
    days = (row["last"] - row["first"]).days + 1 if row["first"] else None
    found = {
        "window_not_over": not is_over,
        "contacts_not_recorded": not told,
        "control_contacted": row["control_contacted"] > 0,
        "treated_not_contacted": told and row["treated_contacted"] < row["treated_n"],
        "contacts_spread_out": (days or 1) > 1,
        "window_before_data": not is_outside and not begins_by(begun, start),
        "few_members_found": _share_found(known) < FEW_FOUND,
        "unlike_found": not _are_unknown(known) and _are_unlike(known),
        "nobody_found": not _are_unknown(known) and _is_nobody_found(known),
        "in_both_arms": row["treated_n"] + row["control_n"] > row["members"],
        "unknown_members": _are_unknown(known),
        "outside_data": is_outside,
        "without_arm": without_arm > 0,
        "without_customer": without_customer > 0,
    }
    return Window(
        campaign=campaign,
        start=start,
        end=end,
        is_over=is_over,
        last_day=last_day,
        control_n=row["control_n"],
        treated_n=row["treated_n"],
        control_contacted=row["control_contacted"] if told else None,
        treated_contacted=row["treated_contacted"] if told else None,
        contact_days=days,
        notes=tuple(name for name, holds in found.items() if holds),
        first_day=first_day,
        without_arm=without_arm,
        without_customer=without_customer,
    )


def members(
    data: Data,
    *,
    campaign: str,
    window_days: int = WINDOW_DAYS,
    before_days: int = BEFORE_DAYS,
    by: str | Sequence[str] = (),
) -> Frame:
    """Make the table of a test: who was drawn into which arm, and what each did.

    Parameters
    ----------
    data
        What `open_data` returns, with campaign_members.
    campaign
        A campaign_id.
    window_days
        Days from the first contact on in which purchases and responses count, 1 or more.
    before_days
        Days before the first contact that orders_before and revenue_before look back on.
    by
        Columns to add, of campaign_members or contacts, such as region: to part or to balance by.

    Returns
    -------
    pandas.DataFrame or ibis.Table
        A row a member: customer_id, arm, assigned_at and contacted_at (null where not recorded);
        bought (1 for who has a valid order in the window, else 0), orders, revenue (net sales,
        0 for who bought nothing), margin (gross profit, 0 for who bought nothing; null for all
        where the cost of anything that they bought is not known), responded (1 for who reacted
        otherwise than by an open, else 0; null where no reaction to the campaign is recorded);
        orders_before, revenue_before; the columns of `by`.
        pandas, sorted by customer_id and arm, when the data came as pandas; else a table of their
        engine, computed once and kept there for as long as it is used.

    Raises
    ------
    DataError
        When the campaign has no members, or nothing tells when it began; when the members of an
        arm have no order at all, or the data have none in the window: zeros would be invented.
    MissingDataError
        When the data lack campaign_members, the customer of orders, or their amounts.
    ComputeError
        When the campaign is not a name, a number of days is not a whole number, or a column of `by`
        is not known or has the name of one that is made.

    Notes
    -----
    Both arms are followed over the same days (see `window`). Each member stays in the arm that was
    drawn, whoever was contacted in the end: that is what makes the arms comparable. A member
    listed in both arms keeps a row in each, which `compare` refuses.

    Margins are there for all or for none: to leave out those who bought at an unknown cost would
    leave out buyers alone, of the arm that buys more above all, and never those who bought nothing.
    `incremental` then takes a margin rate.

    An order entered with a negative amount is a credit: it counts in the revenue and is no
    purchase. Returns are not taken off, as net sales are before returns.

    Examples
    --------
    >>> import pandas as pd
    >>> from marketing_kpi.data.sources import open_data
    >>> drawn = pd.DataFrame({"campaign_id": "mail", "customer_id": list("abc"),
    ...                       "arm": ["treatment", "treatment", "control"],
    ...                       "contacted_at": pd.to_datetime(["2025-04-03 09:00"] * 2 + [None])})
    >>> orders = pd.DataFrame({"order_id": list("123"), "customer_id": list("aac"),
    ...     "ordered_at": pd.to_datetime(["2025-04-10", "2025-05-20", "2025-03-01"]),
    ...     "amount": [20.0, 30.0, 12.0]})
    >>> data = open_data({"orders": orders, "campaign_members": drawn})
    >>> table = members(data, campaign="mail", window_days=28)
    >>> table[["customer_id", "arm", "bought", "revenue", "revenue_before"]]
      customer_id        arm  bought  revenue  revenue_before
    0           a  treatment       1     20.0             0.0
    1           b  treatment       0      0.0             0.0
    2           c    control       0      0.0            12.0
    """
    names = [by] if isinstance(by, str) else list(by)
    _check(data, window_days, before_days)
    _check_columns(data, names)
    listed = _listed(data, campaign)
    start = _start(data, listed, campaign)
    end = start + dt.timedelta(days=window_days)
    _refuse_invented_zeros(data, listed, campaign, start, end)
    rows = _dated(listed, start, end)
    rows = _with_purchases(rows, data, _told(data), suffix="")
    if tells_responses(data):
        rows = with_responses(rows, data)
    else:
        rows = rows.mutate(responded=ibis.null("int64"))
    rows = _dated(rows, start - dt.timedelta(days=before_days), start)
    rows = _with_purchases(rows, data, ("orders", "revenue"), suffix="_before")
    table = _with_columns(rows, data, names).select(*MADE, *names)
    return _answer(data, table)


def campaign_cost(data: Data, *, campaign: str) -> float | None:
    """Return what a campaign cost, in the data's currency.

    Parameters
    ----------
    data
        What `open_data` returns.
    campaign
        A campaign_id.

    Returns
    -------
    float or None
        The sum of marketing_spend for it, or else campaigns.cost; None where neither tells.

    Examples
    --------
    >>> import pandas as pd
    >>> from marketing_kpi.data.sources import open_data
    >>> orders = pd.DataFrame({"order_id": ["1"], "ordered_at": pd.to_datetime(["2025-04-10"])})
    >>> campaigns = pd.DataFrame({"campaign_id": ["mail"], "cost": [900.0]})
    >>> campaign_cost(open_data({"orders": orders, "campaigns": campaigns}), campaign="mail")
    900.0
    """
    if missing(FACTS["campaigns"], ["campaign_cost"], data):
        return None
    costs = campaign_costs(data)
    found = costs.filter(costs.campaign_id == campaign).select(cost=costs.cost.cast("float64"))
    rows = data.connection.to_pyarrow(found).to_pylist()
    return rows[0]["cost"] if rows else None


def _answer(data: Data, table: ir.Table) -> Frame:
    """Return the kind that the data came as: pandas with money as floats, or a table kept there.

    Everything asked of the members reads this table: it must not be computed anew each time.
    """
    if not data.from_pandas:
        return data.keep(table)
    decimals = {name: "float64" for name, kind in table.schema().items() if kind.is_decimal()}
    frame = data.connection.to_pandas(table.cast(decimals))
    return frame.sort_values(["customer_id", "arm"]).reset_index(drop=True)


def _listed(data: Data, campaign: str) -> ir.Table:
    if not isinstance(campaign, str):
        raise ComputeError(
            f"campaign == {campaign!r}, must be a campaign_id, as text",
            hint="trial(data).campaign is the last one that can be looked at",
        )
    rows = members_of(data)
    return rows.filter(rows.campaign_id == campaign)


def _left_out(data: Data, listed: ir.Table, campaign: str) -> tuple[int, int]:
    """Count the members who have no arm at all, and the rows that name nobody."""
    rows = data.table("campaign_members")
    rows = rows.filter(rows.campaign_id == campaign)
    nameless = rows.customer_id.isnull()
    lost = rows.filter(rows.arm.isnull()).anti_join(listed, "customer_id")
    counts = rows.aggregate(nameless=nameless.sum()).cross_join(
        lost.aggregate(lost=lost.customer_id.nunique())
    )
    (row,) = data.connection.to_pyarrow(counts).to_pylist()
    return row["lost"] or 0, row["nameless"] or 0


def _start(data: Data, listed: ir.Table, campaign: str) -> dt.date:
    """Return the first day of a campaign; one small query, which also finds a misspelt name."""
    begun = data.connection.to_pyarrow(starts(listed, data)).to_pylist()
    if not begun:
        _refuse_unknown(data, campaign)
    begins = begun[0]["begins"]
    if begins is None:
        raise DataError(
            f"nothing tells when campaign '{campaign}' began: contacted_at and assigned_at of its "
            "members are empty",
            hint="give campaign_members.contacted_at, or campaigns.starts_on",
        )
    return begins.date()  # type: ignore[no-any-return]


def _refuse_unknown(data: Data, campaign: str) -> None:
    listed = data.table("campaign_members").select("campaign_id").distinct()
    known = [row["campaign_id"] for row in data.connection.to_pyarrow(listed).to_pylist()]
    message, hint = unknown(
        "campaign", campaign, [name for name in known if name], where="campaign_members"
    )
    raise DataError(message, hint=hint)


class _Known(NamedTuple):
    """An arm, as `known_members` gives it."""

    arm: str
    members: int
    found: int
    before: int
    is_unknown: bool


def _known(data: Data, listed: ir.Table) -> list[_Known]:
    """Return how many members of each arm of a campaign are customers of the data."""
    rows = known_members(listed, data).select(*_Known._fields)
    return [_Known(**row) for row in data.connection.to_pyarrow(rows).to_pylist()]


def _share_found(arms: Sequence[_Known]) -> float:
    return sum(arm.found for arm in arms) / sum(arm.members for arm in arms)


def _are_unknown(arms: Sequence[_Known]) -> bool:
    return any(arm.is_unknown for arm in arms)


def _are_unlike(arms: Sequence[_Known]) -> bool:
    """Say whether more of one arm than chance makes had an order before the window."""
    counts = [(arm.before, arm.members - arm.before) for arm in arms]
    return any(_is_rare(*pair) for pair in itertools.combinations(counts, 2))


def _is_rare(first: tuple[int, int], second: tuple[int, int]) -> bool:
    """Say whether chance alone hardly parts two arms so, by Fisher's exact test.

    Its p is no smaller than the chance of the very table: that alone answers, nearly always.
    """
    before, after = (sum(column) for column in zip(first, second, strict=True))
    chance = _log_choices(before, first[0]) + _log_choices(after, first[1])
    if math.exp(chance - _log_choices(before + after, sum(first))) > 2 * BY_CHANCE:
        return False
    from scipy.stats import fisher_exact  # takes most of a second to import

    return bool(fisher_exact([first, second]).pvalue < BY_CHANCE)


def _log_choices(of: int, taken: int) -> float:
    return math.lgamma(of + 1) - math.lgamma(taken + 1) - math.lgamma(of - taken + 1)


def _is_nobody_found(arms: Sequence[_Known]) -> bool:
    """Say whether an arm has no order where, bought as all members did, it would have many."""
    share = _share_found(arms)
    return any(arm.found == 0 and share * arm.members >= SURELY_SOME for arm in arms)


def _refuse_invented_zeros(
    data: Data, listed: ir.Table, campaign: str, start: dt.date, end: dt.date
) -> None:
    """Refuse members of whom the data tell nothing: that they bought nothing would be invented."""
    if _are_unknown(_known(data, listed)):
        raise DataError(
            f"the members of campaign '{campaign}', or of one of its arms, have no order in these "
            "data, at any time",
            hint="write customer ids alike in campaign_members and in orders",
        )
    first, last = extent(data, before=end)
    if last is None or last < start:
        first, last = extent(data)
        raise DataError(
            f"these data have no order in the window of campaign '{campaign}', from {start} to "
            f"the day before {end}: their orders go from {first} to {last}",
            hint="give the orders of these days",
        )


def _dated(rows: ir.Table, begins: dt.date, ends: dt.date) -> ir.Table:
    return rows.mutate(begins=midnight(begins), ends=midnight(ends))


class Told(NamedTuple):
    """What the data tell of the purchases of members.

    Attributes
    ----------
    outcomes
        Of orders, revenue and margin, those that `members` gives.
    uncosted
        Lines that members bought in the window, and whose cost is not known: where there are any,
        there is no margin. 0 too where the data have no costs at all.
    """

    outcomes: tuple[str, ...]
    uncosted: int


def told_outcomes(data: Data, within: Window) -> Told:
    """Return what the data tell of the purchases of members, as `members` gives it.

    Parameters
    ----------
    data
        What `open_data` returns.
    within
        What `window` says of the campaign: margins are told where all costs in it are known.
    """
    columns = _told(data)
    if "margin" not in columns:
        return Told(columns, 0)
    rows = _dated(_listed(data, within.campaign), within.start, within.end)
    found = purchases(rows, data, columns=["uncosted"])
    lines = found.aggregate(lines=found.uncosted.sum())
    (row,) = data.connection.to_pyarrow(lines).to_pylist()
    uncosted = row["lines"] or 0
    return Told(tuple(name for name in columns if name != "margin" or not uncosted), uncosted)


def _told(data: Data) -> tuple[str, ...]:
    """Return what may be told of purchases, going by the columns that there are."""
    lacking = missing(FACTS["sales"], ["net_sales", "cost"], data)
    return ("orders", "revenue") if lacking else _BOUGHT


def _with_purchases(rows: ir.Table, data: Data, columns: Sequence[str], *, suffix: str) -> ir.Table:
    """Add what members bought within [begins, ends): nothing is 0, and unknown is null."""
    found = purchases(rows, data, columns=columns)
    taken = {f"{name}{suffix}": name for name in columns}
    rows = attach(rows, found, on=["campaign_id", "customer_id"], columns=taken)
    nothing = rows[f"orders{suffix}"].isnull()
    made: dict[str, ir.Value] = {
        new: nothing.ifelse(0, rows[new]).cast("int64" if old == "orders" else MONEY)
        for new, old in taken.items()
    }
    if not suffix:
        made["bought"] = (rows.orders > 0).fill_null(False).cast("int32").cast("int64")
        made |= {name: ibis.null(MONEY) for name in _BOUGHT if name not in columns}
        if "margin" in columns:
            made["margin"] = _of_all(made["margin"])
    return rows.mutate(**made)


def _of_all(values: ir.Value) -> ir.Value:
    """Return values, null for all members where that of one is."""
    is_unknown = values.isnull().sum().over(ibis.window()) > 0
    return is_unknown.ifelse(ibis.null(MONEY), values)


def _with_columns(rows: ir.Table, data: Data, names: Sequence[str]) -> ir.Table:
    """Add columns of contacts; those of campaign_members are there already."""
    of_contacts = {name: name for name in names if name not in rows.columns}
    if not of_contacts:
        return rows
    contacts = one_a_key(data.table("contacts"), ["customer_id"], of_contacts.values())
    return attach(rows, contacts, on=["customer_id"], columns=of_contacts)


# --- What is refused ------------------------------------------------------------------------

_NEEDED = ("campaign_id", "customer_id", "arm")


def lacking(data: Data) -> list[str]:
    """Return what the data lack for any test, as ``table.column``."""
    lacks = [f"campaign_members.{n}" for n in _NEEDED if not data.has("campaign_members", n)]
    return lacks + missing(FACTS["sales"], ["customer_id", "net_sales"], data)


def _check(data: Data, *days: int) -> None:
    lacks = lacking(data)
    if lacks:
        raise MissingDataError(
            f"a test needs {', '.join(lacks)}, which these data do not have",
            hint=f"these data have: {', '.join(data.tables)}",
        )
    for count in days:
        if isinstance(count, bool) or not isinstance(count, int) or count < 1:
            raise ComputeError(f"{count!r} days, must be a whole number of 1 or more")


MEMBER_TABLES = ("campaign_members", "contacts")
"""Where a column that parts members may be, the first table first."""


def parting_columns(data: Data) -> list[str]:
    """Return the columns of members that `members` can add, by name."""
    return sorted(
        {
            name
            for table in MEMBER_TABLES
            if data.has(table, "customer_id")
            for name in data.table(table).columns
        }
        - {*MADE, *_NEEDED}
    )


def _check_columns(data: Data, names: Sequence[str]) -> None:
    known = parting_columns(data)
    for name in names:
        if name in MADE:
            raise ComputeError(
                f"by names '{name}', which is a column of every table of members",
                hint=f"rename that of the data, for instance {name}_group",
            )
        if name not in known:
            message, hint = unknown("column", name, known, where="campaign_members and contacts")
            raise ComputeError(message, hint=hint)
