"""One alert's life: pending, firing, resolved, by two thresholds and two holds. Pure; after lanes, before messages.

After Prometheus' alerting rules (`for`, `keep_firing_for`) with a second threshold for hysteresis (ISA-18.2's deadband).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Literal

from vision.config import AlertRule

__all__ = ["LONGEST_HOLE_S", "AlertLife", "Reading", "advance"]

LONGEST_HOLE_S: Final = 5.0

AlertState = Literal["pending", "firing", "resolved"]


@dataclass(frozen=True, slots=True)
class Reading:
    """What a rule sees of its subject at one whole second.

    value: None is not measured. quality: `unknown` neither raises nor clears. lower_bound: the true value may be higher,
    so it can raise an alert but not clear it. applies: False where the rule is not meant for the lane's status.
    """

    value: float | None
    quality: Literal["ok", "degraded", "unknown"]
    lower_bound: bool = False
    applies: bool = True

    @property
    def known(self) -> bool:
        """Whether the value says anything."""
        return self.value is not None and self.quality != "unknown"


@dataclass(frozen=True, slots=True)
class AlertLife:
    """Where an alert stands: since and t (last reading) in event time, clear_since while it is at or below clear_at."""

    state: AlertState
    since: float
    t: float
    severity: Literal["info", "warning", "critical"]
    clear_since: float | None = None
    stale: bool = False
    sequence: int = 0


def advance(life: AlertLife | None, rule: AlertRule, t: float, reading: Reading) -> AlertLife | None:
    """The alert after the reading of t; None while there is none. `sequence` grows with each change that shows.

    A hole of more than LONGEST_HOLE_S between readings counts as unknown: a hold must be seen to be believed.
    """
    if life is None:
        begun = _begun(rule, t, reading)
        return None if begun is None else _settled(begun, rule)
    after = replace(_next(life, rule, t, reading), t=t, severity=rule.severity)
    shown, before = (after.state, after.stale, after.severity), (life.state, life.stale, life.severity)
    return after if shown == before else replace(after, sequence=life.sequence + 1)


def _begun(rule: AlertRule, t: float, reading: Reading) -> AlertLife | None:
    if not (reading.applies and _reached(rule, reading)):
        return None
    return AlertLife("pending", since=t, t=t, severity=rule.severity)


def _settled(life: AlertLife, rule: AlertRule) -> AlertLife:
    return replace(life, state="firing") if rule.for_s <= 0 else life


def _next(life: AlertLife, rule: AlertRule, t: float, reading: Reading) -> AlertLife:
    unbroken = t - life.t <= LONGEST_HOLE_S
    if not reading.applies:
        return replace(life, state="resolved", stale=False)
    if life.state == "pending":
        if not (unbroken and _reached(rule, reading)):
            return replace(life, state="resolved")
        return replace(life, state="firing") if t - life.since >= rule.for_s else life
    if not reading.known:
        return replace(life, stale=True, clear_since=None)
    if reading.lower_bound or reading.value is None or reading.value > rule.clear_at:
        return replace(life, stale=False, clear_since=None)
    clear_since = life.clear_since if life.clear_since is not None and unbroken else t
    cleared = t - clear_since >= rule.keep_firing_for_s
    return replace(life, stale=False, clear_since=clear_since, state="resolved" if cleared else "firing")


def _reached(rule: AlertRule, reading: Reading) -> bool:
    return reading.known and reading.value is not None and reading.value >= rule.fire_at
