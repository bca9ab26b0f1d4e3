import re
import subprocess
import sys
import tomllib
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from kpp_twin.errors import ConfigError
from kpp_twin.plant.parameters import PlantParameters
from kpp_twin.site import REFERENCE_SITE, Site, content_digest, load_site, site_of

TEXT = REFERENCE_SITE.read_text(encoding="utf-8")
SiteFile = Callable[[str], Path]


def changed(text: str, section: str, name: str, value: str | None) -> str:
    """The file with another value in the first place of that name in a section; without the line if none."""
    head, found, rest = text.partition(f"[{section}]")
    line = re.compile(rf"^{name} = .*$", re.MULTILINE)
    assert found, section
    assert line.search(rest), name
    return head + found + line.sub("" if value is None else f"{name} = {value}", rest, count=1)


@pytest.fixture
def site_file(tmp_path: Path) -> SiteFile:
    def written(text: str) -> Path:
        (tmp_path / "site.toml").write_text(text, encoding="utf-8")
        return tmp_path / "site.toml"

    return written


def fault_of(path: Path) -> str:
    with pytest.raises(ConfigError) as told:
        load_site(path)
    assert told.value.place == str(path)
    assert "reference_site.toml" in told.value.next_step
    return told.value.fault


# Section, name, value as it stands in the file, and what the message must name.
WRONG_VALUES = [
    # wrong types
    ("connection", "limit_kw", '"1500"', "connection.limit_kw"),
    ("connection", "limit_kw", "true", "connection.limit_kw"),
    ("connection", "limit_kw", "[1500.0]", "connection.limit_kw"),
    ("market", "price_series", "7", "market.price_series"),
    ("market", "imbalance_pricing", '"triple"', "market.imbalance_pricing: Input should be 'single' or 'dual'"),
    ("market", "fee_per_mwh", "-0.1", "market.fee_per_mwh"),
    ("demand_response", "net_benefits_price_per_mwh", '"never"', "demand_response.net_benefits_price_per_mwh"),
    ("services", "least_availability", "1.5", "services.least_availability"),
    ("services", "unavailability_penalty_factor", "-1.0", "services.unavailability_penalty_factor"),
    ("market", "price_series", "2021-10-14", "market.price_series"),
    ("services", "frequency_product", "1", "services.frequency_product"),
    ("plant", "floaters", "66.5", "plant.floaters"),
    ("plant", "floaters", "66.0", "plant.floaters"),
    ("plant", "floaters", "true", "plant.floaters"),
    ("demand_response", "max_event_hours", '"4"', "demand_response.max_event_hours"),
    ("grid", "seed", "1.0", "grid.seed"),
    ("load_blocks", "name", "1", "load_blocks.0.name"),
    ("load_blocks", "share", '"0.55"', "load_blocks.0.share"),
    ("load_blocks", "tier", "1.0", "load_blocks.0.tier"),
    ("coordinator.service_priorities", "frequency_response", "1", "coordinator.service_priorities.frequency_response"),
    # not finite
    ("connection", "limit_kw", "nan", "connection.limit_kw"),
    ("battery", "capacity_kwh", "inf", "battery.capacity_kwh"),
    ("market", "price_threshold_per_mwh", "-inf", "market.price_threshold_per_mwh"),
    ("grid", "voltage_noise_pu", "nan", "grid.voltage_noise_pu"),
    # out of range
    ("connection", "limit_kw", "0.0", "connection.limit_kw"),
    ("connection", "limit_kw", "-1.0", "connection.limit_kw"),
    ("market", "price_series", '""', "market.price_series"),
    ("market", "minimum_bid_kw", "-0.1", "market.minimum_bid_kw"),
    ("market", "risk_tolerance", "1.01", "market.risk_tolerance"),
    ("market", "update_interval_s", "420.0", "market.update_interval_s"),
    ("market", "update_interval_s", "0.5", "market.update_interval_s"),
    ("market", "update_interval_s", "7200.0", "market.update_interval_s"),
    ("market", "demand_charge_per_kw_month", "-10.0", "market.demand_charge_per_kw_month"),
    ("battery", "capacity_kwh", "0.0", "battery.capacity_kwh"),
    ("battery", "charge_efficiency", "1.05", "battery.charge_efficiency"),
    ("battery", "discharge_efficiency", "0.0", "battery.discharge_efficiency"),
    ("battery", "self_discharge_per_month", "1.0", "battery.self_discharge_per_month"),
    ("battery", "max_state_of_charge", "90.0", "battery.max_state_of_charge"),
    ("battery", "response_time_s", "0.0", "battery.response_time_s"),
    ("battery", "degradation_cost_per_mwh", "-20.0", "battery.degradation_cost_per_mwh"),
    ("plant", "floaters", "1", "plant.floaters"),
    ("plant", "compressor_efficiency", "1.2", "plant.compressor_efficiency"),
    ("plant", "leak_per_day", "-0.01", "plant.leak_per_day"),
    ("plant", "friction_n", "-600.0", "plant.friction_n"),
    ("demand_response", "max_event_hours", "25", "demand_response.max_event_hours"),
    ("demand_response", "ramp_kw_per_minute", "0.0", "demand_response.ramp_kw_per_minute"),
    ("demand_response", "rebound_fraction", "2.0", "demand_response.rebound_fraction"),
    ("load_blocks", "share", "1.55", "load_blocks.0.share"),
    ("load_blocks", "tier", "0", "load_blocks.0.tier"),
    ("coordinator", "available_capacity_kw", "0.0", "coordinator.available_capacity_kw"),
    ("battery", "taper_state_of_charge", "0.21", "battery.taper_state_of_charge"),
    ("battery", "taper_state_of_charge", "-0.01", "battery.taper_state_of_charge"),
    ("battery", "auxiliary_kw", "-2.5", "battery.auxiliary_kw"),
    ("battery", "ambient_temperature_c", "298.15", "battery.ambient_temperature_c"),
    ("battery", "cooling_kw", "-30.0", "battery.cooling_kw"),
    ("services", "voltage_support_kvar", "-200.0", "services.voltage_support_kvar"),
    ("grid", "seed", "-1", "grid.seed"),
    ("grid", "nominal_hz", "600.0", "grid.nominal_hz"),
    ("grid", "voltage_mean_pu", "230.0", "grid.voltage_mean_pu"),
    ("grid", "load_shedding", '"CE"', "grid.load_shedding must be one of ERCOT, none at 60 Hz"),
    # unknown names
    ("coordinator.service_priorities", "frequency_response", '"URGENT"', "service_priorities.frequency_response"),
    ("coordinator.service_priorities", "frequency_response", '"high"', "service_priorities.frequency_response"),
    ("battery", "chemistry", '"lead"', "battery.chemistry: Input should be 'lmo_xu' or 'lfp'"),
    ("services", "frequency_product", '"FCX"', "there is no frequency product 'FCX'; choose among FCR, FCR-N, "),
    ("services", "frequency_product", '"IEEE 1547"', "IEEE 1547 asks for no power that could be reserved"),
    ("services", "frequency_product", '"aFRR"', "aFRR asks for no power that could be reserved"),
    # values that contradict one another
    ("battery", "min_state_of_charge", "0.95", "min_state_of_charge must be below max_state_of_charge"),
    ("battery", "initial_state_of_charge", "0.05", "initial_state_of_charge must lie between"),
    ("battery", "target_state_of_charge", "0.95", "target_state_of_charge must lie between"),
    ("battery", "converter_kva", "499.0", "converter_kva must not be below max_power_kw"),
    ("plant", "compressor_min_kw", "151.0", "compressor_min_kw 151 must not exceed compressor_kw 150"),
    ("plant", "initial_receiver_bar", "11.0", "initial_receiver_bar 11 must lie between"),
    ("plant", "water_temperature_c", "40.0", "needs heat_source_kw"),
    ("demand_response", "min_reduction_kw", "250.0", "min_reduction_kw must not exceed max_reduction_kw"),
    ("load_blocks", "share", "0.5", "shares of load_blocks must add up to 1; they are 0.95"),
    ("load_blocks", "name", '"cooling"', "load_blocks need different names"),
    ("services", "frequency_response_kw", "501.0", "frequency_response_kw must not exceed battery.max_power_kw"),
    ("services", "voltage_support_kvar", "592.0", "services.voltage_support_kvar with"),
    ("coordinator", "available_capacity_kw", "99.0", "must not exceed coordinator.available_capacity_kw"),
    ("connection", "limit_kw", "99.0", "must not exceed connection.limit_kw"),
]


