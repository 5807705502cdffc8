"""The design of a test: draw the control, and check that what was drawn is what is there."""

from __future__ import annotations

import datetime as dt
import hashlib
import math
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Literal, NamedTuple, TypeAlias

import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
import pandas as pd

from marketing_kpi.data.model import Data
from marketing_kpi.errors import ComputeError, DataError, suggest, unknown
from marketing_kpi.kpis.facts.campaigns import CONTROL, WINDOW_DAYS, members_of, starts
from marketing_kpi.kpis.frames import Frame, executed, in_engine, require, same_kind
from marketing_kpi.text.messages import N_
from marketing_kpi.trials import rates, sums
from marketing_kpi.trials.checks import check_alpha, is_number, require_members
from marketing_kpi.trials.power import HABITUAL_SHARE

SplitVerdict: TypeAlias = Literal["as_expected", "differs", "cannot_tell"]
SplitMethod: TypeAlias = Literal["chi_squared", "exact"]

TREATMENT = "treatment"
SPLIT_ALPHA = 0.01
"""Level of the split check: with a campaign a month, one false alarm in eight years."""

BALANCE_ALPHA = 0.05
FEW_EXPECTED = 10
"""Members expected in an arm under which the split is tested exactly."""

NOTES: Mapping[str, str] = MappingProxyType(
    {
        "no_expected_shares": N_(
            "The shares that were meant are not given: any split could be the one that was drawn."
        ),
        "few_members": N_("There are too few members for the check to find a difference."),
        "unknown_arm": N_("Members without an arm were left out."),
        "repeated_customers": N_("Some customers are there more than once."),
    }
)
"""What `split_check` may note, by id."""

_HASHED_BITS = 53  # those of a float's fraction: the hash becomes a number from 0 to 1 exactly


# --- Drawing --------------------------------------------------------------------------------


def draw(
    customers: Frame,
    *,
    control_share: float = HABITUAL_SHARE,
    strata: str | Sequence[str] = (),
    season: str | None = None,
    rng: np.random.Generator | None = None,
) -> Frame:
    """Draw the control of a campaign, or of a season of campaigns.

    Parameters
    ----------
    customers
        A row a customer: customer_id, and the columns of `strata`.
    control_share
        Share of the control, between 0 and 1.
    strata
        Columns in whose groups the control has that share too, such as a segment: the arms are
        then alike in what tells most about the outcome.
    season
        A name, such as ``"2026"``: each customer's arm is then made of it and of customer_id
        alone, so that it stays the same all season, on every machine and whoever joins. Another
        name draws anew.
    rng
        For a draw of its own: ``numpy.random.default_rng(7)`` repeats it. Either `season` or `rng`
        is needed: a draw that cannot be repeated cannot be checked.

        Each customer keeps the same chance whatever their number: of very few, all may be treated.

    Returns
    -------
    pandas.DataFrame or ibis.Table
        customer_id, arm (``"control"`` or ``"treatment"``) and the columns of `strata`, by
        customer_id; of the kind that was given.

    Raises
    ------
    ComputeError
        When the share is not between 0 and 1; when neither or both of `season` and `rng` are
        given, or `season` with `strata`: what a customer's arm is made of cannot then balance
        groups too; when `strata` names customer_id or arm.
    DataError
        When a customer_id is missing, there more than once, or of another type than others.

    Notes
    -----
    With `rng`, customers are put in random order within their stratum, one stratum after the
    other, and every so many of them goes to the control from a random start on. Each customer has
    exactly the probability `control_share`, and the control of each stratum, and of all together,
    is within one customer of that share: small strata do not add up to a wrong total. With
    `season`, each customer is drawn alone, by SHA-256, and shares vary as a coin's do.

    Examples
    --------
    >>> people = pd.DataFrame({"customer_id": [f"C{n:02}" for n in range(20)],
    ...                        "segment": ["new"] * 10 + ["loyal"] * 10})
    >>> drawn = draw(people, control_share=0.2, strata="segment", rng=np.random.default_rng(1))
    >>> drawn.groupby("segment")["arm"].value_counts().unstack()
    arm      control  treatment
    segment
    loyal          2          8
    new            2          8
    """
    names = [strata] if isinstance(strata, str) else list(strata)
    require(customers, ["customer_id", *names], "customers")
    _check_draw(control_share, names, season, rng)
    picked = executed(_with(customers, ["customer_id", *names]))
    _check_ids(picked["customer_id"])
    picked = picked.sort_values("customer_id", kind="stable").reset_index(drop=True)
    if rng is None:
        chosen = _hashed(picked["customer_id"], str(season)) < control_share
    else:
        chosen = _every_so_many(picked[names], control_share, rng)
    arms = pd.Series(np.where(chosen, CONTROL, TREATMENT), index=picked.index, dtype="str")
    drawn = picked.assign(arm=arms)[["customer_id", "arm", *names]]
    return drawn if isinstance(customers, pd.DataFrame) else in_engine(drawn)


