"""What the price and the load forecaster share: fit, forecast, and rebuild from stored numbers."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, time
from typing import Any, ClassVar, Self
from zoneinfo import ZoneInfo

import numpy as np

from kpp_twin.records import Array, Series
from kpp_twin.timegrid import TimeGrid
from kpp_twin.units import HOURS_PER_DAY
from models import ensemble
from models.day_ahead import Issued, Record, issue, judged, walk
from models.days import DayTables
from models.ensemble import Family
from models.errors import MissingInputError, WeightsError
from models.layout import day_tables, slots_within
from models.scenarios import scenarios
from models.zones import holiday_share, zone_named

RECORD = "record."
MEASURED = "weather"  # what is known when it is over


class DayAheadForecaster:
    """Forecasts of the next local day of one series by an ensemble; see `PriceForecaster` and `LoadForecaster`.

    Parameters
    ----------
    zone
        Clock of the local days.
    issue_time
        Local time at which the next day is forecast each day.
    market
        Whose holidays count, as in `models.zones`.

    Attributes
    ----------
    weights_
        All that was learnt, as arrays by name: ``family.array``, and the record of the days that were judged.
    parameters_
        The recipe, for JSON.
    scores_
        On the record; none after `load`.
    """

    families: ClassVar[tuple[Family, ...]] = ()
    recipe: ClassVar[str] = ""
    parts: ClassVar[tuple[str, ...]] = ()  # whose arrays there are beside those of the families

    def __init__(self, *, zone: ZoneInfo, issue_time: time, market: str) -> None:
        self.zone, self.issue_time, self.market = zone, issue_time, zone_named(market)
        self.weights_: Mapping[str, Array] = {}
        self.parameters_: Mapping[str, Any] = {}
        self.scores_: Mapping[str, float] = {}

    def tables(self, series: Series, *, issued_at: datetime, exogenous: Sequence[Series] = ()) -> DayTables:
        """Days of a series up to the one after the issue, as they are known at it.

        Weather among the other series counts as measured, everything else as known a day ahead.
        """
        return day_tables(
            series,
            issued_at=issued_at,
            issue_time=self.issue_time,
            zone=self.zone,
            holiday_share=lambda day: holiday_share(self.market, day),
            exogenous=[item for item in exogenous if item.variable != MEASURED],
            measured=[item for item in exogenous if item.variable == MEASURED],
        )

    def fit(
        self, series: Series, *, issued_at: datetime, exogenous: Sequence[Series] = (), record: Record | None = None
    ) -> Self:
        """Fit on what is known at ``issued_at``.

        Parameters
        ----------
        record
            What an earlier fit of the same recipe said of the last days. Without one, the last days are walked over.

        Raises
        ------
        TooLittleTrainingError
            The history is too short.
        """
        from threadpoolctl import threadpool_limits

        tables = self.tables(series, issued_at=issued_at, exogenous=exogenous)
        with threadpool_limits(limits=1):  # sums in the same order on any machine, and no spinning threads
            record = walk(self.families, tables) if record is None else record
            weights = ensemble.fit(self.families, tables, tables.n_days - 1)
            self.scores_ = judged(issue(record, tables), tables)
        kept = {f"{RECORD}{family.name}": record.members[row] for row, family in enumerate(self.families)}
        self.weights_ = weights | kept | {f"{RECORD}day": record.day.astype(np.float64)}
        self.parameters_ = {
            "recipe": self.recipe,
            "families": [family.name for family in self.families],
            "market": self.market.name,
            "known_slots": tables.known_slots,
            "exogenous": [item.name for item in _in_order(exogenous)],
        }
        return self

    @classmethod
    def load(
        cls, weights: Mapping[str, Array], parameters: Mapping[str, Any], *, zone: ZoneInfo, issue_time: time
    ) -> Self:
        """Rebuild a forecaster from its numbers; no code in them can run.

        Raises
        ------
        WeightsError
            They are not those of this kind of forecaster.
        """
        names = [family.name for family in cls.families]
        faults = []
        if parameters.get("recipe") != cls.recipe:
            faults.append(f"recipe is {parameters.get('recipe')!r}, known is {cls.recipe!r}")
        faults += [f"{RECORD}{name} is missing" for name in ["day", *names] if f"{RECORD}{name}" not in weights]
        parts = {*names, *cls.parts, RECORD.removesuffix(".")}
        faults += [f"{name} is of no member" for name in sorted(weights) if name.split(".")[0] not in parts]
        faults += [f"{name} is not finite" for name, array in sorted(weights.items()) if _is_odd(name, array)]
        if faults:
            raise WeightsError(f"{len(faults)} fault(s) in the weights: " + "; ".join(faults))
        forecaster = cls(zone=zone, issue_time=issue_time, market=parameters["market"])
        forecaster.weights_, forecaster.parameters_ = dict(weights), dict(parameters)
        return forecaster

    @property
    def record(self) -> Record:
        """What the members said of the days before the fit."""
        members = np.array([self.weights_[f"{RECORD}{family.name}"] for family in self.families])
        return Record(day=self.weights_[f"{RECORD}day"].astype(np.int64), members=members)

    def ask(self, tables: DayTables, exogenous: Sequence[Series] = ()) -> Record:
        """What the members say of the last day of the tables, which hold these exogenous series.

        A series that they were fitted with and that is gone counts as missing; one that is new does not count.
        """
        from threadpoolctl import threadpool_limits

        last = tables.n_days - 1
        present = {item.name: table for item, table in zip(_in_order(exogenous), tables.exogenous, strict=True)}
        missing = np.full((tables.n_days, HOURS_PER_DAY), np.nan)
        known = [present.get(name, missing) for name in self.parameters_["exogenous"]]
        tables = replace(tables, exogenous=np.array(known).reshape(len(known), tables.n_days, HOURS_PER_DAY))
        with threadpool_limits(limits=1):
            members = ensemble.forecast(self.families, self.weights_, tables, last, last + 1)
        return Record(day=tables.day[-1:], members=members)

    def predict(
        self, series: Series, *, issued_at: datetime, horizon: TimeGrid, exogenous: Sequence[Series] = ()
    ) -> Array:
        """Point forecast ``(n_steps,)`` in the unit of the series; errors as in `forecast`."""
        return self.forecast(series, issued_at=issued_at, horizon=horizon, exogenous=exogenous)[0]

    def predict_quantiles(
        self, series: Series, *, issued_at: datetime, horizon: TimeGrid, exogenous: Sequence[Series] = ()
    ) -> Array:
        """Quantiles ``(n_steps, 99)`` at 1 % to 99 %, rising along the second axis; errors as in `forecast`."""
        return self.forecast(series, issued_at=issued_at, horizon=horizon, exogenous=exogenous)[1]

    def forecast(
        self, series: Series, *, issued_at: datetime, horizon: TimeGrid, exogenous: Sequence[Series] = ()
    ) -> tuple[Array, Array]:
        """Point and quantiles of the intervals of the local day after the issue.

        Raises
        ------
        MissingInputError
            Too little is known for some interval.
        WeightsError
            Nothing was fitted or loaded.
        """
        return on_horizon(self._issued(series, issued_at, exogenous), horizon, self.zone)

    def predict_scenarios(
        self,
        series: Series,
        *,
        issued_at: datetime,
        horizon: TimeGrid,
        n_scenarios: int,
        generator: np.random.Generator,
        exogenous: Sequence[Series] = (),
    ) -> Array:
        """Possible days, each as likely as the others, ``(n_scenarios, n_steps)``; errors as in `forecast`.

        Each interval keeps its quantiles, and intervals go together as past errors did.
        """
        issued = self._issued(series, issued_at, exogenous)
        _, quantiles = on_horizon(issued, horizon, self.zone)
        slot = slots_within(horizon, self.zone, int(issued.day[-1]))
        return scenarios(quantiles, (issued.actual - issued.point)[:, slot], n_scenarios, generator)

    def _issued(self, series: Series, issued_at: datetime, exogenous: Sequence[Series]) -> Issued:
        if not self.weights_:
            raise WeightsError("nothing was fitted yet: call fit or load first")
        tables = self.tables(series, issued_at=issued_at, exogenous=exogenous)
        record = self.record.extended(self.ask(tables, exogenous))
        return issue(record, tables, bands_from=len(record.day) - 1)


def on_horizon(issued: Issued, horizon: TimeGrid, zone: ZoneInfo) -> tuple[Array, Array]:
    """Point and quantiles of the intervals of a horizon within the last day.

    Raises
    ------
    MissingInputError
        The horizon leaves that day, or the forecast of some interval is not finite.
    """
    point, quantiles = issued.point[-1], issued.quantiles[-1]
    slot = slots_within(horizon, zone, int(issued.day[-1]))
    if not ((slot >= 0) & (slot < len(point))).all():
        raise MissingInputError(f"the intervals from {horizon.start:%Y-%m-%dT%H:%MZ} on leave the next local day")
    values, table = point[slot], quantiles[slot]
    missing = ~np.isfinite(values) | ~np.isfinite(table).all(axis=1)
    if missing.any():
        raise MissingInputError(f"no member can say {int(missing.sum())} of {len(values)} intervals")
    return values, table


def _in_order(exogenous: Sequence[Series]) -> list[Series]:
    """As the tables hold them: what is known a day ahead, then what is measured."""
    return sorted(exogenous, key=lambda item: item.variable == MEASURED)


def _is_odd(name: str, array: Array) -> bool:
    return not name.startswith(RECORD) and not np.isfinite(array).all()
