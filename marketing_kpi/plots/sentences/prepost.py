"""What before–after analysis found, in sentences."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

from marketing_kpi import prepost
from marketing_kpi.plots import intervals
from marketing_kpi.plots.prepost import NOTHING, amount, outcome_name
from marketing_kpi.plots.sentences.base import Sentence
from marketing_kpi.quasi_experiments import (
    chooser,
    differences,
    periods,
    placebo,
    regression,
    series,
    trends,
)
from marketing_kpi.quasi_experiments.conclusion import DOUBTS
from marketing_kpi.quasi_experiments.study import PROBLEMS
from marketing_kpi.text import counted
from marketing_kpi.text.locale import Reader, is_absent
from marketing_kpi.text.messages import N_

_VERDICTS: Mapping[str, str] = MappingProxyType(
    {
        "higher": N_("{outcome}: a rise of {effect} {each} through the action ({interval})."),
        "lower": N_("{outcome}: a fall of {effect} {each} through the action ({interval})."),
    }
)
_SINCE: Mapping[str, str] = MappingProxyType(
    {
        "higher": N_("{outcome}: a rise of {effect} {each} since the action ({interval})."),
        "lower": N_("{outcome}: a fall of {effect} {each} since the action ({interval})."),
    }
)
"""The same of one series alone, which does not tell the action from the rest."""
_BEYOND: Mapping[str, str] = MappingProxyType(
    {
        "higher": N_(
            "{outcome}: a rise of {effect} {each} beyond what was expected ({interval}), of which "
            "the method makes a part itself."
        ),
        "lower": N_(
            "{outcome}: a fall of {effect} {each} below what was expected ({interval}), of which "
            "the method makes a part itself."
        ),
    }
)
"""The same where the method leans to the side of the effect."""
_COUNTED: Mapping[str, str] = MappingProxyType(
    {"day": N_("A period is a day."), "week": N_("A period is a week, from Monday.")}
)
_SMALLEST = 0.01
_EACH: Mapping[str, str] = MappingProxyType({"day": N_("a day"), "week": N_("a week")})


def question(study: prepost.Study, *, lang: str | Reader) -> Sentence:
    """Say what is asked of the data, or what they lack and which parameter to set.

    Parameters
    ----------
    study
        What `prepost.study` returns.
    lang
        The reader, or a language.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    if not study.ready:
        return Sentence(" ".join(_problem(*problem, reader) for problem in study.problems))
    said = [
        _(
            "Action of {day}; outcome: {outcome}.",
            day=reader.date(study.action),
            outcome=outcome_name(study.outcome, reader),
        )
    ]
    said.append(_(_COUNTED[study.grain]))
    if not study.treated:
        said.append(_("It touched everything: no unit was left alone to compare with."))
    else:
        said.append(_("With the action: {units}.", units=", ".join(map(str, study.treated))))
        if study.control:
            said.append(_("Left alone: {units}.", units=", ".join(map(str, study.control))))
        else:
            said.append(_("No unit was left alone to compare with."))
    if study.left_out:
        said.append(
            _(
                "Not compared, since not open throughout: {units}.",
                units=", ".join(map(str, study.left_out)),
            )
        )
    return Sentence(" ".join(said))


def _problem(problem: str, detail: str, reader: Reader) -> str:
    _ = reader.translate
    if problem == "no_weeks":
        detail = reader.translate(
            "{start} to {end}", **dict(zip(("start", "end"), map(reader.date, detail.split()),
                                           strict=True))
        )  # fmt: skip
    return _(PROBLEMS[problem], detail=detail)


def proposal(found: prepost.Proposal | None, *, lang: str | Reader) -> Sentence:
    """Say which weeks are compared.

    Parameters
    ----------
    found
        What `prepost.propose` returns; None where there is nothing to compare.
    lang
        The reader, or a language.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    if found is None:
        return Sentence(_("There are no weeks to compare."))
    said = _(
        "Before: {before}. After: {after}. Whole weeks on each side: {weeks}.",
        before=reader.date_range(*found.before),
        after=reader.date_range(*found.after),
        weeks=reader.integer(found.weeks),
    )
    return Sentence(" ".join([said, *(_(periods.NOTES[note]) for note in found.notes)]))


def change(study: prepost.Study, *, lang: str | Reader) -> Sentence:
    """Say what changed among the treated, and what the same weeks did a year earlier.

    Parameters
    ----------
    study
        What `prepost.study` returns.
    lang
        The reader, or a language.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    rows = prepost.changes(study).set_index(["arm", "year"])
    if rows.empty:
        return Sentence(_("There are no weeks to compare."))
    shown = {key: reader.change(value, decimals=0) for key, value in rows["relative"].items()}
    said = [
        _("With the action, {change} from before to after.", change=shown["treated", "this"]),
    ]
    if ("control", "this") in shown:
        said.append(_("Left alone, {change} over the same weeks.", change=shown["control", "this"]))
    if ("treated", "last") in shown and not is_absent(rows.loc[("treated", "last"), "relative"]):
        said.append(
            _(
                "A year earlier, without any action, the units that have it now did {change} from "
                "the same weeks to the same weeks.",
                change=shown["treated", "last"],
            )
        )
    said.append(_("A change is a fact; its cause is not in it."))
    return Sentence(" ".join(said))


