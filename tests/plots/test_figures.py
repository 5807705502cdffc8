"""Every figure, in both languages: alt text, words, nothing cut, nothing computed."""

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from matplotlib.text import Text

from marketing_kpi import plots, rfm
from marketing_kpi.errors import ConfigError
from marketing_kpi.plots import style
from marketing_kpi.plots.rfm import squarify

CURVE = pd.DataFrame({"customers_share": [0.2, 1.0], "net_sales_share": [0.75, 1.0]})
TOP = rfm.TopShare(0.2, 100, 20, 1000.0, 750.0, 0.75, 0.7, 0.8, "influence function")


@pytest.fixture
def drawings(summary, segments, earlier, by_segment, scorecard, months):
    return {
        "treemap": lambda lang: plots.treemap(by_segment, lang=lang),
        "treemap of sales": lambda lang: plots.treemap(by_segment, lang=lang, measure="net_sales"),
        "grid": lambda lang: plots.recency_frequency(rfm.recency_frequency(segments), lang=lang),
        "segment sales": lambda lang: plots.segment_sales(by_segment, lang=lang),
        "concentration": lambda lang: plots.concentration(CURVE, lang=lang, top=TOP),
        "migration": lambda lang: plots.migration(rfm.migration(earlier, segments), lang=lang),
        "scores": lambda lang: plots.score_counts(rfm.score_counts(segments), lang=lang),
        "months": lambda lang: plots.kpi_by_month(months, lang=lang),
        "changes": lambda lang: plots.changes(scorecard, lang=lang),
    }


NAMES = [
    *("treemap", "treemap of sales", "grid", "segment sales", "concentration"),
    *("migration", "scores", "months", "changes"),
]


def words(figure):
    return {text.get_text() for text in figure.findobj(Text) if text.get_text().strip()}


@pytest.mark.parametrize("name", NAMES)
def test_each_figure_says_what_it_shows_in_the_readers_language(drawings, name):
    french, english = (drawings[name](lang).figure for lang in ("fr", "en"))
    assert len(french.alt) > 40
    assert french.alt != english.alt
    assert any(character.isdigit() for character in french.alt)
    assert french._suptitle.get_text() != english._suptitle.get_text()


@pytest.mark.parametrize("lang", ["fr", "en"])
@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_cut(drawings, name, lang):
    figure = drawings[name](lang).figure
    figure.canvas.draw()
    drawn = figure.get_tightbbox()
    assert drawn.x0 >= -0.02
    assert drawn.y0 >= -0.02
    assert drawn.x1 <= figure.get_figwidth() + 0.02
    assert drawn.y1 <= figure.get_figheight() + 0.02


@pytest.mark.parametrize("name", NAMES)
def test_the_text_of_a_phones_figure_can_be_read(drawings, name):
    """At 360 pixels of width, the smallest text is still 4.5 points high."""
    figure = drawings[name]("fr").figure
    scale = 360 / (figure.get_figwidth() * 96)
    sizes = [t.get_fontsize() for t in figure.findobj(Text) if t.get_text().strip()]
    assert min(sizes) * scale >= 4.4


def test_treemap_areas_are_the_shares(by_segment):
    ax = plots.treemap(by_segment, lang="en")
    areas = sorted(patch.get_width() * patch.get_height() for patch in ax.patches)
    expected = sorted(by_segment.customers_share)
    assert np.array(areas) / sum(areas) == pytest.approx(expected)


@pytest.mark.parametrize("sizes", [[], [1.0], [5, 4, 3, 2, 1], [100, 1, 1, 1]])
def test_squarify_fills_the_rectangle_without_overlap(sizes):
    boxes = squarify(sizes, (0.0, 0.0, 1.6, 1.0))
    assert [w * h for _, _, w, h in boxes] == pytest.approx(
        [1.6 * size / sum(sizes) for size in sizes]
    )
    for n, (x, y, w, h) in enumerate(boxes):
        assert -1e-9 <= x <= x + w <= 1.6 + 1e-9
        assert -1e-9 <= y <= y + h <= 1 + 1e-9
        for x2, y2, w2, h2 in boxes[:n]:
            apart = x + w <= x2 + 1e-9 or x2 + w2 <= x + 1e-9
            assert apart or y + h <= y2 + 1e-9 or y2 + h2 <= y + 1e-9


