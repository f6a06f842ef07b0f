"""The map of an embedding as one page that loads nothing."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Sequence
from pathlib import Path

from matplotlib.ticker import MaxNLocator

from bridge.runtime.export_map import COLOURS, LONGEST_NAME, Layout, Named, group_ranks

TEMPLATE = Path(__file__).with_name("export_page.html")

_LEFT, _TOP, _WIDTH, _HEIGHT = 64, 14, 560, 220
"""Where the loss curve lies in its picture, in the picture's own units."""


def write_page(
    path: Path,
    layout: Layout,
    named: Named,
    *,
    columns: Sequence[str],
    cells: Sequence[Sequence[str]],
    losses: Sequence[float],
    steps: str,
    title: str,
) -> None:
    """Write the page: the map, each point telling its row when pointed at, with the loss curve below.

    columns, cells: the metadata; row i is node i.
    losses: one for each of `steps`; without any the page has no curve.
    """
    ranks = group_ranks(named.groups)
    data = {
        "columns": list(columns),
        "rows": [list(row) for row in cells],
        "titles": list(named.titles),
        "points": [[round(float(x), 4), round(float(y), 4)] for x, y in layout.points],
        "groups": [ranks[group] for group in named.groups],
        "groupNames": _group_names(ranks),
        "colours": list(COLOURS),
        "order": list(named.order),
        "longest": LONGEST_NAME,
        "highlighted": list(named.highlighted),
    }
    parts = {
        "title": html.escape(title),
        "caption": html.escape(f"{len(layout.points):,} nodes · {layout.method}"),
        "losses": _loss_curve(losses, steps) if losses else "",
        "data": _script_safe(data),
    }
    # In one pass: what a title says is never taken for a place to fill.
    page = re.sub(r"@(\w+)@", lambda place: parts[place[1]], TEMPLATE.read_text(encoding="utf-8"))
    path.write_text(page, encoding="utf-8")


def _group_names(ranks: dict[str, int]) -> list[str]:
    """Return a name for each colour in use; one group needs no legend."""
    if len(ranks) < 2:
        return []
    names: dict[int, list[str]] = {}
    for group, rank in ranks.items():
        names.setdefault(rank, []).append(group or "no label")
    return [each[0] if len(each) == 1 else f"{len(each)} other kinds" for _, each in sorted(names.items())]


def _script_safe(data: object) -> str:
    """Return JSON that no parser of HTML takes for markup, whatever a title says."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text


def _loss_curve(losses: Sequence[float], steps: str) -> str:
    """Return the curve as SVG with ticks and names on both axes."""
    low, high = min(losses), max(losses)
    if low == high:
        low, high = low - 0.5, high + 0.5
    last = max(len(losses), 2)

    def x(step: float) -> float:
        return round(_LEFT + (step - 1) / (last - 1) * _WIDTH, 1)

    def y(loss: float) -> float:
        return round(_TOP + (high - loss) / (high - low) * _HEIGHT, 1)

    parts = [
        f'<line class="grid" x1="{_LEFT}" x2="{_LEFT + _WIDTH}" y1="{y(tick)}" y2="{y(tick)}"/>'
        f'<text x="{_LEFT - 8}" y="{y(tick)}" dy=".32em" text-anchor="end">{tick:.4g}</text>'
        for tick in MaxNLocator(nbins=5).tick_values(low, high)
        if low <= tick <= high
    ]
    floor = _TOP + _HEIGHT
    parts += [
        f'<text x="{x(tick)}" y="{floor + 20}" text-anchor="middle">{tick:.0f}</text>'
        for tick in MaxNLocator(nbins=8, integer=True).tick_values(1, last)
        if 1 <= tick <= len(losses)
    ]
    curve = " ".join(f"{x(step)},{y(loss)}" for step, loss in enumerate(losses, start=1))
    parts.append(f'<polyline points="{curve}"/>')
    parts += [
        f'<circle cx="{x(step)}" cy="{y(loss)}" r="3.5"><title>{html.escape(steps)} {step}: {loss:.5g}</title></circle>'
        for step, loss in enumerate(losses, start=1)
    ]
    middle = _TOP + _HEIGHT / 2
    parts.append(f'<text x="{_LEFT + _WIDTH / 2}" y="{floor + 42}" text-anchor="middle">{html.escape(steps)}</text>')
    parts.append(f'<text x="14" y="{middle}" transform="rotate(-90 14 {middle})" text-anchor="middle">loss</text>')
    size = f"0 0 {_LEFT + _WIDTH + 16} {floor + 50}"
    return f'<h2>Training loss</h2><svg viewBox="{size}" role="img" aria-label="Loss curve">{"".join(parts)}</svg>'
