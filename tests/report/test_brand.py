"""A client's logo and colour: readable whatever they are, and nothing that runs."""

import base64
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketing_kpi.errors import ConfigError
from marketing_kpi.report.brand import MAX_LOGO_BYTES, READABLE, brand_of, contrast, readable
from marketing_kpi.report.render import Cover, index_page

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 20
SVG = b"<?xml version='1.0'?>\n<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>"
colours = st.integers(0, 0xFFFFFF).map("#{:06x}".format)


@pytest.mark.parametrize(
    ("one", "other", "ratio"),  # published with WCAG's technique G18 and by its checkers
    [("#ffffff", "#000000", 21.0), ("#777777", "#ffffff", 4.48), ("#ff0000", "#ffffff", 4.0)],
)
def test_contrast_is_that_of_wcag(one, other, ratio):
    assert round(contrast(one, other), 2) == ratio
    assert contrast(one, other) == contrast(other, one)


@given(colours)
def test_any_colour_is_read_by_day_and_at_night(colour):
    style = brand_of(logo=None, colour=colour).style
    day, night, paper = re.findall(r"--accent: (#[0-9a-f]{6});", style)
    assert min(contrast(day, "#ffffff"), contrast(day, "#f5f7f8")) >= READABLE
    assert min(contrast(night, "#12181e"), contrast(night, "#1a222a")) >= READABLE
    assert paper == day
    assert f"--brand: {colour};" in style


def test_a_colour_that_is_readable_stays_as_it_is():
    assert readable("#0b5c6b", papers=("#ffffff", "#f5f7f8"), towards="#000000") == "#0b5c6b"


@pytest.mark.parametrize(
    ("content", "kind"),
    [(PNG, "image/png"), (b"\xff\xd8\xff\xe0", "image/jpeg"), (SVG, "image/svg+xml")],
)
def test_a_logo_is_a_picture_inside_the_page(tmp_path, content, kind):
    path = tmp_path / "logo"
    path.write_bytes(content)
    shown = brand_of(logo=path, colour=None).logo
    assert shown == f"data:{kind};base64,{base64.b64encode(content).decode()}"
    html = index_page(
        cover=Cover("Nord", brand=brand_of(logo=path, colour="#ffee00")), quality=None, lang="en"
    )
    assert f'<img class="mk-logo" src="{shown}" alt="">' in html
    assert "<svg" not in html.split("<main")[0].split("</style>")[1]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"<html><script>1</script>", "is not a PNG, JPEG or SVG picture"),
        (b"", "is not a PNG, JPEG or SVG picture"),
        (b"<!-- a comment -->", "is not a PNG, JPEG or SVG picture"),
        (PNG + b"\0" * MAX_LOGO_BYTES, r"has 200,\d+ bytes, must have at most 200,000"),
    ],
)
def test_what_is_no_small_picture_is_refused_with_its_line(client, tmp_path, content, said):
    (tmp_path / "logo.png").write_bytes(content)
    with pytest.raises(ConfigError, match=rf"line 7: brand\.logo: logo\.png {said}"):
        client(brand="{logo: logo.png}")


def test_a_logo_that_is_not_there_and_a_colour_that_is_none_are_refused(client):
    with pytest.raises(ConfigError, match=r"line 7: brand\.logo: no\.png cannot be read"):
        client(brand="{logo: no.png}")
    with pytest.raises(ConfigError, match=r"line 7: brand\.colour: 'teal' is not a colour"):
        client(brand="{colour: teal}")
    with pytest.raises(ConfigError, match="brand"):
        client(brand="{color: '#0b5c6b'}")