def _with(rows: Frame, names: Sequence[str]) -> Frame:
    return rows[list(names)] if isinstance(rows, pd.DataFrame) else rows.select(*names)


def _hashed(ids: pd.Series[Any], season: str) -> npt.NDArray[np.float64]:
    """Return a number from 0 to 1 for each id: the first bits of its hash with the season."""
    salt = season.encode()
    digests = (hashlib.sha256(salt + b"\0" + text_of(id).encode()).digest()[:8] for id in ids)
    bits = (int.from_bytes(digest, "big") >> (64 - _HASHED_BITS) for digest in digests)
    numbers = np.fromiter(bits, dtype="float64", count=len(ids))
    shares: npt.NDArray[np.float64] = np.ldexp(numbers, -_HASHED_BITS)
    return shares


def text_of(value: Any) -> str:
    """Return what names an arm or a customer, as text.

    A column of whole numbers in which one is missing comes as floats, and 1.0 is to be 1.
    """
    if isinstance(value, bool | np.bool_):
        return str(value).lower()
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    return str(value)


def _every_so_many(
    strata: pd.DataFrame, share: float, rng: np.random.Generator
) -> npt.NDArray[np.bool_]:
    """Return who is drawn, by systematic sampling in random order within strata."""
    size = len(strata)
    order = rng.permutation(size)
    if not strata.columns.empty:
        group = strata.groupby(list(strata.columns), dropna=False, sort=True).ngroup().to_numpy()
        order = order[np.argsort(group[order], kind="stable")]
    marks = np.floor(np.arange(size + 1) * share + rng.random())
    chosen = np.empty(size, dtype=bool)
    chosen[order] = np.diff(marks) > 0
    return chosen


def _check_draw(
    share: float, strata: Sequence[str], season: str | None, rng: np.random.Generator | None
) -> None:
    if not 0 < share < 1:
        raise ComputeError(
            f"control_share == {share}, must be between 0 and 1", hint="10 % is written 0.10"
        )
    if rng is not None and not isinstance(rng, np.random.Generator):
        raise ComputeError(
            f"rng == {rng!r}, must be a generator", hint=f"rng=numpy.random.default_rng({rng!r})"
        )
    for name in ("customer_id", "arm"):
        if name in strata:
            raise ComputeError(f"strata names '{name}', which is a column of what draw returns")
    if (season is None) == (rng is None):
        raise ComputeError(
            "draw takes either season or rng, so that the draw can be repeated",
            hint='season="2026" keeps the same control all season; rng=numpy.random.default_rng(7)',
        )
    if season is not None and strata:
        raise ComputeError(
            "season and strata exclude each other: an arm made of customer_id alone cannot "
            "balance groups",
            hint="draw with rng and strata once, and keep the table for the season",
        )


