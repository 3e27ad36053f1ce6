"""The rules that come with the program, as a file would say them."""

from typing import Final

#: Rules by name; docs/alerts.md has the same text.
SHIPPED_RULES: Final = """\
[rules.gamma_flip_cross]
field = "snapshot.regime.spot_to_flip_pct"
crosses = 0
hysteresis = 0.05
cool_down = 15

[rules.regime_flip]
field = "snapshot.regime.label"
changes = true
ignore = ["unknown"]
cool_down = 10

[rules.severity_alert]
field = "snapshot.headline.severity"
becomes = "alert"
cool_down = 15

[rules.pin_lock]
field = "snapshot.pin_risk.pin_score"
above = 75
hysteresis = 10
cool_down = 60
from = "close-120"

[rules.call_wall_break]
field = "series.spot"
crosses = "series.call_wall"
hysteresis_pct = 0.05
cool_down = 15

[rules.put_wall_break]
field = "series.spot"
crosses = "series.put_wall"
hysteresis_pct = 0.05
cool_down = 15

[rules.flow_surge]
field = "series.hedge_flow_cumulative_all"
surges = 6
minutes = 5
hysteresis = 3
cool_down = 30

[rules.data_stale]
field = "snapshot.metadata.snapshot_age_seconds"
above = 180
hysteresis = 120
cool_down = 15

[rules.data_unknown]
field = "series.data_quality_score"
unknown = true
minutes = 2
cool_down = 15
"""
