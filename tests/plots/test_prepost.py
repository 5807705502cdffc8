"""Figures, tables and sentences of before–after analysis, in both languages."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from marketing_kpi import plots, prepost
from marketing_kpi.data.sources import open_data
from marketing_kpi.errors import ConfigError
from marketing_kpi.plots import sentences
from marketing_kpi.report.config import PrepostParameters

OUTCOME = "net_sales"
ACTION, AS_OF = "2025-03-05", "2025-09-01"
DAYS = pd.date_range("2022-10-03", "2025-08-31", freq="7D")
NO_PROBLEM = {"action": ACTION, "as_of": AS_OF}


def orders(effect, *, treated="AB"):
    rng = np.random.default_rng(4)
    common = 100 + 2 * rng.standard_normal(len(DAYS))
    rows = [
        (name, day, common[place] + rng.standard_normal() + effect * (name in treated and late))
        for name in "ABCD"
        for place, day in enumerate(DAYS)
        for late in [day >= pd.Timestamp(ACTION)]
    ]
    frame = pd.DataFrame(rows, columns=["store_id", "ordered_at", "amount"])
    return open_data({"orders": frame.assign(order_id=[f"O{n}" for n in range(len(frame))])})


@pytest.fixture(scope="module")
def study():
    return prepost.study(orders(12.0), treated=["A", "B"], control=["C", "D"], **NO_PROBLEM)


@pytest.fixture(scope="module")
def found(study):
    return prepost.analyse(study)


@pytest.fixture(scope="module")
def nothing():
    return prepost.study(orders(0.0), treated=["Z"], **NO_PROBLEM)


@pytest.fixture(scope="module")
def none_found(nothing):
    return prepost.analyse(nothing)


def figures(study, found, lang):
    about = {"outcome": OUTCOME, "lang": lang}
    lines = about | {"action": ACTION}
    return {
        "arms": plots.arms_over_time(study, lang=lang),
        "units": plots.unit_effects(found.units, **about),
        "events": plots.event_effects(found.events, **about),
        "expected": plots.expected_lines(found.counterfactual, **lines),
        "alone": plots.expected_lines(found.interrupted, **lines),
        "sum": plots.cumulative_effect(found.counterfactual, **about),
        "placebos": plots.placebo_effects(found.placebo, **about),
        "answers": plots.answer_intervals(found.answers, **about),
    }


def tables(study, found, lang):
    return {
        "calendar": plots.calendar_table(study.proposal, lang=lang),
        "changes": plots.change_table(study, lang=lang),
        "methods": plots.chooser_table(found.methods, lang=lang),
        "answers": plots.answer_table(found.answers, outcome=OUTCOME, lang=lang),
    }


def said(study, found, lang):
    about, words = {"outcome": OUTCOME, "lang": lang}, sentences.prepost
    return {
        "question": words.question(study, lang=lang),
        "proposal": words.proposal(study.proposal, lang=lang),
        "change": words.change(study, lang=lang),
        "difference": words.difference(found, **about),
        "parallel": words.parallel(found, **about),
        "expected": words.expected(found, **about),
        "interrupted": words.interrupted(found, **about),
        "placebos": words.placebos(found.placebo, **about),
        "conclusion": words.conclusion(found, **about),
    }


def test_each_figure_says_what_it_shows_in_the_readers_language(study, found):
    french, english = (figures(study, found, lang) for lang in ("fr", "en"))
    for name in french:
        one, other = french[name].figure, english[name].figure
        assert any(character.isdigit() for character in one.alt), name
        assert one.alt != other.alt, name
        assert one._suptitle.get_text() != other._suptitle.get_text(), name
        assert not one.message, name


@pytest.mark.parametrize("lang", ["fr", "en"])
def test_nothing_is_cut(study, found, lang):
    for name, axis in figures(study, found, lang).items():
        figure = axis.figure
        figure.canvas.draw()
        drawn = figure.get_tightbbox()
        assert drawn.x0 >= -0.02, name
        assert drawn.y0 >= -0.02, name
        assert drawn.x1 <= figure.get_figwidth() + 0.02, name
        assert drawn.y1 <= figure.get_figheight() + 0.02, name
        plt.close(figure)


def test_where_there_is_no_analysis_a_sentence_says_so(nothing, none_found):
    for name, axis in figures(nothing, none_found, "fr").items():
        assert axis.figure.message, name
    for name, shown in tables(nothing, none_found, "en").items():
        assert isinstance(shown, sentences.Sentence), name
    assert all(str(one) for one in said(nothing, none_found, "fr").values())


def test_tables_are_in_the_readers_language(study, found):
    french, english = (tables(study, found, lang) for lang in ("fr", "en"))
    for name in french:
        assert french[name].to_text() != english[name].to_text(), name
    assert "Counterfactual" in english["methods"].to_text()


def test_sentences_are_in_the_readers_language(study, found):
    french, english = (said(study, found, lang) for lang in ("fr", "en"))
    for name in french:
        assert str(french[name]) != str(english[name]), name


def test_a_permutation_is_said_as_a_probability_that_is_never_0(found):
    rare = found._replace(differences=found.differences._replace(permutation_p=2 / 792))
    text = str(sentences.prepost.difference(rare, outcome=OUTCOME, lang="en"))
    assert "would have a probability of less than 1%." in text
    french = str(sentences.prepost.difference(rare, outcome=OUTCOME, lang="fr"))
    assert "une probabilité de moins de 1 %." in french.replace("\u00a0", " ")


def test_the_conclusion_says_what_the_action_changed(found):
    text = str(sentences.prepost.conclusion(found, outcome=OUTCOME, lang="en"))
    assert "a rise of $" in text
    assert "a week through the action" in text
    assert "it would have taken at least 4 units in each group" in text
    by_day = str(sentences.prepost.conclusion(found, outcome=OUTCOME, lang="fr", grain="day"))
    assert "par jour" in by_day


def test_the_conclusion_says_that_one_cannot_tell_and_what_it_takes(found):
    of = found.conclusion._replace(verdict="cannot_tell", doubts=("often_wrong", "drifting"))
    text = str(
        sentences.prepost.conclusion(found._replace(conclusion=of), outcome=OUTCOME, lang="en")
    )
    assert text.startswith("One cannot tell whether the action worked.")
    assert "effects are often found where nothing happened; the series was drifting" in text
    assert "It would have taken" not in text.split("Deciding method")[0]  # size is not what lacked


def test_what_it_would_have_taken_is_said_where_size_is_what_lacked(found):
    of = found.conclusion._replace(verdict="cannot_tell", doubts=("interval", "drifting"))
    text = str(
        sentences.prepost.conclusion(found._replace(conclusion=of), outcome=OUTCOME, lang="en")
    )
    assert "It would have taken an effect of about $" in text


@pytest.mark.parametrize(("note", "own"), [("only_amounts", 0.0012), ("only_percentages", -0.0012)])
def test_trends_that_differ_in_one_measure_only_are_not_said_to_differ(found, note, own):
    measured = {"difference": 12.0, "low": 2.0, "high": 22.0}
    apart = {"own_difference": own, "own_low": own - 0.002, "own_high": own + 0.002}
    trends = found.trends._replace(
        **measured, **apart, verdict="no_sign", notes=("cannot_prove", note)
    )
    text = str(
        sentences.prepost.parallel(found._replace(trends=trends), outcome=OUTCOME, lang="en")
    )
    assert "already differed" not in text
    assert "No sign" not in text
    assert "$12 a period in amounts (95% interval: $2.00 to $22)" in text
    assert f"{'+' if own > 0 else '−'}0.12% a period as a percentage" in text


def test_a_series_alone_does_not_tell_the_action_from_the_rest(found):
    of = found.conclusion._replace(method="interrupted_time_series", verdict="lower")
    text = str(
        sentences.prepost.conclusion(found._replace(conclusion=of), outcome=OUTCOME, lang="en")
    )
    assert "a fall of $" in text
    assert "a week since the action" in text
    assert "through the action" not in text
    assert "Nothing here tells the action from whatever else began that day." in text


def test_a_method_that_leans_is_said_to_and_its_lean_taken_out(found):
    frame = found.placebo.frame.copy()
    frame.loc[frame["kind"] != "action", "effect"] = 3.0
    told = {"effect": 20.0, "low": 15.0, "high": 25.0, "relative": 0.25}
    leaning = found._replace(
        placebo=found.placebo._replace(frame=frame),
        conclusion=found.conclusion._replace(**told, reservations=("leans",)),
    )
    text = str(sentences.prepost.conclusion(leaning, outcome=OUTCOME, lang="en"))
    assert "a rise of $20 a week beyond what was expected" in text
    assert "through the action" not in text
    left = text.split("With that taken out, ")[1]
    assert left.startswith("$17 a week would be left: a point estimate, without an interval")
    assert "+20% on what was expected. " in left  # 100 observed: 17 on 83
    assert "95% interval" not in left.split("Deciding method")[0]
    assert "on the same side of 0, $3.00 on average" in str(
        sentences.prepost.placebos(leaning.placebo, outcome=OUTCOME, lang="en")
    )


def test_a_question_that_is_not_put_has_no_answer_yet():
    unput = prepost.analyse(
        prepost.study(orders(0.0), as_of="2025-09-01", treated=None, action=None)
    )
    text = str(sentences.prepost.conclusion(unput, outcome=OUTCOME, lang="en"))
    assert text.startswith("There is no answer yet")
    assert "no method" not in text


@pytest.mark.parametrize("note", ["scales_disagree", "only_percentages"])
def test_the_effect_in_percentages_is_shown_where_it_does_not_say_the_same(found, note):
    assert "own level: " not in str(sentences.prepost.difference(found, outcome=OUTCOME, lang="en"))
    own = found.differences._replace(own_effect=0.05, own_low=0.02, own_high=0.08, notes=(note,))
    text = str(
        sentences.prepost.difference(found._replace(differences=own), outcome=OUTCOME, lang="en")
    )
    assert "unit's own level: +5.0% (95% interval: +2.0% to +8.0%)." in text


def test_what_is_held_against_each_method_is_in_the_table(found):
    text = plots.answer_table(found.answers, outcome=OUTCOME, lang="en").to_text()
    assert "units are too few for any verdict" in text
    assert "whatever else began that day is in it" in text
    assert "season, trend and all else that changed are in it" in text


def test_the_table_of_the_calendar_names_its_place(study):
    place = {"country": "CA", "subdivision": "QC"}
    text = plots.calendar_table(study.proposal, lang="en", **place).to_text()
    assert "Public holidays: those of Canada, QC. Units elsewhere have others." in text
    assert "Canada Day" in text
    nobody = plots.calendar_table(study.proposal, lang="fr").to_text()
    assert "Les jours fériés ne sont pas cherchés" in nobody
    assert "Canada" not in nobody


def test_the_week_left_out_is_no_gap_in_the_data(study, found):
    """The action began on a Wednesday: its week has sales, and is left out by the study."""
    for series in (found.counterfactual, found.interrupted):
        assert "gaps" not in series.notes
        assert "action_within_period" in series.notes


def test_each_placebo_has_its_day_and_each_year_its_tick(study, found):
    axis = plots.placebo_effects(found.placebo, outcome=OUTCOME, lang="en")
    names = [label.get_text() for label in axis.get_yticklabels()]
    assert len(set(names)) == len(names)
    ticks = [one.get_text() for one in plots.arms_over_time(study, lang="en").get_xticklabels()]
    years = {word for tick in ticks for word in tick.split() if word.isdigit()}
    assert years == {"2022", "2023", "2024", "2025"}


def test_a_report_without_settings_asks_for_them():
    given = PrepostParameters(lang="fr")
    asked = {"action": given.action, "treated": given.treated, "control": given.control}
    unasked = prepost.study(orders(0.0), as_of=AS_OF, **asked)
    text = str(sentences.prepost.question(unasked, lang="en"))
    assert "`action`" in text
    assert "`treated`" in text
    assert "A, B, C, D" in text
    assert "S02" not in text


def test_what_is_missing_names_the_parameter_to_set(nothing):
    text = str(sentences.prepost.question(nothing, lang="en"))
    assert "Not in the data: Z." in text
    assert "`treated`" in text
    assert "A, B, C, D" in text


def test_dates_of_the_data_are_written_for_the_reader():
    early = prepost.study(orders(0.0), treated=["A"], action="2020-01-06", as_of=AS_OF)
    text = str(sentences.prepost.question(early, lang="fr"))
    assert "du 3 octobre 2022" in text.replace("\u00a0", " ")
    assert "`action`" in text


def test_the_week_left_out_is_said(study):
    assert "did not begin on a Monday" in str(sentences.prepost.proposal(study.proposal, lang="en"))


def test_the_lowest_rise_though_nothing_was_done():
    shown = prepost.simulate_regression(rng=np.random.default_rng(1))
    figure = plots.regression_scatter(shown, lang="en").figure
    assert "The lowest before: 71.6 before and 87.8 after" in figure.alt


def test_names_of_units_are_text_and_not_markup(found):
    units = found.units.rename(columns={"store_id": "store_id"}).assign(store_id="$a<b>$")
    figure = plots.unit_effects(units, outcome=OUTCOME, lang="en").figure
    figure.canvas.draw()
    assert "$a<b>$" in figure.alt


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"action": "2 June"}, "must be a date"),
        ({"outcome": "average_order_value"}, "does not add up"),
        ({"outcome": "net_sale"}, "did you mean"),
        ({"treated": [2], "control": ["2"]}, "in treated and in control: 2"),
        ({"grain": "month"}, "grain"),
        ({"weeks": 0}, "weeks"),
        ({"country": "XX"}, "no holidays are known"),
        ({"subdivision": "QC"}, "without its country"),
    ],
)
def test_parameters_are_checked_before_anything_runs(given, message):
    with pytest.raises((ValueError, ConfigError), match=message):
        PrepostParameters(lang="fr", **given)


def test_small_counts_keep_their_decimals():
    found = pd.DataFrame({"shop": ["a", "b"], "treated": [True, False], "change": [1.25, 40.0]})
    figure = plots.unit_effects(found, outcome="orders", lang="en").figure
    assert "b: 40; a: 1.25." in figure.alt
