"""The customer's voice: cases worked by hand, what must not change the answer, the demo's truth."""

import math

import ibis
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

import marketing_kpi as mk
from marketing_kpi import voice
from marketing_kpi.errors import ColumnError, ComputeError, MissingDataError

YEAR = {"start": "2025-01-01", "end": "2026-01-01"}
FEW = settings(max_examples=12, deadline=None)
Z95 = 1.959963984540054


def scores(promoters, passives, detractors):
    return pd.DataFrame({"score": [10] * promoters + [7] * passives + [3] * detractors})


def said(*rows):
    """Make answers of (customer, day of January 2025, score)."""
    frame = pd.DataFrame(rows, columns=["customer_id", "day", "score"])
    frame["answered_at"] = pd.Timestamp("2025-01-01") + pd.to_timedelta(frame.day - 1, unit="D")
    return frame.drop(columns="day").assign(response_id=[f"R{n}" for n in range(len(frame))])


def only(frame):
    assert len(frame) == 1
    return frame.iloc[0]


# --- NPS


def test_nps_by_hand():
    row = only(voice.nps(scores(22, 10, 8)))
    assert (row.answers, row.promoters, row.passives, row.detractors) == (40, 22, 10, 8)
    assert (row.promoters_share, row.passives_share, row.detractors_share) == (0.55, 0.25, 0.2)
    assert row.score == pytest.approx(35, rel=1e-12)
    # 43 answers: 22.75 promoters, 8.75 detractors; centre 14 / 43, squares 31.5 / 43
    centre, error = 14 / 43, math.sqrt((31.5 / 43 - (14 / 43) ** 2) / 43)
    assert row.low == pytest.approx(100 * (centre - Z95 * error), rel=1e-9)
    assert row.high == pytest.approx(100 * (centre + Z95 * error), rel=1e-9)


@pytest.mark.parametrize(
    ("score", "kind"),
    [(0, "detractors"), (6, "detractors"), (7, "passives"), (8, "passives"), (9, "promoters"),
     (10, "promoters")],
)  # fmt: skip
def test_each_score_is_of_one_kind(score, kind):
    row = only(voice.nps(pd.DataFrame({"score": [score]})))
    assert row[["promoters", "passives", "detractors"]].sum() == 1
    assert row[kind] == 1


def test_scores_off_the_scale_and_nulls_are_no_answers():
    row = only(voice.nps(pd.DataFrame({"score": [10.0, None, 11, -1, 99]})))
    assert row.answers == 1


def test_a_score_between_two_is_not_rounded_up_to_a_promoter():
    row = only(voice.nps(pd.DataFrame({"score": [8.6, 9.0, 6.4]})))
    assert (row.answers, row.promoters) == (1, 1)


def survey(*scores):
    at = pd.Timestamp("2025-01-10")
    answers = {"response_id": [f"R{n}" for n in range(len(scores))], "score": scores}
    orders = pd.DataFrame({"order_id": ["1"], "ordered_at": [at]})
    surveys = pd.DataFrame(answers).assign(question="nps", answered_at=at)
    return mk.open_data({"orders": orders, "surveys": surveys})


def test_scores_off_the_scale_are_counted_and_found():
    with survey(11, -1, 99, 9, 7) as data:
        assert voice.set_aside(data, question="nps", **YEAR) == 3
        assert voice.set_aside(data, question="nps", start="2025-02-01", end="2026-01-01") == 0
        assert voice.set_aside(data, question="csat") == 0
        found = {one.code: one for one in mk.check(data).findings}["scores_off_scale"]
    assert (found.table, found.column, found.count, found.total) == ("surveys", "score", 3, 5)
    assert "nps 0-10" in found.text("en")


def test_no_answers_are_no_score():
    row = only(voice.nps(pd.DataFrame({"score": pd.Series([], dtype="float64")})))
    assert row.answers == 0
    assert row[["score", "low", "high", "promoters_share"]].isna().all()


@pytest.mark.parametrize(("n", "known"), [(9, False), (10, True)])
def test_under_ten_answers_there_is_no_interval(n, known):
    row = only(voice.nps(scores(n, 0, 0)))
    assert row.score == 100
    assert bool(pd.notna(row.low)) is known
    assert bool(pd.notna(row.high)) is known


def test_ten_delighted_customers_do_not_prove_perfection():
    row = only(voice.nps(scores(10, 0, 0)))
    assert row.low < 60
    assert row.high == 100


def test_every_answer_counts_whoever_gives_it():
    answers = said(("A", 1, 0), ("A", 9, 10), ("B", 5, 8), (None, 1, 3), (None, 2, 3))
    row = only(voice.nps(answers))
    assert (row.answers, row.promoters, row.detractors, row.people) == (5, 1, 3, 4)
    assert row.score == -40
    ratings = said(("A", 1, 1), ("A", 9, 5), ("B", 5, 4))
    row = only(voice.csat(ratings))
    assert (row.answers, row.satisfied, row.people) == (3, 2, 2)
    counts = voice.score_counts(ratings, question="csat")
    assert counts.answers.tolist() == [1, 0, 0, 1, 1]