@pytest.mark.parametrize(
    ("section", "name", "value", "named"), WRONG_VALUES, ids=[f"{w[0]}.{w[1]}={w[2]}" for w in WRONG_VALUES]
)
def test_a_wrong_value_is_named(site_file: SiteFile, section: str, name: str, value: str, named: str) -> None:
    fault = fault_of(site_file(changed(TEXT, section, name, value)))
    assert fault.startswith("1 fault(s)")
    assert named in fault


VALUES = [
    (section, name)
    for section, values in tomllib.loads(TEXT).items()
    if isinstance(values, dict) and section != "plant"
    for name in values
    if not isinstance(values[name], dict)
]
# Values that a later version brought, and what they are for a site from before it.
LATER_VALUES = {
    ("market", "product"): None,
    ("market", "imbalance_pricing"): "dual",
    ("market", "fee_per_mwh"): 0.0,
    ("demand_response", "net_benefits_price_per_mwh"): None,
    ("services", "least_availability"): 0.0,
    ("services", "unavailability_penalty_factor"): 0.0,
}


@pytest.mark.parametrize(("section", "name"), sorted({*VALUES} - {*LATER_VALUES}), ids=lambda text: str(text))
def test_a_missing_value_is_named(site_file: SiteFile, section: str, name: str) -> None:
    """No value but the plant's and those that came later has a default in the code: the file says all."""
    fault = fault_of(site_file(changed(TEXT, section, name, None)))
    assert fault == f"1 fault(s) in the site: {section}.{name}: Field required"