def test_squarify_as_in_the_paper():
    """Bruls et al. (2000), figure 5: areas 6, 6, 4, 3, 2, 2, 1 in a rectangle of 6 x 4."""
    boxes = squarify([6, 6, 4, 3, 2, 2, 1], (0.0, 0.0, 6.0, 4.0))
    assert boxes[0] == pytest.approx((0, 0, 3, 2))
    assert boxes[1] == pytest.approx((0, 2, 3, 2))
    assert boxes[2][2:] == pytest.approx((12 / 7, 7 / 3))
    assert boxes[3][2:] == pytest.approx((9 / 7, 7 / 3))


def everybody(classes):
    """A customer in each cell of the grid, and two in the lowest."""
    pairs = [(r, f) for r in range(1, classes + 1) for f in range(1, classes + 1)]
    frame = pd.DataFrame([*pairs, (1, 1)], columns=["r", "f"])
    return rfm.segment(frame, classes=classes)


@pytest.mark.parametrize("classes", range(2, 10))
def test_the_grid_shows_every_customer_and_frames_the_boxes(classes):
    people = everybody(classes)
    ax = plots.recency_frequency(rfm.recency_frequency(people), classes=classes, lang="en")
    numbers = [t for t in ax.texts if t.get_text().isdigit()]
    assert sum(int(t.get_text()) for t in numbers) == len(people)
    shown = [label.get_text() for label in ax.get_xticklabels()]
    assert shown == [str(n) for n in range(1, classes + 1)]
    [across, upright] = ax.lines
    row_border, column_border = across.get_ydata()[0], upright.get_xdata()[0]
    boxes = {(True, True): "best", (True, False): "new", (False, True): "at_risk"}
    for person in people.itertuples():
        recent, frequent = person.r > row_border, person.f > column_border
        assert boxes.get((recent, frequent), "lost") == person.box
    named = {t.get_text().replace("\n", " "): t.get_position() for t in ax.texts}
    for box in rfm.BOXES:
        x, y = named[rfm.box_name(box, lang="en")]
        assert (x > column_border) == (box in {"best", "at_risk"})
        assert (y > row_border) == (box in {"best", "new"})


@pytest.mark.parametrize("lang", ["fr", "en"])
@pytest.mark.parametrize("classes", [2, 3, 6, 9])
def test_nothing_of_the_grid_is_cut_or_covered(classes, lang):
    people = everybody(classes)
    ax = plots.recency_frequency(rfm.recency_frequency(people), classes=classes, lang=lang)
    ax.figure.canvas.draw()
    assert ax.figure.get_tightbbox().x0 >= -0.02
    names = [t for t in ax.texts if not t.get_text().isdigit()]
    covers = [t.get_window_extent() for t in names]
    numbers = [t.get_window_extent() for t in ax.texts if t.get_text().isdigit()]
    assert len(names) == 4
    assert not any(cover.overlaps(number) for cover in covers for number in numbers)


def test_a_class_above_those_of_the_grid_is_refused():
    cells = rfm.recency_frequency(everybody(7))
    with pytest.raises(ConfigError, match="a class is 7, must be at most 5"):
        plots.recency_frequency(cells, lang="en")


def test_a_migration_shows_customers_without_a_segment_too():
    people = pd.DataFrame({"customer_id": ["A", "B"], "segment": ["loyal", None]})
    moves = rfm.migration(people, people.iloc[:1])
    ax = plots.migration(moves, lang="en")
    shown = {label.get_text() for label in ax.get_yticklabels()}
    assert shown == {rfm.segment_name(segment, lang="en") for segment in moves.before}
    assert len(shown) == 2


def test_the_values_of_segment_sales_stand_in_one_column(by_segment):
    ax = plots.segment_sales(by_segment, lang="en")
    values = [t for t in ax.texts if t.get_text().endswith("%")]
    assert len(values) == len(by_segment)
    assert len({t.get_position()[0] for t in values}) == 1
    marks = max([*by_segment.net_sales_share, *by_segment.customers_share])
    ax.figure.canvas.draw()
    left = min(t.get_window_extent().x0 for t in values)
    assert left > ax.transData.transform((marks, 0))[0]