def test_by_group_every_answer_counts():
    answers = said(("A", 1, 0), ("A", 9, 10), ("B", 5, 8)).assign(wave=["1", "2", "1"])
    found = voice.nps(answers, by="wave")
    assert found.wave.tolist() == ["1", "2"]
    assert found.answers.tolist() == [2, 1]
    assert found.score.tolist() == [-50, 100]


def repeated(seed=5, people=60):
    """Return answers of people who answer one to five times, each much as the time before."""
    rng = np.random.default_rng(seed)
    rows = []
    for n in range(people):
        mood = rng.choice([3, 7, 10], p=[0.3, 0.3, 0.4])
        for day in range(rng.integers(1, 6)):
            score = mood if rng.random() < 0.7 else rng.choice([3, 7, 10])
            rows.append((f"C{n}", day + 1, int(score)))
    return said(*rows)


def test_the_person_is_the_unit_of_the_interval():
    answers = repeated()
    row = only(voice.nps(answers))
    mark = (answers.score >= 9).astype(float) - (answers.score <= 6)
    away = mark - mark.mean()
    n, people = len(answers), answers.customer_id.nunique()
    of_people = (away.groupby(answers.customer_id).sum() ** 2).sum() * people / (people - 1)
    effect = of_people / ((away**2).sum() * n / (n - 1))
    assert effect > 1.5
    assert (row.answers, row.people) == (n, people)
    assert row.score == pytest.approx(100 * mark.mean())
    assert row.effective_answers == pytest.approx(n / effect)
    total = n / effect + 3
    centre = mark.sum() / effect / total
    spread = ((mark**2).sum() / effect + 1.5) / total
    half = Z95 * math.sqrt((spread - centre**2) / total)
    assert (row.low, row.high) == pytest.approx((100 * (centre - half), 100 * (centre + half)))
    # the variance that the design effect stands for is that of leaving each person out
    without = [mark[answers.customer_id != who].mean() for who in answers.customer_id.unique()]
    jackknife = (people - 1) / people * ((np.array(without) - np.mean(without)) ** 2).sum()
    assert effect * away.var() / n == pytest.approx(jackknife, rel=0.05)


def test_who_answers_again_makes_no_interval_narrower():
    once = scores(22, 10, 8).assign(customer_id=[f"C{n}" for n in range(40)])
    thrice = pd.concat([once] * 3, ignore_index=True)
    one, three = only(voice.nps(once)), only(voice.nps(thrice))
    assert (three.answers, three.people, three.score) == (120, 40, one.score)
    assert three.effective_answers == pytest.approx(40, rel=0.02)
    assert (three.low, three.high) == pytest.approx((one.low, one.high), abs=0.5)
    delighted = pd.concat([said(*[(f"C{n}", 1, 10) for n in range(12)])] * 4, ignore_index=True)
    assert only(voice.nps(delighted)).effective_answers == 12  # all alike: one each tells as much


def test_answers_of_nobody_are_each_of_another():
    nameless = repeated().assign(customer_id=None)
    row = only(voice.nps(nameless))
    assert row.people == row.answers == row.effective_answers
    bare = only(voice.nps(repeated()[["score"]]))
    assert (row.low, row.high) == (bare.low, bare.high)


def test_satisfaction_too_has_the_person_as_the_unit():
    answers = repeated().assign(score=lambda t: t.score.map({3: 2, 7: 4, 10: 5}))
    row, alone = only(voice.csat(answers)), only(voice.csat(answers[["score"]]))
    assert row.share == alone.share
    assert row.high - row.low > 1.2 * (alone.high - alone.low)


def test_under_ten_people_there_is_no_interval_however_much_they_answer():
    nine = said(*[(f"C{n}", day, 9 + n % 2) for n in range(9) for day in (1, 2)])
    row = only(voice.nps(nine))
    assert (row.answers, row.people) == (18, 9)
    assert pd.isna(row.low)
    change = voice.nps_change(nine, scores(22, 10, 8))
    assert (change.low, change.verdict) == (None, "cannot_tell")


def test_a_change_between_waves_has_the_person_as_the_unit():
    before, after = repeated(1), repeated(2)
    after["customer_id"] = "D" + after["customer_id"]
    known = voice.nps_change(before, after)
    nameless = voice.nps_change(before[["score"]], after[["score"]])
    assert known.change == nameless.change
    assert known.high - known.low > 1.2 * (nameless.high - nameless.low)
    assert known.p_value > nameless.p_value


def test_another_question_does_not_count():
    answers = said(("A", 1, 10), ("B", 1, 3)).assign(question=["nps", "csat"])
    assert only(voice.nps(answers)).answers == 1
    assert only(voice.csat(answers)).answers == 1


def test_a_table_gives_a_lazy_table_of_the_same_values():
    answers = said(*[(f"C{n}", 1 + n % 9, n % 11) for n in range(40)])
    answers["region"] = ["QC", "IDF"] * 20
    for function in (voice.nps, voice.csat):
        lazy = function(ibis.memtable(answers), by=["region"])
        assert isinstance(lazy, ibis.Table)
        assert_frame_equal(lazy.to_pandas(), function(answers, by=["region"]), check_dtype=False)


