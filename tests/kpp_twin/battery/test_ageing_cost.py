"""What ageing costs, and how long a battery lasts."""

from dataclasses import replace

import numpy as np
import pytest

from kpp_twin.battery.ageing import Health, aged
from kpp_twin.battery.ageing_cost import marginal_cost_per_mwh, mean_cost_per_mwh, years_until
from kpp_twin.battery.chemistry import CHEMISTRIES, ChemistryName, Swings
from kpp_twin.errors import TwinError

DEPTHS = np.array([0.1, 0.5, 0.8, 1.0])
DAY = np.interp(np.arange(25), [0, 4, 16, 20, 24], [0.1, 0.9, 0.9, 0.1, 0.1])


def cycles(depth: np.ndarray) -> Swings:
    same = np.ones_like(depth)
    return Swings(depth=depth, mean_state_of_charge=0.5 * same, temperature_c=25.0 * same, c_rate=0.2 * same)


def test_the_defaults_cost_their_figure() -> None:
    assert mean_cost_per_mwh() == pytest.approx(41.67, abs=0.005)
    assert mean_cost_per_mwh(usable_share=0.8) == pytest.approx(41.67 / 0.8, abs=0.01)


def test_ba_11_lmo_cells_with_a_cycle_a_day_lose_a_quarter_in_ten_years() -> None:
    law = CHEMISTRIES["lmo_xu"]
    calendar = 365 * float(law.calendar_rate(np.array(0.5), np.array(25.0)))
    cycle = 365 * float(law.cycle_damage(cycles(np.array(0.8))))
    year = replace(
        Health.initial(0.5, "lmo_xu"),
        residue=((0.5, 0.0, 0.0), (0.5, 8766.0, 219_150.0)),
        calendar_damage=calendar,
        cycle_damage=cycle,
    )
    assert years_until(year, 1 - 0.2581) == pytest.approx(10.0, abs=0.01)
    assert years_until(year) == pytest.approx(6.85, abs=0.01)


@pytest.mark.parametrize("name", CHEMISTRIES)
def test_a_day_tells_the_years(name: ChemistryName) -> None:
    day = aged(Health.initial(0.1, name), DAY, 25.0, 24.0, name)
    later = day
    for _ in range(9):
        later = aged(later, DAY, 25.0, 24.0, name)
    assert years_until(day) == pytest.approx(years_until(later), rel=1e-6)
    assert years_until(day) < years_until(day, 0.7)


@pytest.mark.parametrize("name", CHEMISTRIES)
def test_the_margin_is_what_a_slightly_deeper_cycle_costs_more(name: ChemistryName) -> None:
    law, health = CHEMISTRIES[name], replace(Health.initial(0.5, name), calendar_damage=1e-4, cycle_damage=0.01)
    deeper = 1e-3

    def loss(depth: np.ndarray) -> np.ndarray:
        return law.capacity_loss(1e-4, 0.01 + law.cycle_damage(cycles(depth)))

    # Of one kWh of capacity: a fifth of it lost costs 250, and the cycle discharges `deeper` kWh more.
    cost = (loss(DEPTHS) - loss(DEPTHS - deeper)) / 0.2 * 250.0
    between = marginal_cost_per_mwh(health, cycles(DEPTHS - deeper / 2))
    assert between == pytest.approx(cost / (deeper / 1000.0), rel=1e-4)


def test_a_deep_cycle_of_lmo_cells_costs_more_at_the_margin_and_the_first_ones_most() -> None:
    new, worn = (replace(Health.initial(0.5, "lmo_xu"), cycle_damage=damage) for damage in (0.0, 0.05))
    assert (np.diff(marginal_cost_per_mwh(new, cycles(DEPTHS))) > 0).all()
    assert (marginal_cost_per_mwh(worn, cycles(DEPTHS)) < marginal_cost_per_mwh(new, cycles(DEPTHS))).all()


def test_refuses_figures_that_cannot_be() -> None:
    new = Health.initial(0.5, "lfp")
    with pytest.raises(TwinError, match=r"equivalent_full_cycles must be.*usable_share must be"):
        mean_cost_per_mwh(equivalent_full_cycles=0.0, usable_share=float("nan"))
    with pytest.raises(TwinError, match="replacement_cost_per_kwh"):
        marginal_cost_per_mwh(new, cycles(DEPTHS), -1.0)
    for depth in (0.0, 1.2, np.nan):
        with pytest.raises(TwinError, match="depths must lie above 0"):
            marginal_cost_per_mwh(new, cycles(np.array([0.5, depth])))
    with pytest.raises(TwinError, match="no use of the battery"):
        years_until(new)
    with pytest.raises(TwinError, match=r"state of health of 1\.0"):
        years_until(aged(new, DAY, 25.0, 24.0, "lfp"), 1.0)
