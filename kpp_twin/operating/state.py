"""What the stations hand from one cycle to the next, as JSON in the cycle's state."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from kpp_twin.bill import MeteredHour
from kpp_twin.errors import TwinError
from kpp_twin.operation import AssetState
from kpp_twin.timegrid import hour_label, utc


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatingState:
    """Where the stations stand.

    Attributes
    ----------
    assets
        State of the assets; none before the first simulated hour.
    simulated_until
        End of the last simulated hour.
    unsettled
        Simulated hours whose price is not known yet, oldest first.
    fallbacks
        Why the last plan did not rest on the market; empty if it did.
    """

    assets: AssetState | None = None
    simulated_until: datetime | None = None
    unsettled: tuple[MeteredHour, ...] = ()
    fallbacks: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return what `of_json` reads."""
        return {
            "assets": asdict(self.assets) if self.assets else None,
            "simulated_until": hour_label(self.simulated_until) if self.simulated_until else None,
            "unsettled": [{**asdict(hour), "start": hour_label(hour.start)} for hour in self.unsettled],
            "fallbacks": list(self.fallbacks),
        }


def of_json(state: Mapping[str, Any]) -> OperatingState:
    """State that a cycle left; empty before the first.

    Raises
    ------
    TwinError
        Another version left it, whose assets have other values.
    """
    if not state:
        return OperatingState()
    until = state["simulated_until"]
    try:
        assets = AssetState(**state["assets"]) if state["assets"] else None
    except TypeError as error:
        raise TwinError(
            f"the assets have other values than this version's: {error}",
            place="state of the cycle before",
            next_step="begin anew in another KPP_TWIN_HOME, or go on with the version that wrote the history",
        ) from error
    return OperatingState(
        assets=assets,
        simulated_until=_instant(until) if until else None,
        unsettled=tuple(MeteredHour(**{**hour, "start": _instant(hour["start"])}) for hour in state["unsettled"]),
        fallbacks=tuple(state.get("fallbacks", ())),  # earlier versions had none
    )


def _instant(label: str) -> datetime:
    return utc(datetime.fromisoformat(label))
