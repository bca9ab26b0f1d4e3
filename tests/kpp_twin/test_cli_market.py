import io
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner, Result

from kpp_twin.cli import app
from kpp_twin.errors import ConfigError

Command = Callable[..., Result]


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Command:
    """Run `kpp-twin dispatch` on two days that are cheap by night, without any history."""
    monkeypatch.chdir(tmp_path)
    hours = pd.date_range("2024-01-31", periods=48, freq="h", tz="UTC")
    prices = np.tile([20.0, 20.0, 100.0, 100.0], 12)
    pd.DataFrame({"valid_from": hours, "price_per_mwh": prices}).to_csv("prices.csv", index=False)
    return lambda *arguments: CliRunner().invoke(app, ["dispatch", "prices.csv", *arguments])


def test_each_month_has_a_line_and_all_of_them_one(command: Command):
    done = command()
    assert done.exit_code == 0, done.output
    for part in ("2024-01", "2024-02", "all", "full cycles"):
        assert part in done.stdout


def test_the_plan_in_csv_bears_out_the_sums_in_json(command: Command):
    steps = pd.read_csv(io.StringIO(command("--wear", "10", "--format", "csv").stdout))
    found = json.loads(command("--wear", "10", "--format", "json").stdout)
    money = (steps["power_kw"] * steps["hours"] * steps["price_per_mwh"]).sum() / 1000
    sold_mwh = steps["power_kw"].clip(lower=0).sum() / 1000
    assert found["profit"] == pytest.approx(money - 10 * sold_mwh)
    assert found["sold_mwh"] == pytest.approx(sold_mwh)
    assert (found["bought_at_per_mwh"], found["sold_at_per_mwh"]) == pytest.approx((20.0, 100.0))
    assert steps["energy_kwh"].iloc[-1] == pytest.approx(500)


def test_wear_beyond_all_gain_leaves_the_battery_idle(command: Command):
    found = json.loads(command("--wear", "500", "--format", "json").stdout)
    assert found["profit"] == 0
    assert found["sold_at_per_mwh"] is None


def test_a_wrong_column_is_said(command: Command):
    assert isinstance(command("--column", "cost").exception, ConfigError)


def test_a_figure_of_the_plan_is_written(command: Command, tmp_path: Path):
    done = command("--figure", "plan.svg")
    assert done.exit_code == 0, done.output
    assert "Battery on the prices of prices.csv" in (tmp_path / "plan.svg").read_text()
    assert command("--figure", "plan.pdf").exit_code != 0


def products(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["products", *arguments])


def test_all_products_are_listed_and_one_is_told_with_its_day():
    for part in ("SDAC", "ERCOT day-ahead", "AEMO"):
        assert part in products().stdout
    assert "25 intervals of 60 min" in products("ercot dam", "--on", "2021-11-07").stdout


def test_products_of_a_day_are_those_that_hold_on_it():
    found = json.loads(products("--on", "2025-09-30", "--json").stdout)
    (day_ahead,) = (product for product in found if product["name"] == "SDAC")
    assert (day_ahead["interval_minutes"], day_ahead["n_intervals"]) == (60, 24)
    latest = json.loads(products("SDAC", "--json").stdout)
    assert latest["interval_minutes"] == 15
    assert "n_intervals" not in latest


def test_a_product_that_is_not_known_is_said():
    assert isinstance(products("moon").exception, ConfigError)
