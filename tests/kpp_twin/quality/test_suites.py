"""Great Expectations judges as a plain comparison would, and cannot pass what it could not judge."""

import os

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kpp_twin.feeds import LOAD, PRICE, WEATHER, Feed
from kpp_twin.quality.measures import measure
from kpp_twin.quality.suites import SEVERITY, Rule, feed_rules, judge
from kpp_twin.settings import Settings

FEEDS = pytest.mark.parametrize("feed", [PRICE, LOAD, WEATHER], ids=lambda feed: feed.name)


def rule(minimum: float | None = None, maximum: float | None = None) -> Rule:
    return Rule(name="bound", action="flag", column="value", minimum=minimum, maximum=maximum)


@given(
    values=st.lists(st.floats(-10, 10) | st.sampled_from([np.inf, -np.inf]), min_size=1, max_size=20),
    minimum=st.none() | st.floats(-5, 0),
    maximum=st.floats(0, 5),
)
@settings(max_examples=10)
def test_judging_agrees_with_a_plain_comparison(values: list[float], minimum: float | None, maximum: float) -> None:
    frame = pd.DataFrame({"value": values}, index=range(100, 100 + len(values)))
    (verdict,) = judge(frame, (rule(minimum, maximum),))
    low = -np.inf if minimum is None else minimum
    expected = [n for n, value in enumerate(values) if not low <= value <= maximum]
    assert list(verdict.failed) == expected
    assert verdict.rows_checked == len(values)
    assert len(verdict.evidence.split(", ")) == max(1, min(5, len(expected)))


def test_each_rule_gives_its_own_verdict() -> None:
    rules = (
        Rule(name="low", action="block", column="a", minimum=0.0),
        Rule(name="high", action="flag", column="a", maximum=5.0),
        Rule(name="other", action="quarantine", column="b", minimum=0.0),
    )
    frame = pd.DataFrame({"a": [-1.0, 3.0, 9.0], "b": [1.0, -2.0, 1.0]})
    verdicts = {verdict.rule.name: verdict for verdict in judge(frame, rules)}
    assert {name: verdict.failed for name, verdict in verdicts.items()} == {"low": (0,), "high": (2,), "other": (1,)}
    assert verdicts["high"].evidence == "9"
    assert {verdict.expectation for verdict in verdicts.values()} == {"expect_column_values_to_be_between"}


@pytest.mark.parametrize(
    "frame",
    [
        pytest.param(pd.DataFrame({"value": ["high", 1.0]}, dtype=object), id="text among numbers"),
        pytest.param(pd.DataFrame({"other": [1.0]}), id="no such column"),
    ],
)
def test_what_cannot_be_judged_does_not_pass(frame: pd.DataFrame) -> None:
    with pytest.raises((RuntimeError, KeyError), match="value"):
        judge(frame, (rule(0.0, 5.0),))


@FEEDS
def test_rules_judge_columns_that_are_measured(feed: Feed) -> None:
    valid_from = pd.date_range("2024-03-05T06:00Z", periods=4, freq=f"{feed.step_minutes}min", unit="us")
    rows = pd.DataFrame({"series": "A", "valid_from": valid_from, "value": 20.0, "is_new": True})
    measured = measure(rows, rows.iloc[:0], feed, zone=Settings().zone, rated_load_kw=1000.0)
    rules = feed_rules(feed, rated_load_kw=1000.0)
    assert {item.column for item in rules} <= set(measured.columns)
    assert [
        verdict.rule.name for verdict in judge(measured, rules) if verdict.rule.action != "flag" and verdict.failed
    ] == []


@FEEDS
def test_rules_have_names_of_their_own_and_blocking_ones_say_what_to_do(feed: Feed) -> None:
    rules = feed_rules(feed, rated_load_kw=1000.0)
    assert len({item.name for item in rules}) == len(rules)
    for item in rules:
        assert item.action in SEVERITY
        assert item.minimum is not None or item.maximum is not None
        assert (item.action == "block") == bool(item.next_step)


def test_limits_of_the_load_follow_the_rating() -> None:
    by_name = {item.name: item for item in feed_rules(LOAD, rated_load_kw=2000.0)}
    assert (by_name["range"].minimum, by_name["range"].maximum) == (0.0, 2400.0)
    assert by_name["jump"].maximum == 400.0
    assert by_name["stuck"].maximum == 11.0


def test_prices_at_the_cap_may_stand() -> None:
    """Spikes are real: nothing that a market has cleared at is quarantined or blocked for its height."""
    rules = feed_rules(PRICE, rated_load_kw=1000.0)
    heights = {item.name: item.action for item in rules if item.column in ("value", "hampel_score", "above_offer_cap")}
    assert heights == {"range": "quarantine", "above_offer_cap": "flag", "spike": "flag"}
    bound = next(item for item in rules if item.name == "range")
    assert bound.maximum is not None
    assert bound.maximum > 9000.01


def test_nothing_is_told_to_the_makers_of_the_library() -> None:
    judge(pd.DataFrame({"value": [1.0]}), (rule(0.0),))
    assert os.environ["GX_ANALYTICS_ENABLED"] == "false"