def _check_ids(ids: pd.Series[Any]) -> None:
    if ids.isna().any():
        raise DataError(f"{int(ids.isna().sum())} customers have no customer_id: none can be drawn")
    kinds = sorted({type(id).__name__ for id in ids}) if ids.dtype == object else []
    if len(kinds) > 1:
        raise DataError(
            f"customer_id holds values of several types ({', '.join(kinds)}), must be of one",
            hint="for instance customers.astype({'customer_id': 'str'})",
        )
    repeated = ids[ids.duplicated()]
    if len(repeated):
        raise DataError(
            f"{len(repeated)} rows repeat a customer_id, such as {repeated.iloc[0]!r}",
            hint="draw from a row a customer: customers.drop_duplicates('customer_id')",
        )


# --- Was it drawn as meant? -----------------------------------------------------------------


class SplitCheck(NamedTuple):
    """Whether the arms have the sizes that were meant: the sample-ratio test.

    Attributes
    ----------
    counts
        Members of each arm, by name.
    shares
        The same as fractions of all members.
    expected
        Members meant for each arm, by name; null without expected shares.
    statistic, degrees_of_freedom
        Chi-squared; null where the test is exact or nothing is expected.
    p_value
        Probability of a split at least so far from what was meant; null without expected shares.
    method
        ``"chi_squared"``, or ``"exact"`` where fewer than 10 members are expected in an arm; null
        without expected shares.
    verdict
        ``"differs"`` if p < alpha: find out why before you read any result. ``"as_expected"``
        otherwise; ``"cannot_tell"`` without expected shares or members.
    alpha
        Level of the verdict.
    notes
        Ids of `NOTES`.
    """

    counts: Mapping[str, int]
    shares: Mapping[str, float]
    expected: Mapping[str, float] | None
    statistic: float | None
    degrees_of_freedom: int | None
    p_value: float | None
    method: SplitMethod | None
    verdict: SplitVerdict
    alpha: float
    notes: tuple[str, ...]


def split_check(
    members: Frame,
    *,
    arm: str = "arm",
    expected: Mapping[str, float] | None = None,
    alpha: float = SPLIT_ALPHA,
) -> SplitCheck:
    r"""Test whether the arms have the sizes that were meant.

    Parameters
    ----------
    members
        A row a member; with customer_id, customers who are there twice are noted.
    arm
        The column that names the arm.
    expected
        Arm to its share, or to any weight above 0: ``{"control": 0.1, "treatment": 0.9}`` and
        ``{"control": 1, "treatment": 9}`` are the same. None: nothing is known of the design, and
        so nothing is tested; a split of 90 to 10 is then no fault.
    alpha
        Level of the verdict, between 0 and 1.

    Returns
    -------
    SplitCheck

    Raises
    ------
    ComputeError
        When `expected` is no mapping, a weight is not above 0, alpha not between 0 and 1, or the
        arms expected are not those that are there; an arm expected without any member is counted
        as 0.
    ColumnError
        When a column is missing.

    Notes
    -----
    Pearson's :math:`\sum (O - E)^2 / E` on one degree of freedom fewer than arms. Where an
    expected count is under 10 the test is exact: binomial for two arms; for more, the smallest
    of the arms' binomial p, times their number.

    References
    ----------
    Fabijan, A. et al. (2019). Diagnosing sample ratio mismatch in online controlled experiments.
    Proceedings of the 25th ACM SIGKDD Conference.

    Examples
    --------
    >>> mailed = pd.DataFrame({"arm": ["control"] * 367 + ["treatment"] * 3300})
    >>> check = split_check(mailed, expected={"control": 0.1, "treatment": 0.9})
    >>> check.verdict, round(check.p_value, 3)
    ('as_expected', 0.987)
    >>> split_check(mailed, expected={"control": 0.2, "treatment": 0.8}).verdict
    'differs'
    """
    check_alpha(alpha)
    counts, notes = _counted(members, arm)
    total = sum(counts.values())
    meant = None if expected is None else _meant(counts, expected)
    if meant is not None:
        counts = {name: counts.get(name, 0) for name in meant}
    shares = {name: count / total for name, count in counts.items()} if total else {}
    if meant is None or not total:
        reason = ("no_expected_shares",) if meant is None else ("few_members",)
        return SplitCheck(
            counts, shares, None, None, None, None, None, "cannot_tell", alpha, (*notes, *reason)
        )
    wanted = {name: share * total for name, share in meant.items()}
    statistic, p_value = _split_p(
        np.array([*counts.values()]), np.array([*meant.values()], dtype=float)
    )
    return SplitCheck(
        counts=counts,
        shares=shares,
        expected=wanted,
        statistic=statistic,
        degrees_of_freedom=None if statistic is None else len(counts) - 1,
        p_value=p_value,
        method="exact" if statistic is None else "chi_squared",
        verdict="differs" if p_value < alpha else "as_expected",
        alpha=alpha,
        notes=(*notes, *(("few_members",) if _never_differs(meant, total, alpha) else ())),
    )


