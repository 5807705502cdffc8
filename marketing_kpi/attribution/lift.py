"""Credit beside truth: the orders that models give a campaign, and those that a control tells."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from marketing_kpi.attribution.credit import (
    HALF_LIFE_DAYS,
    POSITION,
    Settings,
    in_one,
    share_out,
)
from marketing_kpi.attribution.journeys import (
    DIRECT,
    LOOKBACK_DAYS,
    Held,
    assembled,
    check_lookback,
)
from marketing_kpi.kpis.facts.campaigns import WINDOW_DAYS, reactions, tells_responses
from marketing_kpi.kpis.facts.touches import conversions as read_conversions
from marketing_kpi.kpis.facts.touches import lacking, touches
from marketing_kpi.kpis.frames import executed, records
from marketing_kpi.kpis.periods import midnight
from marketing_kpi.trials.comparison import Comparison, compare
from marketing_kpi.trials.members import members
from marketing_kpi.trials.trial import trial

if TYPE_CHECKING:
    from marketing_kpi.data.model import Data

TOUCHES = ("reaction", "contact")
"""What counts as a touch of the campaign: that a member opened or clicked, or was contacted."""


class AgainstLift(NamedTuple):
    """Orders that models credit a campaign with, beside those that it added by its control group.

    Attributes
    ----------
    campaign
        Its id.
    problem
        None, or why nothing can be said: a problem of `marketing_kpi.trials.trial.Trial`, or
        ``"no_touches"`` (no journeys can be made, or none holds a touch of this campaign).
    lacks
        What the data lack, as ``table.column``.
    start, end
        First day of the window in which orders count, and the day after its last.
    treated, control
        Members of both arms.
    added, added_low, added_high
        Orders of the treated that would not have been without the campaign, with a 95 % interval;
        null where the test gives none.
    orders
        Orders of the treated in the window, whatever brought them.
    credits
        A row a touch and model: touch (of `TOUCHES`: what counts as the campaign's touch), model,
        credited (orders of the treated that the model gives to the campaign), reached (treated
        members touched), ratio (credited / added; null unless the interval of added is above 0),
        verdict: ``too_many``, ``too_few`` (outside of the interval), ``possible`` (in it) or
        ``cannot_tell``.
    """

    campaign: str
    problem: str | None
    lacks: tuple[str, ...]
    start: dt.date | None
    end: dt.date | None
    treated: int
    control: int
    added: float | None
    added_low: float | None
    added_high: float | None
    orders: int
    credits: pd.DataFrame


def against_lift(
    data: Data,
    *,
    campaign: str | None = None,
    window_days: int = WINDOW_DAYS,
    lookback_days: int = LOOKBACK_DAYS,
    model: str | Sequence[str] = "all",
    half_life_days: float = HALF_LIFE_DAYS,
    position: Sequence[float] = POSITION,
    direct: str = DIRECT,
) -> AgainstLift:
    """Hold the orders that models credit a campaign with against those that its test says it added.

    Parameters
    ----------
    data
        What `open_data` returns, with touches and the members of campaigns.
    campaign
        A campaign_id with a control group; None: the last whose window is over.
    window_days
        Days from the first contact on in which orders count.
    lookback_days, direct
        As for `journeys`.
    model, half_life_days, position
        As for `attribute`.

    Returns
    -------
    AgainstLift
        See its attributes; with a problem, it says which, and nothing else.

    Notes
    -----
    The journeys are those of the treated members alone, and any of their valid orders counts, as in
    the test. To their touches of other channels are added those of the campaign: a reaction, open
    or click, as `responses` and `touchpoints` tell them, or else the contact itself. A member who
    reacts is one who was going to buy more than others: credit counts that member's orders, the
    test only what the others, drawn by chance, did not do.

    A model can agree with the test by chance, and disagree with the next one: the test is the
    measure, within its interval.

    Examples
    --------
    >>> from marketing_kpi.data.sources import open_data
    >>> orders = pd.DataFrame({"order_id": ["1"], "ordered_at": pd.to_datetime(["2025-04-10"])})
    >>> against_lift(open_data({"orders": orders}), campaign="mail").problem
    'lacking'
    """
    check_lookback(lookback_days)
    how = Settings.of(model, half_life_days, position)
    looked_up = trial(data, campaign=campaign, window_days=window_days)
    window = looked_up.window
    if looked_up.problem is not None or window is None:
        return _nothing(looked_up.campaign, looked_up.problem, looked_up.lacks)
    if absent := lacking(data):
        return _nothing(looked_up.campaign, "no_touches", tuple(absent))
    mailing = _Campaign(
        looked_up.campaign, str(looked_up.treatment), window.start, window.end, lookback_days
    )
    known = _of_members(data, mailing)
    tables = [_credited(data, mailing, touch, known, how, direct) for touch in TOUCHES]
    credits = [table for table in tables if table is not None]
    if not credits:
        return _nothing(looked_up.campaign, "no_touches", ())
    drawn = executed(members(data, campaign=mailing.name, window_days=window_days))
    tested = compare(drawn, outcome="orders", kind="mean", treatment=looked_up.treatment)
    treated = drawn.loc[drawn["arm"] == looked_up.treatment]
    orders, added = int(treated["orders"].sum()), _in_all(tested)
    return AgainstLift(
        mailing.name, None, (), window.start, window.end, len(treated), tested.control_n,
        *added, orders, _judged(pd.concat(credits, ignore_index=True), *added),
    )  # fmt: skip


class _Campaign(NamedTuple):
    """A campaign, the arm that is looked at, and the days in which orders count."""

    name: str
    treatment: str
    start: dt.date
    end: dt.date
    lookback_days: int

    @property
    def label(self) -> str:
        """Its name as a channel, which no other has."""
        return f"campaign {self.name}"

    @property
    def begin(self) -> dt.date:
        """The first day that is read: it tells what the look-back cuts off."""
        return self.start - dt.timedelta(days=2 * self.lookback_days)

    def in_reach(self, rows: ir.Table) -> ir.Table:
        """Return the touches of the days that are read."""
        return rows.filter(rows["at"] >= midnight(self.begin), rows["at"] < midnight(self.end))

    def treated(self, data: Data) -> ir.Table:
        """Return its treated members: person, at (when contacted, null where not told)."""
        rows = data.table("campaign_members")
        rows = rows.filter(rows.campaign_id == self.name, rows.arm == self.treatment)
        person = ibis.literal("c:") + rows.customer_id.cast("string")
        told = "contacted_at" in rows.columns
        contacted = rows.contacted_at if told else ibis.null("timestamp")
        return rows.select(person=person, at=contacted.cast("timestamp"))


class _Known(NamedTuple):
    """What the data tell of the treated, whatever the campaign's touches are."""

    told: ir.Table  # their orders
    others: ir.Table  # their touches that are not the campaign's


def _credited(
    data: Data, campaign: _Campaign, touch: str, known: _Known, how: Settings, direct: str
) -> pd.DataFrame | None:
    """Return what models credit a campaign with; None without a touch of it."""
    own = _own_touches(data, campaign, touch)
    if own is None:
        return None
    (reached,) = records(own.aggregate(n=own.person.nunique()))
    if not reached["n"]:
        return None
    found = _journeys_of_members(data, own, campaign, known, direct)
    table = share_out(found, in_one(found.touches), how)
    table = table.loc[table["channel"] == campaign.label, ["model", "conversions"]]
    table = table.rename(columns={"conversions": "credited"})
    return table.assign(touch=touch, reached=reached["n"])


_COLUMNS = ("touch", "model", "credited", "reached", "ratio", "verdict")


def _nothing(campaign: str, problem: str | None, lacks: Sequence[str]) -> AgainstLift:
    return AgainstLift(
        campaign, problem, tuple(lacks), None, None, 0, 0, None, None, None, 0,
        pd.DataFrame(columns=list(_COLUMNS)),
    )  # fmt: skip


def _in_all(tested: Comparison) -> tuple[float | None, float | None, float | None]:
    ends = (tested.absolute_lift, tested.absolute_low, tested.absolute_high)
    value, low, high = (None if one is None else one * tested.treatment_n for one in ends)
    return value, low, high


def _own_touches(data: Data, campaign: _Campaign, touch: str) -> ir.Table | None:
    """Return the campaign's touches of treated members: person, at; None where none is told."""
    treated = campaign.treated(data)
    if touch == "contact":
        rows = treated
    elif tells_responses(data):
        told = reactions(data)
        told = told.filter(told.campaign_id == campaign.name)
        rows = told.select(
            person=ibis.literal("c:") + told.customer_id.cast("string"),
            at=told["at"].cast("timestamp"),
        ).semi_join(treated, "person")
    else:
        return None
    in_window = (rows["at"] >= midnight(campaign.start)) & (rows["at"] < midnight(campaign.end))
    return rows.filter(in_window).distinct()


def _of_members(data: Data, campaign: _Campaign) -> _Known:
    """Return the orders and the touches of the treated, as journeys are made of them."""
    treated = campaign.treated(data).select("person").distinct()
    told = read_conversions(
        data, which="all", start=campaign.begin, end=campaign.end, with_margin=True
    )
    others = touches(data, kinds=None).semi_join(treated, "person")
    # the campaign's own rows among them are told apart
    others = others.filter((others.campaign_id != campaign.name).fill_null(True))
    others = campaign.in_reach(others).select("person", "rank", "channel", "at")
    return _Known(data.keep(told.semi_join(treated, "person")), data.keep(others))


def _journeys_of_members(
    data: Data, own: ir.Table, campaign: _Campaign, known: _Known, direct: str
) -> Held:
    """Make the journeys of the treated, in which the campaign is a channel of its own."""
    own = campaign.in_reach(own)
    own = own.select(
        "person",
        rank=ibis.literal(1, "int8"),
        channel=ibis.literal(campaign.label),
        at=own["at"],
    )
    # engines tell precisions and sizes apart, where tables are put one below the other
    others = known.others.select(*own.columns).cast({"at": "timestamp", "rank": "int8"})
    return assembled(
        data, ibis.union(others, own), known.told, start=campaign.start, end=campaign.end,
        lookback_days=campaign.lookback_days, direct=direct,
    )  # fmt: skip


def _judged(
    credits: pd.DataFrame, added: float | None, low: float | None, high: float | None
) -> pd.DataFrame:
    """Add how the credited orders compare with those that were added."""
    table = credits.assign(ratio=np.nan, verdict="cannot_tell")
    if added is not None and low is not None and high is not None:
        credited = table["credited"]
        table["ratio"] = credited / added if low > 0 else np.nan
        outside = [credited > high, credited < low]
        table["verdict"] = np.select(outside, ["too_many", "too_few"], "possible")
    return table[list(_COLUMNS)]
