"""Sites to plan: the design document's battery, a plant, load that may be curtailed, and reserves on all of them."""

from datetime import UTC, datetime

import numpy as np
from hypothesis import strategies as st

from kpp_twin.market.dispatch.site_problem import LOAD, Curtailment, ReserveProduct, SiteProblem, SiteStore
from kpp_twin.market.dispatch.storage_plan import StorageLimits

START = datetime(2024, 3, 1, tzinfo=UTC)
DOCUMENT = StorageLimits(min_kwh=100, max_kwh=900, charge_efficiency=0.95, discharge_efficiency=0.95)
AIR = StorageLimits(min_kwh=0, max_kwh=300, charge_efficiency=0.7, discharge_efficiency=0.6)


def battery(**changes):
    given = {"energy_kwh": 500.0, "target_kwh": 500.0, "max_charge_kw": 500.0, "max_discharge_kw": 500.0}
    return SiteStore(limits=changes.pop("limits", DOCUMENT), **(given | changes))


def plant(**changes):
    given = {"energy_kwh": 100.0, "target_kwh": 100.0, "max_charge_kw": 150.0, "max_discharge_kw": 80.0}
    return SiteStore(limits=AIR, **(given | changes))


def reserve(direction, **changes):
    given = {"providers": ("battery",), "price_per_mw_hour": 10.0, "duration_h": 0.25}
    return ReserveProduct(direction=direction, **(given | changes))


def problem(prices, *, load=0.0, **changes):
    """A battery alone on one scenario of prices, or on a row of them each; changes are fields of the problem."""
    price = np.atleast_2d(np.asarray(prices, dtype=float))
    given = {"start": START, "hours": 1.0, "stores": {"battery": battery()}}
    return SiteProblem(
        price_per_mwh=price,
        load_kw=np.array(np.broadcast_to(np.asarray(load, dtype=float), price.shape)),
        **(given | changes),
    )


def within(low, high):
    return st.floats(low, high, allow_nan=False).map(lambda value: round(value, 3))


@st.composite
def problems(draw, *, is_held=False):
    """Random sites of up to eight steps; if ``is_held``, stores start within limits, and reserves are sure."""
    n, scenarios = draw(st.integers(1, 8)), draw(st.integers(1, 3))
    hours = draw(st.sampled_from([0.25, 0.5, 1.0]))

    def row(low, high, size=n):
        return np.array(draw(st.lists(within(low, high), min_size=size, max_size=size)))

    curtailment = draw(
        st.none()
        | st.builds(
            Curtailment,
            max_kw=within(0, 200),
            cost_per_mwh=within(0, 300),
            rebound_fraction=st.sampled_from([0.0, 0.5, 1.2]),
            rebound_steps=st.integers(1, 3),
        )
    )
    stores = {
        "battery": battery(
            energy_kwh=draw(within(100, 900) if is_held else within(0, 1000)),
            target_kwh=draw(within(100, 900)),
            wear_per_mwh=draw(within(0, 30)),
        )
    }
    if draw(st.booleans()):
        stores["plant"] = plant(energy_kwh=draw(within(0, 300)), target_kwh=draw(within(0, 300)))
    reserves = {}
    for direction in draw(st.lists(st.sampled_from(["up", "down", "symmetric"]), unique=True)):
        providers = ["battery", *(["plant"] if "plant" in stores and draw(st.booleans()) else [])]
        if curtailment is not None and draw(st.booleans()):
            providers.append(LOAD)
        reserves[direction] = reserve(
            direction,
            providers=tuple(providers),
            price_per_mw_hour=row(-5, 60),
            duration_h=draw(st.sampled_from([0.25, 0.5, 1.0])),
            activation_up=draw(st.sampled_from([0.0, 0.1])),
            activation_down=draw(st.sampled_from([0.0, 0.16])),
            activation_price_per_mwh=draw(st.none() | within(-100, 300)),
            is_held_at_end=is_held or draw(st.booleans()),
            block_of_step=draw(st.none() | st.just(np.arange(n) // 2)),
            committed_kw=draw(st.none() | within(0, 600)),
            minimum_kw=draw(st.sampled_from([0.0, 100.0])),
            step_kw=draw(st.sampled_from([0.0, 50.0])),
        )
    return problem(
        [row(-500, 4000) if draw(st.booleans()) else row(-20, 100) for _ in range(scenarios)],
        load=np.array([row(0, 900) for _ in range(scenarios)]),
        hours=hours,
        stores=stores,
        reserves=reserves,
        curtailment=curtailment,
        import_limit_kw=draw(st.none() | within(300, 2000)),
        export_limit_kw=draw(st.none() | within(0, 1000)),
        demand_charge_per_kw=draw(st.sampled_from([0.0, 2.0])),
        peak_so_far_kw=draw(within(0, 900)),
        peak_target_kw=draw(st.none() | within(300, 1500)),
        risk_tolerance=draw(st.sampled_from([1.0, 0.5, 0.0])),
    )
