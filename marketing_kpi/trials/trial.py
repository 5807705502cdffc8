"""Which campaigns were tests, and whether the arms of one can be compared."""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias

import ibis
import ibis.expr.types as ir
import pandas as pd

from marketing_kpi.data.model import Data
from marketing_kpi.kpis.facts.campaigns import CONTROL, WINDOW_DAYS, members_of, starts
from marketing_kpi.kpis.frames import Frame, same_kind
from marketing_kpi.trials.design import TREATMENT
from marketing_kpi.trials.members import (
    Window,
    campaign_cost,
    lacking,
    told_outcomes,
    window,
)

Problem: TypeAlias = Literal[
    "lacking", "unknown_campaign", "one_arm", "no_start", "in_both_arms", "unknown_treatment"
]


MOST_SEGMENTS = 12
"""Values of a column that parts members into segments: more of them hold too few members each."""


class Trial(NamedTuple):
    """A campaign and its arms, or what keeps them from being compared.

    Attributes
    ----------
    campaign
        Its id, as it was asked for.
    problem
        None when the arms can be compared; else ``"lacking"`` (the data lack `lacks`),
        ``"unknown_campaign"`` (it has no members), ``"one_arm"`` (no control, or nobody else),
        ``"no_start"`` (nothing tells when it began), ``"in_both_arms"`` (some members are listed
        in several) or ``"unknown_treatment"`` (no arm has the name asked for).
    lacks
        What the data lack for any test, as ``table.column``.
    known
        The campaigns with a control and treated members: what `campaigns` returns.
    window
        When the members are followed; null with a problem other than ``"in_both_arms"`` and
        ``"unknown_treatment"``.
    treatments
        The arms beside the control, by name.
    treatment
        The one that is looked at: the one asked for, else the first; null with a problem.
    outcomes
        What the data tell of members' purchases: bought, orders, revenue and, with costs, margin.
    cost
        What the data say that contacting `treatment` cost: the campaign's cost, in proportion to
        its treated members; null with a problem, and where the data do not tell.
    segments
        The column asked for to part the members, when the data have it, with 12 values at most;
        else empty. What `members` and `compare_all` take as `by`.
    """

    campaign: str
    problem: Problem | None
    lacks: tuple[str, ...]
    known: pd.DataFrame
    window: Window | None = None
    treatments: tuple[str, ...] = ()
    treatment: str | None = None
    outcomes: tuple[str, ...] = ()
    cost: float | None = None
    segments: tuple[str, ...] = ()

    @property
    def is_ready(self) -> bool:
        """Whether the arms can be compared."""
        return self.problem is None

    def two_arms(self, members: Frame) -> Frame:
        """Return the arm of each member, with all treatments as one: what a control share is of.

        Parameters
        ----------
        members
            What `members` returns.
        """

        def query(rows: ir.Table) -> ir.Table:
            treated = (rows.arm != CONTROL).ifelse(TREATMENT, CONTROL)
            return rows.select("customer_id", arm=treated)

        return same_kind(members, query)


