"""Waterfalls: what hangs from what, what a cut axis may show, what is legible."""

from itertools import pairwise

import pytest

from marketing_kpi.plots import bridges, style
from marketing_kpi.plots.bridges import Step
from marketing_kpi.text.locale import reader

LONG = "Commandes passées à une autre époque et reçues pendant la période"
STEPS = [
    Step("Avant", 2_614_615.0, "2 614 615 $", is_total=True),
    Step(LONG, 2_842_750.0, "+228 135 $", interval=(150_000.0, 330_000.0)),
    Step("Retours", 2_823_585.0, "−19 165 $"),
    Step("Maintenant", 2_823_585.0, "2 823 585 $ (100,0 %)", is_total=True),
]


def drawn(steps=STEPS, *, from_zero=False, lang="fr"):
    def draw():
        axis = style.axes(height=bridges.height(len(steps)))
        bridges.draw(axis, steps, reader=reader(lang), from_zero=from_zero)
        return style.finish(axis, title="x", alt="x")

    return style.styled(draw)()


def spans(axis):
    return [tuple(sorted((b.get_x(), b.get_x() + b.get_width()))) for b in axis.patches]


def diamonds(axis):
    return [line.get_xdata()[0] for line in axis.lines if line.get_marker() == "D"]


def test_totals_are_bars_where_the_axis_begins_at_0():
    axis = drawn(from_zero=True)
    assert axis.get_xlim()[0] == 0
    assert spans(axis) == [
        (0, 2_614_615), (2_614_615, 2_842_750), (2_823_585, 2_842_750), (0, 2_823_585),
    ]  # fmt: skip
    assert not diamonds(axis)


def test_totals_are_diamonds_where_it_does_not():
    """The length of a bar is read as an amount: on a cut axis it would be a wrong one."""
    axis = drawn()
    assert axis.get_xlim()[0] > 2_500_000
    assert spans(axis) == [(2_614_615, 2_842_750), (2_823_585, 2_842_750)]
    assert diamonds(axis) == [2_614_615, 2_823_585]


def test_what_falls_below_0_is_on_the_axis():
    loss = [Step("a", 10.0, "$10", is_total=True), Step("b", -20.0, "−$30")]
    axis = drawn([*loss, Step("c", -20.0, "−$20", is_total=True)], from_zero=True)
    assert axis.get_xlim()[0] < -20
    assert spans(axis) == [(0, 10), (-20, 10), (-20, 0)]


def test_rises_and_falls_are_told_apart_without_colour():
    rise, fall = drawn().patches
    assert not rise.get_hatch()
    assert fall.get_hatch()
    greys = [style.luminance(bar.get_facecolor()[:3]) for bar in (rise, fall)]
    assert abs(greys[0] - greys[1]) > 0.5


def test_a_change_too_small_for_a_bar_can_still_be_seen():
    tiny = [Step("a", 1e6, "a", is_total=True), Step("b", 1e6 - 1, "b"), Step("c", 1e6 + 9, "c")]
    for bar in drawn(tiny, from_zero=True).patches[1:]:
        assert bar.get_linewidth() > 0
        assert style.contrast(bar.get_edgecolor()[:3], "white") >= 3


def test_an_interval_hangs_from_the_level_before():
    [spread] = [line for line in drawn().lines if line.get_path_effects()]
    assert list(spread.get_xdata()) == [2_764_615, 2_944_615]


def test_an_interval_that_is_null_is_not_drawn():
    steps = [STEPS[0], STEPS[1]._replace(interval=(float("nan"), None))]
    assert not [line for line in drawn(steps).lines if line.get_path_effects()]


@pytest.mark.parametrize("from_zero", [True, False])
def test_long_names_and_labels_are_whole_and_apart(from_zero):
    axis = drawn(from_zero=from_zero)
    figure = axis.figure
    for _again in range(2):  # texts take the places that the layout gave them
        figure.canvas.draw()
    right = axis.get_window_extent().x1
    assert all(text.get_window_extent().x1 <= right + 4 for text in axis.texts)
    names = [label.get_window_extent() for label in axis.get_yticklabels()]
    assert all(name.x0 >= 0 for name in names)
    assert not any(one.overlaps(other) for one, other in pairwise(names))
    assert LONG in " ".join(" ".join(t.get_text().split()) for t in axis.get_yticklabels())


def test_an_axis_is_said_to_leave_0_out_only_where_it_does():
    still = [Step("a", 15_000.0, "", is_total=True), Step("b", 15_000.0, "", is_total=True)]
    said = ["L'axe ne part pas de 0."]
    assert bridges.beginning(drawn(), reader("fr")) == said
    assert bridges.beginning(drawn(from_zero=True), reader("fr")) == []
    assert bridges.beginning(drawn(still), reader("fr")) == []


@pytest.mark.parametrize("from_zero", [True, False])
def test_a_bridge_that_does_not_move_is_drawn(from_zero):
    still = [Step("a", 0.0, "$0", is_total=True), Step("b", 0.0, "$0"), Step("c", 0.0, "$0")]
    low, high = drawn(still, from_zero=from_zero).get_xlim()
    assert low <= 0 < high


@pytest.mark.parametrize("from_zero", [True, False])
@pytest.mark.parametrize("level", [15_000.0, -15_000.0])
def test_an_amount_that_does_not_move_is_seen_beside_0(level, from_zero):
    still = [Step("a", level, "", is_total=True), Step("b", level, ""), Step("c", level, "")]
    low, high = drawn(still, from_zero=from_zero).get_xlim()
    least, most = sorted([0.0, level])
    assert least - 0.1 * 15_000 <= low <= least
    assert most < high <= 1.5 * 15_000


def test_every_step_hangs_on_the_next():
    axis = drawn(from_zero=True)
    links = [line for line in axis.lines if line.get_color() == style.REFERENCE]
    assert [line.get_xdata()[0] for line in links] == [step.level for step in STEPS[:-1]]
