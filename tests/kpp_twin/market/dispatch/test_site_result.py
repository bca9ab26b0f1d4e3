"""What a plan earns and keeps, by hand; and plans that break limits are not let through."""

from dataclasses import replace

import numpy as np
import pytest
from site_examples import battery, problem, reserve

from kpp_twin.errors import TwinError
from kpp_twin.market.dispatch.site_plan import plan_site
from kpp_twin.market.dispatch.site_problem import LOAD, Curtailment
from kpp_twin.market.dispatch.site_result import energy_path, profits, recheck, settled_kw


@pytest.fixture
def site():
    return problem(
        [[20, 100], [40, 60]],
        load=[[100, 200], [300, 100]],
        stores={"battery": battery(wear_per_mwh=10.0)},
        reserves={
            "up": reserve(
                "up",
                providers=("battery", LOAD),
                activation_up=0.1,
                activation_price_per_mwh=150.0,
                committed_kw=50.0,
                max_kw=100.0,
                block_of_step=np.zeros(2, dtype=int),
            )
        },
        curtailment=Curtailment(max_kw=50.0, cost_per_mwh=30.0, rebound_fraction=0.5),
        import_limit_kw=800.0,
        export_limit_kw=700.0,
        demand_charge_per_kw=0.1,
        peak_so_far_kw=100.0,
    )


@pytest.fixture
def plan(site):
    """Charge 100 kW, then discharge 80; 20 kW of load taken off; reserve on discharge, charge and load."""
    shares = {
        ("up", "discharge", "up", "battery"): np.array([10.0, 60]),
        ("up", "charge", "up", "battery"): np.array([40.0, 0]),
        ("up", "up", LOAD): np.array([10.0, 0]),
    }
    power = np.array([-100.0, 80])
    return replace(
        plan_site(site),
        power_kw={"battery": power},
        energy_kwh={"battery": energy_path(site, "battery", power, shares)},
        curtailed_kw=np.array([20.0, 0]),
        rebound_kw=np.array([0.0, 10]),
        reserve_kw={"up": np.array([60.0, 60])},
        shares_kw=shares,
        shortfalls={"energy target": 1.0},
    )


def test_energy_follows_power_and_expected_calls(site, plan):
    first = 500 + 95 - 0.1 * (10 / 0.95 + 40 * 0.95)
    assert plan.energy_kwh["battery"] == pytest.approx([500, first, first - 80 / 0.95 - 0.1 * 60 / 0.95])


def test_profit_is_what_each_part_earns_and_costs(site, plan):
    # Calls have their own price; only the rebound of the load that is called, 10 kW * 0.1 * 0.5, is settled as energy.
    settled = np.array([-100 + 20, 80 - 10 - 0.5])
    assert settled_kw(site, plan) == pytest.approx(settled)
    energy = [(20 * (settled[0] - 100) + 100 * (settled[1] - 200)), (40 * (settled[0] - 300) + 60 * (settled[1] - 100))]
    held, called = 10 * 120 / 1000, 150 * 0.1 * 120 / 1000
    wear = 10 * (80 + 0.1 * 70) / 1000
    curtailment = 30 * (20 + 0.1 * 10) / 1000
    peaks = np.array([max(100 + 80, 200 - 70), max(300 + 80, 100 - 70)]) - 100
    expected = np.array(energy) / 1000 + held + called - wear - curtailment - 0.1 * peaks
    assert profits(site, plan) == pytest.approx(expected)


def test_a_plan_that_keeps_all_limits_passes(site, plan):
    recheck(site, plan)


@pytest.mark.parametrize(
    ("broken", "fault"),
    [
        ({"power_kw": {"battery": np.array([-600.0, 80])}}, "cannot charge"),
        ({"power_kw": {"battery": np.array([0.0, 480])}}, "cannot discharge"),
        ({"energy_kwh": {"battery": np.array([500.0, 950, 500])}}, "holds too much"),
        ({"energy_kwh": {"battery": np.array([500.0, 90, 500])}}, "holds too little"),
        ({"energy_kwh": {"battery": np.array([500.0, 101, 500])}}, "no energy for reserve up"),
        ({"shortfalls": {}}, "misses its target"),
        ({"reserve_kw": {"up": np.array([40.0, 40])}}, "below what is committed"),
        ({"reserve_kw": {"up": np.array([150.0, 150])}}, "beyond its most"),
        ({"reserve_kw": {"up": np.array([60.0, 70])}}, "changes within a block"),
        ({"curtailed_kw": np.array([45.0, 0])}, "more load is taken off"),
        ({"rebound_kw": np.array([700.0, 0])}, "import exceeds"),
        ({"rebound_kw": np.array([-900.0, 0])}, "export exceeds"),
    ],
)
def test_a_plan_that_breaks_a_limit_is_not_let_through(site, plan, broken, fault):
    with pytest.raises(TwinError, match=fault):
        recheck(site, replace(plan, **broken))