def test_changes_can_be_told_apart_without_colour(scorecard):
    rows = [scorecard.iloc[[0]], scorecard.iloc[[0]], scorecard.iloc[[0]]]
    card = pd.concat(rows, ignore_index=True).assign(
        kpi=["net_sales", "orders", "buyers"],
        change=[0.2, -0.2, 0.05],
        change_low=[0.1, -0.3, -0.05],
        change_high=[0.3, -0.1, 0.15],
    )
    ax = plots.changes(card, lang="en")
    hatches = [patch.get_hatch() for patch in ax.patches]
    assert len(set(hatches)) == 3
    said = [text.get_text() for text in ax.get_legend().get_texts()]
    assert said == ["Better", "Worse", "Cannot tell", "95% interval"]


def test_the_legend_of_changes_names_only_what_is_drawn(scorecard):
    ax = plots.changes(scorecard.iloc[[0]], lang="en")
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["Better"]


def test_an_unknown_measure_is_refused(by_segment):
    with pytest.raises(ConfigError, match="did you mean 'customers'"):
        plots.treemap(by_segment, lang="en", measure="custmers")


@pytest.mark.parametrize(
    ("draw", "columns"),
    [
        (plots.treemap, ["segment", "box", "customers", "customers_share"]),
        (plots.recency_frequency, ["r", "f", "segment", "box", "customers"]),
        (plots.segment_sales, ["segment", "box", "net_sales_share", "customers_share"]),
        (plots.concentration, ["customers_share", "net_sales_share"]),
        (plots.migration, ["before", "after", "customers", "share"]),
        (plots.score_counts, ["score", "class", "customers"]),
        (plots.kpi_by_month, ["period", "kpi", "unit", "value", "previous", "whole"]),
    ],
)
def test_nothing_to_draw_is_said(draw, columns):
    figure = draw(pd.DataFrame([], columns=columns), lang="fr").figure
    assert "Aucun" in figure.alt
    assert any("Aucun" in text for text in words(figure))


def test_a_change_by_chance_is_grey(scorecard):
    unsure = scorecard.assign(change_low=-0.2, change_high=0.1)
    ax = plots.changes(unsure, lang="en")
    greys = [patch.get_facecolor() for patch in ax.patches]
    assert len({*greys}) == 1
    assert style.contrast(greys[0][:3], style.REFERENCE) == pytest.approx(1, abs=0.01)


def test_a_month_that_is_not_whole_is_hollow_and_said(months):
    cut = months.assign(whole=[False, *[True] * 10, False])
    ax = plots.kpi_by_month(cut, lang="en")
    [hollow] = [line for line in ax.lines if line.get_markerfacecolor() == "white"]
    assert list(hollow.get_xdata()) == [0, 11]
    assert "A hollow point is a month" in ax.figure.caption
    assert "From $2,000" in ax.figure.alt
    assert "A hollow point" not in plots.kpi_by_month(months, lang="en").figure.caption


def test_nothing_to_draw_is_a_sentence_and_no_picture(scorecard, months):
    nothing = plots.changes(scorecard.assign(change=float("nan")), lang="en")
    unknown = plots.kpi_by_month(months.assign(value=None, previous=None), lang="en")
    for ax, said in ((nothing, "No change to draw."), (unknown, "No month to show.")):
        data, metadata = ax.figure._repr_mimebundle_()
        assert data == {"text/plain": said, "text/html": f'<p class="mk-sentence">{said}</p>'}
        assert metadata == {}


def test_hostile_segment_names_are_drawn_as_text():
    name = "<script>$\\frac{1}{0}$</script>"
    frame = pd.DataFrame(
        {"segment": [name], "box": ["best"], "customers": [3], "customers_share": [1.0]}
    )
    svg = style.to_svg(plots.treemap(frame, lang="en").figure)
    assert "<script" not in svg
    assert "&lt;script" in svg


def test_figures_leave_the_data_alone(by_segment):
    before = by_segment.copy(deep=True)
    plots.treemap(by_segment, lang="en")
    plots.segment_sales(by_segment, lang="en")
    pd.testing.assert_frame_equal(by_segment, before)
    assert plt.get_fignums()


def test_a_figure_has_one_home():
    """Of two modules with one name, the second would be called in the place of the first."""
    names = [name for home in plots._FIGURES.values() for name in home]
    assert sorted(names) == sorted(set(names))
