"""Names that a shop's data may hold and that a page must show as text; later ones are added here.

Every test of names runs over this list: of a client, of products, of columns' values.
"""

NAMES = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)>",
    '"><b>x</b>',
    "</style><script>alert(1)</script>",
    "<a href='javascript:alert(1)'>x</a>",
    "[x](javascript:alert(1))",
    "![x](http://example.org/x.png)",
    "$\\href{javascript:alert(1)}{x}$ and $x_1$",
    "```mermaid",
    "../../etc/passwd",
    "a\nb",
    '=HYPERLINK("http://example.org")',
    "@SUM(A1)",
    "+1+cmd|' /C calc'!A0",
    "{{ 7 * 7 }}{% raw %}${x}",
    "%(name)s %s {0} {name}",
    "\u202eabc\u2066",
    "\x00\x1b[31mred",
    "é" * 10_000,
    "O'Brien & Fils; DROP TABLE orders;--",
    "NULL",
    "nan",
)
