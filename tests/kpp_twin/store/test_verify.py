import re

import pytest

from kpp_twin.settings import Settings
from kpp_twin.store import journal
from kpp_twin.store.connection import open_live
from kpp_twin.store.queries import query
from kpp_twin.store.verify import history_hash, verify

# Damage done by hand, and the invariants that must notice it.
DAMAGE = {
    "a cycle is gone": ("DELETE FROM cycle WHERE cycle_number = 4", {"I1", "I6", "I3"}),
    "a row came twice": ("INSERT INTO price FROM price LIMIT 1", {"I2", "I3", "I7", "I10"}),
    "a row is gone": (
        "DELETE FROM forecast WHERE rowid = (SELECT min(rowid) FROM forecast WHERE cycle_number = 2)",
        {"I3", "I7"},
    ),
    "a value moved": ("UPDATE site_load SET load_kw = load_kw + 1 WHERE cycle_number = 2", {"I7"}),
    "another tier is said to have spoken": ("UPDATE forecast SET tier = 'served' WHERE cycle_number = 2", {"I7"}),
    "a look at the market came twice": ("INSERT INTO market_look FROM market_look LIMIT 1", {"I2", "I3", "I7"}),
    "known too late": (
        "UPDATE site_load SET known_at = known_at + INTERVAL 2 HOUR WHERE cycle_number = 2",
        {"I4", "I7"},
    ),
    "energy from nothing": (
        "INSERT INTO energy_ledger (asset, valid_from, duration_minutes, known_at, entry, energy_kwh, cycle_number)"
        " VALUES ('battery', '2024-03-16', 60, '2024-03-16', 'out', 1.0, 2)",
        {"I3", "I5"},
    ),
    "a loss is left out of the ledger": (
        "UPDATE energy_ledger SET energy_kwh = 0 WHERE entry = 'self_discharge'",
        {"I5", "I7"},
    ),
    "an amount is not its quantity times its price": (
        "UPDATE settlement_line SET amount = amount + 0.01 WHERE service = 'imbalance'",
        {"I7", "I12"},
    ),
    "an hour is settled twice": ("INSERT INTO settlement_line FROM settlement_line LIMIT 1", {"I2", "I3", "I12"}),
    "an hour is settled anew at the same price": (
        "INSERT INTO settlement_line SELECT * REPLACE (4 AS cycle_number, known_at + INTERVAL 1 HOUR AS known_at) "
        "FROM settlement_line WHERE cycle_number = 2",
        {"I3", "I12"},
    ),
    "energy appears in a store between two hours": (
        "UPDATE simulation_hour SET energy_stored_kwh = energy_stored_kwh + 0.001 WHERE asset = 'battery' AND "
        "valid_from = (SELECT max(valid_from) FROM simulation_hour)",
        {"I7", "I13"},
    ),
    "a battery grows younger": (
        "UPDATE battery_hour SET state_of_health = 1 WHERE valid_from = (SELECT max(valid_from) FROM battery_hour)",
        {"I7", "I14"},
    ),
    "a battery holds more than its limits allow": (
        "UPDATE simulation_hour SET energy_stored_kwh = 950 WHERE asset = 'battery'",
        {"I7", "I14"},
    ),
    "something lasted longer than its hour": (
        "INSERT INTO battery_flag SELECT 'frozen', valid_from, 60, known_at, 3601, cycle_number, now() "
        "FROM battery_hour LIMIT 1",
        {"I3", "I14"},
    ),
    "an hour was simulated before it was over": (
        "UPDATE simulation_hour SET valid_from = valid_from + INTERVAL 2 HOUR",
        {"I4"},
    ),
    "a plan was made for an hour that had begun": (
        "UPDATE schedule SET valid_from = valid_from - INTERVAL 2 DAY",
        {"I4"},
    ),
    "a row was lost on the way": ("UPDATE cycle SET rows_in = rows_in + 1 WHERE cycle_number = 2", {"I10"}),
    "the chain is broken": ("UPDATE cycle SET predecessor_digest = 'x' WHERE cycle_number = 3", {"I11"}),
}


def broken(settings: Settings) -> set[str]:
    return {finding.invariant for finding in verify(settings) if not finding.holds}


def test_a_sound_history_holds(filled: Settings):
    findings = verify(filled)
    assert broken(filled) == set()
    numbers = [1, 2, 3, 4, 5, 6, 7, 10, 11, 12, 13, 14]
    assert [finding.invariant for finding in findings] == [f"I{number}" for number in numbers]


@pytest.mark.parametrize(("damage", "invariants"), DAMAGE.values(), ids=DAMAGE)
def test_damage_is_noticed_with_evidence(filled: Settings, damage: str, invariants: set[str]):
    with open_live(filled) as connection:
        connection.execute(damage)
    found = {finding.invariant: finding for finding in verify(filled) if not finding.holds}
    assert invariants <= set(found)
    assert all(found[name].evidence for name in invariants)


def test_a_cycle_that_only_the_journal_knows_is_noticed(filled: Settings):
    entries = list(journal.read(filled.journal_path).values())
    extra = journal.JournalEntry(cycle_number=5, cycle_id="hourly-lost", row_counts={}, digest="d")
    journal.rewrite(filled.journal_path, [*entries, extra])
    (finding,) = [f for f in verify(filled) if not f.holds]
    assert finding.invariant == "I1"
    assert "hourly-lost" in finding.evidence[0]


def test_every_history_table_is_in_the_invariants_that_name_tables(filled: Settings):
    with open_live(filled) as connection:
        tables = set(history_hash(connection)) - {"cycle"}
    for name, exempt in {"verify_i2_keys": {"quarantine"}, "verify_i3_whole_cycles": set()}.items():
        named = set(re.findall(r"FROM (\w+) GROUP BY", query(name)))
        assert named == tables - exempt


def test_the_hash_ignores_order_and_the_wall_clock(filled: Settings):
    with open_live(filled) as connection:
        before = history_hash(connection)
        connection.execute("CREATE TABLE turned AS FROM price ORDER BY valid_from DESC; DELETE FROM price")
        connection.execute("INSERT INTO price FROM turned; DROP TABLE turned; UPDATE price SET recorded_at = now()")
        assert history_hash(connection) == before