def difference(analyses: prepost.Analyses, *, outcome: str, lang: str | Reader) -> Sentence:
    """Say what difference-in-differences finds, a unit and period, and what weakens it.

    Parameters
    ----------
    analyses
        What `prepost.analyse` returns.
    outcome
        The KPI that was measured.
    lang
        The reader, or a language.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    if analyses.methods.empty:
        return Sentence(_(NOTHING))
    found = analyses.differences
    if found is None:
        return Sentence(_("No unit was left alone: there is no difference of changes to take."))
    shown = amount(outcome, reader)
    said = _(
        "A unit with the action changed by {treated} a period, one left alone by {control}: a "
        "difference of {effect} ({interval}).",
        treated=shown(found.treated_after - found.treated_before),
        control=shown(found.control_after - found.control_before),
        effect=shown(found.effect),
        interval=_interval(found.low, found.high, shown, reader),
    )
    if found.permutation_p is not None:
        said += " " + _(
            "Had the units with the action been drawn from all by lot, a difference as unusual, "
            "to either side, would have a probability of {share}.",
            share=_probability(found.permutation_p, reader),
        )
    notes = _noted(found.notes, differences.NOTES, reader)
    return Sentence(" ".join([said, *_in_percentages(found, reader), *notes]))


def _in_percentages(found: prepost.DifferenceInDifferences, reader: Reader) -> Iterator[str]:
    """Say the effect on the units' own levels, where it does not say what amounts do."""
    _ = reader.translate
    if {"scales_disagree", "only_percentages"} & {*found.notes}:
        yield _(
            "As a percentage of each unit's own level: {effect} ({interval}).",
            effect=reader.change(found.own_effect, decimals=1),
            interval=_interval(
                found.own_low,
                found.own_high,
                lambda value: reader.change(value, decimals=1),
                reader,
            ),
        )


def parallel(analyses: prepost.Analyses, *, outcome: str, lang: str | Reader) -> Sentence:
    """Say whether both arms were moving alike before, and whether the treated were far off.

    Parameters
    ----------
    analyses
        What `prepost.analyse` returns.
    outcome
        The KPI that was measured.
    lang
        The reader, or a language.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    if analyses.methods.empty:
        return Sentence(_(NOTHING))
    found, back = analyses.trends, analyses.regression
    if found is None:
        return Sentence(_("Without units left alone, there are no trends to compare."))
    shown = amount(outcome, reader)
    values = {
        "difference": shown(found.difference),
        "interval": _interval(found.low, found.high, shown, reader),
    }
    if found.verdict == "diverge":
        said = [
            _("Trends already differed before the action, by {difference} a period ({interval}).",
              **values)
        ]  # fmt: skip
    elif {"only_amounts", "only_percentages"} & {*found.notes}:
        said = [
            _(
                "The slopes before the action differ by {difference} a period in amounts "
                "({interval}), and by {own} a period as a percentage of each unit's own level "
                "({own_interval}).",
                own=_small_share(found.own_difference, reader),
                own_interval=_interval(
                    found.own_low, found.own_high, lambda end: _small_share(end, reader), reader
                ),
                **values,
            )
        ]
    else:
        said = [
            _("No sign that trends differed before the action: {difference} a period "
              "({interval}).", **values)
        ]  # fmt: skip
    said += _noted(found.notes, trends.NOTES, reader)
    if back is not None:
        said += _noted(back.notes, regression.NOTES, reader)
    return Sentence(" ".join(said))


def expected(analyses: prepost.Analyses, *, outcome: str, lang: str | Reader) -> Sentence:
    """Say what the series did against what was expected, by both models, and what weakens it.

    Parameters
    ----------
    analyses
        What `prepost.analyse` returns.
    outcome
        The KPI that was measured.
    lang
        The reader, or a language.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    if analyses.methods.empty:
        return Sentence(_(NOTHING))
    found = analyses.counterfactual
    if found is None:
        return Sentence(
            _("No series was left alone, or the history is too short to learn from it.")
        )
    shown = amount(outcome, reader)
    said = [
        _(
            "Observed: {observed} a period; expected without the action: {expected}. Effect: "
            "{effect} a period ({interval}), {total} in all.",
            observed=shown(found.observed),
            expected=shown(found.expected),
            effect=shown(found.effect),
            interval=_interval(found.low, found.high, shown, reader),
            total=shown(found.cumulative),
        )
    ]
    if found.structural_effect is not None:
        said.append(
            _(
                "A second model of the same series, with a level that wanders, finds {effect} "
                "({interval}).",
                effect=shown(found.structural_effect),
                interval=_interval(found.structural_low, found.structural_high, shown, reader),
            )
        )
    return Sentence(" ".join([*said, *_noted(found.notes, series.NOTES, reader)]))


