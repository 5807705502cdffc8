"""A client's logo and colour on its pages: shown as they are, and readable whatever they are.

The colour draws the bar at the top as it is given. Words and lines take the nearest shade of it
that can be read on the paper of the page, darker by day and lighter at night: at least 4.5 to 1,
as WCAG 2.2 asks of text (success criterion 1.4.3).
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from pathlib import Path

from marketing_kpi.errors import ConfigError

MAX_LOGO_BYTES = 200_000
"""A page carries the logo; it is read by mail and on a phone."""

READABLE = 4.5
"""Least contrast of text with its paper."""

COLOUR = re.compile(r"#[0-9a-fA-F]{6}")

_DAY, _NIGHT = ("#ffffff", "#f5f7f8"), ("#12181e", "#1a222a")  # --paper and --surface of page.css
_STEPS = 64
_KINDS = (
    ("image/png", re.compile(rb"\x89PNG\r\n\x1a\n")),
    ("image/jpeg", re.compile(rb"\xff\xd8\xff")),
    ("image/svg+xml", re.compile(rb"(?:\xef\xbb\xbf)?\s*<(?:\?xml|!--|svg)[^\0]*", re.DOTALL)),
)

Rgb = tuple[float, float, float]


@dataclass(frozen=True)
class Brand:
    """What a client's pages show of it.

    Attributes
    ----------
    logo
        Its picture as a ``data:`` address; empty without one.
    style
        The colours, as CSS; empty for those of every page.
    """

    logo: str = ""
    style: str = ""


def brand_of(*, logo: Path | None, colour: str | None) -> Brand:
    """Return what pages show of a client.

    Parameters
    ----------
    logo
        A PNG, JPEG or SVG file of at most `MAX_LOGO_BYTES`.
    colour
        As ``#0b5c6b``.

    Raises
    ------
    ConfigError
        When the logo is no such picture.
    """
    return Brand(_picture(logo) if logo else "", _style(colour) if colour else "")


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours, from 1 to 21, as WCAG 2.2 defines it.

    >>> contrast("#000000", "#ffffff"), round(contrast("#777777", "#ffffff"), 2)
    (21.0, 4.48)
    """
    light, dark = sorted(map(_luminance, map(_rgb, (one, other))), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def readable(colour: str, *, papers: tuple[str, ...], towards: str) -> str:
    """Return the shade of a colour nearest to it, mixed with another, that all papers let read.

    >>> readable("#0b5c6b", papers=("#ffffff",), towards="#000000")
    '#0b5c6b'
    """
    for step in range(_STEPS + 1):
        shade = _mixed(colour, towards, step / _STEPS)
        if all(contrast(shade, paper) >= READABLE for paper in papers):
            break
    return shade


def _style(colour: str) -> str:
    day = readable(colour, papers=_DAY, towards="#000000")
    night = readable(colour, papers=_NIGHT, towards="#ffffff")
    return (
        f":root {{ --brand: {colour}; --accent: {day}; }}\n"
        f"@media (prefers-color-scheme: dark) {{ :root {{ --accent: {night}; }} }}\n"
        f"@media print {{ :root {{ --accent: {day}; }} }}\n"
    )


def _picture(path: Path) -> str:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path.name} cannot be read ({error.strerror})") from error
    if len(content) > MAX_LOGO_BYTES:
        raise ConfigError(
            f"{path.name} has {len(content):,} bytes, must have at most {MAX_LOGO_BYTES:,}",
            hint="a logo is shown 48 pixels high: make a smaller picture",
        )
    kind = next((name for name, begins in _KINDS if begins.match(content)), None)
    if kind is None or (kind == "image/svg+xml" and b"<svg" not in content):
        raise ConfigError(f"{path.name} is not a PNG, JPEG or SVG picture")
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def _rgb(colour: str) -> Rgb:
    red, green, blue = bytes.fromhex(colour.removeprefix("#"))
    return red / 255, green / 255, blue / 255


def _luminance(rgb: Rgb) -> float:
    red, green, blue = ((c / 12.92) if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in rgb)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _mixed(colour: str, other: str, share: float) -> str:
    pairs = zip(_rgb(colour), _rgb(other), strict=True)
    return "#" + "".join(f"{round(255 * (a + (b - a) * share)):02x}" for a, b in pairs)
