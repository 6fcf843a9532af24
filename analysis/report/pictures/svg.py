"""SVG pictures that fit any width: x in per cent of the picture, y in pixels, colours by CSS class.

Text keeps its size on a phone, and the page's style sheet gives both its light and its dark colours.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

FORMS = ("", "■", "◆", "▲")
LEFT, RIGHT = 11.0, 97.0  # per cent: where the plot begins and ends
TOP, LINE = 14.0, 16.0  # px: above the plot; of a line of text


@dataclass(frozen=True, slots=True)
class Scale:
    """Values to places, linear: `low` at `start`, `high` at `end`."""

    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low) if self.high > self.low else 0.5
        return self.start + min(max(share, 0.0), 1.0) * (self.end - self.start)


def across(low: float, high: float) -> Scale:
    """The x of a plot, in per cent."""
    return Scale(low, high, LEFT, RIGHT)


def upwards(low: float, high: float, height: float) -> Scale:
    """The y of a plot, in pixels; `height` is that of the whole picture, with two lines below the plot."""
    return Scale(low, high, height - 2.4 * LINE, TOP)


def element(tag: str, *children: str, **attributes: object) -> Markup:
    """`class_` is written `class`, `x_y` as `x-y`; texts are escaped."""
    named = ((name.rstrip("_").replace("_", "-"), value) for name, value in attributes.items())
    inside = Markup().join(Markup(' {}="{}"').format(name, _short(value)) for name, value in named)
    return Markup("<{0}{1}>{2}</{0}>").format(Markup(tag), inside, Markup().join(map(escape, children)))


def _short(value: object) -> object:
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else value


def percent(x: float) -> str:
    return f"{x:.2f}%"


def line(x1: float, y1: float, x2: float, y2: float, class_: str) -> Markup:
    return element("line", x1=percent(x1), y1=y1, x2=percent(x2), y2=y2, class_=class_)


def dot(x: float, y: float, class_: str, title: str = "", radius: float = 4.5) -> Markup:
    inside = [element("title", title)] if title else []
    return element("circle", *inside, cx=percent(x), cy=y, r=radius, class_=class_)


def point(x: float, y: float, series: int, title: str = "") -> Markup:
    """A mark that its form tells from those of the other series: circle, square, diamond, triangle."""
    form = FORMS[series % len(FORMS)]
    if not form:
        return dot(x, y, "point s0", title)
    inside = [element("title", title)] if title else []
    return element("text", *inside, form, x=percent(x), y=y, class_=f"mark s{series % len(FORMS)}")


def box(x: float, y: float, to_x: float, to_y: float, class_: str) -> Markup:
    return element(
        "rect", x=percent(x), y=min(y, to_y), width=percent(to_x - x), height=abs(to_y - y), class_=class_
    )


def text(x: float, y: float, words: str, anchor: str = "middle", class_: str = "tick") -> Markup:
    return element("text", words, x=percent(x), y=y, text_anchor=anchor, class_=class_)


def picture(height: float, label: str, parts: Sequence[Markup]) -> Markup:
    """The whole picture; `label` is what a screen reader says in its place."""
    return element("svg", *parts, class_="chart", role="img", aria_label=label, width="100%", height=height)


def axes(
    x: Scale, y: Scale, x_ticks: Sequence[float], y_ticks: Sequence[float], x_title: str, y_title: str
) -> list[Markup]:
    """Grid lines and numbers; the titles stand below and above the plot."""
    bottom = y.start
    parts = [line(LEFT, y.at(tick), RIGHT, y.at(tick), "grid") for tick in y_ticks]
    parts += [text(LEFT - 1, y.at(tick) + 4, f"{tick:g}", "end") for tick in y_ticks]
    parts += [text(x.at(tick), bottom + LINE, f"{tick:g}") for tick in x_ticks]
    parts.append(text((LEFT + RIGHT) / 2, bottom + 2.1 * LINE, x_title, class_="title"))
    parts.append(text(LEFT, TOP - 3, y_title, "start", "title"))
    return parts


def ticks(high: float, count: int = 5) -> list[float]:
    """Round numbers from 0 to just below `high`, about `count` of them."""
    if high <= 0:
        return [0.0]
    magnitude = 10.0 ** math.floor(math.log10(high / count))
    step = next(s * magnitude for s in (1, 2, 5, 10) if s * magnitude * count >= high * 0.999)
    return [i * step for i in range(int(high / step + 1e-9) + 1)]
