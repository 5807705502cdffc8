"""What the customer's voice found, in sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import pandas as pd

from marketing_kpi import voice
from marketing_kpi.kpis.periods import day
from marketing_kpi.plots.retention import why_nothing
from marketing_kpi.plots.sentences.base import Sentence
from marketing_kpi.stages.settings import Engagement
from marketing_kpi.text.locale import Reader, is_absent
from marketing_kpi.text.messages import N_

_KINDS: Mapping[str, str] = MappingProxyType(
    {
        "open": N_("opening"),
        "click": N_("click"),
        "visit": N_("visit"),
        "review": N_("review"),
        "app": N_("use of the app"),
        "service": N_("contact with the service"),
        "session": N_("session on the site"),
    }
)


_MOST_NAMED = 5


def _points(value: Any, reader: Reader) -> str:
    return reader.number(value, decimals=0)


def _in_points(value: Any, reader: Reader) -> str:
    """Return a score with its unit: French has 0 point, English 0 points."""
    _ = reader.translate
    said = _points(value, reader)
    return _.n("{said} point", "{said} points", abs(round(value)), said=said)


def nps(
    scores: pd.DataFrame,
    *,
    lang: str | Reader,
    lacks: Sequence[str] = (),
    aside: int = 0,
    persons: bool = True,
) -> Sentence:
    """Say the net promoter score of all, and how sure it is.

    Parameters
    ----------
    scores
        What `voice.nps` returns without groups.
    lang
        The reader, or a language.
    lacks
        What the data lack, so that nothing can be said; see `voice.lacks`.
    aside
        Answers off the scale, which do not count; see `voice.set_aside`.
    persons
        Whether the data tell who answered, so that the people can be counted.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    row = scores.iloc[0]
    if not row["answers"]:
        nothing = _("Nobody answered the question of recommendation in the period.")
        return Sentence(f"{why_nothing(nothing, lacks, reader)} {_aside(aside, reader)}".strip())
    score = _in_points(row["score"], reader)
    answers = _.n(
        "{count} answer", "{count} answers", row["answers"], count=reader.integer(row["answers"])
    )
    people = _.n(
        "{count} person", "{count} people", row["people"], count=reader.integer(row["people"])
    )
    if persons:
        said = _(
            "NPS: {score}, from {answers} by {people}.", score=score, answers=answers, people=people
        )
    else:
        said = _(
            "NPS: {score}, from {answers}; who gave them is not known.",
            score=score,
            answers=answers,
        )
    if is_absent(row["low"]):
        too_few = _(
            "Under {n} people, one cannot tell more.", n=reader.integer(voice.FEWEST_ANSWERS)
        )
        return Sentence(f"{said} {too_few} {_aside(aside, reader)}".strip())
    sure = _(
        "95% interval: {low} to {high}.",
        low=_points(row["low"], reader),
        high=_points(row["high"], reader),
    )
    return Sentence(f"{said} {sure} {_aside(aside, reader)}".strip())


def _aside(count: int, reader: Reader) -> str:
    _ = reader.translate
    if not count:
        return ""
    return _("Set aside, off the scale: {n}.", n=reader.integer(count))


