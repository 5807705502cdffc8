"""The look of figures: legible, the same bytes each time, no trace in the caller's settings."""

import re
from itertools import combinations
from xml.etree import ElementTree

import matplotlib as mpl
import matplotlib.pyplot as plt
import pytest
from matplotlib.axes import Axes

from marketing_kpi import rfm
from marketing_kpi.plots import style, treemap
from marketing_kpi.text.locale import reader


@pytest.mark.parametrize("fill", [*style.BOX_COLOURS.values(), "#777777", "#e69f00"])
def test_text_on_a_fill_is_legible(fill):
    assert style.contrast(style.label_colour(fill), fill) >= 4.5


@pytest.mark.parametrize("ink", [style.INK, style.MUTED])
def test_text_on_white_is_legible(ink):
    assert style.contrast(ink, "white") >= 4.5


@pytest.mark.parametrize("mark", [style.ACCENT, style.GOOD, style.BAD, style.REFERENCE])
def test_marks_on_white_can_be_seen(mark):
    """WCAG 2.2, 1.4.11: graphical objects need a contrast of 3."""
    assert style.contrast(mark, "white") >= 3


def test_boxes_differ_in_grey():
    greys = [style.luminance(colour) for colour in style.BOX_COLOURS.values()]
    assert min(abs(a - b) for a, b in combinations(greys, 2)) > 0.1


def test_every_box_has_a_colour():
    assert set(style.BOX_COLOURS) == set(rfm.BOXES)


def test_settings_are_put_back():
    before = dict(mpl.rcParams)
    with style.settings():
        assert mpl.rcParams["svg.fonttype"] == "none"
    assert dict(mpl.rcParams) == before


def test_settings_are_put_back_after_an_error():
    before = dict(mpl.rcParams)
    with pytest.raises(ZeroDivisionError), style.settings():
        _ = 1 / 0
    assert dict(mpl.rcParams) == before


def test_interactive_mode_turned_on_inside_stays_on():
    """The inline backend does so when it is first loaded."""
    try:
        with style.settings():
            plt.ion()
        assert mpl.is_interactive()
    finally:
        plt.ioff()


def draw(by_segment, lang="fr"):
    return treemap(by_segment, lang=lang).figure


def test_the_same_figure_is_the_same_bytes(by_segment):
    assert style.to_svg(draw(by_segment)) == style.to_svg(draw(by_segment))
    assert style.to_png(draw(by_segment)) == style.to_png(draw(by_segment))


def test_what_no_screen_shows_is_drawn_when_it_is_saved_and_only_then(by_segment, monkeypatch):
    drawn, draws = [], Axes.draw
    monkeypatch.setattr(Axes, "draw", lambda ax, *args: drawn.append(ax) or draws(ax, *args))
    figure = draw(by_segment)
    figure.canvas.draw_idle()  # as pyplot asks after each cell of a notebook
    assert drawn == []
    style.to_svg(figure)
    assert drawn == figure.axes


@pytest.mark.parametrize("save", [style.to_svg, style.to_png])
def test_labels_have_room_in_what_is_saved(save):
    axis = style.axes()
    axis.set_yticks([0], ["a label that is longer than the margin"])
    save(axis.figure)
    assert axis.get_tightbbox().x0 >= 0


def test_svg_is_one_element_with_its_text_and_its_name(by_segment):
    svg = style.to_svg(draw(by_segment))
    root = ElementTree.fromstring(svg)
    assert root.tag.endswith("svg")
    assert root.get("role") == "img"
    assert root.get("aria-label").startswith("Carte proportionnelle")
    assert "Fidèles" in "".join(root.itertext())
    assert not re.search(r"\d{4}-\d{2}-\d{2}T", svg)


def test_two_figures_share_no_id(by_segment):
    ids = [
        set(re.findall(r'\bid="([^"]+)"', style.to_svg(draw(by_segment, lang))))
        for lang in ("fr", "en")
    ]
    assert ids[0]
    assert ids[0].isdisjoint(ids[1])
    svg = style.to_svg(draw(by_segment))
    referred = set(re.findall(r"url\(#([^)]+)\)", svg)) | set(re.findall(r'href="#([^"]+)"', svg))
    assert referred <= ids[0]


