"""The linear programmes of a day, on made-up prices."""

import numpy as np

from benchmarks.dispatch_lp import N_SCENARIOS, full_day_ms, full_problem
from kpp_twin.market.dispatch.site_plan import plan_site


def prices(days):
    hours = np.arange(24 * days)
    return 50 + 30 * np.sin(hours * np.pi / 12) + np.random.default_rng(2).normal(0, 10, hours.size)


def test_the_full_day_has_everything_and_keeps_it():
    plan = plan_site(full_problem(prices(N_SCENARIOS).reshape(N_SCENARIOS, 24)))
    assert plan.shortfalls == {}
    assert plan.profit_by_scenario.shape == (N_SCENARIOS,)
    assert plan.reserve_kw["containment"].min() >= 50 - 1e-4
    assert {"battery", "plant"} == set(plan.power_kw)


def test_the_time_of_the_full_day_is_measured_on_any_days_of_prices():
    assert 0 < full_day_ms(prices(N_SCENARIOS + 2)) < 10_000