def _counted(members: Frame, arm: str) -> tuple[dict[str, int], list[str]]:
    """Return the members of each arm, by name, and what is odd about them."""
    require_members(members, [arm])
    has_ids = "customer_id" in members.columns

    def query(rows: ir.Table) -> ir.Table:
        customers = rows.customer_id.nunique() if has_ids else rows.count()
        known = rows.customer_id.count() if has_ids else rows.count()
        by_arm = rows.group_by(_arm=sums.told(rows[arm])).aggregate(members=rows.count())
        of_all = rows.aggregate(customers=customers, known=known)
        return by_arm.cross_join(of_all)

    wanted = [arm, *(["customer_id"] if has_ids else [])]
    chosen = _with(members, wanted)
    found = executed(same_kind(chosen, query))
    found["_arm"] = found["_arm"].map(text_of, na_action="ignore")
    known = found[found["_arm"].notna()].sort_values("_arm")
    counts = dict(zip(known["_arm"], known["members"].astype(int).tolist(), strict=True))
    notes = ["unknown_arm"] if len(known) < len(found) else []
    if len(found) and found["customers"].iloc[0] < found["known"].iloc[0]:
        notes.append("repeated_customers")
    return counts, notes


def _meant(counts: Mapping[str, int], expected: Mapping[str, float]) -> dict[str, float]:
    """Return the expected share of each arm, in the order of their names."""
    if not isinstance(expected, Mapping):
        raise ComputeError(
            f"expected == {expected!r}, must give each arm its share",
            hint='expected={"control": 0.1, "treatment": 0.9}',
        )
    weights = {text_of(name): weight for name, weight in expected.items()}
    if len(weights) < 2:
        raise ComputeError(
            f"expected names {len(weights)} arm, must name two or more",
            hint='expected={"control": 0.1, "treatment": 0.9}',
        )
    for name, weight in weights.items():
        if not (is_number(weight) and weight > 0 and math.isfinite(weight)):
            raise ComputeError(f"expected['{name}'] == {weight!r}, must be above 0")
    for name in counts:
        if name not in weights:
            close = suggest(name, weights)
            raise ComputeError(
                f"arm '{name}' has members, but no share in expected"
                + (f"; is it '{close}'?" if close else ""),
                hint=f"expected has: {', '.join(sorted(weights))}",
            )
    total = float(sum(weights.values()))
    return {name: weights[name] / total for name in sorted(weights)}


def _split_p(
    counts: npt.NDArray[np.int64], shares: npt.NDArray[np.float64]
) -> tuple[float | None, float]:
    """Return the statistic, null where the test is exact, and its p."""
    from scipy import stats

    total = int(counts.sum())
    expected = shares * total
    if expected.min() >= FEW_EXPECTED:
        statistic = float(((counts - expected) ** 2 / expected).sum())
        return statistic, float(stats.chi2.sf(statistic, len(counts) - 1))
    if len(counts) == 2:
        return None, float(stats.binomtest(int(counts[0]), total, float(shares[0])).pvalue)
    each = (
        stats.binomtest(int(count), total, float(share)).pvalue
        for count, share in zip(counts, shares, strict=True)
    )
    return None, min(1.0, len(counts) * float(min(each)))