@pytest.mark.parametrize("function", [voice.nps, voice.csat])
def test_scores_written_as_text_are_refused(function):
    text = pd.DataFrame({"score": ["10", "9"]})
    for answers in (text, ibis.memtable(text)):
        with pytest.raises(ComputeError, match="must be numbers"):
            function(answers)


def test_answers_of_nobody_stand_for_themselves():
    at = pd.Timestamp("2025-01-10")
    orders = pd.DataFrame({"order_id": ["1"], "ordered_at": [at]})
    surveys = pd.DataFrame({"score": [10, 10, 3, 8], "question": "nps", "answered_at": at})
    with mk.open_data({"orders": orders, "surveys": surveys}) as data:
        assert voice.lacks(data, "net_promoter_score") == []
        row = only(voice.nps(voice.answers(data, question="nps", **YEAR)))
        kpi = mk.compute("net_promoter_score", data, **YEAR).net_promoter_score[0]
    assert (row.answers, row.score, kpi) == (4, 25, 25)


def test_a_missing_column_is_named():
    with pytest.raises(ColumnError, match="'score' not found in the answers"):
        voice.nps(pd.DataFrame({"note": [1]}))


COUNTS = st.integers(0, 400)


@FEW
@given(p=COUNTS, z=COUNTS, d=COUNTS)
def test_the_interval_holds_the_score_and_mirrors(p, z, d):
    row, mirror = (only(voice.nps(scores(*counts))) for counts in ((p, z, d), (d, z, p)))
    if p + z + d >= voice.FEWEST_ANSWERS:
        assert -100 <= row.low <= row.score <= row.high <= 100
        assert row.low == pytest.approx(-mirror.high, abs=1e-9)


@FEW
@given(seed=st.integers(0, 999))
def test_the_order_of_the_answers_does_not_matter(seed):
    rng = np.random.default_rng(seed)
    rows = [(f"C{n % 15}", int(rng.integers(1, 4)), int(rng.integers(0, 11))) for n in range(40)]
    answers = said(*rows)
    shuffled = answers.sample(frac=1, random_state=seed)
    assert_frame_equal(voice.nps(answers), voice.nps(shuffled))


def test_by_period_counts_each_quarter():
    answers = said(("A", 1, 10), ("A", 95, 10), ("B", 100, 3))
    found = voice.nps_by_period(answers, grain="quarter")
    assert found.period.tolist() == [pd.Timestamp("2025-01-01"), pd.Timestamp("2025-04-01")]
    assert found.score.tolist() == [100, 0]
    with pytest.raises(ComputeError, match="grain"):
        voice.nps_by_period(answers, grain="fortnight")


# --- Change between two waves


def test_change_by_hand():
    found = voice.nps_change(scores(22, 10, 8), scores(30, 6, 4))
    assert (found.before, found.after) == (pytest.approx(35), pytest.approx(65))
    assert found.change == pytest.approx(30)
    # 41.5 answers a wave, 3/8 to promoters and as much to detractors
    one, other = 14 / 41.5, 26 / 41.5
    error = math.sqrt((30.75 / 41.5 - one**2 + 34.75 / 41.5 - other**2) / 41.5)
    assert found.low == pytest.approx(100 * (other - one - Z95 * error))
    assert found.high == pytest.approx(100 * (other - one + Z95 * error))
    assert found.verdict == "cannot_tell"  # 30 points more, of 40 answers each
    assert found.in_both is None


def test_a_fall_is_the_rise_turned_round():
    up, down = (
        voice.nps_change(*waves)
        for waves in (
            [scores(9, 20, 20), scores(30, 15, 4)],
            [scores(30, 15, 4), scores(9, 20, 20)],
        )
    )
    assert (up.verdict, down.verdict) == ("higher", "lower")
    assert up.low == pytest.approx(-down.high)
    assert up.p_value == pytest.approx(down.p_value)


@FEW
@given(st.tuples(COUNTS, COUNTS, COUNTS), st.tuples(COUNTS, COUNTS, COUNTS))
def test_verdict_interval_and_p_value_never_contradict(before, after):
    found = voice.nps_change(scores(*before), scores(*after))
    if min(sum(before), sum(after)) < voice.FEWEST_ANSWERS:
        assert (found.low, found.p_value, found.verdict) == (None, None, "cannot_tell")
    else:
        excludes_0 = found.low > 0 or found.high < 0
        assert (found.verdict != "cannot_tell") == excludes_0 == (found.p_value < 0.05)


def test_who_answered_both_times_is_counted():
    before, after = said(("A", 1, 9), ("B", 1, 8)), said(("B", 1, 9), ("C", 1, 8), (None, 1, 8))
    assert voice.nps_change(before, after).in_both == 1
    assert voice.nps_change(ibis.memtable(before), ibis.memtable(after)).in_both == 1


def test_a_wave_without_answers_has_no_change():
    found = voice.nps_change(scores(0, 0, 0), scores(20, 0, 0))
    assert (found.before, found.change, found.verdict) == (None, None, "cannot_tell")