def interrupted(analyses: prepost.Analyses, *, outcome: str, lang: str | Reader) -> Sentence:
    """Say how the level and the slope of the series changed when the action began.

    Parameters
    ----------
    analyses
        What `prepost.analyse` returns.
    outcome
        The KPI that was measured.
    lang
        The reader, or a language.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    if analyses.methods.empty:
        return Sentence(_(NOTHING))
    found = analyses.interrupted
    if found is None:
        return Sentence(_("The history is too short to follow a series."))
    shown = amount(outcome, reader)
    said = _(
        "By itself, the series changed its level by {level} ({level_interval}) when the action "
        "began, then its slope by {slope} a period ({slope_interval}); on average by {effect} a "
        "period ({interval}). Whatever else began that day is in it.",
        level=shown(found.level),
        level_interval=_interval(found.level_low, found.level_high, shown, reader),
        slope=shown(found.slope),
        slope_interval=_interval(found.slope_low, found.slope_high, shown, reader),
        effect=shown(found.effect),
        interval=_interval(found.low, found.high, shown, reader),
    )
    return Sentence(" ".join([said, *_noted(found.notes, series.NOTES, reader)]))


def placebos(found: prepost.Placebo | None, *, outcome: str, lang: str | Reader) -> Sentence:
    """Say what the same analysis finds where nothing happened, and whether it leans one way.

    Parameters
    ----------
    found
        What `prepost.placebo` returns; None where the history is too short.
    outcome
        The KPI that was measured.
    lang
        The reader, or a language.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    if found is None:
        return Sentence(_("There are no earlier dates to try the method on."))
    said = _(
        "Earlier dates tried: {n}. Effects found there that are as large as that of the action: "
        "{share}. Effects that would have been announced there: {alarms}, where about 5% are to "
        "be expected.",
        n=reader.integer(found.placebos),
        share=reader.percent(found.share, decimals=0),
        alarms=reader.percent(found.false_alarms, decimals=0),
    )
    notes = _noted(found.notes, placebo.NOTES, reader)
    lean = placebo.lean(found)
    if lean is not None:
        notes.append(
            _(
                "It leans: {share} of these invented effects lie on the same side of 0, {mean} on "
                "average.",
                share=reader.percent(placebo.one_sided(found), decimals=0),
                mean=amount(outcome, reader)(lean),
            )
        )
    return Sentence(" ".join([said, *notes]))


def conclusion(
    analyses: prepost.Analyses, *, outcome: str, lang: str | Reader, grain: str = "week"
) -> Sentence:
    """Say what the action changed or that one cannot tell, and what it would have taken.

    Parameters
    ----------
    analyses
        What `prepost.analyse` returns.
    outcome
        The KPI that was measured.
    lang
        The reader, or a language.
    grain
        What a period is: ``"week"`` or ``"day"``.
    """
    reader = Reader.of(lang)
    _ = reader.translate
    found = analyses.conclusion
    if analyses.methods.empty:
        return Sentence(
            _("There is no answer yet: see above what is missing for the question to be put.")
        )
    if found.method is None:
        return Sentence(_("One cannot tell what the action changed: no method can be applied."))
    shown, each = amount(outcome, reader), _(_EACH[grain])
    decides = _("Deciding method: {method}.", method=_(chooser.METHODS[found.method]).lower())
    if found.verdict == "cannot_tell":
        said = _cannot_tell(found, shown, each, reader)
    else:
        said = _told(found, outcome, shown, each, reader)
        said += _less_the_lean(analyses, shown, each, reader)
    return Sentence(" ".join([*said, decides, *_units_too_few(analyses, reader)]))


