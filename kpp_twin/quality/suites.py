"""The rules of each feed, as Great Expectations suites; thresholds in the units of the feed."""

import logging
import os
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import pandas as pd

from kpp_twin.feeds import Feed

Action = Literal["block", "quarantine", "flag"]

SEVERITY = {"block": "critical", "quarantine": "warning", "flag": "info"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A named bound on one column, and what breaking it leads to.

    Attributes
    ----------
    minimum, maximum
        Bounds that a value must keep, both inclusive; none: open.
    next_step
        What to do about a failure; needed for a blocking rule.
    """

    name: str
    action: Action
    column: str
    minimum: float | None = None
    maximum: float | None = None
    next_step: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Outcome of one rule; ``failed`` are positions in the judged frame."""

    rule: Rule
    expectation: str
    rows_checked: int
    failed: tuple[int, ...]
    evidence: str


def feed_rules(feed: Feed, *, rated_load_kw: float) -> tuple[Rule, ...]:
    """Rules of a feed (domain thresholds: README, Quality gate)."""
    on_grid = Rule(name="off_grid", action="quarantine", column="off_grid_minutes", maximum=0.0)
    gap = Rule(name="gap_before", action="flag", column="gap_before_minutes", maximum=0.0)
    spike = Rule(name="spike", action="flag", column="hampel_score", maximum=3.0)
    if feed.name == "price":
        return (
            on_grid,
            Rule(name="range", action="quarantine", column="value", minimum=-5_000.0, maximum=20_000.0),
            Rule(
                name="unit",
                action="block",
                column="unit_ratio",
                minimum=1 / 600,  # prices per kWh: 1/1000; real ones after the winter storm of 2021: 1/378
                next_step=f"deliver prices per MWh ({feed.unit}), not per kWh, in a column price_per_mwh",
            ),
            Rule(name="above_offer_cap", action="flag", column="above_offer_cap", maximum=0.0),
            Rule(name="stuck", action="flag", column="identical_run", maximum=23.0),
            gap,
            Rule(name="incomplete_day", action="flag", column="missing_in_day", maximum=0.0),
            spike,
        )
    if feed.name == "load":
        return (
            on_grid,
            Rule(name="range", action="quarantine", column="value", minimum=0.0, maximum=1.2 * rated_load_kw),
            Rule(
                name="unit",
                action="block",
                column="unit_ratio",
                minimum=1 / 600,
                maximum=600.0,
                next_step="name the unit in the column: load_kw or load_mw, whichever the values are in",
            ),
            Rule(name="stuck", action="quarantine", column="identical_run", maximum=11.0),
            Rule(name="jump", action="flag", column="jump", maximum=0.2 * rated_load_kw),
            gap,
            spike,
        )
    return (
        on_grid,
        Rule(name="range", action="quarantine", column="value", minimum=-60.0, maximum=60.0),
        Rule(name="jump", action="flag", column="jump", maximum=10.0),
        gap,
    )


def judge(frame: pd.DataFrame, rules: tuple[Rule, ...]) -> tuple[Verdict, ...]:
    """Let Great Expectations judge each row of a frame by each rule."""
    indexed = frame.reset_index(drop=True)
    batch = _batch_definition().get_batch({"dataframe": indexed})
    # Most rules hold, and to see that takes less than half the time of listing what breaks them.
    results = _validated(batch, rules, "BOOLEAN_ONLY")
    broken = tuple(rule for rule, result in results.items() if not result.success)
    if broken:
        results |= _validated(batch, broken, "COMPLETE")
    return tuple(_verdict(rule, result, indexed) for rule, result in results.items())


def _validated(batch: Any, rules: tuple[Rule, ...], result_format: str) -> dict[Rule, Any]:
    gx = _great_expectations()
    expectations = [
        gx.expectations.ExpectColumnValuesToBeBetween(
            column=rule.column,
            min_value=rule.minimum,
            max_value=rule.maximum,
            severity=SEVERITY[rule.action],
            meta={"rule": rule.name},
        )
        for rule in rules
    ]
    suite = gx.ExpectationSuite(name="rules", expectations=expectations)
    validation = batch.validate(suite, result_format={"result_format": result_format})
    by_name = {rule.name: rule for rule in rules}
    return {by_name[result.expectation_config.meta["rule"]]: result for result in validation.results}


def _verdict(rule: Rule, result: Any, frame: pd.DataFrame) -> Verdict:
    raised = [info for info in _exceptions(result.exception_info) if info.get("raised_exception")]
    if raised:
        raise RuntimeError(f"rule {rule.name} could not judge column {rule.column}: {raised[0]['exception_message']}")
    failed = tuple(result.result.get("unexpected_index_list") or ())
    values = frame[rule.column].iloc[list(failed[:5])]
    return Verdict(
        rule=rule,
        expectation=result.expectation_config.type,
        rows_checked=len(frame),
        failed=failed,
        evidence=", ".join(f"{value:g}" for value in values),
    )


def _exceptions(info: dict[str, Any]) -> list[dict[str, Any]]:
    """What was raised: told once, or once for each metric."""
    return [info] if "raised_exception" in info else list(info.values())


@cache
def _great_expectations() -> Any:
    """Import late (it takes seconds), with telemetry off."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    import great_expectations

    for name in logging.root.manager.loggerDict:  # its modules set levels of their own
        if name.startswith("great_expectations"):
            logging.getLogger(name).setLevel(logging.WARNING)
    return great_expectations


@cache
def _batch_definition() -> Any:
    context = _great_expectations().get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False, "metric_calculations": False}
    asset = context.data_sources.add_pandas("frames").add_dataframe_asset("rows")
    return asset.add_batch_definition_whole_dataframe("all")