# --- Do groups differ


def test_groups_that_answer_alike_are_not_told_apart():
    alike = pd.concat([scores(20, 10, 10).assign(team=team) for team in "ABC"])
    found = voice.nps_differences(voice.nps(alike, by="team"))
    assert found.groups == 3
    assert found.p_value == pytest.approx(1)
    assert found.verdict == "cannot_tell"


def test_groups_that_differ_are_told_apart_by_hand():
    apart = pd.concat([scores(30, 6, 4).assign(team="A"), scores(10, 10, 20).assign(team="B")])
    found = voice.nps_differences(voice.nps(apart, by="team"))
    one, other = 26 / 41.5, -10 / 41.5
    error = math.sqrt((34.75 / 41.5 - one**2 + 30.75 / 41.5 - other**2) / 41.5)
    assert found.statistic == pytest.approx(((one - other) / error) ** 2)  # Welch's t, squared
    assert found.verdict == "differ"


def test_groups_of_few_answers_are_left_out():
    scored = pd.concat([scores(30, 6, 4).assign(team="A"), scores(2, 0, 0).assign(team="B")])
    found = voice.nps_differences(voice.nps(scored, by="team"))
    assert (found.groups, found.p_value, found.verdict) == (1, None, "cannot_tell")


# --- CSAT


def test_csat_by_hand():
    row = only(voice.csat(pd.DataFrame({"score": [5] * 40 + [4] * 16 + [3] * 10 + [1] * 4})))
    assert (row.answers, row.satisfied, row.share) == (70, 56, 0.8)
    assert (round(row.low, 4), round(row.high, 4)) == (0.6918, 0.877)  # Newcombe 1998, 56/70
    assert only(voice.csat(pd.DataFrame({"score": [0, 6, 5]}))).answers == 1
    assert pd.isna(only(voice.csat(pd.DataFrame({"score": [5] * 9}))).low)


def test_score_counts_have_every_score():
    found = voice.score_counts(pd.DataFrame({"score": [10, 10, 0, 7]}), question="nps")
    assert found.score.tolist() == list(range(11))
    assert found.answers.tolist() == [1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 2]
    assert found.share.sum() == 1


# --- Share of wallet


def panel_shop(members, *, orders_only=False, change=None):
    """Open a shop of members (our sales, spending in all) in Tents, January 2025."""
    names = [f"M{n:03}" for n in range(len(members))]
    at = pd.Timestamp("2025-01-10")
    frames = {
        "orders": pd.DataFrame({"order_id": names, "customer_id": names, "ordered_at": at}),
        "order_lines": pd.DataFrame(
            {
                "order_id": names,
                "line_id": "1",
                "product_id": "tent",
                "quantity": 1.0,
                "unit_price": [float(ours) for ours, _ in members],
            }
        ),
        "products": pd.DataFrame({"product_id": ["tent"], "category": ["Tents"]}),
    }
    spend = pd.DataFrame(
        {
            "customer_id": names,
            "month": pd.Timestamp("2025-01-01"),
            "category": "Tents",
            "spend_total": [float(total) for _, total in members],
        }
    )
    spend = spend if change is None else change(spend)
    return mk.open_data(frames if orders_only else {**frames, "category_spend": spend})


def by_week(spend):
    """Tell the spending of a month in four parts, each at its own day."""
    parts = [
        spend.assign(month=pd.Timestamp(2025, 1, day), spend_total=spend.spend_total / 4)
        for day in (6, 13, 20, 27)
    ]
    return pd.concat(parts, ignore_index=True)


def split(spend):
    """Tell the spending of a month in two rows of one key."""
    half = spend.assign(spend_total=spend.spend_total / 2)
    return pd.concat([half, half], ignore_index=True)


@pytest.mark.parametrize("change", [by_week, split])
def test_several_rows_a_month_are_one_spending(change):
    members = [(n, 10 + 3 * n) for n in range(12)]
    with panel_shop(members) as data, panel_shop(members, change=change) as other:
        for by in ((), "category"):
            expected = voice.share_of_wallet(data, **YEAR, by=by)
            assert_frame_equal(voice.share_of_wallet(other, **YEAR, by=by), expected)
        kpi = mk.compute("share_of_wallet", other, **YEAR).share_of_wallet[0]
    assert kpi == pytest.approx(sum(ours for ours, _ in members) / sum(x for _, x in members))


def with_bicycles(spend):
    """Add spending in a category that the shop does not have, and some of no category."""
    cycles = spend.assign(category="Bicycles", spend_total=900.0)
    nameless = spend.assign(category=None, spend_total=100.0)
    return pd.concat([spend, cycles, nameless], ignore_index=True)