def _told(
    found: prepost.Conclusion,
    outcome: str,
    shown: Callable[[Any], str],
    each: str,
    reader: Reader,
) -> list[str]:
    """Say what the action changed, in all and as a share."""
    _ = reader.translate
    alone = found.method == "interrupted_time_series"
    verdicts = _SINCE if alone else _VERDICTS
    said = [
        _(
            (_BEYOND if "leans" in found.reservations else verdicts)[found.verdict],
            outcome=outcome_name(outcome, reader),
            effect=shown(abs(found.effect or 0.0)),
            each=each,
            interval=_interval(found.low, found.high, shown, reader),
        ),
        _(
            "Over all the periods after: {total} ({interval}).",
            total=shown(found.total),
            interval=_interval(found.total_low, found.total_high, shown, reader),
        ),
    ]
    if found.relative is not None:
        said.append(
            _(
                "That is {relative} on what was expected ({interval}).",
                relative=reader.change(found.relative, decimals=0),
                interval=_interval(
                    found.relative_low,
                    found.relative_high,
                    lambda value: reader.change(value, decimals=0),
                    reader,
                ),
            )
        )
    limit = (
        _("Nothing here tells the action from whatever else began that day.")
        if alone
        else _("This holds if nothing else touched the ones and not the others.")
    )
    return [*said, limit]


def _less_the_lean(
    analyses: prepost.Analyses, shown: Callable[[Any], str], each: str, reader: Reader
) -> list[str]:
    """Say what is left of the effect without what the method finds where nothing happened."""
    found, tried = analyses.conclusion, analyses.placebo
    lean = None if tried is None else placebo.lean(tried)
    if "leans" not in found.reservations or lean is None:
        return []
    _ = reader.translate
    left = (found.effect or 0.0) - lean
    said = _(
        "On dates when nothing happened, the method finds {mean} {each} on average. With that "
        "taken out, {effect} {each} would be left: a point estimate, without an interval, since "
        "that average is itself uncertain.",
        mean=shown(lean),
        each=each,
        effect=shown(left),
    )
    return [said, *_share_left(found, left, reader)]


def _share_left(found: prepost.Conclusion, left: float, reader: Reader) -> Iterator[str]:
    """Say the same as a share of what is then expected."""
    _ = reader.translate
    if not found.relative or found.effect is None:
        return
    observed = found.effect + found.effect / found.relative
    yield _(
        "That would be {relative} on what was expected.",
        relative=reader.change(left / (observed - left), decimals=0),
    )


def _cannot_tell(
    found: prepost.Conclusion, shown: Callable[[Any], str], each: str, reader: Reader
) -> list[str]:
    """Say why there is no verdict, what was estimated and, if size lacked, what could be seen."""
    _ = reader.translate
    why = _("; ").join(_(DOUBTS[doubt]) for doubt in found.doubts)
    said = [
        _("One cannot tell whether the action worked."),
        _(
            "Estimate: {effect} {each} ({interval}).",
            effect=shown(found.effect),
            each=each,
            interval=_interval(found.low, found.high, shown, reader),
        ),
        _("Against it: {why}.", why=why),
    ]
    if found.detectable is not None and "interval" in found.doubts:
        said.append(
            _(
                "It would have taken an effect of about {detectable} {each} to be found four "
                "times in five; for a smaller one, a longer history, a longer action or more "
                "units.",
                detectable=shown(found.detectable),
                each=each,
            )
        )
    return said


def _units_too_few(analyses: prepost.Analyses, reader: Reader) -> list[str]:
    """Say how many units a comparison of units would have taken, where it has no verdict."""
    _ = reader.translate
    needed, found = analyses.conclusion.units_needed, analyses.differences
    if needed is None or found is None or found.verdict != "cannot_tell":
        return []
    return [
        _(
            "The comparison of {treated} with {control} left alone cannot confirm it: for an "
            "effect as large as it estimates, it would have taken at least {needed} in each "
            "group, drawn at random.",
            treated=counted.units(found.treated_units, reader),
            control=reader.integer(found.control_units),
            needed=counted.units(needed, reader),
        )
    ]


def _probability(value: float, reader: Reader) -> str:
    """Return a probability that is never 0, since the way that was drawn is one of them."""
    _ = reader.translate
    if value < _SMALLEST:
        return _("less than {share}", share=reader.percent(_SMALLEST, decimals=0))
    return reader.percent(value, decimals=0)


def _small_share(value: Any, reader: Reader) -> str:
    """Return a share of a level a period: those of a slope are of tenths of a percent."""
    return reader.change(value, decimals=2)


def _interval(low: Any, high: Any, shown: Callable[[Any], str], reader: Reader) -> str:
    """Return an interval in words, or that there is none."""
    _ = reader.translate
    if is_absent(low) or is_absent(high):
        return _("no interval")
    return _("95% interval: {interval}", interval=intervals.words(low, high, shown, reader))


def _noted(notes: Iterable[str], words: Mapping[str, str], reader: Reader) -> list[str]:
    """Return the notes of a result that weaken it, as sentences."""
    return [reader.translate(words[note]) for note in notes if note in words]
