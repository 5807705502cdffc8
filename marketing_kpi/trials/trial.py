"""Which campaigns were tests, and whether the arms of one can be compared."""

from __future__ import annotations

from collections import Counter
from typing import Literal, NamedTuple, TypeAlias

import ibis
import ibis.expr.types as ir
import pandas as pd

from marketing_kpi.data.model import Data
from marketing_kpi.kpis.facts.base import one_a_key
from marketing_kpi.kpis.facts.campaigns import CONTROL, WINDOW_DAYS, members_of, starts
from marketing_kpi.kpis.frames import Frame, records, same_kind
from marketing_kpi.trials.comparison import COMPARED
from marketing_kpi.trials.design import TREATMENT
from marketing_kpi.trials.members import (
    MADE,
    MEMBER_TABLES,
    Window,
    campaign_cost,
    lacking,
    parting_columns,
    told_outcomes,
    window,
)

Problem: TypeAlias = Literal[
    "lacking",
    "unknown_campaign",
    "one_arm",
    "no_control",
    "no_start",
    "in_both_arms",
    "unknown_members",
    "outside_data",
    "unknown_treatment",
]
ByProblem: TypeAlias = Literal["unknown_column", "reserved_column", "no_values", "many_values"]

_OF_WINDOW: tuple[Problem, ...] = ("in_both_arms", "unknown_members", "outside_data")
"""What the window notes that keeps arms from being compared, the first to say first."""

_RESERVED = {"campaign_id", *MADE, *COMPARED}
"""Names that `members` and `compare_all` give to columns of their own."""

MOST_SEGMENTS = 12
"""Values of a column that parts members into segments: more of them hold too few members each."""