def test_a_category_that_we_do_not_sell_is_no_part_of_the_wallet():
    with panel_shop([(20, 100)] * 12) as data, panel_shop(
        [(20, 100)] * 12, change=with_bicycles
    ) as other:  # fmt: skip
        expected = voice.share_of_wallet(data, **YEAR)
        assert_frame_equal(voice.share_of_wallet(other, **YEAR), expected)
        assert voice.share_of_wallet(other, **YEAR, by="category").category.tolist() == ["Tents"]
        assert mk.compute("share_of_wallet", other, **YEAR).share_of_wallet[0] == 0.2
        assert voice.other_categories(data, **YEAR).empty
        left_out = voice.other_categories(other, **YEAR)
    assert left_out.category.fillna("").tolist() == ["Bicycles", ""]
    assert left_out.spend_total.tolist() == [900 * 12, 100 * 12]
    assert left_out.share.tolist() == pytest.approx([900 / 1100, 100 / 1100])


def test_without_a_panel_no_category_is_left_out():
    with panel_shop([(20, 100)], orders_only=True) as data:
        assert voice.other_categories(data, **YEAR).empty
    with panel_shop([(20, 100)], change=with_bicycles) as data:
        assert voice.other_categories(data, start="2025-01-02", end="2025-03-01").empty


def test_our_sales_that_the_panel_does_not_have_are_added_up():
    """M000 is of the panel, but not for tents; M001 is not; M002 is for tents."""

    def missed(spend):
        named = spend.customer_id == "M000"
        return spend.assign(category=spend.category.mask(named, "Bicycles")).drop(index=1)

    members = [(20, 100), (40, 100), (80, 100)]
    with panel_shop(members, change=missed) as data:
        assert voice.sales_outside_panel(data, **YEAR) == 20
        assert voice.sales_outside_panel(data, start="2025-02-01", end="2025-03-01") == 0
    with panel_shop(members) as data:
        assert voice.sales_outside_panel(data, **YEAR) == 0
    with panel_shop(members, orders_only=True) as data:
        assert voice.sales_outside_panel(data, **YEAR) == 0


def test_a_panel_whose_months_begin_elsewhere_is_found():
    with panel_shop([(20, 100)]) as data:
        assert "not_first_of_month" not in {one.code for one in mk.check(data).findings}
    with panel_shop([(20, 100)], change=by_week) as data:
        found = {one.code: one for one in mk.check(data).findings}["not_first_of_month"]
    assert (found.table, found.column, found.count, found.total) == (
        "category_spend", "month", 4, 4,
    )  # fmt: skip
    assert "4 rows" in found.text("en")


def test_the_share_of_wallet_is_a_ratio_of_sums():
    with panel_shop([(20, 20), (60, 300), (100, 800)]) as data:
        row = only(voice.share_of_wallet(data, **YEAR))
    assert (row.members, row.our_sales, row.spend_total) == (3, 180, 1120)
    assert row.share == pytest.approx(180 / 1120)
    assert row.mean_of_shares == pytest.approx((1 + 0.2 + 0.125) / 3)
    assert pd.isna(row.low)  # three members


def test_the_interval_of_the_share_by_hand():
    members = [(n, 10 + n) for n in range(12)]
    with panel_shop(members) as data:
        row = only(voice.share_of_wallet(data, **YEAR, by="category").drop(columns="category"))
    y, x = np.array(members, dtype=float).T
    share = y.sum() / x.sum()
    error = math.sqrt(12 / 11 * ((y - share * x) ** 2).sum()) / x.sum()
    half = 2.200985160082949 * error / (share * (1 - share))  # t of 11 degrees
    logit = math.log(share / (1 - share))
    assert row.low == pytest.approx(1 / (1 + math.exp(half - logit)), rel=1e-9)
    assert row.high == pytest.approx(1 / (1 + math.exp(-half - logit)), rel=1e-9)


def test_members_who_spend_more_with_us_than_in_all_are_counted():
    with panel_shop([(20, 10), (60, 300), (90, 30)]) as data:
        row = only(voice.share_of_wallet(data, **YEAR))
    assert (row.members, row.members_above) == (3, 2)
    assert row.share == pytest.approx(170 / 340)


def test_months_and_members_without_spending_are_no_wallet():
    with panel_shop([(0, 0), (50, 100)]) as data:
        assert only(voice.share_of_wallet(data, **YEAR)).members == 1
        later = only(voice.share_of_wallet(data, start="2025-02-01", end="2026-01-01"))
    assert (later.members, later.spend_total) == (0, 0)
    assert pd.isna(later.share)


def test_only_whole_months_of_the_panel_count():
    cut = {"start": "2025-01-01", "end": "2025-01-20"}
    wide = {"start": "2024-12-15", "end": "2025-02-10"}
    with panel_shop([(20, 20), (60, 300)]) as data:
        assert only(voice.share_of_wallet(data, **cut)).members == 0
        assert pd.isna(only(voice.share_of_wallet(data, **cut)).share)
        assert only(voice.share_of_wallet(data, **wide)).share == pytest.approx(80 / 320)
        late = only(voice.share_of_wallet(data, start="2025-01-02", end="2026-01-01"))
        assert late.members == 0
    assert voice.whole_months("2025-10-15", "2025-11-15") is None
    assert [*map(str, voice.whole_months("2024-12-15", "2025-02-10"))] == [
        "2025-01-01",
        "2025-02-01",
    ]