def test_a_figure_without_alt_is_seen():
    ax = style.axes()
    data, metadata = ax.figure._repr_mimebundle_()
    assert "alt" not in metadata
    style.finish(ax, title="T", alt="What it shows", caption="More")
    data, metadata = ax.figure._repr_mimebundle_()
    assert metadata == {"alt": "What it shows", "caption": "More"}
    assert data["text/plain"] == "What it shows"


@pytest.mark.parametrize(("value", "kind"), [("svg", "image/svg+xml"), ("", "image/png")])
def test_the_environment_says_svg_or_png(monkeypatch, by_segment, value, kind):
    monkeypatch.setenv(style.FORMAT_VARIABLE, value)
    data, _ = draw(by_segment)._repr_mimebundle_()
    assert set(data) == {"text/plain", kind}


def test_given_axes_are_used(by_segment):
    figure, ax = plt.subplots()
    assert treemap(by_segment, lang="en", ax=ax) is ax
    assert plt.get_fignums() == [figure.number]
    assert ax.get_title(loc="left") == "Customers by segment"


def test_a_dollar_sign_in_a_name_is_text():
    ax = style.styled(lambda: style.finish(style.axes(), title="5$ and 7$", alt="x"))()
    assert "5$ and 7$" in style.to_svg(ax.figure)


@pytest.mark.parametrize(
    ("unit", "value", "shown"),
    [
        ("fraction", 0.5, "50"),
        ("currency", 2500, "2,5"),
        ("count", 1200, "1"),
        ("change", 0.1, "+10"),
    ],
)
def test_ticks_are_in_the_readers_locale(unit, value, shown):
    ax = style.axes()
    style.value_axis(ax.yaxis, unit=unit, reader=reader("fr"))
    assert ax.yaxis.get_major_formatter()(value, 0).startswith(shown)


def test_a_long_message_stands_in_lines_and_draws_without_a_warning():
    axis = style.axes()
    message = " ".join(["returns.returned_at, order_lines.quantity"] * 12)
    style.empty(axis, title="Return rate", message=message)
    figure = axis.get_figure(root=True)
    style.to_png(figure)  # warnings are errors here
    (shown,) = axis.texts
    box = shown.get_window_extent()
    assert box.x0 >= 0
    assert box.x1 <= figure.bbox.width
    assert shown.get_text().replace("\n", " ") == message


def test_marks_that_reorder_text_are_not_in_what_is_said_of_a_figure():
    axis = style.finish(style.axes(), title="Sales", alt="Bars: \u202etop\u2069 3.")
    assert axis.figure.alt == "Bars: top 3."


def test_amounts_that_differ_have_ticks_that_differ():
    """At 2.7, 2.85 and 3 million, the middle one is not 2.8."""
    axis = style.axes()
    axis.set_xlim(2_610_000, 3_030_000)
    style.value_axis(axis.xaxis, unit="currency", reader=reader("en", currency="USD"), ticks=4)
    axis.figure.canvas.draw()
    ticks = zip(axis.get_xticks(), axis.get_xticklabels(), strict=True)
    shown = {round(value): label.get_text() for value, label in ticks}
    assert all(float(text.strip("$M")) == at / 1e6 for at, text in shown.items())
    assert len(shown) > 2


def test_a_tick_between_two_percents_is_not_rounded_to_one():
    axis = style.axes()
    axis.set_ylim(0, 0.111)
    style.value_axis(axis.yaxis, unit="fraction", reader=reader("en"))
    axis.figure.canvas.draw()
    ticks = zip(axis.get_yticks(), axis.get_yticklabels(), strict=True)
    shown = {round(value, 6): label.get_text().replace("\xa0", " ") for value, label in ticks}
    assert all(float(text.strip("%")) == pytest.approx(100 * at) for at, text in shown.items())
