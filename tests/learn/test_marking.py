"""What is thought of anything that a student may pass to `check`."""

import datetime as dt
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import marketing_kpi as mk
from marketing_kpi.learn.marking import Names, mark
from marketing_kpi.learn.words import sentence

NAMES = Names(
    ["web", "store", "app", "at_risk"],
    {"store": ["Magasin", "Store"], "at_risk": ["À risque", "At risk"]},
)
SHARES = pd.Series({"web": 0.5, "store": 0.3, "app": 0.2})
CHOSEN = frozenset(["web", "store"])
ORDERS = pd.DataFrame({"channel": ["web", "store", "app"], "orders": [7, 5, 2], "r": [1, 2, 3]})


def number(given, answer=0.125, *, unit="fraction", tolerance=0.0005, lang="fr", **more):
    options = {"mistakes": {}, "values": {}, "names": NAMES, **more}
    return mark(given, answer, unit=unit, tolerance=tolerance, lang=lang, **options)


def shares(given, **more):
    return number(given, SHARES, tolerance=0.001, **more)


def labels(given, answer, **more):
    return mark(given, answer, **{"mistakes": {}, "values": {}, "names": NAMES, **more})


@pytest.mark.parametrize(
    "given", [None, ..., "", "  ", "...", "…", [None], [...], {"web": ...}, pd.Series([None])]
)
def test_nothing_is_not_attempted(given):
    for answer in (0.125, "web", CHOSEN, SHARES):
        assert number(given, answer).kind == "not_attempted"


def test_several_times_nothing_is_not_attempted():
    assert labels([None, ...], CHOSEN).kind == "not_attempted"
    assert shares({"web": ..., "store": None}).kind == "not_attempted"


@pytest.mark.parametrize("given", [[], {}, set(), pd.Series(dtype=float), pd.DataFrame(), [[]],
                                   ORDERS[ORDERS.r > 9], np.array([]), pd.Index([])])  # fmt: skip
def test_a_selection_that_leaves_nothing_is_said_to_be_empty(given):
    for answer in (0.125, "web", CHOSEN, ("web", "app"), SHARES):
        assert number(given, answer)[:2] == ("not_understood", "empty")
    text = sentence(number(given), mk.reader("fr"), own={}, read_again=None, name="q1")
    assert "Votre sélection est vide" in text


@pytest.mark.parametrize("given", [float("nan"), pd.NA, pd.NaT, Decimal("nan"), [np.nan],
                                   np.datetime64("NaT"), pd.Series([np.nan])])  # fmt: skip
def test_a_missing_value_is_said_to_be_one(given):
    for answer in (0.125, "web", CHOSEN, SHARES):
        assert number(given, answer)[:2] == ("not_understood", "missing_value")
    assert shares(SHARES * np.nan)[:2] == ("not_understood", "missing_value")
    assert labels(pd.Series([None, np.nan]), CHOSEN)[:2] == ("not_understood", "missing_value")
    text = sentence(number(given), mk.reader("en"), own={}, read_again=None, name="q1")
    assert "gives no value (NaN)" in text


@pytest.mark.parametrize(
    "given",
    [0.125, np.float32(0.125), Decimal("0.125"), Fraction(1, 8), "0.125", "0,125", "12,5 %",
     "12.5%", "12,5\u202f%", "12,5 pour cent", "+0,125", 0.1254, 0.1246, [0.125],
     np.array(0.125), np.array([[0.125]]), pd.Series({"a": 0.125}), pd.DataFrame({"a": [0.125]}),
     {"share": 0.125}, ("12,5 %",), pd.Index([0.125])],
)  # fmt: skip
def test_a_number_is_taken_in_every_form(given):
    assert number(given).kind == "right"


