import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from kpp_twin.cli import app
from kpp_twin.errors import ConfigError
from kpp_twin.frequency.products import products
from kpp_twin.site import REFERENCE_SITE, load_site

Command = Callable[..., Result]


@pytest.fixture
def command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Command:
    """Run `kpp-twin battery` in an empty folder: it needs no history. Ten days of use stand for a year."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("kpp_twin.battery.sheet.YEAR_DAYS", 10)
    return lambda *arguments: CliRunner().invoke(app, ["battery", *arguments])


def test_the_sheet_is_printed_plain(command: Command):
    done = command()
    assert done.exit_code == 0, done.output
    for part in ("1000 kWh", "round trip", "FCR-N", "PFR, 100 kW sold", "lmo_xu", "USD/MWh", "26.3 kW"):
        assert part in done.stdout
    assert "\x1b" not in done.output


def test_json_is_one_object_of_all_figures(command: Command):
    found = json.loads(command("--json").stdout)
    assert set(found) >= {"battery", "offers", "response", "round_trips", "ageing", "heat"}
    assert found["battery"] == load_site().battery.model_dump()


def test_a_product_and_a_day_are_chosen_and_drawn(command: Command, tmp_path: Path):
    done = command("--product", "dynamic containment", "--on", "2021-10-14", "--figure", "response.png")
    assert done.exit_code == 0, done.output
    assert "DC, 500 kW sold" in done.stdout
    assert "aFRR" not in done.stdout
    assert done.stderr.endswith("figure: response.png\n")
    assert (tmp_path / "response.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("named", ["by option", "by settings"])
def test_the_battery_is_that_of_the_site(command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: str):
    text = REFERENCE_SITE.read_text(encoding="utf-8").replace("capacity_kwh = 1000.0", "capacity_kwh = 1234.0")
    (tmp_path / "site.toml").write_text(text, encoding="utf-8")
    if named == "by settings":
        monkeypatch.setenv("KPP_TWIN__SITE_FILE", "site.toml")
    assert "1234 kWh" in command(*(["--site", "site.toml"] if named == "by option" else [])).stdout


def test_all_products_come_with_dates_and_sources(command: Command):
    done = command("--products")
    assert done.exit_code == 0, done.output
    for part in ("valid_until", "2012-10-01", "2025-10-01", "PJM Manual 12"):
        assert part in done.stdout
    found = json.loads(command("--products", "--json").stdout)
    assert [row["name"] for row in found] == [row.name for row in products()]
    assert all(row["source"] for row in found)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--products", "--product", "FCR"), "--products goes with --json alone"),
        (("--figure", "response.pdf"), "must end in .png or .svg"),
        (("--on", "tomorrow"), "'tomorrow' does not match"),
    ],
)
def test_a_wrong_use_is_a_usage_error(command: Command, arguments: tuple[str, ...], says: str):
    done = command(*arguments)
    assert done.exit_code == 2
    assert says in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--product", "nix"), "choose among FCR"),
        (("--product", "RegD", "--on", "2025-11-01"), "RegD does not hold on 2025-11-01"),
        (("--site", "nowhere.toml"), "nowhere.toml"),
        (("--json", "--figure", "nowhere/response.svg"), "Next: name a file that can be written"),
    ],
)
def test_what_cannot_be_shown_is_told(command: Command, arguments: tuple[str, ...], says: str):
    error = command(*arguments).exception
    assert isinstance(error, ConfigError)
    assert says in str(error)


def test_the_help_shows_an_example(command: Command):
    assert "Example: kpp-twin battery" in command("--help").stdout
