"""Tables for notebooks, as HTML that stands by itself."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape


def html_table(rows: Iterable[Sequence[str]], *, title: str = "", header: Sequence[str] = ()) -> str:
    """A table of texts, the first column naming the rows. Everything is escaped.

    >>> html_table([("band", "10 MHz")], title="Cell <0>")
    '<table><caption>Cell &lt;0&gt;</caption><tr><th scope="row">band</th><td>10 MHz</td></tr></table>'
    """
    parts = [f"<caption>{escape(title)}</caption>"] if title else []
    if header:
        parts.append("<tr>" + "".join(f'<th scope="col">{escape(cell)}</th>' for cell in header) + "</tr>")
    for name, *cells in rows:
        values = "".join(f"<td>{escape(cell)}</td>" for cell in cells)
        parts.append(f'<tr><th scope="row">{escape(name)}</th>{values}</tr>')
    return f"<table>{''.join(parts)}</table>"