def nps_groups(
    scores: pd.DataFrame, differences: voice.NpsDifferences, *, by: str, lang: str | Reader
) -> Sentence:
    """Say which groups score lowest and highest, and whether the groups differ at all.

    Parameters
    ----------
    scores
        What `voice.nps` returns by `by`.
    differences
        What `voice.nps_differences` returns of these.
    by
        The column that names the groups.
    lang
        The reader, or a language.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    if by not in scores or differences.p_value is None:
        return Sentence(_("Too few groups with enough answers to compare."))
    ranked = scores.dropna(subset=["low", "high"]).sort_values("score")
    worst, best = ranked.iloc[0], ranked.iloc[-1]
    said = _(
        "Lowest: {worst} ({low}); highest: {best} ({high}).",
        worst=_("unknown") if is_absent(worst[by]) else str(worst[by]),
        low=_in_points(worst["score"], reader),
        best=_("unknown") if is_absent(best[by]) else str(best[by]),
        high=_in_points(best["score"], reader),
    )
    values = {
        "n": reader.integer(differences.groups),
        "p": _p_value(differences.p_value, reader),
    }
    if differences.verdict == "differ":
        sure = _(
            "Tested all at once, the {n} groups differ ({p}); of groups that do not, one such test "
            "in twenty says as much.",
            **values,
        )
    else:
        sure = _(
            "Tested all at once, one cannot tell whether the {n} groups differ ({p}): one must "
            "come out last, if only by chance.",
            **values,
        )
    return Sentence(f"{said} {sure}")


def _p_value(value: float, reader: Reader) -> str:
    smallest = 0.001
    sign = "<" if value < smallest else "="
    return f"p {sign} {reader.number(max(value, smallest), decimals=3)}"


def nps_change(change: voice.NpsChange, *, lang: str | Reader) -> Sentence:
    """Say whether the net promoter score changed between two waves.

    Parameters
    ----------
    change
        What `voice.nps_change` returns.
    lang
        The reader, or a language.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    if change.before is None or change.after is None:
        return Sentence(_("There are not two waves of answers to compare."))
    said = _(
        "NPS: {before}, then {after}, from {n_before} and {n_after} answers.",
        before=_in_points(change.before, reader),
        after=_points(change.after, reader),
        n_before=reader.integer(change.answers_before),
        n_after=reader.integer(change.answers_after),
    )
    if change.low is None:
        return Sentence(f"{said} " + _("Too few answers to tell whether it changed."))
    sure = _(
        "95% interval of the change: {low} to {high} points.",
        low=_points(change.low, reader),
        high=_points(change.high, reader),
    )
    verdicts = {
        "higher": _("It rose."),
        "lower": _("It fell."),
        "cannot_tell": _("One cannot tell whether it changed."),
    }
    both = (
        _("Answered both times: {n}.", n=reader.integer(change.in_both)) if change.in_both else ""
    )
    return Sentence(f"{said} {verdicts[change.verdict]} {sure} {both}".strip())


def csat(
    shares: pd.DataFrame, *, lang: str | Reader, lacks: Sequence[str] = (), aside: int = 0
) -> Sentence:
    """Say the share of satisfied customers, and how sure it is.

    Parameters
    ----------
    shares
        What `voice.csat` returns without groups.
    lang
        The reader, or a language.
    lacks, aside
        As in `nps`.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    row = shares.iloc[0]
    if not row["answers"]:
        nothing = _("Nobody answered the question of satisfaction in the period.")
        return Sentence(f"{why_nothing(nothing, lacks, reader)} {_aside(aside, reader)}".strip())
    said = _(
        "Satisfied (4 or 5 out of 5): {share} of {answers} answers.",
        share=reader.percent(row["share"]),
        answers=reader.integer(row["answers"]),
    )
    if is_absent(row["low"]):
        return Sentence(f"{said} {_aside(aside, reader)}".strip())
    sure = _(
        "95% interval: {low} to {high}.",
        low=reader.percent(row["low"]),
        high=reader.percent(row["high"]),
    )
    return Sentence(f"{said} {sure} {_aside(aside, reader)}".strip())


def reach(found: voice.Reach, *, lang: str | Reader) -> Sentence:
    """Warn of those who did not answer.

    Parameters
    ----------
    found
        What `voice.reach` returns.
    lang
        The reader, or a language.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    if not found.heard or found.share is None:
        return Sentence(_("No buyer of the period is known to have answered."))
    return Sentence(
        _(
            "Buyers of the period: {buyers}; answered: {heard} ({share}). The interval does not "
            "know what the others think: if they differ, the score is off, however many answer.",
            buyers=reader.integer(found.buyers),
            heard=reader.integer(found.heard),
            share=reader.percent(found.share),
        )
    )