@pytest.mark.parametrize(
    ("given", "lang"), [("1 234,5", "fr"), ("1\u202f234,50 $", "fr"), ("1,234.5", "en"),
                        ("$1,234.50", "en"), ("1234.5", "fr"), ("1 234,5", "en")]
)  # fmt: skip
def test_amounts_are_read_in_both_languages(given, lang):
    assert number(given, 1234.5, unit="currency", tolerance=0.01, lang=lang).kind == "right"


@pytest.mark.parametrize(
    "given", [pd.Timedelta(days=34), dt.timedelta(days=34), np.timedelta64(34, "D"), 34, "34 jours"]
)
def test_a_duration_is_a_number_of_days(given):
    assert number(given, 34, unit="days", tolerance=0.4).kind == "right"


@pytest.mark.parametrize(
    ("given", "answer", "unit", "tolerance", "mistake"),
    [
        (12.5, 0.125, "fraction", 0.0005, "percent"),
        ("0,125 %", 0.125, "fraction", 0.0005, "percent"),
        (13, 0.1296, "fraction", 0.0005, "percent"),
        (2.1, 0.021, "points", 0.0005, "percent"),
        (1.05, 105.0, "index", 0.05, "fraction"),
        (8.0, 0.125, "fraction", 0.0005, "inverted"),
        (3.33, 0.3, "ratio", 0.001, "inverted"),
        (-0.125, 0.125, "fraction", 0.0005, "sign"),
        (40, -40.0, "currency", 0.01, "sign"),
        (0.13, 0.1264, "fraction", 0.0005, "rounded_too_early"),
        (1234.6, 1234.56, "currency", 0.01, "rounded_too_early"),
        (1230, 1234.56, "currency", 0.01, "close"),
        (0.1275, 0.1264, "fraction", 0.0005, "close"),
        (59_580, 59_560, "count", 10, "close"),
        (59_600, 59_560, "count", 10, "close"),
        (33, 34, "days", 0.4, "off_by_one"),
        (35, 34, "count", 0.4, "off_by_one"),
        (1.2345, 1234.5, "currency", 0.01, "factor"),
        (12345, 1234.5, "currency", 0.01, "factor"),
        (0.0125, 0.125, "fraction", 0.0005, "factor"),
        (0.42, 0.125, "fraction", 0.0005, None),
        (0, 0.125, "fraction", 0.0005, None),
    ],
)
def test_the_usual_slips_are_told_apart(given, answer, unit, tolerance, mistake):
    found = number(given, answer, unit=unit, tolerance=tolerance)
    assert (found.kind, found.mistake) == ("wrong", mistake)


@pytest.mark.parametrize(("given", "times"), [(12345, 10), (1.2345, 0.001), (123450, 100)])
def test_a_factor_says_how_large(given, times):
    found = number(given, 1234.5, unit="currency", tolerance=0.01)
    assert found.amount == pytest.approx(times)


def test_the_exercise_s_own_mistakes_come_first():
    given = {"mistakes": {"of_orders": -0.125}, "values": {}}
    assert number(-0.125, **given).mistake == "of_orders"
    assert number(-12.5, **given).mistake == "of_orders"


@pytest.mark.parametrize(("given", "kind"), [(172.46, "no_cost"), (172.43, "all_stay")])
def test_of_two_mistakes_hardly_apart_the_nearest_is_told(given, kind):
    known = {"all_stay": 172.432, "no_cost": 172.461}
    found = number(given, 160.0, unit="currency", tolerance=0.2, mistakes=known)
    assert found[:2] == ("wrong", kind)
    by_label = {name: pd.Series(value, SHARES.index) for name, value in known.items()}
    found = number(
        pd.Series(given, SHARES.index),
        SHARES * 0 + 160.0,
        unit="currency",
        tolerance=0.2,
        mistakes=by_label,
    )
    assert found[:2] == ("wrong", kind)