def test_without_a_panel_there_is_no_share():
    with panel_shop([(50, 100)], orders_only=True) as data:
        assert pd.isna(only(voice.share_of_wallet(data, **YEAR)).share)
        assert voice.usable(data, ["category"], fact="panel") == []
        with pytest.raises(ComputeError, match="start"):
            voice.share_of_wallet(data, start="2026-01-01", end="2025-01-01")


def shares(**columns):
    base = {"members": 50, "our_sales": 1.0, "mean_of_shares": 0.1}
    return pd.DataFrame({**columns}).assign(**base)


SHARES = shares(
    category=["A", "B", "C"],
    spend_total=[1000.0, 2000.0, 500.0],
    share=[0.3, 0.1, math.nan],
    low=[0.25, 0.08, math.nan],
    high=[0.35, 0.12, math.nan],
)


def test_the_prize_by_hand():
    found = voice.size_of_prize(SHARES).set_index("category")
    assert found.target.tolist() == [0.3] * 3
    assert found.loc["B", "prize"] == pytest.approx(2000 * 0.2)
    wide = 0.2 - math.hypot(0.05, 0.02), 0.2 + math.hypot(0.05, 0.02)
    assert found.loc["B", "prize_low"] == pytest.approx(2000 * wide[0])
    assert found.loc["B", "prize_high"] == pytest.approx(2000 * wide[1])
    assert found.loc["A", ["prize", "prize_low", "prize_high"]].tolist() == [0, 0, 0]
    assert pd.isna(found.loc["C", "prize"])
    assert found.index[0] == "B"


def test_a_given_target_has_no_uncertainty_and_a_member_may_stand_for_many():
    found = voice.size_of_prize(SHARES, target=0.2, represents=10).set_index("category")
    assert found.loc["B", "prize"] == pytest.approx(2000 * 0.1 * 10)
    assert found.loc["B", "prize_low"] == pytest.approx(2000 * 0.08 * 10)
    assert found.loc["A", "prize"] == 0


@pytest.mark.parametrize("wrong", [{"target": 20}, {"target": -0.1}, {"represents": 0}])
def test_a_target_in_percent_is_refused(wrong):
    with pytest.raises(ComputeError, match=f"{next(iter(wrong))} =="):
        voice.size_of_prize(SHARES, **wrong)


def test_estimated_wallets_by_hand():
    accounts = pd.DataFrame(
        {
            "account": list("ABCD"),
            "our_sales": [40.0, 90.0, 70.0, 0.0],
            "spend_low": [60.0, 50.0, 50.0, 0.0],
            "spend_high": [120.0, 80.0, 100.0, 10.0],
        }
    )
    found = voice.share_of_wallet_estimated(accounts).set_index("account")
    assert found.loc["A", ["share_low", "share_high"]].tolist() == [40 / 120, 40 / 60]
    assert found.loc["A", ["headroom_low", "headroom_high"]].tolist() == [20, 80]
    assert found.plausible.tolist() == [True, False, True, True]
    assert found.loc["B"].drop(["plausible", *accounts.columns[1:]]).isna().all()
    assert found.loc["C", ["share_low", "share_high"]].tolist() == [0.7, 1.0]
    assert pd.isna(found.loc["D", "share_high"])  # nothing of nothing


# --- Engagement


def test_interactions_without_a_weight_are_counted_by_kind():
    rows = pd.DataFrame(
        {
            "customer_id": ["A", "A", "B", None, "B", "C", "C"],
            "kind": ["click", "like", "like", "like", None, "like", "open"],
            "at": pd.to_datetime(["2025-12-31"] * 5 + ["2020-01-01", "2025-12-31"]),
        }
    )
    rules = voice.Engagement(weights={"open": 0})
    for done in (rows, ibis.memtable(rows)):
        found = voice.uncounted(done, as_of="2026-01-01", settings=rules)
        assert found.kind.fillna("").tolist() == ["like", ""]
        assert found.interactions.tolist() == [2, 1]
    none = mk.open_data(
        {"orders": pd.DataFrame({"order_id": ["1"], "ordered_at": [rows["at"][0]]})}
    )
    assert voice.uncounted(none, as_of="2026-01-01").empty


def did(*rows):
    frame = pd.DataFrame(rows, columns=["customer_id", "days", "kind"])
    at = pd.Timestamp("2026-01-01") - pd.to_timedelta(frame.days, unit="D")
    return frame.drop(columns="days").assign(at=at)


def test_percentiles_are_midranks():
    rows = did(("A", 5, "open"), ("B", 5, "open"), ("C", 5, "click"), ("D", 200, "open"))
    found = voice.engagement(rows, as_of="2026-01-01")
    assert found.percentile.tolist() == [50, 50, 87.5, 12.5]


def test_the_settings_reach_the_points():
    rows = did(("A", 60, "open"))
    own = voice.Engagement(half_life_days=60, weights={"open": 8})
    assert only(voice.engagement(rows, as_of="2026-01-01", settings=own)).points == 4


