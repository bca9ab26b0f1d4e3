"""What a cycle knows, and what it makes of it: a pure function from the one to the other."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from kpp_twin.operating.stations import operate
from kpp_twin.operation import Standing
from kpp_twin.quality.tables import check_tables
from kpp_twin.records import Checked, History, ModelVersion, Outcome, Serving, Slot, Start
from kpp_twin.settings import Settings
from kpp_twin.site import Site
from kpp_twin.store.connection import Connection
from kpp_twin.store.forecasters import read_catalogue, read_servings
from kpp_twin.store.history import read_history, read_tables
from kpp_twin.store.standing import read_standing
from kpp_twin.timegrid import hour_label
from models.forecasting import Decided, Practice, decide
from models.serving import promote, rollback

log = logging.getLogger(__name__)

NAIVE_REACH_DAYS = 30  # how far back of the judged days a naive forecast may look
TAKING_IN = ("hourly", "daily")  # kinds of cycles that look for new data
CHOICES = ("promote", "rollback")  # kinds of cycles that an operator asks for


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """All that a cycle computes from.

    Attributes
    ----------
    gained
        Once a day what each history table gained, to be judged.
    catalogue, choices
        For an operator's choice: every forecaster ever trained, and every choice so far.
    """

    site: Site
    history: History
    standing: Standing
    gained: Mapping[str, pd.DataFrame]
    catalogue: tuple[ModelVersion, ...] = ()
    choices: tuple[Serving, ...] = ()


def read_known(connection: Connection, settings: Settings, start: Start, site: Site) -> Known:
    """All that may be known at the cycle's ``as_of``, its own new rows included; once a day the tables to judge too."""
    slot, before = start.slot, start.predecessor.cycle_number
    days = settings.selection_days + (NAIVE_REACH_DAYS if slot.kind == "hourly" else settings.training_days)
    is_choice = slot.kind in CHOICES
    return Known(
        site=site,
        history=read_history(connection, start, settings.feeds, days),
        standing=read_standing(connection, start),
        gained=read_tables(connection, start) if slot.kind == "daily" else {},
        catalogue=read_catalogue(connection, slot.as_of, before) if is_choice else (),
        choices=read_servings(connection, "serving_all", slot.as_of, before) if is_choice else (),
    )


def compute(settings: Settings, slot: Slot, known: Known, checked: Sequence[Checked]) -> Outcome:
    """Everything that the cycle decides; a pure function of its arguments."""
    history, site = known.history, known.site
    decided = _chosen(slot, known) if slot.kind in CHOICES else decide(slot.kind, history, practice_of(settings))
    for model in decided.models:
        log.debug("%s: trained, errors %s", model.model_version, model.scores)
    operation = operate(
        site, slot, history, tuple(decided.forecasts), known.standing, zone=settings.zone, currency=settings.currency
    )
    return Outcome(
        models=tuple(decided.models),
        servings=tuple(decided.servings),
        forecasts=tuple(decided.forecasts),
        members=tuple(decided.members),
        trials=tuple(decided.trials),
        alarms=tuple(decided.alarms),
        operation=operation,
        table_checks=check_tables(known.gained, as_of=pd.Timestamp(slot.as_of), zone=settings.zone),
        notes=(*_findings(checked), *decided.notes, *operation.notes),
        state={
            "known_until": {s.variable + " " + s.name: hour_label(s.grid.stop) for s in history.series},
            "site": site.digest,
            "operation": operation.state,
        },
    )


def _chosen(slot: Slot, known: Known) -> Decided:
    """What an operator chose; the subject is a version to promote, or variable and series to roll back."""
    if slot.kind == "promote":
        serving = promote(known.catalogue, slot.subject, known_at=slot.as_of)
    else:
        variable, _, series = slot.subject.partition(" ")
        serving = rollback(known.choices, variable, series, known_at=slot.as_of, models=known.catalogue)
    who = f"{serving.model_version}, chosen by {serving.chosen_by}"
    note = f"{serving.variable} {serving.series} is forecast by {who}"
    return Decided(servings=[serving], notes=[note])


def practice_of(settings: Settings) -> Practice:
    """How forecasts are made in the market of the settings."""
    return Practice(
        zone=settings.zone,
        issue_time=settings.daily_time,
        market=settings.holiday_market,
        days=settings.selection_days,
    )


def _findings(checked: Sequence[Checked]) -> Iterator[str]:
    """One line for each rule that new rows broke."""
    for item in checked:
        for result in item.results.to_dict("records"):
            if not result["passed"]:
                what = "quarantined" if result["action"] == "quarantine" else "flagged"
                evidence = f" ({result['evidence']})" if result["evidence"] else ""
                yield f"{item.feed.name}: {result['rows_failed']} row(s) {what}: {result['rule']}{evidence}"