def _never_differs(shares: Mapping[str, float], total: int, alpha: float) -> bool:
    """Return whether no split of so few members would differ, not even all in one arm."""
    return all(share**total >= alpha for share in shares.values())


# --- Are the arms alike? --------------------------------------------------------------------


def balance(
    members: Frame,
    *,
    columns: str | Sequence[str],
    arm: str = "arm",
    control: Any = CONTROL,
) -> pd.DataFrame:
    r"""Compare what members were before the campaign: were the arms alike?

    Parameters
    ----------
    members
        A row a member: pandas, or an Ibis table.
    columns
        What was known before the campaign: numbers (revenue_before) or groups (region). What the
        campaign may have changed has no place here.
    arm, control
        The column that names the arm, and the arm that was not contacted.

    Returns
    -------
    pandas.DataFrame
        A row a treatment arm, column and value of a group: column; value (null for a number); arm;
        control_mean, treatment_mean (shares for a group); difference; standardised_difference, in
        standard deviations (null where nothing varies); p_value (null for a number that does
        not vary); p_adjusted, after Holm for all rows; is_balanced, whether it is not under 0.05.
        In the order of `columns`.

    Raises
    ------
    ColumnError, ComputeError
        When a column or the control is not there.

    Notes
    -----
    The standardised difference is :math:`(\bar{x}_1 - \bar{x}_0) / \sqrt{(s_1^2 + s_0^2) / 2}`.
    With a small control it is often beyond the usual 0.1 by chance alone, which p takes into
    account (Welch's t for numbers; for a value against the others, that of rates). Arms drawn
    at random need no adjustment: a difference here is chance, or a fault in drawing.

    References
    ----------
    Austin, P. C. (2009). Balance diagnostics for comparing the distribution of baseline covariates
    between treatment groups in propensity-score matched samples. Statistics in Medicine 28(25).

    Examples
    --------
    >>> people = pd.DataFrame({"arm": ["control"] * 4 + ["treatment"] * 4,
    ...                        "orders_before": [0, 1, 2, 3, 0, 1, 3, 4]})
    >>> row = balance(people, columns="orders_before").iloc[0]
    >>> print(row.difference, row.standardised_difference.round(2), row.p_value.round(2))
    0.5 0.32 0.67
    """
    names = [columns] if isinstance(columns, str) else list(columns)
    require_members(members, [arm, *names])
    rows: list[dict[str, Any]] = []
    for name in names:
        rows += _balance_of(members, name, arm, text_of(control))
    table = pd.DataFrame(rows, columns=list(_BALANCE))
    adjusted = _holm(table["p_value"].to_numpy(dtype=float))
    return table.assign(p_adjusted=adjusted, is_balanced=~(adjusted < BALANCE_ALPHA))


_BALANCE = (
    "column",
    "value",
    "arm",
    "control_mean",
    "treatment_mean",
    "difference",
    "standardised_difference",
    "p_value",
)


class _Side(NamedTuple):
    """One arm of a row of `balance`."""

    n: float
    mean: float
    variance: float


def _balance_of(members: Frame, name: str, arm: str, control: str) -> list[dict[str, Any]]:
    is_number = _is_number(members, name)
    sides = _numbers(members, name, arm) if is_number else _shares(members, name, arm)
    arms = sorted({key[0] for key in sides})
    if control not in arms:
        message, hint = unknown("arm", control, arms, where=f"column '{arm}'")
        raise ComputeError(message, hint=hint)
    values = sorted({key[1] for key in sides}, key=str)
    return [
        {
            "column": name,
            "value": value,
            "arm": other,
            **_difference(sides[control, value], sides[other, value], is_number=is_number),
        }
        for other in arms
        if other != control
        for value in values
    ]


