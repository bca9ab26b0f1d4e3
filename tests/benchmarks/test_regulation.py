"""The benchmark of energy and regulation meets the reference, and an independent programme of its formulas."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner, Result
from scipy.optimize import Bounds, LinearConstraint, milp

from benchmarks import regulation
from benchmarks.dispatch_lp import regulation_day_ms
from benchmarks.regulation import COLUMNS, RegulationDay, main, read_windows

REFERENCE = Path(__file__).parents[3] / "shared" / "data" / "regulation_reference_30_days.csv"
LP = [-786.717513, -934.772103, -1140.442756, -966.046469, -992.949745, -896.522380, -911.238359]
EXCLUSIVE = [-786.247207, -934.653442, -1140.251312, -965.875539, -992.875613, -896.276788, -911.197417]


@pytest.fixture(autouse=True)
def _once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(regulation, "LEAST_RUNS", 1)


def made_up_prices(n_hours: int) -> np.ndarray:
    """``(n_hours, 3)``, some energy prices below zero."""
    rng = np.random.default_rng(3)
    energy = 0.05 + 0.06 * np.sin(np.arange(n_hours) / 3) + rng.normal(0, 0.02, n_hours)
    return np.column_stack([energy, *(0.02 * rng.random((2, n_hours)))])


def write(file: Path, prices: np.ndarray) -> Path:
    hours = pd.date_range("2017-01-01 01:00", periods=len(prices), freq="h").strftime("%m/%d/%y %H:%M")
    pd.DataFrame({"hour_ending": hours, **dict(zip(COLUMNS, prices.T, strict=True))}).to_csv(file, index=False)
    return file


def run(file: Path) -> Result:
    return CliRunner().invoke(main, ["--file", str(file), "--json"])


def objective_by_formulas(prices: np.ndarray, *, is_exclusive: bool) -> float:
    """Optimum of a window, row by row as the reference writes its formulas; prices ``(3, 24)``."""
    n, rte = prices.shape[1], 0.9025
    charge, discharge, up_ch, up_dis, down_ch, down_dis, energy, is_charging = np.arange(8 * n).reshape(8, n)
    cost, rows, limits = np.zeros(8 * n), [], []

    def add(terms: dict[int, float], low: float, high: float) -> None:
        rows.append(np.zeros(8 * n))
        rows[-1][list(terms)] = list(terms.values())
        limits.append((low, high))

    for t, (price, up, down) in enumerate(prices.T):
        cost[[charge[t], discharge[t]]] = price, -price
        cost[[up_ch[t], up_dis[t]]] = -up - 0.30 * price / rte, -up - 0.30 * price
        cost[[down_ch[t], down_dis[t]]] = -down + 0.16 * price / rte, -down + 0.16 * price
        add({up_dis[t]: 1, discharge[t]: 1}, -np.inf, 500)
        add({up_ch[t]: 1, charge[t]: -1}, -np.inf, 0)
        add({down_dis[t]: 1, discharge[t]: -1}, -np.inf, 0)
        add({down_ch[t]: 1, charge[t]: 1}, -np.inf, 500)
        change = {discharge[t]: -1.0, charge[t]: rte, up_dis[t]: -0.30, down_dis[t]: 0.16}
        change |= {up_ch[t]: -0.30 * rte, down_ch[t]: 0.16 * rte}
        after = energy[t + 1] if t + 1 < n else energy[0]  # back to the start
        add({energy[t]: 1, after: -1, **change}, 0, 0)
        add({energy[t]: 1, down_ch[t]: 0.25, down_dis[t]: 0.25}, -np.inf, 900)
        add({energy[t]: 1, up_ch[t]: -0.25, up_dis[t]: -0.25}, 100, np.inf)
        add({charge[t]: 1, is_charging[t]: -500}, -np.inf, 0)
        add({discharge[t]: 1, is_charging[t]: 500}, -np.inf, 500)
    lower, upper = np.zeros(8 * n), np.full(8 * n, np.inf)
    lower[energy], upper[energy], upper[is_charging] = 100, 900, 1
    lower[energy[0]] = upper[energy[0]] = 450
    low, high = np.array(limits).T
    if not is_exclusive:  # the last two rows of each hour
        free = np.arange(len(rows)) % 9 > 6
        low[free], high[free] = -np.inf, np.inf
    integers = np.zeros(8 * n)
    integers[is_charging] = is_exclusive
    found = milp(
        cost,
        bounds=Bounds(lower, upper),
        constraints=LinearConstraint(np.array(rows), low, high),
        integrality=integers,
        options={"mip_rel_gap": 1e-9},
    )
    return float(found.fun)


def test_two_windows_cost_what_the_formulas_say(tmp_path: Path) -> None:
    prices = made_up_prices(51)
    done = run(write(tmp_path / "prices.csv", prices))
    assert done.exit_code == 0, done.output
    figures = json.loads(done.stdout.splitlines()[-1])
    windows = [prices[:24].T, prices[24:48].T]
    for name, is_exclusive in (("objective_lp", False), ("objective_exclusive", True)):
        expected = sum(objective_by_formulas(window, is_exclusive=is_exclusive) for window in windows)
        assert figures[name] == pytest.approx(expected, abs=1e-6)
    assert figures["objective_lp"] < figures["objective_exclusive"] - 1e-3, "the prices tell the two apart"
    assert figures["windows"] == 2
    assert figures["cpu_ms_per_window"] > 0
    assert "last 3 hours are no whole window" in done.stderr


def test_exclusive_windows_never_charge_and_discharge_at_once() -> None:
    day = RegulationDay(is_exclusive=True)
    x = day.solve(made_up_prices(24).T).x
    assert np.all(np.minimum(x[day.charge], x[day.discharge]) == 0)


@pytest.mark.skipif(not REFERENCE.exists(), reason="the reference data are not there")
@pytest.mark.parametrize(("expected", "is_exclusive"), [(LP, False), (EXCLUSIVE, True)], ids=["LP", "exclusive"])
def test_the_published_windows_are_met(expected: list[float], *, is_exclusive: bool) -> None:
    day = RegulationDay(is_exclusive=is_exclusive)
    found = [day.solve(window).objective for window in read_windows(REFERENCE)[0][:7]]
    assert found == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda table: table.drop(columns=COLUMNS[1]), f"the columns {COLUMNS[1]} are missing"),
        (lambda table: table.replace({COLUMNS[0]: {table[COLUMNS[0]][4]: "?"}}), "first the one in line 6"),
        (lambda table: table[:23], "23 hours are no window of 24"),
    ],
)
def test_a_wrong_file_is_told_with_exit_code_2(tmp_path: Path, change, message: str) -> None:
    file = write(tmp_path / "prices.csv", made_up_prices(24))
    change(pd.read_csv(file).astype({COLUMNS[0]: object})).to_csv(file, index=False)
    done = run(file)
    assert done.exit_code == 2
    assert message in done.stderr


def test_the_programme_of_a_day_is_timed_on_any_prices() -> None:
    assert 0 < regulation_day_ms(1000 * made_up_prices(50)[:, 0]) < 1000


def test_help_shows_an_example() -> None:
    assert "python -m benchmarks.regulation --file" in CliRunner().invoke(main, ["--help"]).stdout
