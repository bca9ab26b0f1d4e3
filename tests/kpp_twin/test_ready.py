from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from kpp_twin import ready
from kpp_twin.feeds import PRICE
from kpp_twin.market.risk import N_SCENARIOS
from kpp_twin.settings import Settings
from kpp_twin.site import load_site

AS_OF = datetime(2021, 10, 13, 14, 30, tzinfo=UTC)


def test_the_coordinator_stands_where_the_replay_begins() -> None:
    coordinator = ready.coordinator()
    assert coordinator.now == AS_OF == Settings.model_fields["replay_from"].default
    assert coordinator.state_of_charge == load_site().battery.initial_state_of_charge
    assert ready.coordinator() is coordinator


def test_the_optimizer_knows_the_next_local_day() -> None:
    forecast = ready.optimizer().forecast
    assert (forecast.variable, forecast.series) == ("price", "HB_HOUSTON")
    assert (forecast.grid.start, forecast.grid.stop) == (
        AS_OF.replace(hour=5, minute=0) + timedelta(days=1),
        forecast.grid.start + timedelta(days=1),
    )
    assert forecast.issued_at == AS_OF
    assert (np.diff(forecast.quantiles, axis=1) >= 0).all()
    assert (forecast.tier, forecast.reason) == ("ensemble", "")
    assert ready.optimizer() is ready.optimizer()
    scenarios = ready.optimizer().scenarios_per_mwh
    assert scenarios is not None
    assert scenarios.shape == (N_SCENARIOS, 24)
    assert np.abs(scenarios.mean(axis=0) - forecast.values).max() < 10


def test_only_prices_that_were_published_are_known() -> None:
    settings = Settings.model_construct()
    since = AS_OF - timedelta(days=30)
    series = ready.known_series(PRICE, "HB_HOUSTON", since=since, as_of=AS_OF, zone=settings.zone)
    assert series.grid.start == since.replace(hour=15, minute=0)
    assert series.grid.stop == datetime(2021, 10, 14, 5, tzinfo=UTC)  # end of the local day
    assert np.nanmax(series.known_at) <= np.datetime64("2021-10-13T14:30", "us")
    assert np.isfinite(series.values).mean() > 0.99


def test_the_forecast_does_not_depend_on_the_settings_of_the_process(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    before = ready.optimizer().forecast
    monkeypatch.setenv("KPP_TWIN__DATA_FOLDER", str(tmp_path))
    monkeypatch.setenv("KPP_TWIN__REPLAY_FROM", "2022-01-01T00:00Z")
    again = ready.bundled_price_forecast()
    assert again.values.tobytes() == before.values.tobytes()
    assert again.quantiles.tobytes() == before.quantiles.tobytes()