def _is_number(members: Frame, name: str) -> bool:
    if isinstance(members, pd.DataFrame):
        return pd.api.types.infer_dtype(members[name], skipna=True) in {
            "integer", "floating", "mixed-integer-float", "boolean", "decimal",
        }  # fmt: skip
    kind = members[name].type()
    return bool(kind.is_numeric() or kind.is_boolean())


def _numbers(members: Frame, name: str, arm: str) -> dict[tuple[str, Any], _Side]:
    found = sums.moments(members, arm=arm, columns=[name])
    sides = {}
    for each in found:
        if each.name is None:
            continue
        mean, m2 = float(each.joint.mean[0]), float(each.joint.m2[0, 0])
        n = each.members
        sides[text_of(each.name), None] = _Side(n, mean, m2 / (n - 1) if n > 1 else math.nan)
    return sides


def _shares(members: Frame, name: str, arm: str) -> dict[tuple[str, Any], _Side]:
    """Return each value's share of the members of an arm; those without a value are left out."""
    chosen = (
        members[[arm, name]] if isinstance(members, pd.DataFrame) else members.select(arm, name)
    )

    def query(rows: ir.Table) -> ir.Table:
        in_arm = rows.filter(sums.told(rows[arm]).notnull())
        keys = {"_arm": in_arm[arm], "_value": in_arm[name].cast("string")}
        return in_arm.group_by(**keys).aggregate(members=in_arm[name].count())

    found = executed(same_kind(chosen, query))
    table = found.pivot_table(index="_arm", columns="_value", values="members", fill_value=0)
    table = table.reindex(found["_arm"].unique(), fill_value=0)  # also arms without a value
    sides = {}
    for each, counts in table.iterrows():
        n = float(counts.sum())
        for value, count in counts.items():
            share = float(count) / n if n else math.nan
            spread = share * (1 - share) * n / (n - 1) if n > 1 else math.nan
            sides[text_of(each), value] = _Side(n, share, spread)
    return sides


def _difference(control: _Side, treatment: _Side, *, is_number: bool) -> dict[str, float]:
    difference = treatment.mean - control.mean
    spread = math.sqrt((control.variance + treatment.variance) / 2)
    return {
        "control_mean": control.mean,
        "treatment_mean": treatment.mean,
        "difference": difference,
        "standardised_difference": difference / spread if spread > 0 else math.nan,
        "p_value": (_welch_p if is_number else _share_p)(control, treatment),
    }


def _welch_p(control: _Side, treatment: _Side) -> float:
    from scipy import stats

    errors = [side.variance / side.n for side in (control, treatment)]
    if not sum(errors) > 0:
        return math.nan
    df = sum(errors) ** 2 / sum(
        error**2 / (side.n - 1) for error, side in zip(errors, (control, treatment), strict=True)
    )
    t = abs(treatment.mean - control.mean) / math.sqrt(sum(errors))
    return float(2 * stats.t.sf(t, df))


def _share_p(control: _Side, treatment: _Side) -> float:
    if not (control.n and treatment.n):
        return math.nan
    x1, x0 = (round(side.mean * side.n) for side in (treatment, control))
    return float(rates.p_value(x1, treatment.n, x0, control.n))