def test_a_site_from_before_a_value_means_what_it_meant() -> None:
    content = load_site().model_dump()
    for section, name in LATER_VALUES:
        del content[section][name]
    site = site_of(content, place="an old history")
    assert {key: getattr(getattr(site, key[0]), key[1]) for key in LATER_VALUES} == LATER_VALUES


def test_the_reference_plant_is_the_default_and_what_a_plant_leaves_out_has_it(site_file: SiteFile) -> None:
    assert load_site().plant == PlantParameters()
    assert set(tomllib.loads(TEXT)["plant"]) == set(PlantParameters.model_fields)
    assert load_site(site_file(changed(TEXT, "plant", "gear_ratio", None))).plant == PlantParameters()


@pytest.mark.parametrize("section", [s for s in tomllib.loads(TEXT) if s != "load_blocks"])
def test_a_missing_section_is_named(site_file: SiteFile, section: str) -> None:
    parts = re.split(r"^(?=\[)", TEXT, flags=re.MULTILINE)
    kept = [part for part in parts if not part.startswith((f"[{section}]", f"[{section}."))]
    assert fault_of(site_file("".join(kept))) == f"1 fault(s) in the site: {section}: Field required"


def test_missing_load_blocks_are_named(site_file: SiteFile) -> None:
    parts = re.split(r"^(?=\[)", TEXT, flags=re.MULTILINE)
    without = "".join(part for part in parts if not part.startswith("[[load_blocks]]"))
    assert "load_blocks: Field required" in fault_of(site_file(without))
    assert "shares of load_blocks" in fault_of(site_file("load_blocks = []\n" + without))
    assert "load_blocks: Input should be" in fault_of(site_file("load_blocks = 1\n" + without))


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("colour = 1\n" + TEXT, "colour: Extra inputs are not permitted"),
        (TEXT + "\n[weather]\n", "weather: Extra inputs"),
        (TEXT.replace("[battery]", "[battery]\ncapacity = 1000.0"), "battery.capacity: Extra inputs"),
        (TEXT.replace("frequency_response = ", "freqency_response = "), "service_priorities.freqency_response"),
        (TEXT.replace("tier = 1  ", "tier = 1\nkind = 2 #"), "load_blocks.0.kind: Extra inputs"),
    ],
    ids=["value", "section", "value-in-section", "service", "value-in-block"],
)
def test_an_unknown_name_is_named(site_file: SiteFile, text: str, named: str) -> None:
    assert named in fault_of(site_file(text))


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (TEXT.replace("limit_kw = 1500.0", "limit_kw = "), "line 6"),
        (TEXT.replace("limit_kw = 1500.0", "limit_kw = 1,500.0"), "line 6"),
        (TEXT.replace("limit_kw = 1500.0", "limit_kw: 1500.0"), "line 6"),
        (TEXT.replace("limit_kw = 1500.0", "limit_kw = 1\nlimit_kw = 2"), "line 7"),
        (TEXT + "\n[battery]\n", "battery"),
        ("[connection\n", "line 1"),
        ("\x00", "line 1"),
    ],
    ids=["no-value", "thousands", "colon", "value-twice", "section-twice", "open-bracket", "zero-byte"],
)
def test_broken_toml_is_told_with_its_line(site_file: SiteFile, text: str, named: str) -> None:
    assert named in fault_of(site_file(text))


