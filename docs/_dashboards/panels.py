"""The few kinds of panel that the dashboards are made of."""

import math
from collections.abc import Mapping
from typing import Any

from grafana_foundation_sdk.builders import bargauge, common, dashboard, stat, table, text, timeseries
from grafana_foundation_sdk.models import common as shapes
from grafana_foundation_sdk.models import dashboard as models

from docs._dashboards.queries import SOURCE, Query
from tallyward.domain.tenant import GRADES, MergedPrDollars
from tallyward.metrics._base import Metric

WHOLE, HALF, THIRD = 24, 12, 8
UNDEFINED = "undefined"
_GRADE_COLORS = dict(zip(GRADES, ("dark-green", "green", "yellow", "orange", "red"), strict=True))


def board(title: str, uid: str, says: str) -> dashboard.Dashboard:
    """An empty dashboard of the last 30 days that asks again every minute."""
    return (
        dashboard.Dashboard(title)
        .uid(uid).description(says).tags(["tallyward"]).time("now-30d", "now").timezone("utc").refresh("1m").readonly()
    )  # fmt: skip


def about(metric: type[Metric], more: str = "") -> str:
    """What a panel says of its measure when somebody asks it."""
    return " ".join(
        part for part in (f"{metric.title}: {metric.unit}.", metric.caveat, metric.undefined_when, more) if part
    )


def _placed(panel: Any, title: str, says: str, width: int, height: int) -> Any:
    return panel.title(title).description(says).datasource(SOURCE).span(width).height(height).no_value(UNDEFINED)


def sheet(title: str, says: str, sql: str, sort: str, width: int = WHOLE) -> table.Panel:
    """Rows as they are, the greatest of `sort` first."""
    by = common.TableSortByFieldState().display_name(sort).desc(desc=True)
    return _placed(table.Panel(), title, says, width, 10 if width == WHOLE else 8).with_target(Query(sql)).sort_by([by])


def figures(title: str, says: str, sql: str, width: int = WHOLE) -> stat.Panel:
    """The numbers of one row, large."""
    reduced = common.ReduceDataOptions().values(values=False).calcs(["lastNotNull"])
    panel = _placed(stat.Panel(), title, says, width, 4).with_target(Query(sql)).reduce_options(reduced)
    return panel.graph_mode(shapes.BigValueGraphMode.NONE).color_mode(shapes.BigValueColorMode.NONE)


def days(title: str, says: str, sql: str, width: int = HALF) -> timeseries.Panel:
    """A bar for each day."""
    panel = _placed(timeseries.Panel(), title, says, width, 8).with_target(Query(sql, "time_series"))
    return panel.draw_style(shapes.GraphDrawStyle.BARS).fill_opacity(80).min(0)


def bars(title: str, says: str, sql: str, width: int = HALF) -> bargauge.Panel:
    """A bar for each row of a name and a number."""
    reduced = common.ReduceDataOptions().values(values=True).calcs([])
    panel = _placed(bargauge.Panel(), title, says, width, 8).with_target(Query(sql)).reduce_options(reduced)
    return panel.orientation(shapes.VizOrientation.HORIZONTAL).display_mode(shapes.BarGaugeDisplayMode.BASIC)


def note(title: str, says: str, width: int = WHOLE, height: int = 4) -> text.Panel:
    """Words, where there is no number yet."""
    return text.Panel().title(title).content(says).span(width).height(height)


def graded(panel: table.Panel, column: str) -> table.Panel:
    """Each grade in its colour."""
    return _mapped(panel, column, _GRADE_COLORS)


def lit(panel: table.Panel, column: str, limits: MergedPrDollars) -> table.Panel:
    """Dollars in green, yellow or red. Grafana's steps begin at their value and ours after it: $15.00 is green."""
    steps = [
        models.Threshold(None, "green"),
        models.Threshold(math.nextafter(limits.yellow, math.inf), "yellow"),
        models.Threshold(math.nextafter(limits.red, math.inf), "red"),
    ]
    return panel.override_by_name(
        column,
        [
            models.DynamicConfigValue("unit", "currencyUSD"),
            models.DynamicConfigValue("thresholds", {"mode": "absolute", "steps": steps}),
            models.DynamicConfigValue("color", {"mode": "thresholds"}),
            models.DynamicConfigValue("custom.cellOptions", {"type": "color-background", "mode": "basic"}),
        ],
    )


def dollars(panel: Any, *columns: str) -> Any:
    """These columns are US dollars."""
    for column in columns:
        panel = panel.override_by_name(column, [models.DynamicConfigValue("unit", "currencyUSD")])
    return panel


def _mapped(panel: table.Panel, column: str, colors: Mapping[str, str]) -> table.Panel:
    options = {word: {"color": color, "index": index} for index, (word, color) in enumerate(colors.items())}
    return panel.override_by_name(
        column,
        [
            models.DynamicConfigValue("mappings", [{"type": "value", "options": options}]),
            models.DynamicConfigValue("custom.cellOptions", {"type": "color-text"}),
        ],
    )
