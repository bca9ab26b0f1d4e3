"""The four configuration dictionaries of the public API, to and from a site."""

import logging
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from kpp_twin.errors import ConfigError
from kpp_twin.site import Site

log = logging.getLogger(__name__)

# By dictionary: section of the site, and its fields by key.
KEYS: Mapping[str, tuple[str, Mapping[str, tuple[str, ...]]]] = {
    "coordinator": (
        "coordinator",
        {
            "available_capacity": ("available_capacity_kw",),
            "service_priorities": ("service_priorities",),
            "update_interval": ("update_interval_s",),
        },
    ),
    "storage": (
        "battery",
        {
            "capacity": ("capacity_kwh",),
            "max_power": ("max_power_kw",),
            "min_soc": ("min_state_of_charge",),
            "max_soc": ("max_state_of_charge",),
            "efficiency": ("charge_efficiency", "discharge_efficiency"),
            "charge_efficiency": ("charge_efficiency",),
            "discharge_efficiency": ("discharge_efficiency",),
            "response_time": ("response_time_s",),
        },
    ),
    "demand_response": (
        "demand_response",
        {
            "forecast_horizon": ("forecast_horizon_hours",),
            "min_reduction": ("min_reduction_kw",),
            "max_reduction": ("max_reduction_kw",),
            "ramp_rate": ("ramp_kw_per_minute",),
        },
    ),
    "economic": (
        "market",
        {
            "market_update_interval": ("update_interval_s",),
            "min_bid_size": ("minimum_bid_kw",),
            "price_threshold": ("price_threshold_per_mwh",),
            "risk_tolerance": ("risk_tolerance",),
        },
    ),
}
ONE_WAY = ("charge_efficiency", "discharge_efficiency")


def site_with(
    site: Site,
    *,
    coordinator: Mapping[str, Any] | None = None,
    storage: Mapping[str, Any] | None = None,
    demand_response: Mapping[str, Any] | None = None,
    economic: Mapping[str, Any] | None = None,
) -> Site:
    """The site with the values of the dictionaries in place of its own; what they leave out stays.

    Parameters
    ----------
    coordinator
        available_capacity [kW], service_priorities, update_interval [s].
    storage
        capacity [kWh], max_power [kW], response_time [s], min_soc, max_soc, and either efficiency, which holds one way
        and is taken for both, or charge_efficiency and discharge_efficiency. [fraction]
    demand_response
        forecast_horizon [h], min_reduction [kW], max_reduction [kW], ramp_rate [kW/minute].
    economic
        market_update_interval [s], min_bid_size [kW], price_threshold [currency/MWh], risk_tolerance [fraction].

    Raises
    ------
    ConfigError
        Unknown keys, wrong types or values: all of them in one message.
    """
    given = {"coordinator": coordinator, "storage": storage, "demand_response": demand_response, "economic": economic}
    content, faults = site.model_dump(), []
    for name, config in given.items():
        if config is not None:
            faults += _put(content, name, config)
    try:
        changed = Site.model_validate(content)
    except ValidationError as error:
        found = [f"{_key(e['loc'], given)}: {e['msg']}" for e in error.errors()]
        faults += dict.fromkeys(found)  # a key that sets two values is at fault once
    if faults:
        raise ConfigError(
            f"{len(faults)} fault(s) in the configuration: " + "; ".join(faults),
            place="the configuration dictionaries",
            next_step="correct them; the docstring of site_with lists every key with its unit",
        )
    return changed


def configurations(site: Site) -> dict[str, dict[str, Any]]:
    """The four dictionaries by their parameter of `site_with`, which gives the same site of them again."""
    content = site.model_dump()
    found = {
        name: {key: content[section][fields[0]] for key, fields in keys.items()}
        for name, (section, keys) in KEYS.items()
    }
    storage = found["storage"]
    if storage["charge_efficiency"] == storage["discharge_efficiency"]:
        for key in ONE_WAY:
            del storage[key]
    else:
        del storage["efficiency"]
    return found


def _put(content: dict[str, Any], name: str, config: Mapping[str, Any]) -> list[str]:
    """Write a dictionary's values into the site's content; what is wrong with its keys comes back."""
    section, keys = KEYS[name]
    if not isinstance(config, Mapping):
        return [f"{name}: must be a dictionary, not {type(config).__name__}"]
    faults = [f"{name}.{key}: there is no such key; there are {', '.join(keys)}" for key in config if key not in keys]
    for key, fields in keys.items():
        if key in config:
            content[section] |= dict.fromkeys(fields, config[key])
    if "efficiency" in config and name == "storage":
        doubled = [key for key in ONE_WAY if key in config]
        if doubled:
            faults.append(f"storage.efficiency: says the same as {' and '.join(doubled)}; give one or the other")
        else:
            log.warning(
                "storage.efficiency %s is taken as the efficiency of one way, for charging and for discharging",
                config["efficiency"],
            )
    return faults


def _key(location: tuple[int | str, ...], given: Mapping[str, Any]) -> str:
    """Name of a faulty value as the dictionaries call it, of a site's value as the site does."""
    for name, (section, keys) in KEYS.items():
        if location[:1] == (section,) and isinstance(given[name], Mapping):
            if len(location) == 1:
                return name
            for key, fields in keys.items():
                if location[1] in fields and key in given[name]:
                    return ".".join(map(str, (name, key, *location[2:])))
    return ".".join(map(str, location)) or "site"