def test_a_mistake_that_was_typed_with_fewer_decimals_is_recognised_when_it_is_the_only_one():
    other = {"other_group": 0.588}
    assert number("0,59", mistakes=other).mistake == "other_group"
    assert number("59 %", mistakes=other).mistake == "other_group"
    assert number("0,57", mistakes=other).mistake is None
    assert number("0,59", mistakes={**other, "inverted": 0.594}).mistake is None
    assert number("0,13", 0.1264, mistakes={"other_group": 0.1312}).mistake == "rounded_too_early"


def test_a_number_that_is_near_is_not_accused_of_rounding():
    found = number(59_573, 59_300, unit="count", tolerance=10)
    text = sentence(found, mk.reader("fr"), own={}, read_again=None, name="q1")
    assert "hors de la tolérance" in text
    assert "n'arrondissez" not in text


def test_a_number_of_the_question_is_no_answer():
    assert number(0.4, values={"rate": 0.4}).mistake == "number_of_the_question"


def test_rounding_says_how_many_decimals_are_asked():
    found = number(0.13, 0.1264)
    assert found.amount == 3
    text = sentence(found, mk.reader("en"), own={}, read_again=None, name="q1")
    assert "at least 3 decimals" in text


@pytest.mark.parametrize("given", ["douze", "1 2 3", "1,2,3", object(), True, 1j, b"1", "1" * 9999,
                                   float("inf"), lambda: 1, dt.date(2026, 1, 1)])  # fmt: skip
def test_what_is_no_number_is_not_understood(given):
    assert number(given).kind == "not_understood"


@pytest.mark.parametrize("given", [[1, 2], pd.Series([1, 2]), pd.DataFrame({"a": [1, 2]}), {1, 2}])
def test_several_numbers_are_one_too_many(given):
    assert number(given)[:2] == ("not_understood", "several_numbers")


@pytest.mark.parametrize(
    "given",
    [
        SHARES,
        SHARES[::-1],
        SHARES.to_dict(),
        {"Magasin": "30 %", "WEB": 0.5, "app": Fraction(1, 5)},
        SHARES.rename_axis("channel").reset_index(name="share"),
        SHARES.to_frame("share"),
        SHARES.rename(index=str.upper),
        SHARES.astype(object),
        SHARES.to_frame("share").assign(channel=SHARES.index)[["share", "channel"]],
    ],
)
def test_a_series_is_compared_by_label(given):
    assert shares(given).kind == "right"


def test_one_column_of_numbers_is_asked_beside_labels_in_the_index_or_in_a_column():
    table = pd.DataFrame({"total": SHARES, "n": [4, 4, 4]})
    for each in (table, table.rename_axis("channel").reset_index()):
        assert shares(each)[:2] == ("not_understood", "several_columns")


def test_many_labels_are_counted_and_a_few_of_them_named():
    answer = pd.Series(dict.fromkeys("abcdefghij", 1.0))
    names = Names(answer.index, {})
    given = answer.where(answer.index > "h", 0.3)
    found = number(given, answer, tolerance=0.001, names=names)
    text = sentence(found, mk.reader("fr"), own={}, read_again=None, name="q1")
    assert "Revoyez 8 libellés, dont `a`, `b`, `c`, `d`, `e`, `f`\u202f; les autres" in text
    assert "…" not in text


def test_what_is_wrong_with_a_series_is_said_by_label():
    assert shares({"web": 0.5, "app": 0.2})[1:3] == ("missing_labels", ("store",))
    assert shares({**SHARES, "fax": 0.1})[1:3] == ("foreign_labels", ("fax",))
    assert shares({"web": 0.5, "Web": 0.5})[:3] == ("not_understood", "label_twice", ("web",))
    assert shares({**SHARES, "web": 0.45, "app": 0.25})[1:3] == (None, ("web", "app"))
    assert shares({**SHARES, "web": np.nan})[1:3] == ("missing_labels", ("web",))


