"""Tables for notebooks, as HTML that stands by itself."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape


def html_table(rows: Iterable[Sequence[str]], *, title: str = "", header: Sequence[str] = (), words: int | None = None) -> str:
    """A table of texts, the first column naming the rows. Everything is escaped.

    Args:
        rows: the cells, a name first.
        title: above the table.
        header: what the columns are, that of the names too.
        words: how many columns hold words, which lean left; what comes after are numbers, which lean right. If None, all do
            where there is no header, and the names alone where there is one.

    >>> html_table([("band", "10 MHz")], title="Cell <0>").replace(' style="text-align:left"', "")
    '<table><caption>Cell &lt;0&gt;</caption><tr><th scope="row">band</th><td>10 MHz</td></tr></table>'
    """

    def cell(text: str, tag: str, *, scope: str = "", place: int = 0) -> str:
        left = place < words if words is not None else not header or place == 0
        # JupyterLab leans all cells right that do not say otherwise.
        return f'<{tag}{scope} style="text-align:{"left" if left else "right"}">{escape(text)}</{tag}>'

    parts = [cell(title, "caption")] if title else []
    if header:
        parts.append(_row(cell(text, "th", scope=' scope="col"', place=place) for place, text in enumerate(header)))
    for name, *texts in rows:
        cells = (cell(text, "td", place=place) for place, text in enumerate(texts, start=1))
        parts.append(_row([cell(name, "th", scope=' scope="row"'), *cells]))
    return f"<table>{''.join(parts)}</table>"


def _row(cells: Iterable[str]) -> str:
    return f"<tr>{''.join(cells)}</tr>"