def _holm(p_values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return p adjusted after Holm; what has no p is no test."""
    known = np.flatnonzero(~np.isnan(p_values))
    order = known[np.argsort(p_values[known], kind="stable")]
    factors = np.arange(len(order), 0, -1)
    adjusted = np.full(len(p_values), np.nan)
    adjusted[order] = np.minimum(np.maximum.accumulate(p_values[order] * factors), 1.0)
    return adjusted


# --- Who was in two campaigns? --------------------------------------------------------------


def overlap(data: Data, *, campaign: str, window_days: int = WINDOW_DAYS) -> pd.DataFrame:
    """Find the campaigns that members of one were in at the same time.

    Parameters
    ----------
    data
        What `open_data` returns, with campaign_members.
    campaign
        A campaign_id.
    window_days
        Days from the first contact of a campaign on in which it may act.

    Returns
    -------
    pandas.DataFrame
        A row another campaign whose window shares days with that of `campaign`, by campaign_id:
        campaign_id, start, days_shared; control_n, treatment_n (members of `campaign`);
        control_also, treatment_also (those of them whom the other one treats); control_share,
        treatment_share (as fractions of their arm, null for an empty one); p_value of their
        difference (null too). Empty without any. Always pandas, since it is small.

    Raises
    ------
    DataError
        When the campaign has no members.

    Notes
    -----
    That many were in another campaign does not spoil a test, as long as both arms were alike: the
    effect is then what the campaign adds to the other. Shares that differ mean that the other
    campaign's effect is in the difference.
    """
    listed = members_of(data)
    begun = starts(listed, data)
    begun = begun.filter(begun.begins.notnull())
    windows = {
        row["campaign_id"]: row["begins"].date()
        for row in data.connection.to_pyarrow(begun).to_pylist()
    }
    if campaign not in windows:
        message, hint = unknown("campaign", campaign, windows, where="campaign_members")
        raise DataError(message, hint=hint)
    near = _near(windows, campaign, window_days)
    found = _together(listed, campaign, list(near)) if near else {}
    rows = [
        {
            "campaign_id": other,
            "start": windows[other],
            "days_shared": near[other],
            **_exposure(found[other]),
        }
        for other in sorted(near)
    ]
    return pd.DataFrame(rows, columns=list(_OVERLAP))


_OVERLAP = (
    "campaign_id",
    "start",
    "days_shared",
    "control_n",
    "treatment_n",
    "control_also",
    "treatment_also",
    "control_share",
    "treatment_share",
    "p_value",
)


def _near(windows: Mapping[str, dt.date], campaign: str, window_days: int) -> dict[str, int]:
    """Return the other campaigns whose windows share days with one, and how many."""
    apart = {other: abs((day - windows[campaign]).days) for other, day in windows.items()}
    return {
        other: window_days - days
        for other, days in apart.items()
        if other != campaign and days < window_days
    }


def _together(listed: ir.Table, campaign: str, others: Sequence[str]) -> dict[str, dict[str, int]]:
    """Count the members of a campaign, by arm, and those of them whom others treat."""
    own = listed.filter(listed.campaign_id == campaign)
    own = own.select("customer_id", is_control=own.arm == CONTROL)
    sizes = own.aggregate(control_n=own.is_control.sum(), treatment_n=(~own.is_control).sum())
    there = listed.filter(listed.campaign_id.isin(others), listed.arm != CONTROL)
    there = there.select(other="campaign_id", who="customer_id").distinct()
    both = own.inner_join(there, own.customer_id == there.who)
    also = both.group_by("other").aggregate(
        control_also=both.is_control.sum(), treatment_also=(~both.is_control).sum()
    )
    (size,) = sizes.to_pyarrow().to_pylist()
    counted = {row.pop("other"): row for row in also.to_pyarrow().to_pylist()}
    nobody = {"control_also": 0, "treatment_also": 0}
    return {other: {**size, **counted.get(other, nobody)} for other in others}


def _exposure(counts: Mapping[str, int]) -> dict[str, float]:
    n0, n1 = counts["control_n"], counts["treatment_n"]
    x0, x1 = counts["control_also"], counts["treatment_also"]
    return {
        **counts,
        "control_share": x0 / n0 if n0 else math.nan,
        "treatment_share": x1 / n1 if n1 else math.nan,
        "p_value": float(rates.p_value(x1, n1, x0, n0)),
    }
