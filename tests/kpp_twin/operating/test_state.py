import json
from datetime import UTC, datetime

from kpp_twin.operating.state import OperatingState, of_json
from kpp_twin.operation import AssetState, MeteredHour

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
    battery_kwh=2e3 / 3,
    plant={"receiver_kpa": 610.0, "cell_air": [0.1, 0.2]},
    month="2021-10",
    peak_import_kw=1050.0,
    rebound_kwh=1e-9,
)


def test_a_state_comes_back_from_json_bit_for_bit():
    state = OperatingState(assets=ASSETS, simulated_until=HOUR, unsettled=(METERED,))
    assert of_json(json.loads(json.dumps(state.as_json(), sort_keys=True))) == state


def test_before_the_first_cycle_nothing_is_known():
    assert of_json({}) == OperatingState()
    assert of_json(OperatingState().as_json()) == OperatingState()
