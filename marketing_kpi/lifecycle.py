"""Customer lifecycle: where each contact stands, what it is worth, how contacts move.

``contacts`` gives each contact one stage, a buyer status and an eRFM score on a day; ``by_stage``,
``by_status``, ``stage_status`` and ``leads_by_source`` count them. ``revenue_by_stage``,
``average_order_by_stage`` and ``categories_at_moves`` look at purchases by the stage in which each
finds its buyer, and ``flows`` follows contacts from stage to stage.

Every threshold, window and word is in `Settings`. Every view takes filters: a column of contacts
restricts the contacts; a column of orders, order lines or products restricts the purchases.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import ibis
import ibis.expr.types as ir
import pandas as pd

from marketing_kpi import rfm
from marketing_kpi.data.model import Data
from marketing_kpi.kpis.extent import GRACE_DAYS, extent
from marketing_kpi.kpis.facts import MONEY
from marketing_kpi.kpis.facts.base import attach, one_a_key
from marketing_kpi.kpis.formulas import ratio
from marketing_kpi.kpis.frames import Frame, rankable, require, same_kind, valid_rows
from marketing_kpi.kpis.periods import day, midnight
from marketing_kpi.stages.adviser import Proposal, propose
from marketing_kpi.stages.conversion import (
    conversion,
    conversion_history,
    defecting_winback_rate,
    inactive_winback_rate,
    last_30_days,
    lead_conversion_rate,
    loyalty_rate,
    repurchase_rate,
)
from marketing_kpi.stages.engagement import engagement, interactions
from marketing_kpi.stages.flows import flows
from marketing_kpi.stages.purchases import purchases, read_filters, require_buyers
from marketing_kpi.stages.results import given, in_order
from marketing_kpi.stages.revenue import (
    Unidentified,
    average_order_by_stage,
    categories_at_moves,
    revenue_by_stage,
    unidentified,
)
from marketing_kpi.stages.settings import (
    ABSENT,
    CUSTOMER_STAGES,
    DEFAULTS,
    FIRST_PURCHASE,
    LEAD_STAGES,
    RATES,
    STAGES,
    UNIDENTIFIED,
    Settings,
)
from marketing_kpi.stages.standing import standing

if TYPE_CHECKING:
    from marketing_kpi.kpis.compute import Filters

__all__ = [
    "ABSENT",
    "CUSTOMER_STAGES",
    "DEFAULTS",
    "FIRST_PURCHASE",
    "LEAD_STAGES",
    "RATES",
    "STAGES",
    "UNIDENTIFIED",
    "Advice",
    "KnownFrom",
    "Proposal",
    "Settings",
    "Unidentified",
    "advise",
    "average_order_by_stage",
    "by_engagement",
    "by_stage",
    "by_status",
    "categories_at_moves",
    "contacts",
    "conversion",
    "conversion_history",
    "defecting_winback_rate",
    "engagement",
    "flows",
    "inactive_winback_rate",
    "known_from",
    "last_30_days",
    "lead_conversion_rate",
    "leads_by_source",
    "loyalty_rate",
    "purchases",
    "read_filters",
    "repurchase_rate",
    "require_buyers",
    "revenue_by_stage",
    "stage_status",
    "unidentified",
]

_SCORES = ("e", "r", "f", "m", "erfm")
_COLUMNS = (
    "customer_id",
    "registered_at",
    "acquisition_channel",
    "region",
    "first_order",
    "last_order",
    "recency_days",
    "orders",
    "spend",
    "last_response",
    "engagement",
    "stage",
    "status",
    *_SCORES,
)


# --- Contacts -------------------------------------------------------------------------------


def contacts(
    data: Data,
    *,
    as_of: str | dt.date,
    settings: Settings = DEFAULTS,
    filters: Filters | None = None,
) -> Frame:
    """Place each contact in its stage on a day, with its buyer status and its eRFM score.

    Parameters
    ----------
    data
        What `open_data` returns. Orders with order_id, customer_id, ordered_at and amount are
        enough; contacts, responses, sessions and returns are read where there are any.
    as_of
        The day of the analysis, exclusive: what happened before it counts, that day does not.
    settings
        Thresholds, windows and tiers.
    filters
        Column to the value, or list of values, to keep; None among them keeps nulls. A column of
        contacts restricts the contacts, one of orders, order lines or products the purchases (see
        `marketing_kpi.stages.purchases.purchases`). The eRFM classes rank those kept.

    Returns
    -------
    pandas.DataFrame or ibis.Table
        A row a contact, sorted by customer_id (pandas, when every table came as pandas; else a
        lazy table):

        - customer_id; registered_at (null when unknown, or not before `as_of`),
          acquisition_channel and region, as the contacts say (null where they do not);
        - first_order, last_order (days; null for a lead), recency_days (from last_order to
          `as_of`, at least 1; null for a lead), orders (purchases to date), spend (amounts of the
          status window, less credits entered as orders; 0 without any in it, null when no amount
          in it is known);
        - last_response (day; null without one), engagement (points; null when the data record
          neither responses nor sessions);
        - stage (an id of `STAGES`), status (the id of a tier; null for a lead, and where spend is
          null);
        - e, r, f, m (classes from 1 to ``settings.classes``, the highest being the best; r, f and
          m are null for a lead, e without engagement, m without spend) and erfm (text such as
          ``"4545"``; null where one of the four is).

    Raises
    ------
    ColumnError
        When no table has a column to filter by.
    ConfigError
        When `as_of` is not a day.

    Notes
    -----
    *Who is a contact.* Whoever is in the contacts and registered before `as_of`, bought before it
    (an order of an identified customer counts even where contacts do not have it, or say that it
    registered later) or responded before it; a session alone makes nobody one. A registration at an
    unknown time is taken to be the contact's first purchase or response before `as_of`, or else
    long ago: who has done nothing is then an inactive lead.

    *Leads* have no purchase that counts. With days counted back from `as_of`, the day before being
    1: active, last response at most ``active_days`` ago; else new, registered at most ``new_days``
    ago without a response since (a response before the registration does not tell against it);
    else cold, at most ``cold_days`` since the later of registration and last response; else
    inactive. *Customers* have one or more, whatever the day of their registration: last purchase
    at most ``active_days`` ago, first-time when it is the only one, else active; at most
    ``defecting_days`` ago, defecting; else inactive. So every contact has one stage, by the day.

    *Score.* e, r, f and m are the quantile classes of `rfm.score` (midranks, equal values share a
    class) of engagement, recency_days, orders and spend. Engagement adds up, over its window, the
    weight of each response and session, halved each ``half_life_days``. All contacts are ranked
    for e; customers only for r, f and m.

    Data that begin long after the shop did see too few customers at first: see `known_from`.

    Examples
    --------
    >>> import pandas as pd
    >>> from marketing_kpi.data.sources import open_data
    >>> orders = pd.DataFrame({
    ...     "order_id": ["1", "2", "3", "4"], "customer_id": ["A", "A", "B", "C"],
    ...     "amount": [30.0, 20.0, 15.5, 700.0],
    ...     "ordered_at": pd.to_datetime(["2025-11-01", "2025-12-31", "2025-12-02", "2025-06-01"]),
    ... })
    >>> contacts(open_data({"orders": orders}), as_of="2026-01-01")[
    ...     ["customer_id", "orders", "spend", "stage", "status"]]
      customer_id  orders  spend       stage status
    0           A       2   50.0      active    low
    1           B       1   15.5  first_time    low
    2           C       1  700.0   defecting   gold
    """
    end = day(as_of, name="as_of")
    placed = _described(_placed(data, end, settings, filters), data)
    recency = placed.as_of.delta(placed.last_order, unit="day").cast("int64")
    engaged = _with_engagement(placed.mutate(recency_days=recency), data, end, settings)
    query = _with_scores(engaged, settings).select(*_COLUMNS)
    return given(data, query, ["customer_id"])


def _placed(data: Data, end: dt.date, settings: Settings, filters: Filters | None) -> ir.Table:
    """Return the contacts of a day with their stage, spend and status."""
    table = standing(data, [end], settings=settings, filters=filters)
    spent = _spent(data, end, settings, filters)
    joined = attach(table, spent, on=["customer_id"], columns={n: n for n in ("bought", "amount")})
    nothing = ibis.literal(0).cast(MONEY)
    valued = joined.mutate(spend=joined.bought.isnull().ifelse(nothing, joined.amount))
    return valued.mutate(status=_status(valued, settings)).drop("bought", "amount")


def _spent(data: Data, end: dt.date, settings: Settings, filters: Filters | None) -> ir.Table:
    """Return a row a customer with an amount in the status window: what they spent in it."""
    rows = purchases(data, settings=settings, filters=filters, credits=True)
    last = ibis.date(end.isoformat())
    rows = rows.filter(
        rows.customer_id.notnull(),
        rows.day < last,
        last.delta(rows.day, unit="day") <= settings.status.window_days,
        rows.refunded_on.isnull() | (rows.refunded_on >= last),
    )
    return rows.group_by("customer_id").aggregate(
        bought=rows.count(), amount=rows.amount.sum().cast(MONEY)
    )


def _described(table: ir.Table, data: Data) -> ir.Table:
    """Add what the contacts say of each: when it registered, its channel and region."""
    absent = {
        "registered_at": ibis.null("timestamp"),
        "acquisition_channel": ibis.null("string"),
        "region": ibis.null("string"),
    }
    has = [name for name in absent if data.has("contacts", name)]
    if has:
        there = one_a_key(data.table("contacts"), ["customer_id"], has)
        table = attach(table, there, on=["customer_id"], columns={name: name for name in has})
    table = table.mutate(**{name: null for name, null in absent.items() if name not in has})
    known = table.registered.notnull().ifelse(table.registered_at, absent["registered_at"])
    return table.mutate(registered_at=known)


def _with_engagement(table: ir.Table, data: Data, end: dt.date, settings: Settings) -> ir.Table:
    """Add the points of engagement, null where the data record no interaction of anybody."""
    rows = interactions(data)
    if rows is None:
        return table.mutate(engagement=ibis.null("float64"))
    rules = settings.engagement
    points = engagement(
        rows,
        as_of=end,
        half_life_days=rules.half_life_days,
        window_days=rules.window_days,
        weights={str(kind): weight for kind, weight in rules.weights.items()},
    )
    joined = attach(table, points, on=["customer_id"], columns={"engagement": "points"})
    return joined.mutate(engagement=joined.engagement.fill_null(0.0))


def _with_scores(table: ir.Table, settings: Settings) -> ir.Table:
    """Add e, r, f, m and erfm: leads are ranked by their engagement only."""
    bought = table.orders > 0
    # An engine holds the rows that it ranks: they are no wider than what they are ranked by.
    measured = table.select(
        "customer_id",
        "recency_days",
        frequency=bought.ifelse(table.orders, ibis.null("int64")),
        monetary=bought.ifelse(table.spend, ibis.null(MONEY)),
        e=rfm.class_by_rank(table.engagement, settings.classes),
    )
    scored = rfm.score(measured, classes=settings.classes)
    assert isinstance(scored, ir.Table)  # as `measured` is
    named = scored.mutate(erfm=scored.e.cast("string") + scored["rfm"])
    return attach(table, named, on=["customer_id"], columns={name: name for name in _SCORES})


def _status(table: ir.Table, settings: Settings) -> ir.StringValue:
    """Return the tier of what a customer spent; a limit belongs to the lower tier."""
    *below, last = settings.status.tiers
    tier = ibis.cases(
        *((table.spend <= ibis.literal(tier.up_to, MONEY), tier.id) for tier in below),
        (table.spend.notnull(), last.id),
    )
    return (table.orders > 0).ifelse(tier, ibis.null("string"))


class KnownFrom(NamedTuple):
    """The first days that the data reach back far enough for.

    Attributes
    ----------
    stages
        From this day on, every active or defecting customer is seen as one, and how many purchases
        first-time buyers made is known; null without orders. A customer silent since before the
        data began still looks like a lead, or like nobody.
    status
        From this day on, the whole window of the buyer status is in the data; null without orders.
    from_opening
        Whether the shop is taken to have opened with the data; both days are then the first of
        the month in which its orders begin.
    """

    stages: dt.date | None
    status: dt.date | None
    from_opening: bool = False


def known_from(data: Data, *, as_of: str | dt.date, settings: Settings = DEFAULTS) -> KnownFrom:
    """Say from which days on stages and status can be read: data begin later than most shops.

    Parameters
    ----------
    data
        What `open_data` returns; one query reads the day on which its orders begin, another when
        buyers registered.
    as_of
        The day of the analysis, exclusive.
    settings
        Those that the contacts are made with.

    Notes
    -----
    A shop is taken to have opened with its data when the contacts say of every buyer when it
    registered: at most 7 days before the first order, and on the day of its own first one at the
    latest; of one in 20 or more, before that day, for the date of the first order may be all that
    the contacts were given. Nothing is claimed where more than one in 5 of the buyers, and more
    than 10, registered on the same day: an older shop may then have moved its contacts to another
    system. One that dated its buyers over several days looks like one that opened then.

    Examples
    --------
    >>> import pandas as pd
    >>> from marketing_kpi.data.sources import open_data
    >>> orders = pd.DataFrame({"order_id": ["1"], "ordered_at": pd.to_datetime(["2023-01-01"])})
    >>> found = known_from(open_data({"orders": orders}), as_of="2026-01-01")
    >>> print(found.stages, found.status, found.from_opening)
    2024-01-01 2024-12-31 False
    """
    end = day(as_of, name="as_of")
    first, _ = extent(data, before=end)
    if first is None:
        return KnownFrom(None, None)
    if _opens_with(data, first, end):
        opening = first.replace(day=1)
        return KnownFrom(opening, opening, from_opening=True)
    lengths = settings.customers.defecting_days, settings.status.window_days
    stages, status = (first + dt.timedelta(days=days) for days in lengths)
    return KnownFrom(stages, status)


_TOLD_APART = 0.05  # of the buyers, who registered before the day of their first order
_AT_ONCE = 0.2  # of the buyers: more who registered on one day were probably moved on it
_FEW_AT_ONCE = 10  # buyers, who may register on one day by chance


def _opens_with(data: Data, first: dt.date, end: dt.date) -> bool:
    """Say whether no buyer can have bought before the first day of the orders."""
    if not (data.has("orders", "customer_id") and data.has("contacts", "registered_at")):
        return False
    orders = valid_rows(data.orders)
    bought = orders.filter(orders.customer_id.notnull(), orders.ordered_at < midnight(end))
    buyers = bought.group_by("customer_id").aggregate(since=bought.ordered_at.min().date())
    contacts = one_a_key(data.table("contacts"), ["customer_id"], ["registered_at"])
    joined = attach(buyers, contacts, on=["customer_id"], columns={"at": "registered_at"})
    soonest = ibis.date((first - dt.timedelta(days=GRACE_DAYS)).isoformat())
    registered = joined["at"].date()
    told = (registered >= soonest) & (registered <= joined.since)
    by_day = joined.group_by(day=registered).aggregate(
        buyers=joined.count(), told=told.sum(), apart=(registered < joined.since).sum()
    )
    counts = by_day.aggregate(
        buyers=by_day.buyers.sum(),
        told=by_day.told.sum(),
        apart=by_day.apart.sum(),
        at_once=by_day.buyers.max(),
    )
    (row,) = data.connection.to_pyarrow(counts).to_pylist()
    buyers = row["buyers"]
    if not buyers or row["told"] != buyers:
        return False
    is_moved = row["at_once"] > max(_AT_ONCE * buyers, _FEW_AT_ONCE)
    return row["apart"] >= _TOLD_APART * buyers and not is_moved


# --- Views of the contacts ------------------------------------------------------------------


def by_stage(contacts: Frame) -> Frame:
    """Say how many contacts each stage holds and what they spent.

    Parameters
    ----------
    contacts
        What `contacts` returns: stage, spend.

    Returns
    -------
    pandas.DataFrame or ibis.Table
        A row a stage that holds a contact, in the order of `STAGES` (pandas): stage, contacts,
        contacts_share, spend (of the status window; null when none is known), spend_share (null
        when nothing was spent), average_spend (a contact of known spend).

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"stage": ["active", "active", "lead_new"],
    ...     "spend": [60.0, 20.0, 0.0]})
    >>> by_stage(table)[["stage", "contacts", "spend", "average_spend"]]
          stage  contacts  spend  average_spend
    0  lead_new         1    0.0            0.0
    1    active         2   80.0           40.0
    """
    return _counted(contacts, ["stage"], DEFAULTS)


def by_status(contacts: Frame, *, settings: Settings = DEFAULTS) -> Frame:
    """Say how many customers each buyer status holds and what they spent.

    Parameters
    ----------
    contacts
        What `contacts` returns: status, spend. Contacts without a status, such as leads, are left
        out.
    settings
        Those that the contacts were made with: the tiers are in their order.

    Returns
    -------
    pandas.DataFrame or ibis.Table
        As `by_stage`, a row a status.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"status": ["gold", "low", None], "spend": [600.0, 20.0, 0.0]})
    >>> by_status(table)[["status", "contacts", "contacts_share", "spend"]]
      status  contacts  contacts_share  spend
    0    low         1             0.5   20.0
    1   gold         1             0.5  600.0
    """
    return _counted(contacts, ["status"], settings)


def stage_status(contacts: Frame, *, settings: Settings = DEFAULTS) -> Frame:
    """Say how many customers each pair of stage and status holds and what they spent.

    Parameters
    ----------
    contacts, settings
        As for `by_status`, with stage.

    Returns
    -------
    pandas.DataFrame or ibis.Table
        As `by_stage`, a row a stage and status that hold a customer.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"stage": ["active", "lead_new"], "status": ["gold", None],
    ...     "spend": [600.0, 0.0]})
    >>> stage_status(table)[["stage", "status", "contacts", "spend"]]
        stage status  contacts  spend
    0  active   gold         1  600.0
    """
    return _counted(contacts, ["stage", "status"], settings)


def _counted(contacts: Frame, keys: Sequence[str], settings: Settings) -> Frame:
    needed = [*keys, "spend"]
    require(contacts, needed, "the contacts")

    def count(table: ir.Table) -> ir.Table:
        placed = table.filter(*(table[key].notnull() for key in keys))
        exact = placed.mutate(_spend=rankable(placed.spend).cast(MONEY))
        sums = exact.group_by(keys).aggregate(
            contacts=exact.count(), spend=exact._spend.sum(), known=exact._spend.count()
        )
        return sums.select(
            *keys,
            "contacts",
            contacts_share=ratio(sums.contacts, sums.contacts.sum().over()),
            spend=sums.spend.cast(MONEY),
            spend_share=ratio(sums.spend, sums.spend.sum().over()),
            average_spend=ratio(sums.spend, sums.known),
        )

    if isinstance(contacts, ir.Table):
        return count(contacts)
    result = same_kind(contacts[needed], count).astype({"spend": "float64"})
    return in_order(result, keys, settings=settings)


def by_engagement(contacts: Frame) -> Frame:
    """Count the contacts of each stage by their class of engagement, the letter e of the score.

    Parameters
    ----------
    contacts
        What `contacts` returns: stage, e.

    Returns
    -------
    pandas.DataFrame or ibis.Table
        A row a stage and class that hold a contact, in their order (pandas): stage, e (from 1 to
        ``settings.classes``, the most engaged), contacts, share (of the stage's contacts with a
        class). None where the data record neither responses nor sessions.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"stage": ["active", "active", "lead_new"], "e": [5, 2, 1]})
    >>> by_engagement(table)
          stage  e  contacts  share
    0  lead_new  1         1    1.0
    1    active  2         1    0.5
    2    active  5         1    0.5
    """
    require(contacts, ["stage", "e"], "the contacts")

    def count(table: ir.Table) -> ir.Table:
        known = table.filter(table.e.notnull())
        counts = known.group_by("stage", "e").aggregate(contacts=known.count())
        of_stage = counts.contacts.sum().over(group_by="stage")
        return counts.mutate(share=ratio(counts.contacts, of_stage))

    if isinstance(contacts, ir.Table):
        return count(contacts)
    return in_order(same_kind(contacts[["stage", "e"]], count), ["stage", "e"])


def leads_by_source(contacts: Frame, *, by: str = "acquisition_channel") -> Frame:
    """Count the leads of each source in each stage.

    Parameters
    ----------
    contacts
        What `contacts` returns: stage and the column of the source.
    by
        The column that says where leads come from.

    Returns
    -------
    pandas.DataFrame or ibis.Table
        A row a source and stage that hold a lead, sorted by both (pandas): the source (null:
        unknown), stage, contacts, share (of the leads of that source).

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"acquisition_channel": ["email", "email", "social"],
    ...     "stage": ["lead_new", "lead_cold", "active"]})
    >>> leads_by_source(table)
      acquisition_channel      stage  contacts  share
    0               email   lead_new         1    0.5
    1               email  lead_cold         1    0.5
    """
    require(contacts, [by, "stage"], "the contacts")

    def count(table: ir.Table) -> ir.Table:
        leads = table.filter(table.stage.isin(LEAD_STAGES))
        counts = leads.group_by(by, "stage").aggregate(contacts=leads.count())
        of_source = counts.contacts.sum().over(group_by=by)
        return counts.mutate(share=ratio(counts.contacts, of_source))

    if isinstance(contacts, ir.Table):
        return count(contacts)
    result = same_kind(contacts[[by, "stage"]], count)
    return in_order(result, [by, "stage"])


# --- Advice on the settings -----------------------------------------------------------------


class Advice(NamedTuple):
    """What the adviser proposes, and what moves if it is accepted.

    Attributes
    ----------
    proposal
        The limits and tiers with their reasons; ``proposal.settings`` has them in place. See
        `marketing_kpi.stages.adviser.Proposal`.
    stages
        A row a stage under the current settings and stage under the proposed ones that hold a
        contact, in the order of `STAGES`: before, after, contacts.
    statuses
        The same for the buyer status of customers, in the order of the tiers.
    """

    proposal: Proposal
    stages: pd.DataFrame
    statuses: pd.DataFrame


def advise(
    data: Data,
    *,
    as_of: str | dt.date,
    settings: Settings = DEFAULTS,
    filters: Filters | None = None,
) -> Advice:
    """Propose limits and tiers from the purchases, and say what accepting them moves.

    Parameters
    ----------
    data
        What `open_data` returns.
    as_of
        The day of the analysis, exclusive.
    settings
        The current settings.
    filters
        Column to the value, or list of values, to keep; see `contacts`.

    Returns
    -------
    Advice
        The proposal, and the contacts by stage and by status before and after it. Frames are
        pandas, of a few rows. Where nothing is proposed, nothing moves.

    Notes
    -----
    How the limits and the tiers are found is said in `marketing_kpi.stages.adviser.propose`.

    Examples
    --------
    >>> from marketing_kpi.data.sources import open_data
    >>> names = [str(n) for n in range(310)]
    >>> amounts = [20.0] * 160 + [100.0] * 80 + [400.0] * 40 + [2000.0] * 20 + [5000.0] * 10
    >>> orders = pd.DataFrame({
    ...     "order_id": names, "customer_id": names, "amount": amounts,
    ...     "ordered_at": pd.to_datetime("2025-06-01"),
    ... })
    >>> advise(open_data({"orders": orders}), as_of="2026-01-01").statuses
         before     after  contacts
    0       low       low       160
    1    normal    normal        80
    2    silver    silver        40
    3  platinum      gold        20
    4  platinum  platinum        10
    """
    proposal = propose(data, as_of=as_of, settings=settings, filters=filters)
    end = day(as_of, name="as_of")
    now, then = (
        _placed(data, end, rules, filters).select("customer_id", "stage", "status")
        for rules in (settings, proposal.settings)
    )
    pairs = now.inner_join(then, "customer_id")
    names = [name for name in pairs.columns if name != "customer_id"]
    counts = pairs.group_by(names).aggregate(contacts=pairs.count())
    moved: pd.DataFrame = data.connection.to_pandas(counts)
    return Advice(proposal, _moves(moved, "stage", settings), _moves(moved, "status", settings))


def _moves(moved: pd.DataFrame, what: str, settings: Settings) -> pd.DataFrame:
    """Return the contacts that were in one stage or status and are in another, or the same."""
    named = moved.rename(columns={what: "before", f"{what}_right": "after"})
    counts = named.groupby(["before", "after"], as_index=False).agg({"contacts": "sum"})
    return in_order(counts, ["before", "after"], settings=settings)