def share_of_wallet(
    shares: pd.DataFrame,
    *,
    lang: str | Reader,
    lacks: Sequence[str] = (),
    start: str | None = None,
    end: str | None = None,
    others: pd.DataFrame | None = None,
    outside: float = 0.0,
) -> Sentence:
    """Say the share of wallet, and how it differs from the mean of the members' shares.

    Parameters
    ----------
    shares
        What `voice.share_of_wallet` returns without groups.
    lang
        The reader, or a language.
    lacks
        As in `nps`.
    start, end
        The period asked for, to say which months of it count where it cuts some; None: not said.
    others
        What `voice.other_categories` returns: categories of the panel that are none of ours.
    outside
        What `voice.sales_outside_panel` returns: our sales that are not counted.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    row = shares.iloc[0]
    months = voice.whole_months(start, end) if start and end else None
    if is_absent(row["share"]):
        nothing = _("No panel tells what customers spend elsewhere in the period.")
        if start and end and months is None:
            nothing = _("The period holds no whole month, and the panel tells no days.")
        return Sentence(why_nothing(nothing, lacks, reader))
    said = _(
        "Panel members: {members}. Spent with us: {ours} out of {total}, a share of wallet of "
        "{share}.",
        members=reader.integer(row["members"]),
        ours=reader.money(row["our_sales"], decimals=0),
        total=reader.money(row["spend_total"], decimals=0),
        share=reader.percent(row["share"]),
    )
    if not is_absent(row["low"]):
        said += " " + _(
            "95% interval: {low} to {high}.",
            low=reader.percent(row["low"]),
            high=reader.percent(row["high"]),
        )
    mean = _(
        "The mean of their own shares is {mean}: it is another number.",
        mean=reader.percent(row["mean_of_shares"]),
    )
    warnings = [*_too_high(row, reader), *_left_out(others, reader)]
    if outside > 0:
        warnings.append(
            _("What we sold to them in months and categories that the panel does not have is left "
              "out: {amount}.", amount=reader.money(outside, decimals=0))
        )  # fmt: skip
    asked = (day(start, name="start"), day(end, name="end")) if start and end else None
    if months is not None and months != asked:
        period = reader.date_range(*months)
        warnings.append(_("Only whole months count: {period}.", period=period))
    return Sentence(" ".join([said, mean, *warnings]))


def _too_high(row: pd.Series[Any], reader: Reader) -> list[str]:
    """Say how many members of a panel spend more with us than it says that they spend."""
    _ = reader.translate
    if not row["members_above"]:
        return []
    return [
        _(
            "Members who spent more with us than the panel says they spent in all: {n}. The panel "
            "misses purchases or puts them in other categories than ours: the share is too high.",
            n=reader.integer(row["members_above"]),
        )
    ]


def _left_out(others: pd.DataFrame | None, reader: Reader) -> list[str]:
    _ = reader.translate
    if others is None or others.empty:
        return []
    shown = others["category"].iloc[:_MOST_NAMED]
    names = [_("unknown") if is_absent(name) else str(name) for name in shown]
    names += ["…"] if len(others) > _MOST_NAMED else []
    return [
        _(
            "Left out, since none of our products is in them: {names}, or {share} of what the "
            "panel spends.",
            names=", ".join(names),
            share=reader.percent(others["share"].sum()),
        )
    ]


def largest_prize(
    prize: pd.DataFrame, *, by: str, lang: str | Reader, represents: float = 1.0
) -> Sentence:
    """Say where there is the most to win.

    Parameters
    ----------
    prize
        What `voice.size_of_prize` returns.
    by
        The column that names the groups.
    lang
        The reader, or a language.
    represents
        That of `voice.size_of_prize`: how many customers a member stands for.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    known = prize.dropna(subset=["prize", "prize_low"])
    if by not in prize or known.empty or not known["prize"].iloc[0] > 0:
        return Sentence(_("No group lies below the target with enough members to tell."))
    row = known.iloc[0]
    said = _(
        "The largest prize is {group}: {prize} over the period, if its share rose from {share} to "
        "{target}.",
        group=str(row[by]),
        prize=reader.money(row["prize"], decimals=0),
        share=reader.percent(row["share"]),
        target=reader.percent(row["target"]),
    )
    sure = _(
        "95% interval: {low} to {high}.",
        low=reader.money(row["prize_low"], decimals=0),
        high=reader.money(row["prize_high"], decimals=0),
    )
    if represents == 1:
        scope = _("This is among the panel members alone.")
    else:
        scope = _("Each panel member stands for {n} customers.", n=_weight(represents, reader))
    limit = _("It is what there is to win, not what will be won.")
    return Sentence(f"{said} {sure} {scope} {limit}")