def trial(
    data: Data,
    *,
    campaign: str,
    window_days: int = WINDOW_DAYS,
    treatment: str | None = None,
    by: str | None = None,
) -> Trial:
    """Look a campaign up, and say whether its arms can be compared.

    `members` and `compare` refuse what cannot be compared; this says beforehand what they would
    refuse, for a page that has to be made of any data.

    Parameters
    ----------
    data
        What `open_data` returns.
    campaign
        A campaign_id.
    window_days
        As in `members`.
    treatment
        The arm to look at; None: the first one, by name.
    by
        A column of campaign_members or contacts that shall part the members; None: none.

    Returns
    -------
    Trial

    Examples
    --------
    >>> from marketing_kpi.data.sources import open_data
    >>> orders = pd.DataFrame({"order_id": ["1"], "ordered_at": pd.to_datetime(["2025-04-10"])})
    >>> found = trial(open_data({"orders": orders}), campaign="mail")
    >>> found.problem, "campaign_members.arm" in found.lacks
    ('lacking', True)
    """
    lacks = lacking(data)
    if lacks:
        return Trial(campaign, "lacking", tuple(lacks), _no_campaigns())
    arms = _arms(data)
    found = Trial(campaign, None, (), _tested(arms))
    own = arms[arms["campaign_id"] == campaign]
    problem = _problem(own)
    if problem:
        return found._replace(problem=problem)
    treatments = tuple(name for name in own["arm"] if name != CONTROL)
    found = found._replace(
        window=window(data, campaign=campaign, window_days=window_days),
        treatments=treatments,
        outcomes=("bought", *told_outcomes(data)),
    )
    if "in_both_arms" in found.window.notes:  # type: ignore[union-attr]
        return found._replace(problem="in_both_arms")
    if treatment is not None and treatment not in treatments:
        return found._replace(problem="unknown_treatment")
    chosen = treatment or treatments[0]
    sizes = own[own["arm"] != CONTROL].set_index("arm")["members"]
    whole = campaign_cost(data, campaign=campaign)
    cost = None if whole is None else whole * float(sizes[chosen] / sizes.sum())
    return found._replace(treatment=chosen, cost=cost, segments=_segments(data, by))


def _segments(data: Data, by: str | None) -> tuple[str, ...]:
    if by is None:
        return ()
    for name in ("campaign_members", "contacts"):
        if data.has(name, "customer_id", by):
            count = data.table(name)[by].nunique().as_table()
            ((values,),) = (row.values() for row in data.connection.to_pyarrow(count).to_pylist())
            return (by,) if 0 < values <= MOST_SEGMENTS else ()
    return ()


def campaigns(data: Data) -> pd.DataFrame:
    """List the campaigns that have a control and treated members.

    Parameters
    ----------
    data
        What `open_data` returns.

    Returns
    -------
    pandas.DataFrame
        A row a campaign: campaign_id; start, the first day of its window (null where nothing tells
        it); control_n, treatment_n (members of all other arms). The first to begin first, those
        without a start last. Empty when the data lack the members of campaigns. Always pandas,
        since it is small.
    """
    return _no_campaigns() if lacking(data) else _tested(_arms(data))


_TESTED = ("campaign_id", "start", "control_n", "treatment_n")


def _no_campaigns() -> pd.DataFrame:
    return pd.DataFrame(columns=list(_TESTED))


def _arms(data: Data) -> pd.DataFrame:
    """Return a row a campaign and arm, by name: members, and the start of the campaign."""
    listed = members_of(data)
    begun = starts(listed, data).select(of="campaign_id", start=ibis._.begins)
    counts = listed.group_by(["campaign_id", "arm"]).aggregate(members=listed.count())
    rows = counts.left_join(begun, counts.campaign_id == begun.of).drop("of")
    frame: pd.DataFrame = data.connection.to_pandas(rows)
    return frame.sort_values(["campaign_id", "arm"]).reset_index(drop=True)


def _tested(arms: pd.DataFrame) -> pd.DataFrame:
    is_control = arms["arm"] == CONTROL
    sized = arms.assign(
        control_n=arms["members"].where(is_control, 0),
        treatment_n=arms["members"].where(~is_control, 0),
    )
    found = sized.groupby("campaign_id", as_index=False).agg(
        start=("start", "first"), control_n=("control_n", "sum"), treatment_n=("treatment_n", "sum")
    )
    both = found[(found["control_n"] > 0) & (found["treatment_n"] > 0)]
    return both.sort_values(["start", "campaign_id"]).reset_index(drop=True)[list(_TESTED)]


def _problem(arms: pd.DataFrame) -> Problem | None:
    """Say what is wrong with the arms of a campaign."""
    if arms.empty:
        return "unknown_campaign"
    if CONTROL not in set(arms["arm"]) or len(arms) == 1:
        return "one_arm"
    return "no_start" if arms["start"].isna().all() else None