@pytest.mark.parametrize("given", [3, "web", [1, 2, 3], np.ones(3), pd.DataFrame(np.ones((3, 3))),
                                   {"web": "half", "store": 1}, {("a", "b"): 1}])  # fmt: skip
def test_what_is_no_series_is_not_understood(given):
    assert shares(given)[:2] == ("not_understood", "series")


def test_mistakes_of_a_series_are_recognised_as_a_whole_or_on_the_labels_that_are_off():
    assert shares(SHARES * 100).mistake == "percent"
    mistakes = {"of_orders": pd.Series({"web": 0.6, "store": 0.2, "app": 0.2})}
    assert shares(mistakes["of_orders"][::-1], mistakes=mistakes).mistake == "of_orders"
    found = shares({**SHARES, "web": 0.6}, mistakes=mistakes)
    assert (found.mistake, found.labels) == ("of_orders", ("web",))


def test_a_mistake_may_have_labels_that_the_answer_has_not():
    mistakes = {"with_fax": pd.Series({**SHARES, "fax": 0.1})}
    assert shares({**SHARES, "fax": "10 %"}, mistakes=mistakes).mistake == "with_fax"


def test_a_score_that_is_off_is_no_sign_of_a_mistake():
    answer = pd.Series({"web": 3, "store": 1, "app": 2})
    mistakes = {"reversed": pd.Series({"web": 2, "store": 3, "app": 1})}
    found = number({"web": 2, "store": 1, "app": 2}, answer, unit="count", tolerance=0.4,
                   mistakes=mistakes)  # fmt: skip
    assert (found.mistake, found.labels) == (None, ("web",))
    whole = number(mistakes["reversed"], answer, unit="count", tolerance=0.4, mistakes=mistakes)
    assert (whole.mistake, whole.labels) == ("reversed", ())


@pytest.mark.parametrize("given", ["at_risk", "À RISQUE", "a risque", "At risk", ["at risk"],
                                   "at-risk", pd.Series(["at_risk"]), {"at_risk"}])  # fmt: skip
def test_a_label_is_taken_by_id_or_by_name(given):
    assert labels(given, "at_risk", choices=("at_risk", "web")).kind == "right"


@pytest.mark.parametrize(("given", "reason"), [
    ("fax", "not_a_choice"), (["web", "app"], "several_labels"), (object(), "label"),
    (3, "not_a_choice"), ([[1]], "label"),
])  # fmt: skip
def test_what_is_no_label_is_not_understood(given, reason):
    found = labels(given, "at_risk", choices=("at_risk", "web", "app"))
    assert found[:2] == ("not_understood", reason)


def test_a_name_with_a_comma_is_one_label():
    names = Names(["gold"], {"gold": ["Client actif, Or"]})
    assert labels("client actif, or", "gold", names=names).kind == "right"
    assert labels("client actif, or", frozenset(["gold"]), names=names).kind == "right"


def test_a_label_that_is_a_number_is_taken_as_one():
    assert labels(545, "545").kind == "right"
    assert labels(545.0, "545").kind == "right"


@pytest.mark.parametrize(
    "given",
    [["store", "web"], {"web", "Magasin"}, ("web", "store", "web"), "web, store", "magasin ; web",
     pd.Index(["web", "store"]), np.array(["web", "store"]), pd.Series(["store", "web"], [4, 7]),
     pd.DataFrame({"channel": ["web", "store"]}), {"web": True, "store": True, "app": False},
     pd.Series({"web": True, "store": True, "app": False}), {"web": 1, "store": 2},
     ORDERS[ORDERS.orders > 4], ORDERS.set_index("channel")[:2], ORDERS.set_index("channel").r[:2],
     "['web', 'store']", '["web","store"]', "« web », « Magasin »", "{web; store}",
     "web et store", "store and web", "web store", "web & Magasin"],
)  # fmt: skip
def test_a_set_of_labels_is_taken_in_every_form(given):
    assert labels(given, CHOSEN).kind == "right"


