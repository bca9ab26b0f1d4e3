"""Problems of a site: what is refused, and what follows from the inputs."""

from dataclasses import replace

import numpy as np
import pytest
from site_examples import battery, problem, reserve

from kpp_twin.errors import ConfigError
from kpp_twin.market.dispatch.site_problem import LOAD, Curtailment, check
from kpp_twin.market.dispatch.storage_plan import Sold


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"price_per_mwh": np.empty((1, 0))}, "shape"),
        ({"price_per_mwh": np.array([50.0])}, "shape"),
        ({"price_per_mwh": np.array([[np.nan, 1]])}, "nan in scenario 0, step 0"),
        ({"load_kw": np.zeros((2, 2))}, "load_kw has shape"),
        ({"hours": 0.0}, "hours must be"),
        ({"hours": np.ones(3)}, "hours has shape"),
        ({"risk_tolerance": 1.2}, "risk_tolerance must be from 0 to 1"),
        ({"probability": np.array([0.5])}, "add up to 1"),
        ({"import_limit_kw": -1.0}, "import_limit_kw"),
        ({"peak_target_kw": np.inf}, "peak_target_kw"),
        ({"stores": {}}, "neither a store nor load"),
        ({"stores": {LOAD: battery()}}, "no store may be named"),
        ({"stores": {"battery": battery(energy_kwh=np.nan)}}, "energy_kwh of battery"),
        ({"stores": {"battery": battery(min_kwh=700.0, max_kwh=300.0)}}, "leave nothing"),
        ({"reserves": {"up": reserve("sideways")}}, "direction of up"),
        ({"reserves": {"up": reserve("up", providers=("windmill",))}}, "windmill"),
        ({"reserves": {"up": reserve("up", providers=())}}, "no provider"),
        ({"reserves": {"up": reserve("up", committed_kw=200.0, max_kw=100.0)}}, "exceeds its max_kw"),
        ({"reserves": {"up": reserve("up", activation_up=1.5)}}, "activation_up of up"),
        ({"reserves": {"up": reserve("up", duration_h=-1.0)}}, "duration_h of up"),
        ({"reserves": {"up": reserve("up", block_of_step=np.zeros(3, dtype=int))}}, "block_of_step"),
        ({"curtailment": Curtailment(max_kw=-1.0, cost_per_mwh=1.0)}, "max_kw of the curtailment"),
        ({"curtailment": Curtailment(max_kw=1.0, cost_per_mwh=1.0, rebound_steps=0)}, "rebound_steps"),
        (
            {"sold": Sold(power_kw=np.zeros(2), short_per_mwh=np.zeros(2), long_per_mwh=np.ones(2))},
            "exceeds sold.short_per_mwh",
        ),
    ],
)
def test_absurd_input_is_refused_with_its_name(changes, fault):
    with pytest.raises(ConfigError, match=fault):
        check(replace(problem([50, 60]), **changes))


def test_reserve_down_is_not_for_load_alone():
    curtailment = Curtailment(max_kw=10.0, cost_per_mwh=1.0)
    with pytest.raises(ConfigError, match="only serves up"):
        check(problem([50], curtailment=curtailment, reserves={"down": reserve("down", providers=(LOAD,))}))


def test_all_faults_come_in_one_message():
    with pytest.raises(ConfigError, match=r"3 fault\(s\)"):
        check(problem([50, np.inf], hours=-1.0, risk_tolerance=7.0))


def test_what_is_taken_off_comes_back_evenly_within_the_horizon():
    site = problem(
        [1, 1, 1, 1],
        hours=np.array([1.0, 0.5, 0.5, 1.0]),
        curtailment=Curtailment(max_kw=100.0, cost_per_mwh=1.0, rebound_fraction=0.6, rebound_steps=2),
    )
    share = site.rebound_share()
    assert share[0] == pytest.approx([0, 0.6, 0.6, 0])
    assert share[:3] @ site.step_hours == pytest.approx(0.6 * site.step_hours[:3])
    assert site.most_curtailed_kw() == pytest.approx([100, 100, 100, 0])


def test_scenarios_of_one_load_share_its_profile():
    same = problem([[1, 2], [3, 4]], load=[5, 6])
    other = problem([[1, 2], [3, 4]], load=[[5, 6], [7, 8]])
    assert [len(profiles) for profiles, _ in (same.load_profiles, other.load_profiles)] == [1, 2]
    assert list(same.load_profiles[1]) == [0, 0]


def test_costs_that_no_plan_changes_are_those_of_the_load_less_what_was_sold():
    assert problem([[50], [100]], load=200.0).fixed_costs() == pytest.approx([10, 20])
    sold = Sold(power_kw=np.array([100.0]), short_per_mwh=np.array([90.0]), long_per_mwh=np.array([20.0]))
    assert problem([50], load=200.0, sold=sold).fixed_costs() == pytest.approx([20 * 0.2 - (50 - 20) * 0.1])


def test_a_block_is_committed_to_what_its_dearest_step_is():
    product = reserve("up", committed_kw=np.array([1.0, 5, 2, 3]), block_of_step=np.array([0, 0, 1, 1]))
    assert product.committed_of_block(4) == pytest.approx([5, 5, 3, 3])
