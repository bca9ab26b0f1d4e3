from dataclasses import replace
from datetime import date
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from kpp_twin.report.figures import day_figures

OPERATION = ("stores", "site", "bids", "frequency", "money")


def texts(svg: str) -> set[str]:
    return {element.text or "" for element in ET.fromstring(svg.replace("xlink:", "")).iter("text")}


@pytest.fixture(scope="module")
def bare(make_report):
    """A report without series, so that only the operation is drawn."""
    return replace(make_report(), series=())


@pytest.fixture(scope="module")
def figures(bare, make_operation) -> dict[str, str]:
    return day_figures(replace(bare, operation=make_operation()))


def test_the_figures_of_the_operation_name_subject_and_unit(figures):
    assert tuple(figures) == OPERATION
    stores = {"Battery: power, to the grid positive", "Battery: state of charge", "Plant: energy in store", "kW", "kWh"}
    assert stores | {"simulated", "setpoint", "sold"} <= texts(figures["stores"])
    assert {"Frequency response by hour, either way", "Hz", "asked", "delivered"} <= texts(figures["frequency"])
    assert {"capacity", "energy", "net", "USD"} <= texts(figures["money"])
    assert "Site: power, to the grid positive" in texts(figures["site"])
    assert {"Day-ahead bids of battery and plant", "sale", "purchase", "purchase accepted"} <= texts(figures["bids"])
    assert "sale accepted" not in texts(figures["bids"])


def test_the_same_operation_gives_the_same_bytes(bare, make_operation, figures):
    assert day_figures(replace(bare, operation=make_operation())) == figures


def test_without_operation_nothing_of_it_is_drawn(bare):
    assert day_figures(bare) == {}


def test_what_there_is_no_data_for_is_left_out(bare, make_operation):
    whole = make_operation()
    silent = replace(
        whole,
        assets=(),
        curves=tuple(curve for curve in whole.curves if curve.market == "PFR"),
        money={},
        frequency_hz=np.full(whole.minutes.n_steps, np.nan),
        response_asked_kwh=np.full(whole.hours.n_steps, np.nan),
    )
    assert day_figures(replace(bare, operation=silent)) == {}
    without_capacity = replace(whole, battery_capacity_kwh=None)
    assert "Battery: energy in store" in texts(day_figures(replace(bare, operation=without_capacity))["stores"])


@pytest.mark.parametrize(("day", "hours"), [(date(2024, 3, 10), 23), (date(2024, 11, 3), 25)], ids=str)
@pytest.mark.full
def test_days_of_23_and_25_hours_are_drawn_whole(bare, make_operation, day: date, hours: int):
    operation = replace(make_operation(day), assets=(), frequency_hz=np.full(hours * 60, np.nan))
    svg = day_figures(replace(bare, day=day, operation=operation))["frequency"]
    bars = [
        element
        for element in ET.fromstring(svg.replace("xlink:", "")).iter("path")
        if "var(--actual," in element.get("style", "") and "clip-path" in element.attrib
        if element.get("d", "").count("L") == 3  # a bar has four corners
    ]
    assert len(bars) == hours - 1  # of the last one nothing is known


@pytest.mark.full
def test_bids_stand_beside_the_price_that_decides(make_report, make_operation):
    report = make_report(operation=make_operation())
    assert {"price", "USD/MWh"} <= texts(day_figures(report, ("bids",))["bids"])
    elsewhere = replace(report, operation=replace(make_operation(), price_series="elsewhere"))
    assert "price" not in texts(day_figures(elsewhere, ("bids",))["bids"])


@pytest.mark.full
def test_a_curtailment_is_seen_in_the_load(make_report, make_operation):
    report = make_report()
    _, load, _ = report.series
    plain = day_figures(replace(report, series=(load,)))["load"]
    curtailed = day_figures(replace(report, series=(load,), operation=make_operation()))["load"]
    assert "curtailed" not in texts(plain)
    assert {"curtailed", "actual", "forecast", "5–95 %"} <= texts(curtailed)
    calm = replace(make_operation(), events=())
    assert "curtailed" not in texts(day_figures(replace(report, series=(load,), operation=calm))["load"])