def test_a_text_of_names_of_several_words_is_cut_between_them():
    both = frozenset(["web", "at_risk"])
    for text in ("web et À risque", "At risk and web", "à risque, web", "['at risk' 'web']"):
        assert labels(text, both).kind == "right", text


@pytest.mark.parametrize("given", [ORDERS.orders > 4, (ORDERS.orders > 4).to_numpy(),
                                   list(ORDERS.orders > 4)])  # fmt: skip
def test_a_mask_over_rows_is_told_from_labels(given):
    found = labels(given, CHOSEN, choices=("web", "store", "app"))
    assert found[:2] == ("not_understood", "rows")
    text = sentence(found, mk.reader("fr"), own={}, read_again=None, name="q1")
    assert "la colonne des libellés de ces lignes" in text


def test_a_mask_that_keeps_nothing_is_an_empty_selection():
    assert labels(ORDERS.orders > 99, CHOSEN)[:2] == ("not_understood", "empty")


def test_a_table_without_one_column_of_labels_is_not_understood():
    twice = ORDERS.assign(again=ORDERS.channel)
    for each in (twice, ORDERS[["orders", "r"]]):
        assert labels(each, CHOSEN)[:2] == ("not_understood", "labels")


def test_what_is_wrong_with_a_set_is_counted_not_shown():
    assert labels(["web", "store", "app"], CHOSEN) == ("wrong", "too_many_labels", (), 1)
    assert labels("web", CHOSEN) == ("wrong", "too_few_labels", (), 1)
    assert labels(["web", "app"], CHOSEN) == ("wrong", "other_labels", (), 1)
    assert labels(["app"], CHOSEN, mistakes={"own": frozenset(["app"])}).mistake == "own"
    assert labels([object()], CHOSEN).kind == "not_understood"


def test_an_order_is_compared_as_one():
    ranked = ("web", "store", "app")
    assert labels(["web", "Magasin", "app"], ranked).kind == "right"
    assert labels(["app", "store", "web"], ranked).mistake == "reversed_order"
    assert labels(["store", "web", "app"], ranked).mistake == "order"
    assert labels(["web", "store"], ranked).mistake == "too_few_labels"


def test_what_was_typed_is_never_markup():
    found = labels("<b>`x`</b>", "web", choices=("web",))
    text = sentence(found, mk.reader("en"), own={}, read_again=None, name="q1")
    assert "`<b>x</b>`" in text


def column(values):
    return pd.Series(values, dtype=object)


ANYTHING = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.decimals(),
        st.fractions(), st.complex_numbers(), st.binary(), st.datetimes(), st.dates(),
        st.timedeltas(), st.just(object()), st.just(pd.NA), st.just(pd.NaT),
        st.sampled_from([np.int8(1), np.datetime64("NaT"), np.timedelta64("NaT"), np.bool_(True)]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.tuples(inner, inner),
        st.dictionaries(st.one_of(st.text(), st.integers(), st.none(), st.floats()), inner,
                        max_size=3),
        st.lists(inner, max_size=3).map(column),
        st.lists(inner, max_size=3).map(lambda values: pd.DataFrame({"a": column(values)})),
        st.lists(st.one_of(st.floats(), st.text()), max_size=3).map(np.array),
    ),
    max_leaves=6,
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(ANYTHING)
def test_nothing_that_a_student_passes_fails(given):
    reader = mk.reader("fr")
    for answer in (0.125, 34, "web", CHOSEN, ("web", "app"), SHARES):
        found = number(given, answer, mistakes={}, choices=())
        assert found.kind in ("right", "wrong", "not_attempted", "not_understood")
        assert sentence(found, reader, own={}, read_again="Titre", name="q1")


def test_a_list_that_holds_itself_is_not_understood():
    endless = []
    endless.append(endless)
    for answer in (0.125, "web", CHOSEN, SHARES):
        assert number(endless, answer).kind == "not_understood"