def test_contacts_who_did_nothing_have_0_points():
    contacts = pd.DataFrame(
        {
            "customer_id": ["A", "B", "late"],
            "registered_at": pd.to_datetime(["2025-01-01", None, "2026-01-01"]),
        }
    )
    orders = pd.DataFrame({"order_id": ["1"], "ordered_at": pd.to_datetime(["2025-01-01"])})
    frames = {"orders": orders, "contacts": contacts, "responses": did(("A", 5, "open"))}
    with mk.open_data(frames) as data:
        found = voice.engagement(data, as_of="2026-01-01")
    assert found.customer_id.tolist() == ["A", "B"]
    assert found.percentile.tolist() == [75, 25]
    assert found.points[1] == 0
    assert pd.isna(found.last_interaction[1])


def test_classes_of_points_hold_everyone():
    found = voice.engagement_counts(pd.DataFrame({"points": [0.0, 0.5, 0.51, 8.0, 8.01, 99.0]}))
    assert found.contacts.tolist() == [1, 1, 1, 0, 0, 1, 2]
    assert found.share.sum() == pytest.approx(1)


# --- Omnichannel


def channel_shop(*customers):
    """Open a shop of customers, each a list of (channel, amount)."""
    rows = [
        (f"C{n:03}", channel, float(amount))
        for n, orders in enumerate(customers)
        for channel, amount in orders
    ]
    frame = pd.DataFrame(rows, columns=["customer_id", "channel", "amount"])
    frame["order_id"] = [f"O{n}" for n in range(len(frame))]
    return mk.open_data({"orders": frame.assign(ordered_at=pd.Timestamp("2025-03-01"))})


def test_omnichannel_by_hand():
    shop = [[("web", 10)], [("web", 20), ("web", 30)], [("web", 40), ("store", 60)]]
    with channel_shop(*shop) as data:
        found = voice.omnichannel(data, **YEAR)
    assert found.channels.tolist() == [1, 2]
    assert found.customers.tolist() == [2, 1]
    assert found.share.tolist() == pytest.approx([2 / 3, 1 / 3])
    assert found.orders_per_customer.tolist() == [1.5, 2]
    assert found.net_sales_per_customer.tolist() == pytest.approx([30, 100])
    assert found[["net_sales_low", "margin_per_customer"]].isna().all(axis=None)


def test_the_interval_of_an_average_leans_to_where_the_tail_is():
    amounts = [10.0] * 15 + [20.0] * 4 + [200.0]
    with channel_shop(*[[("web", amount)] for amount in amounts]) as data:
        row = only(voice.omnichannel(data, **YEAR))
    mean = np.mean(amounts)
    assert row.net_sales_per_customer == pytest.approx(mean)
    assert row.net_sales_high - mean > 1.5 * (mean - row.net_sales_low)
    # without skewness it is the usual interval
    even = [10.0, 30.0] * 10
    with channel_shop(*[[("web", amount)] for amount in even]) as data:
        row = only(voice.omnichannel(data, **YEAR))
    half = Z95 * np.std(even, ddof=1) / math.sqrt(20)
    assert (row.net_sales_low, row.net_sales_high) == pytest.approx((20 - half, 20 + half))


def test_at_equal_orders_the_gap_is_gone():
    """Every order is worth 50, however many channels: the plain gap is of orders alone."""
    single = [[("web", 50)]] * 40 + [[("web", 49), ("web", 51)]] * 15
    several = [[("web", 50), ("store", 50)]] * 12 + [[("web", 50), ("store", 50), ("app", 50)]] * 9
    with channel_shop(*single, *several) as data:
        found = voice.omnichannel_gap(data, **YEAR)
    assert found.gap == pytest.approx((12 * 100 + 9 * 150) / 21 - (40 * 50 + 15 * 100) / 55)
    assert found.low > 0
    assert found.equal_gap == 0
    assert found.compared == pytest.approx(12 / 21)
    assert found.strata.to_dict("records") == [
        {
            "orders": 2,
            "single": 15,
            "several": 12,
            "single_net_sales": 100,
            "several_net_sales": 100,
            "gap": 0,
        }
    ]


def test_the_weighted_gap_by_hand():
    single = [[("web", 20), ("web", 20)]] * 10 + [[("web", 10)] * 3] * 10
    several = [[("web", 30), ("store", 20)]] * 10 + [[("web", 10), ("app", 10), ("app", 40)]] * 30
    with channel_shop(*single, *several) as data:
        found = voice.omnichannel_gap(data, **YEAR)
    assert found.strata.gap.tolist() == pytest.approx([10, 30])
    assert found.equal_gap == pytest.approx((10 * 10 + 30 * 30) / 40)


def test_few_customers_are_not_compared():
    with channel_shop([("web", 10)], [("web", 10), ("store", 20)]) as data:
        found = voice.omnichannel_gap(data, **YEAR)
    assert (found.gap, found.equal_gap, found.compared) == (None, None, 0)
    assert found.strata.empty