def test_an_empty_file_lacks_every_section(site_file: SiteFile) -> None:
    fault = fault_of(site_file(""))
    assert fault.startswith("9 fault(s)")
    assert all(f"{section}: Field required" in fault for section in Site.model_fields)


def test_a_file_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    (tmp_path / "site.toml").write_bytes(TEXT.encode("utf-16"))
    assert "utf-8" in fault_of(tmp_path / "site.toml")


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    assert "No such file" in fault_of(tmp_path / "none.toml")
    assert "directory" in fault_of(tmp_path)


def test_several_faults_come_in_one_message(site_file: SiteFile) -> None:
    text = changed(TEXT, "battery", "capacity_kwh", "-1.0")
    text = changed(text, "market", "risk_tolerance", '"low"')
    text = changed(text, "grid", "seed", None)
    text = changed(text, "plant", "leak_per_day", "nan")
    fault = fault_of(site_file("colour = 1\n" + text))
    assert fault.startswith("5 fault(s)")
    named = ("colour", "battery.capacity_kwh", "market.risk_tolerance", "grid.seed", "plant.leak_per_day")
    assert all(name in fault for name in named)


def test_services_that_cannot_be_kept_come_in_one_message(site_file: SiteFile) -> None:
    text = changed(TEXT, "services", "frequency_response_kw", "2000.0")
    fault = fault_of(site_file(text))
    limits = (
        "battery.max_power_kw",
        "coordinator.available_capacity_kw",
        "connection.limit_kw",
        "battery.converter_kva",
    )
    assert all(limit in fault for limit in limits)


def test_frequency_response_needs_energy_for_its_endurance_and_power_to_restore_it(site_file: SiteFile) -> None:
    of_an_hour = changed(
        changed(TEXT, "services", "frequency_product", '"DR"'), "services", "frequency_response_kw", "400.0"
    )
    fault = fault_of(site_file(of_an_hour))
    assert "frequency_response_kw for 60 minutes needs 801.053 kWh; the battery has 800" in fault
    with_restoring = changed(
        changed(TEXT, "services", "frequency_product", '"FCR"'), "services", "frequency_response_kw", "401.0"
    )
    assert "frequency_response_kw times 1.25 exceeds battery.max_power_kw" in fault_of(site_file(with_restoring))


def test_the_tapers_of_both_limits_do_not_meet(site_file: SiteFile) -> None:
    text = TEXT
    for name, value in (("min", "0.2"), ("max", "0.5"), ("taper", "0.16")):
        text = changed(text, "battery", f"{name}_state_of_charge", value)
    assert "taper_state_of_charge must not exceed half" in fault_of(site_file(text))
    load_site(site_file(changed(text, "battery", "taper_state_of_charge", "0.15")))


