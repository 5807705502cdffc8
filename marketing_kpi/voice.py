"""The customer's voice: what customers say, how engaged they are, what they spend elsewhere.

``nps`` and ``csat`` read answers to surveys, ``share_of_wallet`` a panel's spending,
``engagement`` the interactions of contacts, ``omnichannel`` orders by sales channel.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Collection, Mapping, Sequence
from itertools import pairwise
from statistics import NormalDist
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from marketing_kpi.data.model import Data
from marketing_kpi.data.scales import SCALES
from marketing_kpi.errors import ComputeError, MissingDataError, unknown
from marketing_kpi.kpis.compute import missing_columns
from marketing_kpi.kpis.dictionary import dictionary
from marketing_kpi.kpis.facts import FACTS, Fact, extra_columns, missing
from marketing_kpi.kpis.facts.voice import (
    PANEL_KEY,
    our_categories,
    panel_spending,
    respondent,
    sold_by_category,
)
from marketing_kpi.kpis.formulas import ratio, steady
from marketing_kpi.kpis.frames import Frame, executed, require, same_kind, with_columns
from marketing_kpi.kpis.intervals import Z95, mean_interval, wilson, wilson_columns
from marketing_kpi.kpis.periods import day, midnight
from marketing_kpi.stages.engagement import engagement as engagement_points
from marketing_kpi.stages.engagement import interactions
from marketing_kpi.stages.settings import Engagement
from marketing_kpi.worth.acquisition import MOST_UNKNOWN

if TYPE_CHECKING:
    from marketing_kpi.kpis.formulas import Fact as Rows
    from marketing_kpi.kpis.formulas import Scalar

Verdict: TypeAlias = Literal["higher", "lower", "cannot_tell"]
Question: TypeAlias = Literal["nps", "csat"]
Day: TypeAlias = "str | dt.date | None"
By: TypeAlias = "str | Sequence[str]"

PROMOTER = 9
"""Lowest score, on 0-10, of a promoter."""

DETRACTOR = 6
"""Highest score, on 0-10, of a detractor."""

SATISFIED = 4
"""Lowest score, on 1-5, of a satisfied customer."""

FEWEST_ANSWERS = 10
"""People who answered, under which nothing is said: the interval was not tried on fewer."""

FEWEST_CUSTOMERS = 10
"""Customers under which an average a customer, or a share of wallet, has no interval."""

POINTS = 100
# What the adjusted interval adds to the promoters, and as much to the detractors, of the answers
# that it adds in all (Rocks 2016); of a difference, half of it to each side.
_ADDED_TO_EACH, _ADDED_ANSWERS = 0.75, 3.0
_SQUARES = "decimal(38, 8)"
_SHARES = "decimal(38, 12)"


# --- KPIs of the dictionary -----------------------------------------------------------------


def net_promoter_score(answers: Rows) -> Scalar:
    """Take the share of detractors from that of promoters, in points from -100 to 100.

    Null without answers. Fact: `nps_answers`.
    """
    promoters, detractors = answers.score >= PROMOTER, answers.score <= DETRACTOR
    return POINTS * ratio(promoters.sum() - detractors.sum(), answers.score.count())


def customer_satisfaction(answers: Rows) -> Scalar:
    """Divide the answers of 4 or 5 by the answers; null without any. Fact: `csat_answers`."""
    return ratio((answers.score >= SATISFIED).sum(), answers.score.count())


def wallet_share(panel: Rows) -> Scalar:
    """Divide what panel members spent with us by what they spent in all.

    Null where they spent nothing. Fact: `panel`.
    """
    return ratio(panel.our_sales.sum(), panel.spend_total.sum())


def omnichannel_share(customers: Rows) -> Scalar:
    """Divide the customers of two sales channels or more by those of one or more.

    Null without customers. Fact: `customer_channels`.
    """
    return ratio((customers.channels >= 2).sum(), customers.channels.count())


# --- What the data have ---------------------------------------------------------------------

_INTERACTIONS = "responses.kind or sessions.customer_id"


def lacking(data: Data) -> pd.DataFrame:
    """List what the data lack for this chapter, and which of its KPIs that costs.

    Parameters
    ----------
    data
        What `open_data` returns.

    Returns
    -------
    pandas.DataFrame
        missing (``table.column``), kpis (a list of ids), by missing; empty when nothing is.
    """
    lost: dict[str, list[str]] = {}
    for kpi in dictionary().kpis:
        if kpi.domain == "voice" and kpi.type == "simple":
            for column in missing_columns(kpi.id, data):
                lost.setdefault(column, []).append(kpi.id)
    if interactions(data) is None:
        lost[_INTERACTIONS] = ["engagement_score"]
    return pd.DataFrame([(name, lost[name]) for name in sorted(lost)], columns=["missing", "kpis"])


def lacks(data: Data, kpi: str) -> list[str]:
    """Return what the data lack for a KPI of this chapter, as ``table.column``.

    Parameters
    ----------
    data
        What `open_data` returns.
    kpi
        Its id, such as ``"net_promoter_score"``.

    Examples
    --------
    >>> from marketing_kpi.data.sources import open_data
    >>> orders = pd.DataFrame({"order_id": ["1"], "ordered_at": pd.to_datetime(["2025-12-01"])})
    >>> "surveys.score" in lacks(open_data({"orders": orders}), "net_promoter_score")
    True
    """
    found = lacking(data)
    return [name for name, kpis in zip(found["missing"], found["kpis"], strict=True) if kpi in kpis]


def usable(data: Data, names: Sequence[str], *, fact: str = "nps_answers") -> list[str]:
    """Return the columns, of those named, that the rows of a fact can be parted by.

    Parameters
    ----------
    data
        What `open_data` returns.
    names
        Columns such as region or acquisition_channel.
    fact
        ``"nps_answers"``, ``"csat_answers"`` or ``"panel"``.

    Examples
    --------
    >>> from marketing_kpi.data.sources import open_data
    >>> orders = pd.DataFrame({"order_id": ["1"], "ordered_at": pd.to_datetime(["2025-12-01"])})
    >>> usable(open_data({"orders": orders}), ["region"])
    []
    """
    rows = FACTS[fact]
    extra = extra_columns(rows, data)
    own = [name for name in rows.dimensions if not missing(rows, [name], data)]
    return [name for name in names if name in (*own, *extra)]


# --- Answers to surveys ---------------------------------------------------------------------


def answers(
    data: Data, *, question: Question, start: Day = None, end: Day = None, by: By = ()
) -> Frame:
    """Return the answers to a question, with what is known of who gave them.

    Parameters
    ----------
    data
        What `open_data` returns; data without surveys have none of these.
    question
        ``"nps"`` (scores from 0 to 10) or ``"csat"`` (from 1 to 5).
    start, end
        First day, and the day after the last; None: no limit.
    by
        Columns to add: region or acquisition_channel of the customer, or any other column of
        surveys or contacts.

    Returns
    -------
    pandas.DataFrame or ibis.Table
        A row an answer on the scale of the question: customer_id (null: not known), respondent
        (the customer, or the answer itself), answered_at, score, the columns of `by`. pandas,
        sorted by answered_at and respondent, when the data came as pandas; else lazy.

    Raises
    ------
    MissingDataError
        When the data lack a column of `by`.
    ComputeError
        When the question or a column of `by` is not known, or `start` is not before `end`.
    """
    if question not in SCALES:
        message, hint = unknown("question", question, SCALES)
        raise ComputeError(message, hint=hint)
    fact = FACTS[f"{question}_answers"]
    wanted = ["answered_at", "score", "respondent"]
    wanted += ["customer_id"] if data.has("surveys", "customer_id") else []
    rows = _rows(fact, data, wanted, start, end, _names(by))
    if not data.from_pandas:
        return rows
    frame: pd.DataFrame = rows.to_pandas()
    return frame.sort_values(["answered_at", "respondent", "score"]).reset_index(drop=True)


def set_aside(data: Data, *, question: Question, start: Day = None, end: Day = None) -> int:
    """Count the answers of a period that no score is made of: they are off the scale.

    Parameters
    ----------
    data, question, start, end
        As in `answers`.

    Returns
    -------
    int
        0 where the data have no surveys.
    """
    if not data.has("surveys", "question", "score", "answered_at"):
        return 0
    rows = data.table("surveys")
    rows = rows.filter(rows.question == question, ~rows.score.between(*SCALES[question]))
    if start is not None:
        rows = rows.filter(rows.answered_at >= midnight(day(start, name="start")))
    if end is not None:
        rows = rows.filter(rows.answered_at < midnight(day(end, name="end")))
    return int(rows.count().execute())


def nps(answers: Frame, *, by: By = ()) -> Frame:
    """Compute the net promoter score of some answers, with its interval.

    Parameters
    ----------
    answers
        A row an answer: score (0 to 10), and the columns of `by`; all answers count. With
        customer_id (or respondent) it is known which are of one person, without them each is of
        another. With question, only ``"nps"`` counts. Scores off the scale, or between two whole
        numbers, are left out.
    by
        Columns whose values part the answers; none: all of them together.

    Returns
    -------
    pandas.DataFrame or ibis.Table
        A row a group, sorted by it (pandas): the columns of `by`; answers, promoters (9 or 10),
        passives, detractors (0 to 6); promoters_share, passives_share, detractors_share
        (fractions); score (points, -100 to 100); low and high (95 % interval of the score, in
        points; null under 10 people, or 10 effective answers); people (who gave the answers);
        effective_answers (answers of as many people that would tell as much: all of them where
        each is of another person, fewer where people repeat themselves). Shares and score are
        null without answers.

    Raises
    ------
    ColumnError
        When a column is missing.
    ComputeError
        When the scores are no numbers.

    Notes
    -----
    The score is the difference of two shares of one sample, whose variance is
    ``(p + d - (p - d)**2) / n``. The interval is Wald's after adding 3 answers, three quarters of
    one to the promoters and as much to the detractors. In ``benchmarks/nps_interval.py`` it covers
    the truth in 93 to 97 % of samples of 10 to 1,000 answers (more where nearly all are passive),
    where Wald's own covers 65 % of samples of 10 delighted customers. It speaks of those who
    would answer: it does not know of those who do not.

    Answers of one person are alike, so the person is the unit drawn. The design effect is the
    linearised variance of the mean over people, over that of as many answers of different people,
    and at least 1; the interval is that of ``answers / design effect`` answers of the same shares.
    Of people who answer one to six times, and half of the time as before, the same benchmark finds
    that it covers in 94 to 96 % of samples of 30 people or more (91 % of 15); taking each answer
    for a person's own, in 83 to 90 %.

    References
    ----------
    Rocks, B. (2016). Interval estimation for the "Net Promoter Score". The American Statistician
    70(4), 365-372.
    Korn, E. L. and Graubard, B. I. (1998). Confidence intervals for proportions with small
    expected number of positive counts estimated from survey data. Survey Methodology 24(2),
    193-201.

    Examples
    --------
    >>> scores = pd.DataFrame({"score": [10, 9, 9, 10, 9, 8, 7, 8, 6, 3]})
    >>> nps(scores)[["answers", "promoters", "detractors", "score"]]
       answers  promoters  detractors  score
    0       10          5           2   30.0
    """
    names = _names(by)
    found = _on_answers(answers, "nps", names, _nps)
    return found if isinstance(found, ir.Table) else _counted(found, names, _NPS_COUNTS)


def csat(answers: Frame, *, by: By = ()) -> Frame:
    """Compute the share of satisfied customers, with its interval.

    Parameters
    ----------
    answers, by
        As in `nps`, with scores from 1 to 5 and the question ``"csat"``.

    Returns
    -------
    pandas.DataFrame or ibis.Table
        A row a group, sorted by it (pandas): the columns of `by`; answers; satisfied (4 or 5);
        share (fraction; null without answers); low and high (Wilson's 95 % interval of the
        effective answers; null where `nps` says so); people; effective_answers.

    References
    ----------
    Wilson, E. B. (1927). Probable inference, the law of succession, and statistical inference.
    Journal of the American Statistical Association 22(158).

    Examples
    --------
    >>> csat(pd.DataFrame({"score": [5, 4, 4, 2]}))[["answers", "satisfied", "share"]]
       answers  satisfied  share
    0        4          3   0.75
    """
    names = _names(by)
    found = _on_answers(answers, "csat", names, _csat)
    return found if isinstance(found, ir.Table) else _counted(found, names, ("satisfied",))


def score_counts(answers: Frame, *, question: Question) -> pd.DataFrame:
    """Count the answers of each score, by the rules of `nps` and `csat`.

    Parameters
    ----------
    answers
        As in `nps`.
    question
        ``"nps"`` or ``"csat"``: the scale.

    Returns
    -------
    pandas.DataFrame
        A row a score of the scale, also those that nobody gave: score, answers, share (fraction
        of the answers; null without any).

    Examples
    --------
    >>> score_counts(pd.DataFrame({"score": [5, 5, 4, 1]}), question="csat").answers.tolist()
    [1, 0, 0, 1, 2]
    """

    def count(kept: ir.Table, _by: Sequence[str]) -> ir.Table:
        return kept.group_by("score").agg(answers=kept.count())

    counted = executed(_on_answers(answers, question, [], count))
    low, high = SCALES[question]
    scale = range(low, high + 1)
    found = counted.set_index("score")["answers"].reindex(scale, fill_value=0).astype("int64")
    share = found / (int(found.sum()) or math.nan)
    return pd.DataFrame({"score": [*scale], "answers": found.array, "share": share.array})


def nps_by_period(answers: Frame, *, grain: Literal["month", "quarter", "year"]) -> Frame:
    """Compute the net promoter score of each month, quarter or year, with its interval.

    Parameters
    ----------
    answers
        As in `nps`, with answered_at.
    grain
        The periods.

    Returns
    -------
    pandas.DataFrame or ibis.Table
        What `nps` returns by ``period`` (its first day); periods without answers have no row.
    """
    require(answers, ["answered_at"], "the answers")
    if grain not in _GRAINS:
        message, hint = unknown("grain", grain, _GRAINS)
        raise ComputeError(message, hint=hint)

    def place(table: ir.Table) -> Mapping[str, ir.Value]:
        unit: Any = _GRAINS[grain]
        return {"period": table.answered_at.cast("timestamp").truncate(unit)}

    return nps(
        with_columns(answers, ["answered_at"], place, {"period": "datetime64[us]"}), by="period"
    )


_GRAINS: Mapping[str, str] = {"month": "M", "quarter": "Q", "year": "Y"}


class NpsChange(NamedTuple):
    """The change of the net promoter score from one wave to another.

    Attributes
    ----------
    before, after
        The two scores, in points; null without answers.
    change
        `after` less `before`, in points; null when either is.
    low, high
        95 % interval of the change, in points; null under 10 people in either wave.
    p_value
        Of no change, two-sided; null where the interval is.
    verdict
        ``"higher"`` or ``"lower"`` when the interval excludes 0, else ``"cannot_tell"``.
    answers_before, answers_after
        Answers.
    in_both
        Customers who answered in both waves; null where the customers are not known.
    """

    before: float | None
    after: float | None
    change: float | None
    low: float | None
    high: float | None
    p_value: float | None
    verdict: Verdict
    answers_before: int
    answers_after: int
    in_both: int | None


def nps_change(before: Frame, after: Frame) -> NpsChange:
    """Test whether the net promoter score changed between two waves.

    Parameters
    ----------
    before, after
        Answers of the two waves, as in `nps`.

    Returns
    -------
    NpsChange
        Scores, change with its interval and p-value, and the verdict.

    Notes
    -----
    The waves are taken as two independent samples. Who answered in both makes the two scores move
    together, so that the interval is too wide rather than too narrow: `in_both` says how many they
    are. Within a wave the person is the unit, as in `nps`. To each wave 1.5 answers are added, half
    of what the interval of one score adds, and the p-value is that of the same adjusted
    difference, so that it cannot contradict the interval. In ``benchmarks/nps_interval.py`` the
    interval covers in 94 % of samples or more.

    References
    ----------
    Agresti, A. and Caffo, B. (2000). Simple and effective confidence intervals for proportions and
    differences of proportions result from adding two successes and two failures. The American
    Statistician 54(4), 280-288.

    Examples
    --------
    >>> waves = [pd.DataFrame({"score": [10] * n + [8] * 40 + [3] * (60 - n)}) for n in (20, 45)]
    >>> nps_change(*waves).verdict
    'higher'
    """
    first, second = (executed(nps(wave)).iloc[0] for wave in (before, after))
    scores = [None if pd.isna(wave["score"]) else float(wave["score"]) for wave in (first, second)]
    counts = [int(wave["answers"]) for wave in (first, second)]
    low, high, p_value = _difference(first, second)
    return NpsChange(
        before=scores[0],
        after=scores[1],
        change=None if None in scores else float(second["score"] - first["score"]),
        low=low,
        high=high,
        p_value=p_value,
        verdict=_verdict(low, high),
        answers_before=counts[0],
        answers_after=counts[1],
        in_both=_in_both(before, after),
    )


class NpsDifferences(NamedTuple):
    """Whether the net promoter score of several groups differs at all.

    Attributes
    ----------
    groups
        Groups with enough answers to count.
    statistic
        Welch's F: the spread of their scores over that of chance; null under two groups.
    p_value
        Of no difference; null under two groups.
    verdict
        ``"differ"`` when `p_value` is under 0.05, else ``"cannot_tell"``.
    """

    groups: int
    statistic: float | None
    p_value: float | None
    verdict: Literal["differ", "cannot_tell"]


def nps_differences(scores: pd.DataFrame) -> NpsDifferences:
    """Test whether the net promoter score differs between groups, all of them at once.

    Comparing the best group with the worst, picked because they are, finds a difference far too
    often. This test asks one question of all groups.

    Parameters
    ----------
    scores
        What `nps` returns by group; groups without an interval, of fewer than 10 people, are left
        out.

    Notes
    -----
    Welch's analysis of variance of the scores of the answers (+1, 0, -1), whose variances differ,
    each group's mean and variance adjusted as in `nps_change`, with its people as the units. Where
    nothing differs between five groups of 10, 50 or 300 answers, ``benchmarks/nps_interval.py``
    counts the false alarms.

    References
    ----------
    Welch, B. L. (1951). On the comparison of several mean values: an alternative approach.
    Biometrika 38(3/4), 330-336.

    Examples
    --------
    >>> teams = pd.DataFrame({"score": [9] * 30 + [3] * 10 + [9] * 26 + [3] * 14,
    ...     "team": ["A"] * 40 + ["B"] * 40})
    >>> nps_differences(nps(teams, by="team")).verdict
    'cannot_tell'
    """
    from scipy.special import fdtrc  # scipy.stats takes most of a second to import

    needed = ["answers", "promoters", "detractors", "people", "effective_answers"]
    require(scores, needed, "the scores")
    kept = scores[_are_enough(scores["people"], scores["effective_answers"])]
    groups = len(kept)
    if groups < 2:
        return NpsDifferences(groups, None, None, "cannot_tell")
    parts = [_half_adjusted(row) for row in kept.to_dict("records")]
    centres, variances = np.array(parts).T
    weights = 1 / variances
    shares = weights / weights.sum()
    between = (weights * (centres - (shares * centres).sum()) ** 2).sum() / (groups - 1)
    loose = float(((1 - shares) ** 2 / (kept["people"].to_numpy() - 1)).sum()) / (groups**2 - 1)
    statistic = float(between / (1 + 2 * (groups - 2) * loose))
    p_value = float(fdtrc(groups - 1, 1 / (3 * loose), statistic))
    return NpsDifferences(groups, statistic, p_value, "differ" if p_value < 0.05 else "cannot_tell")


class Reach(NamedTuple):
    """How many of the customers a survey heard.

    Attributes
    ----------
    buyers
        Identified customers who ordered in the period.
    heard
        Those of them who answered in the period.
    share
        `heard` over `buyers`, a fraction; null without buyers.
    """

    buyers: int
    heard: int
    share: float | None


def reach(data: Data, *, question: Question, start: Day, end: Day) -> Reach:
    """Count the buyers of a period who answered a question in it.

    Those who did not may think otherwise: no interval covers that.

    Parameters
    ----------
    data
        What `open_data` returns, with surveys of known customers.
    question, start, end
        As in `answers`.
    """
    orders = _rows(FACTS["orders"], data, ["customer_id", "ordered_at", "bought"], start, end)
    buyers = orders.filter(orders.customer_id.notnull(), orders.bought)
    buyers = buyers.select("customer_id").distinct()
    heard = _rows(
        FACTS[f"{question}_answers"], data, ["customer_id", "answered_at"], start, end
    ).select(who="customer_id")
    counts = [
        int(table.count().execute())
        for table in (buyers, buyers.semi_join(heard, buyers.customer_id == heard.who))
    ]
    return Reach(counts[0], counts[1], counts[1] / counts[0] if counts[0] else None)


_Query: TypeAlias = "Callable[[ir.Table, Sequence[str]], ir.Table]"
_NPS_COUNTS = ("promoters", "passives", "detractors")


def _on_answers(answers: Frame, question: str, by: Sequence[str], query: _Query) -> Frame:
    """Run a query on the answers that count: of the question, on its scale."""
    require(answers, ["score", *by], "the answers")
    _check_scores(answers)
    optional = ("customer_id", "response_id", "respondent", "question")
    known = [name for name in optional if name in answers.columns]
    columns = list(dict.fromkeys([*by, "score", *known]))

    def run(table: ir.Table) -> ir.Table:
        found = query(_that_count(table.select(*columns), question), by)
        return found.order_by(list(by)) if by else found

    if isinstance(answers, ir.Table):
        return run(answers)
    return same_kind(answers[columns], run)


def _check_scores(answers: Frame) -> None:
    if isinstance(answers, ir.Table):
        kind = answers.score.type()
        numbers, name = kind.is_numeric() or kind.is_null(), str(kind)
    else:
        scores = answers["score"]
        numbers = pd.api.types.is_numeric_dtype(scores) or bool(scores.isna().all())
        name = str(scores.dtype)
    if not numbers:
        raise ComputeError(
            f"scores are of type {name}, must be numbers", hint="pandas.to_numeric makes them so"
        )


def _that_count(table: ir.Table, question: str) -> ir.Table:
    """Return the answers on the scale, with who gave each: respondent, never null."""
    low, high = SCALES[question]
    if "question" in table.columns:
        table = table.filter(table.question.cast("string") == question)
    # A cast would round a score of 8.6 up to a promoter's.
    kept = table.filter(table.score.between(low, high), table.score == table.score.round())
    who = kept.respondent.cast("string") if "respondent" in kept.columns else respondent(kept)
    nobody = ibis.literal("#?") + ibis.row_number().cast("string")
    return kept.mutate(score=kept.score.cast("int64"), respondent=ibis.coalesce(who, nobody))


def _tallied(
    kept: ir.Table, by: Sequence[str], counted: Mapping[str, ir.BooleanValue], mark: ir.IntegerValue
) -> ir.Table:
    """Return a row a group: by, answers, what is `counted`, people and effective_answers.

    The mean of the `mark` of an answer is what is estimated.
    """
    flags = {name: is_so.cast("int32") for name, is_so in counted.items()}
    marked = kept.mutate(_mark=mark, **flags)
    each = marked.group_by([*by, "respondent"]).aggregate(
        answers=marked.count(),
        total=marked._mark.sum(),
        squares=(marked._mark * marked._mark).sum(),
        **{name: marked[name].sum() for name in counted},
    )
    sums = {
        "answers": each.answers,
        "total": each.total,
        "squares": each.squares,
        "kk": each.answers * each.answers,
        "kt": each.answers * each.total,
        "tt": each.total * each.total,
        **{name: each[name] for name in counted},
    }
    groups = each.group_by(list(by)) if by else each
    found = groups.aggregate(
        people=each.count(), **{name: value.sum().fill_null(0) for name, value in sums.items()}
    )
    return found.select(
        *by, "answers", *counted, "people", effective_answers=_effective_answers(found)
    )


def _effective_answers(sums: ir.Table) -> ir.FloatingValue:
    """Return the answers over the design effect: 1 where each is of another person, or above.

    Where all answers are the same, nothing tells how alike those of one person are: wholly, then.
    """
    n, people = sums.answers.cast("float64"), sums.people.cast("float64")
    mean = ratio(sums.total, sums.answers)
    of_answers = (sums.squares - mean**2 * n) * n / (n - 1).nullif(0)
    of_people = sums.tt - 2 * mean * sums.kt + mean**2 * sums.kk
    of_people = of_people * people / (people - 1).nullif(0)
    alike = sums.kk / n.nullif(0)
    is_same = (sums.squares * n - sums.total.cast("float64") ** 2) == 0
    effect = is_same.ifelse(alike, ibis.greatest(of_people / of_answers.nullif(0), 1.0))
    is_one_each = sums.people == sums.answers
    return is_one_each.ifelse(n, n / ibis.coalesce(effect, alike))


def _are_enough(people: Any, effective: Any) -> Any:
    """Say whether an interval was tried on so few people, and so few answers of theirs."""
    return (people >= FEWEST_ANSWERS) & (effective >= FEWEST_ANSWERS)


def _nps(kept: ir.Table, by: Sequence[str]) -> ir.Table:
    promoter, detractor = kept.score >= PROMOTER, kept.score <= DETRACTOR
    mark = promoter.cast("int32") - detractor.cast("int32")
    counted = _tallied(kept, by, {"promoters": promoter, "detractors": detractor}, mark)
    n, promoters, detractors = counted.answers, counted.promoters, counted.detractors
    weight = ratio(counted.effective_answers, n)
    centre, error = _adjusted(counted.effective_answers, weight * promoters, weight * detractors)
    enough = _are_enough(counted.people, counted.effective_answers)
    half = Z95 * error
    passives = n - promoters - detractors
    return counted.select(
        *by,
        "answers",
        "promoters",
        passives=passives,
        detractors=detractors,
        promoters_share=ratio(promoters, n),
        passives_share=ratio(passives, n),
        detractors_share=ratio(detractors, n),
        score=POINTS * ratio(promoters - detractors, n),
        low=enough.ifelse(POINTS * ibis.greatest(centre - half, -1.0), ibis.null("float64")),
        high=enough.ifelse(POINTS * ibis.least(centre + half, 1.0), ibis.null("float64")),
        people=counted.people,
        effective_answers=counted.effective_answers,
    )


def _adjusted(n: Any, promoters: Any, detractors: Any) -> tuple[Any, Any]:
    """Return the centre and the standard error of the adjusted score, as fractions."""
    total = n + _ADDED_ANSWERS
    centre = (promoters - detractors) / total
    spread = (promoters + detractors + 2 * _ADDED_TO_EACH) / total
    return centre, ((spread - centre**2) / total).sqrt()


def _difference(first: Any, second: Any) -> tuple[float | None, float | None, float | None]:
    """Return the interval of a change, in points, and its p-value; null on too few answers."""
    if not all(_are_enough(wave["people"], wave["effective_answers"]) for wave in (first, second)):
        return None, None, None
    (one, before), (other, after) = _half_adjusted(first), _half_adjusted(second)
    change, error = other - one, math.sqrt(before + after)
    p_value = 2 * (1 - NormalDist().cdf(abs(change) / error))
    low, high = change - Z95 * error, change + Z95 * error
    return POINTS * max(low, -2.0), POINTS * min(high, 2.0), p_value


def _half_adjusted(row: Any) -> tuple[float, float]:
    """Return the score of a group and its variance, as fractions, with half of what is added."""
    effective = float(row["effective_answers"])
    weight = effective / float(row["answers"])
    promoters, detractors = weight * float(row["promoters"]), weight * float(row["detractors"])
    total = effective + _ADDED_ANSWERS / 2
    centre = (promoters - detractors) / total
    spread = (promoters + detractors + _ADDED_TO_EACH) / total
    return centre, (spread - centre**2) / total


def _verdict(low: float | None, high: float | None) -> Verdict:
    if low is None or high is None or low <= 0 <= high:
        return "cannot_tell"
    return "higher" if low > 0 else "lower"


def _in_both(before: Frame, after: Frame) -> int | None:
    if not all("customer_id" in wave.columns for wave in (before, after)):
        return None
    one, other = (
        {*executed(wave[["customer_id"]].drop_duplicates())["customer_id"].dropna()}
        if isinstance(wave, pd.DataFrame)
        else {*wave.select("customer_id").distinct().to_pandas()["customer_id"].dropna()}
        for wave in (before, after)
    )
    return len(one & other)


def _csat(kept: ir.Table, by: Sequence[str]) -> ir.Table:
    satisfied = kept.score >= SATISFIED
    counted = _tallied(kept, by, {"satisfied": satisfied}, satisfied.cast("int32"))
    share = ratio(counted.satisfied, counted.answers)
    low, high = wilson_columns(share, counted.effective_answers)
    enough = _are_enough(counted.people, counted.effective_answers)
    return counted.select(
        *by,
        "answers",
        "satisfied",
        share=share,
        low=enough.ifelse(low, ibis.null("float64")),
        high=enough.ifelse(high, ibis.null("float64")),
        people=counted.people,
        effective_answers=counted.effective_answers,
    )


# --- Share of wallet ------------------------------------------------------------------------


def share_of_wallet(data: Data, *, start: Day, end: Day, by: By = ()) -> pd.DataFrame:
    """Estimate which share of a panel's spending comes to us, with its interval.

    Parameters
    ----------
    data
        What `open_data` returns: category_spend (what panel members spend with all merchants)
        and orders of known customers by category. Data without them have no row, and one of 0
        members when nothing parts them.
    start, end
        First day, and the day after the last. Only months that lie wholly in between count, of
        spending and of our sales alike: the panel tells no days. See `whole_months`.
    by
        Columns that part the panel: category, region or acquisition_channel of the member, or any
        other column of category_spend or contacts.

    Returns
    -------
    pandas.DataFrame
        A row a group, sorted by it: the columns of `by`; members (with spending); our_sales and
        spend_total (currency); share (fraction); low and high (95 % interval; null under 10
        members, or when the share is 0 or 1); mean_of_shares (the mean of the members' own
        shares, for comparison: it counts a small wallet as much as a large one); members_above
        (who spent more with us than the panel says they spent in all: it misses purchases, or
        counts them in other categories than we do, and the share is too high).

    Raises
    ------
    MissingDataError
        When the data lack a column of `by`.
    ComputeError
        When a column of `by` is not known, or `start` is not before `end`.

    Notes
    -----
    The share is a ratio of sums, ``sum(y) / sum(x)``: the money's point of view, the one that adds
    up to sales. Its standard error takes members as the sample, since the months of one member go
    together: ``sqrt(n / (n - 1) sum((y - share x)**2)) / sum(x)``. The interval is on the logit of
    the share, with Student's t of n - 1 degrees, so that it stays within 0 and 1. What we sold to
    members in a month and category that the panel does not have is left out of both sides (see
    `sales_outside_panel`), and so is what they spent in a category that none of our products has
    (see `other_categories`).

    References
    ----------
    Cochran, W. G. (1977). Sampling Techniques, 3rd edition, Wiley, chapter 6.
    """
    names = _names(by)
    wanted = ["customer_id", "month", "our_sales", "spend_total"]
    rows = _in_whole_months(_rows(FACTS["panel"], data, wanted, start, end, names), start, end)
    by_member = rows.group_by(list(dict.fromkeys([*names, "customer_id"]))).aggregate(
        y=rows.our_sales.sum(), x=rows.spend_total.sum()
    )
    spending = by_member.filter(by_member.x > 0)
    sums = _panel_sums(spending, names)
    frame = _sorted(sums.to_pandas(), names)
    found = [_wallet(row) for row in frame.to_dict("records")]
    counts = ("members", "members_above")
    return pd.concat([frame[names], _typed(found, _WALLET_COLUMNS, counts)], axis=1)


_WALLET_COLUMNS = (
    "members", "our_sales", "spend_total", "share", "low", "high", "mean_of_shares",
    "members_above",
)  # fmt: skip


def other_categories(data: Data, *, start: Day, end: Day) -> pd.DataFrame:
    """List the panel's categories that none of our products has: no part of the share of wallet.

    A category that we do not sell is none of ours. One that we do sell, under another name, is
    listed here too: give both the same name, or its spending and our sales are left out.

    Parameters
    ----------
    data, start, end
        As in `share_of_wallet`.

    Returns
    -------
    pandas.DataFrame
        A row a category (null: not stated), the largest first: category; spend_total (currency, of
        whole months); share (of what the panel spent in all categories, a fraction; null where
        that is 0). Empty where none is left out, or where the data have no panel or no categories.
    """
    columns = ["category", "spend_total", "share"]
    known = data.has("category_spend", "month", "category", "spend_total")
    if not (known and data.has("products", "category")):
        return pd.DataFrame([], columns=columns)
    rows = _in_whole_months(panel_spending(data), start, end)
    found = rows.group_by("category").aggregate(spend_total=rows.spend_total.sum())
    spent = found.mutate(spend_total=found.spend_total.cast("float64")).to_pandas()
    ours = {*our_categories(data).to_pandas()["category"]}
    share = spent["spend_total"] / (spent["spend_total"].sum() or math.nan)
    others = spent.assign(share=share)[~spent["category"].isin(ours)]
    ranked = others.sort_values(["spend_total", "category"], ascending=[False, True])
    listed: pd.DataFrame = ranked[columns].reset_index(drop=True)
    return listed


def sales_outside_panel(data: Data, *, start: Day, end: Day) -> float:
    """Add up what we sold to panel members in months and categories that the panel does not have.

    It is no part of the share of wallet. Where it is large, the panel misses purchases.

    Parameters
    ----------
    data, start, end
        As in `share_of_wallet`.

    Returns
    -------
    float
        Net sales of whole months, in the data's currency, to those with a row in the panel in
        them; 0 where the data cannot tell.
    """
    if missing(FACTS["panel"], ["customer_id", "month", "our_sales"], data):
        return 0.0
    panel = _in_whole_months(panel_spending(data), start, end)
    sold = _in_whole_months(sold_by_category(data), start, end)
    outside = sold.semi_join(panel, "customer_id").anti_join(panel, [*PANEL_KEY])
    total = outside.aggregate(amount=outside.net_sales.sum().fill_null(0).cast("float64"))
    return float(executed(total)["amount"].iloc[0])


def _in_whole_months(rows: ir.Table, start: Day, end: Day) -> ir.Table:
    """Keep the rows of the months that lie wholly in a period."""
    first, last = _months_within(start, end)
    if first is not None:
        rows = rows.filter(rows.month >= midnight(first))
    if last is not None:
        rows = rows.filter(rows.month < midnight(last))
    return rows


def whole_months(start: str | dt.date, end: str | dt.date) -> tuple[dt.date, dt.date] | None:
    """Return the months that lie wholly in a period: first day, and day after the last.

    Parameters
    ----------
    start, end
        First day of the period, and the day after the last.

    Returns
    -------
    tuple or None
        None when the period holds no whole month.

    Examples
    --------
    >>> [str(day) for day in whole_months("2025-10-15", "2026-01-15")]
    ['2025-11-01', '2026-01-01']
    >>> whole_months("2025-10-15", "2025-11-15") is None
    True
    """
    first, last = _months_within(start, end)
    return (first, last) if first and last and first < last else None


def _months_within(start: Day, end: Day) -> tuple[dt.date | None, dt.date | None]:
    """Return the first month that begins in a period, and the one that it holds but a part of."""
    first = None if start is None else day(start, name="start")
    last = None if end is None else day(end, name="end")
    if first is not None and first.day > 1:
        first = (first.replace(day=1) + dt.timedelta(days=31)).replace(day=1)
    return first, last and last.replace(day=1)


def share_of_wallet_estimated(accounts: Frame) -> Frame:
    """Bound the share of wallet of accounts whose total spending is only estimated.

    In B2B there is no panel: what an account spends is guessed from its size, its trade or what
    the sales force knows, as a range.

    Parameters
    ----------
    accounts
        A row an account: our_sales, spend_low and spend_high (the least and the most that it
        spends in all, with us included), in one currency; other columns are kept.

    Returns
    -------
    pandas.DataFrame or ibis.Table
        `accounts` with share_low and share_high (fractions), headroom_low and headroom_high
        (spending that goes elsewhere, currency), and plausible: False where we already sell more
        than the most it was thought to spend; shares and headroom are then null. Where we sell
        more than the least, that is known to be too low, and our sales stand for it.

    Raises
    ------
    ColumnError
        When a column is missing.

    Examples
    --------
    >>> accounts = pd.DataFrame({"account": ["A", "B"], "our_sales": [30.0, 90.0],
    ...     "spend_low": [60.0, 50.0], "spend_high": [120.0, 80.0]})
    >>> share_of_wallet_estimated(accounts)[["account", "share_low", "share_high", "plausible"]]
      account  share_low  share_high  plausible
    0       A       0.25         0.5       True
    1       B        NaN         NaN      False
    """
    needed = ["our_sales", "spend_low", "spend_high"]
    require(accounts, needed, "the accounts")

    def new(table: ir.Table) -> Mapping[str, ir.Value]:
        ours, low, high = (table[name].cast("float64") for name in needed)
        plausible = (ours <= high) & (low <= high)
        least = ibis.greatest(low, ours)
        values = {
            "share_low": ratio(ours, high),
            "share_high": ratio(ours, least),
            "headroom_low": least - ours,
            "headroom_high": high - ours,
        }
        kept = {n: plausible.ifelse(value, ibis.null("float64")) for n, value in values.items()}
        return {**kept, "plausible": plausible}

    types = dict.fromkeys(("share_low", "share_high", "headroom_low", "headroom_high"), "float64")
    return with_columns(accounts, needed, new, {**types, "plausible": "boolean"})


def size_of_prize(
    shares: pd.DataFrame, *, target: float | None = None, represents: float = 1.0
) -> pd.DataFrame:
    """Say what it would bring to lift each group's share of wallet to a target.

    Parameters
    ----------
    shares
        What `share_of_wallet` returns, by category or by segment.
    target
        The share aimed at, a fraction; by default that of the best group that has an interval.
    represents
        How many customers a panel member stands for: 1 gives the prize among the members.

    Returns
    -------
    pandas.DataFrame
        `shares` with target (fraction), gap (target less share; 0 for a group above it), prize
        (currency, over the period: ``gap * spend_total * represents``), prize_low and prize_high
        (95 % interval; null where the share has none), the largest prize first.

    Raises
    ------
    ComputeError
        When `target` is not in 0-1 or `represents` is not above 0.

    Notes
    -----
    The interval of the gap squares and adds the distances of the two shares to their limits, as
    for two independent shares; a target that is given has no uncertainty. Spending is taken as
    measured. The best of several groups is best by luck too: its share, as a target, is on the
    high side. A prize is what there is to win, not what an action would bring.

    References
    ----------
    Zou, G. Y. and Donner, A. (2008). Construction of confidence limits about effect measures: a
    general approach. Statistics in Medicine 27(10), 1693-1702.

    Examples
    --------
    >>> shares = pd.DataFrame({"category": ["Tents", "Boots"], "members": [50, 50],
    ...     "our_sales": [300.0, 100.0], "spend_total": [1000.0, 1000.0], "share": [0.3, 0.1],
    ...     "low": [0.25, 0.08], "high": [0.35, 0.12], "mean_of_shares": [0.3, 0.1]})
    >>> size_of_prize(shares)[["category", "target", "prize"]].round(2)
      category  target  prize
    0    Boots     0.3  200.0
    1    Tents     0.3    0.0
    """
    require(shares, ["spend_total", "share", "low", "high"], "the shares")
    if target is not None and not 0 <= target <= 1:
        raise ComputeError(f"target == {target}, must be in 0-1", hint="30 % is written 0.30")
    if not (math.isfinite(represents) and represents > 0):
        raise ComputeError(f"represents == {represents}, must be above 0")
    goal, below, above = _target(shares, target)
    share, low, high = (shares[name].astype("float64") for name in ("share", "low", "high"))
    missed = goal - share
    is_best = share == goal if target is None else pd.Series(False, index=shares.index)
    gap_low = missed - np.sqrt((goal - below) ** 2 + (high - share) ** 2)
    gap_high = missed + np.sqrt((above - goal) ** 2 + (share - low) ** 2)
    scale = shares["spend_total"].astype("float64") * represents
    made = shares.assign(target=goal, gap=missed.clip(lower=0), prize=missed.clip(lower=0) * scale)
    for name, gap in {"prize_low": gap_low, "prize_high": gap_high}.items():
        made[name] = gap.clip(lower=0).mask(is_best, 0.0) * scale
    keys = [name for name in shares.columns if name not in _WALLET_COLUMNS]
    return made.sort_values(["prize", *keys], ascending=[False, *[True] * len(keys)]).reset_index(
        drop=True
    )


def _target(shares: pd.DataFrame, target: float | None) -> tuple[float, float, float]:
    """Return the share aimed at and its interval."""
    if target is not None:
        return target, target, target
    sure = shares.dropna(subset=["share", "low", "high"])
    if sure.empty:
        return math.nan, math.nan, math.nan
    best = sure.sort_values("share").iloc[-1]
    return float(best["share"]), float(best["low"]), float(best["high"])


def _panel_sums(spending: ir.Table, names: Sequence[str]) -> ir.Table:
    """Return the sums of a group that the ratio and its error are made of."""
    y, x = spending.y, spending.x
    groups = spending.group_by(list(names)) if names else spending
    return groups.aggregate(
        n=spending.count(),
        y=y.sum(),
        x=x.sum(),
        yy=(y * y).cast(_SQUARES).sum(),
        xy=(x * y).cast(_SQUARES).sum(),
        xx=(x * x).cast(_SQUARES).sum(),
        shares=ratio(y, x).cast(_SHARES).sum(),
        above=(y > x).sum().fill_null(0),
    )


def _wallet(row: Mapping[Any, Any]) -> tuple[Any, ...]:
    n = int(row["n"])
    if not n:
        return 0, 0.0, 0.0, None, None, None, None, 0
    y, x = float(row["y"]), float(row["x"])
    share = y / x
    squares = float(row["yy"]) - 2 * share * float(row["xy"]) + share**2 * float(row["xx"])
    low, high = _logit_interval(share, squares, x, n)
    return n, y, x, share, low, high, float(row["shares"]) / n, int(row["above"])


def _logit_interval(
    share: float, squares: float, x: float, n: int
) -> tuple[float | None, float | None]:
    from scipy.special import stdtrit

    if n < FEWEST_CUSTOMERS or not 0 < share < 1:
        return None, None
    error = math.sqrt(max(squares, 0.0) * n / (n - 1)) / x
    half = float(stdtrit(n - 1, 0.975)) * error / (share * (1 - share))
    logit = math.log(share / (1 - share))
    low, high = (1 / (1 + math.exp(-end)) for end in (logit - half, logit + half))
    return low, high


# --- Engagement -----------------------------------------------------------------------------


def engagement(
    data: Data | Frame, *, as_of: str | dt.date, settings: Engagement | None = None
) -> Frame:
    """Score how engaged each contact is, by its percentile among all of them.

    Parameters
    ----------
    data
        What `open_data` returns, or a row an interaction: customer_id, at, kind.
    as_of
        The day of the analysis, exclusive.
    settings
        Window, half-life and weights: ``Settings().engagement`` by default.

    Returns
    -------
    pandas.DataFrame or ibis.Table
        A row a contact, sorted by customer_id (pandas): customer_id; points (weighted sum of its
        interactions, see `marketing_kpi.stages.engagement`); last_interaction (day; null for a
        contact without any); percentile (0 to 100: the share of contacts with fewer points, and
        half of those with as many). From data with contacts, everyone registered before `as_of`
        has a row; else those with an interaction that counts.

        Data with neither responses nor sessions have no row.

    Examples
    --------
    >>> rows = pd.DataFrame({"customer_id": ["A", "A", "B", "C"],
    ...     "kind": ["click", "visit", "open", "open"], "at": pd.to_datetime(["2025-12-31"] * 4)})
    >>> engagement(rows, as_of="2026-01-01")[["customer_id", "percentile"]].round(1)
      customer_id  percentile
    0           A        83.3
    1           B        33.3
    2           C        33.3
    """
    settings = Engagement() if settings is None else settings
    if isinstance(data, Data):
        table = _all_engaged(data, as_of, settings)
        return _by_customer(table.to_pandas()) if data.from_pandas else table
    found = engagement_points(data, as_of=as_of, **dict(settings))
    ranked = with_columns(
        found, ["points"], lambda t: {"percentile": _percentile(t.points)}, _PERCENTILE
    )
    return ranked if isinstance(ranked, ir.Table) else _by_customer(ranked)


_PERCENTILE = {"percentile": "float64"}
_ENGAGED = {
    "customer_id": "string",
    "points": "float64",
    "last_interaction": "date",
    **_PERCENTILE,
}


def _all_engaged(data: Data, as_of: str | dt.date, settings: Engagement) -> ir.Table:
    done = interactions(data)
    if done is None:
        return ibis.memtable([], schema=_ENGAGED)
    scored = engagement_points(done, as_of=as_of, **dict(settings))
    assert isinstance(scored, ir.Table)  # of a table
    if data.has("contacts"):
        scored = _with_the_silent(scored, data, as_of)
    return scored.mutate(percentile=_percentile(scored.points))


def _with_the_silent(scored: ir.Table, data: Data, as_of: str | dt.date) -> ir.Table:
    """Return a row a contact: those who did nothing have 0 points."""
    contacts = data.table("contacts")
    if "registered_at" in contacts.columns:
        end = midnight(day(as_of, name="as_of"))
        contacts = contacts.filter(contacts.registered_at.isnull() | (contacts.registered_at < end))
    known = contacts.select("customer_id").distinct()
    points = scored.rename(who="customer_id")
    joined = known.left_join(points, known.customer_id == points.who)
    return joined.select(
        "customer_id", points=joined.points.fill_null(0.0), last_interaction="last_interaction"
    )


def uncounted(
    data: Data | Frame, *, as_of: str | dt.date, settings: Engagement | None = None
) -> pd.DataFrame:
    """Count the interactions that no score is made of: those of a kind without a weight.

    Parameters
    ----------
    data, as_of, settings
        As in `engagement`.

    Returns
    -------
    pandas.DataFrame
        A row a kind (null: not stated) that `settings.weights` does not name, the most frequent
        first: kind, interactions (of known contacts, in the window). A kind whose weight is set to
        0 is left out on purpose, and is not here.

    Examples
    --------
    >>> rows = pd.DataFrame({"customer_id": ["A", "A", "B"], "kind": ["click", "like", "like"],
    ...     "at": pd.to_datetime(["2025-12-31"] * 3)})
    >>> uncounted(rows, as_of="2026-01-01")
       kind  interactions
    0  like             2
    """
    settings = Engagement() if settings is None else settings
    done = interactions(data) if isinstance(data, Data) else data
    if done is None:
        return pd.DataFrame([], columns=["kind", "interactions"])
    require(done, ["customer_id", "at", "kind"], "the interactions")
    end = day(as_of, name="as_of")
    since = midnight(end - dt.timedelta(days=settings.window_days))

    def count(table: ir.Table) -> ir.Table:
        at = table["at"].cast("timestamp")
        others = table.filter(
            table.customer_id.notnull(),
            at >= since,
            at < midnight(end),
            table.kind.isnull() | table.kind.notin([*settings.weights]),
        )
        return others.group_by("kind").agg(interactions=others.count())

    columns = ["customer_id", "at", "kind"]
    found = count(done) if isinstance(done, ir.Table) else same_kind(done[columns], count)
    ranked = executed(found).sort_values(["interactions", "kind"], ascending=[False, True])
    return ranked.reset_index(drop=True)


def engagement_counts(scores: Frame) -> pd.DataFrame:
    """Count the contacts by their points, in classes that double.

    Parameters
    ----------
    scores
        What `engagement` returns.

    Returns
    -------
    pandas.DataFrame
        A row a class: over and up_to (points; the first class is 0 points, from null; the last
        has no upper bound, null), contacts, share (fraction; null without contacts).

    Examples
    --------
    >>> engagement_counts(pd.DataFrame({"points": [0.0, 0.3, 0.5, 40.0]})).contacts.tolist()
    [1, 2, 0, 0, 0, 0, 1]
    """
    require(scores, ["points"], "the scores")
    points = executed(scores)["points"].to_numpy(dtype="float64")
    bounds = [-math.inf, 0.0, *ENGAGEMENT_BOUNDS, math.inf]
    counts = [int(((points > low) & (points <= high)).sum()) for low, high in pairwise(bounds)]
    total = len(points) or math.nan
    return pd.DataFrame(
        {
            "over": [None, 0.0, *ENGAGEMENT_BOUNDS],
            "up_to": [0.0, *ENGAGEMENT_BOUNDS, None],
            "contacts": counts,
            "share": [count / total for count in counts],
        }
    )


ENGAGEMENT_BOUNDS = (0.5, 1.0, 2.0, 4.0, 8.0)
"""Points that part the classes of `engagement_counts`; each is in the class below it."""


def _percentile(points: ir.NumericColumn) -> ir.NumericColumn:
    """Return the midrank among all rows, from 0 to 100."""
    below = ibis.rank().over(order_by=points)
    equal = points.count().over(group_by=points)
    total = points.count().over()
    return POINTS * (2 * below + equal) / (2 * total.cast("float64"))


def _by_customer(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.sort_values("customer_id").reset_index(drop=True)


# --- Omnichannel ----------------------------------------------------------------------------


def omnichannel(data: Data, *, start: Day, end: Day) -> pd.DataFrame:
    """Compare customers by the number of sales channels they bought in.

    Parameters
    ----------
    data
        What `open_data` returns; data without customers or channels have no row.
    start, end
        First day, and the day after the last.

    Returns
    -------
    pandas.DataFrame
        A row a number of channels: channels; customers; share (of the customers, fraction), low
        and high (Wilson's 95 % interval); orders_per_customer; net_sales_per_customer with
        net_sales_low and net_sales_high (currency; interval null under 10 customers);
        margin_per_customer with margin_low and margin_high (gross margin of the lines whose cost
        is known; null without costs, and where those of unknown cost made over 5 % of
        the sales); revenue_without_cost (that share, fraction; null without costs). Orders of
        unknown channel or customer are left out. A credit entered as an order lowers net sales and
        margin, and is neither an order nor a use of its channel; an order of amount 0 is both.

    Notes
    -----
    The interval of an average is Hall's, which corrects Student's for the skewness of spending.
    The comparison is not causal: who buys often has more occasions to use two channels. See
    `omnichannel_gap`.

    References
    ----------
    Hall, P. (1992). On the removal of skewness by transformation. Journal of the Royal Statistical
    Society B 54(1), 221-228.
    """
    strata = _channel_strata(data, start, end)
    groups = [(channels, rows) for channels, rows in strata.groupby("channels")]
    total = int(strata["customers"].sum())
    found = [_of_channels(int(str(channels)), rows, total) for channels, rows in groups]
    columns = [
        *("channels", "customers", "share", "low", "high", "orders_per_customer"),
        *("net_sales_per_customer", "net_sales_low", "net_sales_high"),
        *("margin_per_customer", "margin_low", "margin_high", "revenue_without_cost"),
    ]
    return _typed(found, columns, ("channels", "customers"))


class OmnichannelGap(NamedTuple):
    """What customers of several channels spend more than those of one.

    Attributes
    ----------
    gap, low, high
        Difference in net sales a customer, in currency, with its 95 % interval, all customers
        together; null under 10 customers on either side.
    equal_gap, equal_low, equal_high
        The same between customers with as many orders: differences at each number of orders,
        weighted by the customers of several channels there; null under 10 of them on either side.
    compared
        Fraction of the customers of several channels who have a counterpart with as many orders;
        null without any.
    share, share_low, share_high
        The KPI `omnichannel_share`: fraction of the customers who bought in several channels, with
        Wilson's 95 % interval; null without customers.
    strata
        A row a number of orders that both have: orders, single and several (customers),
        single_net_sales and several_net_sales (a customer), gap.
    """

    gap: float | None
    low: float | None
    high: float | None
    equal_gap: float | None
    equal_low: float | None
    equal_high: float | None
    compared: float | None
    share: float | None
    share_low: float | None
    share_high: float | None
    strata: pd.DataFrame


def omnichannel_gap(data: Data, *, start: Day, end: Day) -> OmnichannelGap:
    """Show how much of what omnichannel customers spend more is that they order more often.

    Parameters
    ----------
    data, start, end
        As in `omnichannel`.

    Returns
    -------
    OmnichannelGap
        The plain difference, and the difference at an equal number of orders.

    Notes
    -----
    A customer of one order can use one channel only, one of ten has nine more occasions. At an
    equal number of orders, what is left of the difference is the size of the orders, and even that
    is no effect of the second channel: nobody was assigned to it. Strata with two customers on
    each side count; intervals are normal.
    """
    strata = _channel_strata(data, start, end)
    single, several = strata[strata["channels"] == 1], strata[strata["channels"] >= 2]
    both = _moments(single, ["orders"]).merge(
        _moments(several, ["orders"]), left_index=True, right_index=True, suffixes=("_1", "_2")
    )
    both = both[(both["n_1"] >= 2) & (both["n_2"] >= 2)]
    customers = int(several["customers"].sum())
    plain = _gap(_moments(single, []), _moments(several, []))
    equal = _weighted_gap(both)
    table = pd.DataFrame(
        {
            "orders": both.index.astype("int64"),
            "single": both["n_1"].astype("int64").array,
            "several": both["n_2"].astype("int64").array,
            "single_net_sales": both["mean_1"].array,
            "several_net_sales": both["mean_2"].array,
            "gap": (both["mean_2"] - both["mean_1"]).array,
        }
    )
    compared = float(both["n_2"].sum()) / customers if customers else None
    everyone = int(strata["customers"].sum())
    share = int(several["customers"].sum()) / everyone if everyone else None
    low, high = (None, None) if share is None else wilson(share, everyone)
    return OmnichannelGap(*plain, *equal, compared, share, low, high, table)


_Gap: TypeAlias = "tuple[float | None, float | None, float | None]"


def _gap(single: pd.DataFrame, several: pd.DataFrame) -> _Gap:
    if min(single["n"].sum(), several["n"].sum()) < FEWEST_CUSTOMERS:
        return None, None, None
    gap = float(several["mean"].iloc[0] - single["mean"].iloc[0])
    error = math.sqrt(sum(float((m["var"] / m["n"]).iloc[0]) for m in (single, several)))
    return steady(gap), steady(gap - Z95 * error), steady(gap + Z95 * error)


def _weighted_gap(both: pd.DataFrame) -> _Gap:
    if min(both["n_1"].sum(), both["n_2"].sum()) < FEWEST_CUSTOMERS:
        return None, None, None
    weight = both["n_2"] / both["n_2"].sum()
    gap = float((weight * (both["mean_2"] - both["mean_1"])).sum())
    spread = both["var_1"] / both["n_1"] + both["var_2"] / both["n_2"]
    error = math.sqrt(float((weight**2 * spread).sum()))
    return steady(gap), steady(gap - Z95 * error), steady(gap + Z95 * error)


def _channel_strata(data: Data, start: Day, end: Day) -> pd.DataFrame:
    """Return a row a number of channels and of orders: customers, and their moments.

    Sums are of distances to the mean of all customers, so that cubes keep their digits.
    """
    fact = FACTS["sales"]
    wanted = ["order_id", "customer_id", "ordered_at", "channel", "net_sales", "bought"]
    priced = not missing(fact, ["cost"], data)
    rows = _rows(fact, data, wanted + (["cost"] if priced else []), start, end)
    rows = rows.filter(rows.customer_id.notnull(), rows.channel.notnull())
    known = rows.cost.notnull() if priced else ibis.literal(False)
    # A customer of whom no cost is known earned a known margin of 0: one denominator for all.
    profit = (rows.net_sales - rows.cost).sum().fill_null(0) if priced else ibis.null("float64")
    customers = rows.group_by("customer_id").aggregate(
        channels=rows.channel.nunique(where=rows.bought),
        orders=rows.order_id.nunique(where=rows.bought),
        net_sales=rows.net_sales.sum(),
        margin=profit,
        without_cost=known.ifelse(None, rows.net_sales).sum(),
    )
    customers = customers.filter(customers.orders > 0)
    centred = customers.mutate(
        sales=customers.net_sales,
        **{name: customers[name].cast("float64") for name in ("net_sales", "margin")},
    )
    centred = centred.mutate(
        **{f"{name}_origin": centred[name].mean().over() for name in ("net_sales", "margin")}
    )
    sums: dict[str, ir.Value] = {
        "customers": centred.count(),
        "sales": centred.sales.sum().cast("float64"),
        "without_cost": centred.without_cost.sum().fill_null(0).cast("float64"),
    }
    for name in ("net_sales", "margin"):
        away = centred[name] - centred[f"{name}_origin"]
        sums[f"{name}_origin"] = centred[f"{name}_origin"].max()
        sums[f"{name}_n"] = centred[name].count()
        sums |= {f"{name}_s{power}": (away**power).sum() for power in (1, 2, 3)}
    found = centred.group_by(["channels", "orders"]).aggregate(**sums).to_pandas()
    return _sorted(found, ["channels", "orders"])


def _moments(strata: pd.DataFrame, keys: Sequence[str], measure: str = "net_sales") -> pd.DataFrame:
    """Return n, mean, variance and skewness of a measure, by keys (none: one row)."""
    names = [f"{measure}_{part}" for part in ("n", "s1", "s2", "s3")]
    origin = strata[f"{measure}_origin"].max()
    groups = strata.groupby(list(keys))[names] if keys else None
    sums = strata[names].sum().to_frame().T if groups is None else groups.sum()
    n, s1, s2, s3 = (sums[name].astype("float64") for name in names)
    n = n.where(n > 0)
    mean, second, third = s1 / n, s2 / n, s3 / n
    variance = (second - mean**2).clip(lower=0)
    cubed = third - 3 * mean * second + 2 * mean**3
    spread = variance.where(variance > 0)
    return pd.DataFrame(
        {
            "n": n.fillna(0),
            "mean": origin + mean,
            "var": variance * n / (n - 1).where(n > 1),
            "skewness": (cubed / spread**1.5).fillna(0),
        }
    )


def _of_channels(channels: int, rows: pd.DataFrame, total: int) -> tuple[Any, ...]:
    customers = int(rows["customers"].sum())
    share = customers / total
    orders = float((rows["orders"] * rows["customers"]).sum()) / customers
    sales, margin = (_average(_moments(rows, [], name).iloc[0]) for name in ("net_sales", "margin"))
    unknown = None if margin[0] is None else _without_cost(rows)
    if unknown is not None and unknown > MOST_UNKNOWN:
        margin = (None, None, None)
    counts = (channels, customers, share, *wilson(share, total), orders)
    return *counts, *sales, *margin, unknown


def _without_cost(rows: pd.DataFrame) -> float:
    """Return the part of the sales whose cost is not known."""
    sales, unknown = float(rows["sales"].sum()), float(rows["without_cost"].sum())
    return unknown / sales if sales else 0.0


def _average(moments: Any) -> _Gap:
    """Return a mean and its interval, corrected for skewness (Hall 1992)."""
    n = float(moments["n"])
    if not n:
        return None, None, None
    mean = float(moments["mean"])
    if n < FEWEST_CUSTOMERS:
        return steady(mean), None, None
    variance, skewness = float(moments["var"]), float(moments["skewness"])
    low, high = mean_interval(mean, variance=variance, skewness=skewness, count=n)
    return steady(mean), steady(low), steady(high)


# --- Rows and frames ------------------------------------------------------------------------


def _names(by: By) -> list[str]:
    return [by] if isinstance(by, str) else list(dict.fromkeys(by))


def _rows(
    fact: Fact, data: Data, columns: Collection[str], start: Day, end: Day, by: Sequence[str] = ()
) -> ir.Table:
    """Return the events of a fact in a period; none where the data lack what they are made of."""
    first = None if start is None else day(start, name="start")
    last = None if end is None else day(end, name="end")
    if first and last and first >= last:
        raise ComputeError(
            f"start == {first}, must be before end == {last}", hint="end is the day after the last"
        )
    wanted = list(dict.fromkeys([*columns, *by]))
    if missing(fact, {*columns, fact.time}, data):
        kinds = {name: fact.events[name].type for name in columns}
        return ibis.memtable([], schema={**dict.fromkeys(wanted, "string"), **kinds})
    _check_dimensions(fact, data, by)
    rows = fact.build(data, {*wanted, fact.time})
    if first:
        rows = rows.filter(rows[fact.time] >= midnight(first))
    if last:
        rows = rows.filter(rows[fact.time] < midnight(last))
    return rows.select(*wanted)


def _check_dimensions(fact: Fact, data: Data, names: Sequence[str]) -> None:
    extra = extra_columns(fact, data)
    usable_names = [*(n for n in fact.dimensions if not missing(fact, [n], data)), *extra]
    for name in names:
        if name in fact.dimensions and (lacking := missing(fact, [name], data)):
            raise MissingDataError(
                f"by '{name}' needs {', '.join(lacking)}, which these data do not have",
                hint=f"these data have: {', '.join(data.tables)}",
            )
        if name not in usable_names:
            message, hint = unknown("dimension", name, usable_names, where=f"fact '{fact.name}'")
            raise ComputeError(message, hint=hint)


def _sorted(frame: pd.DataFrame, keys: Sequence[str]) -> pd.DataFrame:
    return (frame.sort_values(list(keys)) if keys else frame).reset_index(drop=True)


def _counted(frame: pd.DataFrame, keys: Sequence[str], counts: Sequence[str]) -> pd.DataFrame:
    return _sorted(frame.astype(dict.fromkeys(["answers", "people", *counts], "int64")), keys)


def _typed(
    rows: Sequence[tuple[Any, ...]], columns: Sequence[str], counts: Sequence[str]
) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=list(columns))
    return frame.astype({name: "int64" if name in counts else "float64" for name in columns})
