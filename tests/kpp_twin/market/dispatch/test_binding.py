"""What holds a plan back, in words."""

from datetime import datetime

import numpy as np
import pytest
from site_examples import START, battery, problem, reserve

from kpp_twin.market.dispatch.site_plan import plan_site


def words(site):
    return [binding.words for binding in plan_site(site).binding]


def test_a_full_import_is_named_with_its_limit_and_hours():
    site = problem([10, 10, 10, 200], load=500.0, import_limit_kw=600.0, stores={"battery": battery(target_kwh=750.0)})
    assert any(
        text.startswith("connection limit 600 kW: full import, reserves called 00:00–03:00") for text in words(site)
    )


def test_a_peak_target_is_named_with_its_hours_and_a_missed_one_is_not():
    site = problem([10, 10, 10, 200], load=500.0, peak_target_kw=600.0, stores={"battery": battery(target_kwh=750.0)})
    assert any(text.startswith("peak target 600 kW: full import 00:00–03:00") for text in words(site))
    missed = problem([50, 50], load=900.0, peak_target_kw=300.0)
    assert "peak target" in plan_site(missed).shortfalls
    assert all(text.split(":")[0] for text in words(missed))


def test_a_full_and_an_empty_battery_its_power_and_its_target_are_named():
    drawn = words(problem([10, 10, 10, 300, 200], stores={"battery": battery(target_kwh=100.0)}))
    for text in (
        "battery: full (900 kWh) 02:00–03:00",
        "battery: empty (100 kWh) 04:00–05:00",
        "battery: discharge at its most (500 kW) 03:00–04:00",
    ):
        assert any(name.startswith(text) for name in drawn)
    kept = words(problem([10, 10, 10, 300]))
    assert any(name.startswith("battery: must end at its target 03:00–04:00") for name in kept)


def test_a_reserve_that_keeps_energy_back_is_named():
    product = reserve("up", committed_kw=400.0, duration_h=1.0)
    named = words(problem([300, 10], reserves={"up": product}))
    assert any("reserve up keeps it above empty" in text for text in named)


def test_worth_is_what_one_kw_more_earns():
    site = problem([10, 100], stores={"battery": battery(max_discharge_kw=100.0, energy_kwh=800.0, target_kwh=100.0)})
    more = problem([10, 100], stores={"battery": battery(max_discharge_kw=101.0, energy_kwh=800.0, target_kwh=100.0)})
    assert plan_site(more).profit - plan_site(site).profit == pytest.approx(
        sum(b.worth for b in plan_site(site).binding if "discharge at its most" in b.words), abs=1e-3
    )


def test_the_dearest_limit_comes_first_and_its_steps_are_one_run():
    plan = plan_site(problem([10, 10, 300, 300, 300], stores={"battery": battery(max_discharge_kw=100.0)}))
    worths = [binding.worth for binding in plan.binding]
    assert worths == sorted(worths, reverse=True)
    assert all(0 <= binding.first_step < binding.stop_step <= 5 for binding in plan.binding)


def test_horizons_of_more_than_a_day_name_the_day():
    prices = np.tile([10.0, 90.0], 20)
    named = words(problem(prices, stores={"battery": battery()}))
    assert any(datetime.strftime(START, "%d %b") in text for text in named)


def test_nothing_is_named_where_nothing_is_worth_anything():
    assert words(problem([0, 0])) == []