def engagement(
    scores: pd.DataFrame,
    *,
    lang: str | Reader,
    settings: Engagement | None = None,
    uncounted: pd.DataFrame | None = None,
) -> Sentence:
    """Say how many contacts had an interaction that counts, and what the middle one scores.

    Parameters
    ----------
    scores
        What `voice.engagement` returns.
    lang
        The reader, or a language.
    settings
        Those it was made with, to say how points are counted; None: not said.
    uncounted
        What `voice.uncounted` returns: interactions of kinds without a weight.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    if scores.empty:
        return Sentence(_("The data record no interactions of contacts."))
    active = int((scores["points"] > 0).sum())
    parts = [
        _(
            "Of {contacts} contacts, {active} ({share}) had an interaction that counts in the "
            "window. Points of the contact in the middle: {median}; of the one at the 90th "
            "percentile: {high}.",
            contacts=reader.integer(len(scores)),
            active=reader.integer(active),
            share=reader.percent(active / len(scores)),
            median=reader.number(scores["points"].median(), decimals=2),
            high=reader.number(scores["points"].quantile(0.9), decimals=2),
        )
    ]
    if settings is not None:
        heaviest_first = sorted(settings.weights.items(), key=lambda one: (-one[1], one[0]))
        weights = [
            f"{_(_KINDS[kind])} {_weight(weight, reader)}" for kind, weight in heaviest_first
        ]
        parts.append(
            _(
                "What counts: interactions of the last {window}, halved every {half}, weighted by "
                "kind ({weights}).",
                window=reader.days(settings.window_days),
                half=reader.days(settings.half_life_days),
                weights=", ".join(weights),
            )
        )
    if uncounted is not None and len(uncounted):
        kinds = [
            f"{_('unknown') if is_absent(kind) else kind} {reader.integer(count)}"
            for kind, count in zip(uncounted["kind"], uncounted["interactions"], strict=True)
        ]
        said = _("Not counted, of a kind without a weight: {kinds}.", kinds=", ".join(kinds))
        parts.append(said)
    return Sentence(" ".join(parts))


def _weight(value: float, reader: Reader) -> str:
    return reader.number(value, decimals=0 if value == int(value) else 1)


def omnichannel(
    gap: voice.OmnichannelGap, *, lang: str | Reader, lacks: Sequence[str] = ()
) -> Sentence:
    """Say what customers of several channels are worth, and why that is no effect.

    Parameters
    ----------
    gap
        What `voice.omnichannel_gap` returns.
    lang
        The reader, or a language.
    lacks
        As in `nps`.
    """
    reader = Reader.of(lang)
    _ = reader.translate

    def money(value: Any) -> str:
        return reader.money(value, decimals=0)

    if gap.share is None:
        return Sentence(why_nothing(_("No customers to show."), lacks, reader))
    share = _(
        "Of the customers, {share} bought in several channels (95% interval: {low} to {high}).",
        share=reader.percent(gap.share),
        low=reader.percent(gap.share_low),
        high=reader.percent(gap.share_high),
    )
    if gap.gap is None:
        few = _("Too few customers of one and of several channels to compare.")
        return Sentence(f"{share} {few}")
    values = {"gap": money(abs(gap.gap)), "low": money(gap.low), "high": money(gap.high)}
    if gap.gap >= 0:
        said = _(
            "A customer of several channels spends {gap} more than one of a single channel "
            "(95% interval: {low} to {high}).",
            **values,
        )
    else:
        said = _(
            "A customer of several channels spends {gap} less than one of a single channel "
            "(95% interval of the difference: {low} to {high}).",
            **values,
        )
    if gap.equal_gap is None:
        equal = _("Too few have as many orders as each other to compare at an equal number.")
    else:
        equal = _(
            "Between customers with as many orders, the difference is {gap} ({low} to {high}); "
            "this compares {compared} of the customers of several channels.",
            compared=reader.percent(gap.compared),
            gap=money(gap.equal_gap),
            low=money(gap.equal_low),
            high=money(gap.equal_high),
        )
    warning = _(
        "Who orders more often has more occasions to use two channels: nothing here says that a "
        "second channel makes a customer spend more; only a test could."
    )
    return Sentence(f"{share} {said} {equal} {warning}")