class Trial(NamedTuple):
    """A campaign and its arms, or what keeps them from being compared.

    Attributes
    ----------
    campaign
        Its id: the one asked for, or the one taken; "" where none was asked for nor found.
    problem
        None when the arms can be compared; else ``"lacking"`` (the data lack `lacks`),
        ``"unknown_campaign"`` (it has no members), ``"one_arm"`` (nobody else than one arm),
        ``"no_control"`` (several arms, none of which is called control), ``"no_start"`` (nothing
        tells when it began), ``"in_both_arms"`` (some members are listed in several),
        ``"unknown_members"`` (the members of an arm have no order at all), ``"outside_data"``
        (there is no order in its window) or ``"unknown_treatment"`` (no arm has the name asked
        for).
    lacks
        What the data lack for any test, as ``table.column``.
    known
        The campaigns with a control and treated members: what `campaigns` returns.
    window
        When the members are followed; null where the problem is found before it.
    treatments
        The arms beside the control, by name; those of any name where the problem is
        ``"no_control"``.
    treatment
        The one that is looked at: the one asked for, else the first; null with a problem.
    outcomes
        What the data tell of members' purchases: bought, orders, revenue and, where the cost of
        all that they bought is known, margin.
    cost
        What the data say that contacting `treatment` cost: the campaign's cost, in proportion to
        its treated members; null with a problem, and where the data do not tell.
    segments
        The column asked for to part the members, when the data have it, with 12 values at most;
        else empty. What `members` and `compare_all` take as `by`.
    by
        The column asked for to part the members; null without one.
    by_problem
        Why `segments` is empty though a column was asked for: ``"unknown_column"``,
        ``"reserved_column"`` (results have a column of that name), ``"no_values"`` or
        ``"many_values"``; else null.
    by_columns
        The columns of groups that could part the members, by name.
    uncosted
        Lines that members bought in the window, and whose cost is not known: they are why the
        outcomes have no margin. 0 too where the data have no costs at all.
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
    by: str | None = None
    by_problem: ByProblem | None = None
    by_columns: tuple[str, ...] = ()
    uncosted: int = 0

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
    campaign: str | None = None,
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
        A campaign_id; None: of the campaigns with a control, the last whose window is over.
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
        return Trial(campaign or "", "lacking", tuple(lacks), _no_campaigns())
    arms = _arms(data)
    known = _tested(arms)
    campaign = campaign or _latest(data, known, arms, window_days)
    if campaign is None:
        return Trial("", "lacking", ("campaign_members.campaign_id",), known)
    found = Trial(campaign, None, (), known)
    own = arms[arms["campaign_id"] == campaign]
    treatments = tuple(name for name in own["arm"] if name != CONTROL)
    problem = _problem(own)
    if problem:
        return found._replace(problem=problem, treatments=treatments)
    within = window(data, campaign=campaign, window_days=window_days)
    told = told_outcomes(data, within)
    found = found._replace(
        window=within,
        treatments=treatments,
        outcomes=("bought", *told.outcomes),
        uncosted=told.uncosted,
    )
    for noted in _OF_WINDOW:
        if noted in within.notes:
            return found._replace(problem=noted)
    if treatment is not None and treatment not in treatments:
        return found._replace(problem="unknown_treatment")
    chosen = treatment or treatments[0]
    sizes = own[own["arm"] != CONTROL].set_index("arm")["members"]
    whole = campaign_cost(data, campaign=campaign)
    cost = None if whole is None else whole * float(sizes[chosen] / sizes.sum())
    by_problem = None if by is None else _by_problem(data, by)
    return found._replace(
        treatment=chosen,
        cost=cost,
        segments=(by,) if by is not None and by_problem is None else (),
        by=by,
        by_problem=by_problem,
        by_columns=tuple(_groups(data)),
    )


def _latest(data: Data, known: pd.DataFrame, arms: pd.DataFrame, window_days: int) -> str | None:
    """Return the campaign to look at where none is asked for: one with a control, if there is."""
    begun = known.dropna(subset="start")
    if begun.empty:
        return None if arms.empty else str((known if len(known) else arms)["campaign_id"].iloc[0])
    ends = data.connection.to_pandas(data.orders.ordered_at.max().as_table()).iloc[0, 0]
    over = begun[pd.to_datetime(begun["start"]) + pd.Timedelta(days=window_days) <= ends]
    return str((over if len(over) else begun)["campaign_id"].iloc[-1])


def _groups(data: Data) -> list[str]:
    """Return the columns of groups that could part the members: no dates, amounts or numbers."""
    kinds = {
        name: data.table(table)[name].type()
        for table in reversed(MEMBER_TABLES)
        if data.has(table)
        for name in data.table(table).columns
    }
    groups = {name for name, kind in kinds.items() if kind.is_string() or kind.is_boolean()}
    return [name for name in parting_columns(data) if name in groups - _RESERVED]


def _by_problem(data: Data, by: str) -> ByProblem | None:
    """Say why a column cannot part the members; null when it can."""
    if by in _RESERVED and any(data.has(name, by) for name in MEMBER_TABLES):
        return "reserved_column"
    for name in MEMBER_TABLES:
        if data.has(name, "customer_id", by):
            count = data.table(name)[by].nunique().as_table()
            ((values,),) = (row.values() for row in data.connection.to_pyarrow(count).to_pylist())
            if not values:
                return "no_values"
            return "many_values" if values > MOST_SEGMENTS else None
    return "unknown_column"


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


def campaign_names(data: Data) -> dict[str, str]:
    """Return the names of campaigns by their ids: of those that have one which no other has.

    Parameters
    ----------
    data
        What `open_data` returns.

    Returns
    -------
    dict
        Empty where the data name none.
    """
    if not data.has("campaigns", "campaign_id", "name"):
        return {}
    rows = one_a_key(data.table("campaigns"), ["campaign_id"], ["name"])
    found = {str(row["campaign_id"]): (row["name"] or "").strip() for row in records(rows)}
    said = Counter(found.values())
    return {campaign: name for campaign, name in found.items() if name and said[name] == 1}


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
    if len(arms) == 1:
        return "one_arm"
    if CONTROL not in set(arms["arm"]):
        return "no_control"
    return "no_start" if arms["start"].isna().all() else None