def test_a_product_is_that_of_the_grid_and_the_day() -> None:
    site = load_site()
    nordic = site.model_copy(update={"services": site.services.model_copy(update={"frequency_product": "fcr-d"})})
    assert nordic.frequency_product().nominal_hz == site.grid.nominal_hz == 60.0
    assert nordic.frequency_product(date(2022, 1, 1)) == nordic.frequency_product()
    with pytest.raises(ConfigError, match="FCR-D does not hold on 2021-12-31"):
        nordic.frequency_product(date(2021, 12, 31))


@given(st.floats(0.001, 1))
def test_an_aged_site_offers_what_its_battery_still_holds(state_of_health: float) -> None:
    aged = load_site().aged(state_of_health)
    assert aged.battery.capacity_kwh == 1000 * state_of_health
    held_kw = 0.99 * 800 * state_of_health / (0.25 * (1 / 0.95 + 0.95))
    assert aged.services.frequency_response_kw == pytest.approx(min(100.0, held_kw))


def test_a_site_without_ageing_is_the_same_site() -> None:
    assert load_site().aged(1.0) == load_site()


def test_the_reference_site_is_read() -> None:
    site = load_site()
    assert (site.battery.capacity_kwh, site.battery.max_power_kw) == (1000.0, 500.0)
    assert site.coordinator.service_priorities["frequency_response"] == "HIGH"
    assert [block.tier for block in site.load_blocks] == [1, 2, 3, 4]


def test_the_file_says_that_all_is_assumed_and_every_value_its_unit() -> None:
    assert "EVERY VALUE HERE IS AN ASSUMPTION" in TEXT.splitlines()[0]
    lines = [line for line in TEXT.splitlines() if re.match(r"\w+ =", line)]
    assert len(lines) == len(VALUES) + len(PlantParameters.model_fields) + 4 * 3 + 5
    assert [line for line in lines if not re.search(r"#.*\[[^\[\]]+\]$", line)] == []


def test_the_content_gives_the_same_site_again() -> None:
    site = load_site()
    again = site_of(site.content, place="the store")
    assert again == site
    assert (again.content, again.digest) == (site.content, site.digest)
    assert content_digest(site.content) == site.digest


@given(st.permutations(list(load_site().coordinator.service_priorities)), st.integers(100, 5000))
def test_the_digest_names_the_values_not_how_they_stand(order: list[str], kwh: int) -> None:
    content = load_site().model_dump()
    priorities = content["coordinator"]["service_priorities"]
    content["battery"]["capacity_kwh"] = float(kwh)
    plain = site_of(content, place="a")
    content["coordinator"]["service_priorities"] = {name: priorities[name] for name in order}
    content["battery"]["capacity_kwh"] = kwh
    assert site_of(dict(reversed(content.items())), place="b").digest == plain.digest
    assert (plain.digest == load_site().digest) == (kwh == 1000)


@pytest.mark.parametrize("section", [s for s in Site.model_fields if s != "load_blocks"])
def test_every_section_moves_the_digest(section: str) -> None:
    site = load_site()
    content = site.model_dump()
    name = next(n for n, value in content[section].items() if isinstance(value, float))
    content[section][name] *= 1.0001
    assert site_of(content, place="a").digest != site.digest


@pytest.mark.parametrize("content", ["", "{", "[]", '{"battery": 1}'])
def test_content_that_is_no_site_is_refused(content: str) -> None:
    with pytest.raises(ConfigError, match="the store"):
        site_of(content, place="the store")


def test_a_site_does_not_change() -> None:
    site = load_site()
    with pytest.raises(ValidationError, match="frozen"):
        site.battery.capacity_kwh = 1.0


def test_reading_a_site_needs_no_compiler():
    code = "import sys, kpp_twin.site; kpp_twin.site.load_site(); print('numba' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, check=True)
    assert done.stdout.strip() == "False"
