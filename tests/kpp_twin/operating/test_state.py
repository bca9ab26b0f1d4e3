import json
from datetime import UTC, datetime

import pytest

from kpp_twin.bill import MeteredHour
from kpp_twin.errors import TwinError
from kpp_twin.operating.state import OperatingState, of_json
from kpp_twin.operation import AssetState

HOUR = datetime(2021, 10, 14, 5, tzinfo=UTC)
METERED = MeteredHour(
    start=HOUR,
    net_kwh=-812.3456789012345,
    activation_kwh=1 / 3,
    discharged_kwh=0.1 + 0.2,
    reserve_kw=100.0,
    availability=1.0,
    peak_rise_kw=0.0,
)
ASSETS = AssetState(
    battery={"energy_kwh": 2e3 / 3, "trusted_hz": None, "block_kw": [0.0, 0.1]},
    battery_health={"chemistry": "lfp", "residue": [[0.5, 0.0, 0.0], [2 / 3, 1.0, 25.0]], "state_of_health": 1 - 1e-9},
    plant={"receiver_kpa": 610.0, "cell_air": [0.1, 0.2]},
    month="2021-10",
    peak_import_kw=1050.0,
    rebound_kwh=1e-9,
)


def test_a_state_comes_back_from_json_bit_for_bit():
    state = OperatingState(assets=ASSETS, simulated_until=HOUR, unsettled=(METERED,))
    assert of_json(json.loads(json.dumps(state.as_json(), sort_keys=True))) == state


def test_the_state_of_an_earlier_version_is_refused_with_what_to_do():
    state = OperatingState(assets=ASSETS).as_json()
    earlier = {**state, "assets": {**state["assets"], "battery_kw": 0.0}}
    with pytest.raises(TwinError, match=r"unexpected keyword argument 'battery_kw' .*begin anew in another"):
        of_json(earlier)


def test_an_hour_that_an_earlier_version_left_waiting_is_taken_over():
    state = OperatingState(assets=ASSETS, unsettled=(METERED,)).as_json()
    (waiting,) = state["unsettled"]
    earlier = {name: waiting[name] for name in waiting if name not in ("reduction_kwh", "performance_score")}
    assert of_json({**state, "unsettled": [earlier]}).unsettled == (METERED,)


def test_before_the_first_cycle_nothing_is_known():
    assert of_json({}) == OperatingState()
    assert of_json(OperatingState().as_json()) == OperatingState()