def priced_shop(*costs):
    """Open a shop of 20 customers, each with a line of 100 of each of these costs."""
    lines = pd.DataFrame(
        [
            (f"O{n}", f"{line}", 1.0, 100.0, cost)
            for n in range(20)
            for line, cost in enumerate(costs)
        ],
        columns=["order_id", "line_id", "quantity", "unit_price", "unit_cost"],
    )
    orders = pd.DataFrame(
        {
            "order_id": [f"O{n}" for n in range(20)],
            "customer_id": [f"C{n:02}" for n in range(20)],
            "ordered_at": pd.Timestamp("2025-03-01"),
            "channel": "web",
        }
    )
    return mk.open_data({"orders": orders, "order_lines": lines})


def test_a_margin_of_partly_unknown_costs_is_withheld():
    with priced_shop(60.0, np.nan) as data:
        row = only(voice.omnichannel(data, **YEAR))
    assert row.revenue_without_cost == 0.5
    assert row[["margin_per_customer", "margin_low", "margin_high"]].isna().all()
    with priced_shop(60.0, 40.0) as data:
        row = only(voice.omnichannel(data, **YEAR))
    assert (row.revenue_without_cost, row.margin_per_customer) == (0, 100)


def test_a_margin_is_divided_by_every_customer():
    """Of 20 customers of 100, one without a known cost: 5 % of sales, a known margin of 0."""
    with priced_shop(60.0) as data:
        lines = data.order_lines.to_pandas()
        lines.loc[lines.order_id == "O7", "unit_cost"] = np.nan
        orders = data.orders.to_pandas()
    with mk.open_data({"orders": orders, "order_lines": lines}) as data:
        row = only(voice.omnichannel(data, **YEAR))
    assert row.revenue_without_cost == 0.05
    assert row.margin_per_customer == pytest.approx(19 * 40 / 20)


# --- Data


def test_what_the_data_lack_is_said():
    orders = pd.DataFrame({"order_id": ["1"], "ordered_at": pd.to_datetime(["2025-01-01"])})
    with mk.open_data({"orders": orders}) as data:
        lacking = voice.lacking(data)
        assert voice.nps(voice.answers(data, question="nps")).answers.tolist() == [0]
        assert voice.engagement(data, as_of="2026-01-01").empty
        assert voice.omnichannel(data, **YEAR).empty
        assert voice.reach(data, question="nps", **YEAR) == voice.Reach(0, 0, None)
        assert voice.set_aside(data, question="nps") == 0
        assert "surveys.score" in voice.lacks(data, "net_promoter_score")
        assert voice.lacks(data, "share_of_wallet")
    costs = {id for ids in lacking.kpis for id in ids}
    assert costs == {
        *("net_promoter_score", "customer_satisfaction", "share_of_wallet"),
        *("engagement_score", "omnichannel_share"),
    }


def test_dimensions_are_checked():
    with mk.demo() as data:
        assert voice.lacking(data).empty
        assert voice.usable(data, ["region", "nonsense"]) == ["region"]
        with pytest.raises(ComputeError, match="acquisition_channel"):
            voice.answers(data, question="nps", by="acquisition_chanel")
        with pytest.raises(ComputeError, match="did you mean 'nps'"):
            voice.answers(data, question="np")
    surveys = {"response_id": ["1"], "customer_id": ["A"], "answered_at": ["2025-01-01"]}
    frames = {
        "orders": pd.DataFrame({"order_id": ["1"], "ordered_at": pd.to_datetime(["2025-01-01"])}),
        "surveys": pd.DataFrame({**surveys, "question": ["nps"], "score": [9]}),
    }
    with mk.open_data(frames) as data, pytest.raises(MissingDataError, match=r"contacts\.region"):
        voice.answers(data, question="nps", by="region")


# --- The demo, whose truth is known


@pytest.fixture(scope="module")
def demo():
    with mk.demo() as data:
        yield data


def test_the_demo_holds_its_truth(demo):
    truth = mk.truth()["surveys"]
    score = only(voice.nps(voice.answers(demo, question="nps")).to_pandas())
    assert score.low < truth["nps"] < score.high
    satisfied = only(voice.csat(voice.answers(demo, question="csat")).to_pandas())
    assert satisfied.low < truth["csat"] < satisfied.high


def test_the_chapter_and_the_dictionary_agree(demo):
    kpis = ["net_promoter_score", "customer_satisfaction", "share_of_wallet", "omnichannel_share"]
    by_kpi = only(mk.compute(kpis, demo, **YEAR).to_pandas())
    answers = {q: voice.answers(demo, question=q, **YEAR) for q in ("nps", "csat")}
    channels = voice.omnichannel(demo, **YEAR)
    assert by_kpi.net_promoter_score == pytest.approx(
        only(voice.nps(answers["nps"]).to_pandas()).score, rel=1e-12
    )
    assert by_kpi.customer_satisfaction == only(voice.csat(answers["csat"]).to_pandas()).share
    assert by_kpi.share_of_wallet == pytest.approx(
        only(voice.share_of_wallet(demo, **YEAR)).share, rel=1e-12
    )
    assert by_kpi.omnichannel_share == pytest.approx(
        channels[channels.channels >= 2].share.sum(), rel=1e-12
    )


def test_in_the_demo_channels_have_no_effect_of_their_own(demo):
    found = voice.omnichannel_gap(demo, **YEAR)
    assert found.low > 500
    assert found.equal_low < 0 < found.equal_high
