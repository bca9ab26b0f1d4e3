"""Run a stored cycle again from what was known at its `as_of`, and compare, bit for bit."""

from dataclasses import dataclass
from datetime import timedelta

from kpp_twin.cycle import gather
from kpp_twin.errors import HistoryError
from kpp_twin.records import slot_of
from kpp_twin.settings import Settings
from kpp_twin.site import site_of
from kpp_twin.store.commit import trial_digest
from kpp_twin.store.connection import Connection
from kpp_twin.store.history import committed_cycles, read_start
from kpp_twin.store.standing import read_site_content
from kpp_twin.thought import compute, read_known


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """A cycle's digest as stored and as computed again."""

    cycle_id: str
    stored_digest: str
    digest: str

    @property
    def is_identical(self) -> bool:
        """Whether every row came out the same."""
        return self.digest == self.stored_digest


def replay(settings: Settings, connection: Connection, cycle_id: str) -> Replay:
    """Compute a stored cycle again; nothing is written.

    Raises
    ------
    HistoryError
        There is no such cycle.
    """
    stored = {entry.cycle_id: entry for entry in committed_cycles(connection).values()}.get(cycle_id)
    if stored is None:
        raise HistoryError(
            f"there is no cycle {cycle_id!r}",
            place=str(settings.store_path),
            next_step='list them with `kpp-twin sql "SELECT cycle_id FROM cycle"`',
        )
    slot = slot_of(cycle_id)
    lookback = timedelta(days=settings.lookback_days)
    start = read_start(connection, slot, settings.feeds, lookback, before=stored.cycle_number)
    checked = gather(settings, start)
    site = site_of(read_site_content(connection, stored.cycle_number), place="table site")
    outcome = compute(settings, slot, read_known(connection, settings, start, site), checked)
    return Replay(cycle_id=cycle_id, stored_digest=stored.digest, digest=trial_digest(start, checked, outcome))
