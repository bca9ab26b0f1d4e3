"""A battery with what it has sold: everything that the compiled second needs."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Self

import numpy as np

from kpp_twin.battery.heat import BatteryHeat
from kpp_twin.battery.kernel_constants import Constants
from kpp_twin.battery.storage import StorageConfiguration, settled_share
from kpp_twin.errors import ConfigError
from kpp_twin.frequency.products import FrequencyProduct
from kpp_twin.site import Site
from kpp_twin.units import KWH_PER_MWH, MINUTES_PER_HOUR, SECONDS_PER_HOUR, SECONDS_PER_MINUTE, Array

# Nominal frequencies, and the frequency on such a grid below which nothing is charged: load is shed soon after. [Hz]
NO_CHARGE_BELOW_HZ = {50.0: 49.2, 60.0: 59.4}

# Energy that was missing is restored with this time constant, where a product lets it be restored at any time. [h]
CONTINUOUS_H = 0.25
# Share of the reserve's energy that may be missing before the reserve counts as not deliverable.
RESERVE_SLACK = 1e-3
# Rounding of energies that are as good as equal. [kWh]
ROUNDING_KWH = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class FrequencyMeter:
    """What makes a sample of the frequency plausible, and what happens if none is.

    Attributes
    ----------
    plausible_share
        Largest deviation from nominal. [fraction]
    max_jump_hz
        Largest change from the last trusted sample; the steepest that grids ride through are 2 to 2.5 Hz/s over 0.5 s.
    frozen_after_s
        A value that stays the same for longer comes from a meter that has stopped.
    hold_s
        For so long the last trusted frequency is used; then none is answered.
    readmit_s
        For so long samples must be steady before they are trusted again.
    """

    plausible_share: float = 0.1
    max_jump_hz: float = 1.0
    frozen_after_s: float = 10.0
    hold_s: float = 30.0
    readmit_s: float = 10.0

    def __post_init__(self) -> None:
        _refuse_unless_positive(asdict(self), "FrequencyMeter")


@dataclass(frozen=True, slots=True, kw_only=True)
class SyntheticInertia:
    """Power against the rate of change of frequency: ``P = -2 H S / f_n * df/dt``.

    Attributes
    ----------
    constant_s
        Inertia constant H on the battery's rated power.
    filter_s
        Time constant of the filter on the rate of change.
    deadband_hz_per_s
        No response to slower changes; subtracted beyond.
    """

    constant_s: float
    filter_s: float = 0.5
    deadband_hz_per_s: float = 0.02

    def __post_init__(self) -> None:
        _refuse_unless_positive(asdict(self), "SyntheticInertia")


def _refuse_unless_positive(values: Mapping[str, float], place: str) -> None:
    faults = [f"{name} must be positive, not {value!r}" for name, value in values.items() if not 0 < value < math.inf]
    if faults:
        raise ConfigError("; ".join(faults), place=place, next_step="correct them")


@dataclass(frozen=True, slots=True, kw_only=True)
class BatteryModel:
    """A battery, the product that it serves, and the constants of both; `of` makes it.

    Attributes
    ----------
    sold_kw
        Power at which the product's shares are full.
    window_kwh
        Between which the stored energy allows full response for the product's endurance, either way.
    """

    config: StorageConfiguration
    heat: BatteryHeat
    product: FrequencyProduct
    sold_kw: float
    constants: Constants
    curve_hz: Array
    curve_share: Array

    @property
    def window_kwh(self) -> tuple[float, float]:
        """Between which the stored energy allows full response for the product's endurance, each way."""
        return self.constants.least_kwh, self.constants.most_kwh

    @property
    def extra_kw(self) -> float:
        """Most that auxiliaries and cooling draw beside the battery's power."""
        return self.constants.auxiliary_kw + self.constants.cooling_electric_kw

    @property
    def middle_kwh(self) -> float:
        """Energy in the middle of that."""
        return self.constants.middle_kwh

    @classmethod
    def of(
        cls,
        config: StorageConfiguration,
        product: FrequencyProduct,
        sold_kw: float,
        *,
        step_s: float = 1.0,
        heat: BatteryHeat | None = None,
        meter: FrequencyMeter | None = None,
        inertia: SyntheticInertia | None = None,
        signal_hold_s: float = 10.0,
    ) -> Self:
        """Model of a battery that has sold some power of a product.

        Parameters
        ----------
        step_s
            Length of a step.
        signal_hold_s
            For so long the last value of a missing regulation signal is followed.

        Raises
        ------
        ConfigError
            The battery cannot deliver what was sold: in power, or in energy for the product's endurance; or a time is
            not positive.
        """
        times = {"step_s": step_s, "signal_hold_s": signal_hold_s}
        _refuse_unless_positive(times, "BatteryModel")
        heat, meter = heat or BatteryHeat(), meter or FrequencyMeter()
        least, most = _window_kwh(config, product, sold_kw)
        middle, half = 0.5 * (least + most), 0.5 * (most - least)
        reserve_kw = sold_kw if product.endurance_minutes > 0 else 0.0
        upward, downward = product.direction != "down", product.direction != "up"
        hours = step_s / SECONDS_PER_HOUR
        settled = settled_share(step_s, config.response_time)
        per_minute = sold_kw * step_s / SECONDS_PER_MINUTE
        ramp = product.restoring_ramp_per_minute
        curve_hz, curve_share = product.curve()
        grid_hz, other_hz = sorted(NO_CHARGE_BELOW_HZ, key=lambda hz: abs(hz - product.nominal_hz))
        constants = Constants(
            step_s=step_s,
            min_kwh=config.min_kwh,
            max_kwh=config.max_kwh,
            max_kw=config.max_power,
            charge_efficiency=config.charge_efficiency,
            discharge_efficiency=config.discharge_efficiency,
            leak_share=config.lost_share(hours),
            taper_kwh=config.taper_soc * config.capacity,
            settled_share=settled,
            lagging_share=settled * config.response_time / step_s,
            auxiliary_kw=config.auxiliary_kw,
            ambient_c=heat.ambient_temperature_c,
            heat_keep=heat.keep(step_s),
            kelvin_per_kw=heat.kelvin_per_kw,
            derate_from_c=heat.derate_from_c,
            derate_to_c=heat.derate_to_c,
            charge_above_c=heat.charge_above_c,
            cooling_kw=heat.cooling_kw,
            cooling_on_c=heat.cooling_on_c,
            cooling_off_c=heat.cooling_off_c,
            cooling_electric_kw=heat.cooling_electric_kw,
            nominal_hz=product.nominal_hz,
            other_nominal_hz=other_hz,
            plausible_hz=meter.plausible_share * product.nominal_hz,
            max_jump_hz=meter.max_jump_hz,
            frozen_after_s=meter.frozen_after_s,
            hold_s=meter.hold_s,
            readmit_s=meter.readmit_s,
            sold_kw=sold_kw,
            upward=upward,
            downward=downward,
            deadband_hz=product.deadband_hz,
            trigger_hz=product.trigger_hz or 0.0,
            release_hz=product.release_hz,
            initiation_s=product.initiation_s,
            fast_hold_s=product.hold_s,
            recovery_share=product.recovery_per_minute * step_s / SECONDS_PER_MINUTE,
            follows_signal=product.follows_signal,
            signal_hold_s=signal_hold_s,
            response_share=settled_share(step_s, product.response_lag_s) if product.response_lag_s > 0 else 1.0,
            ramp_kw=sold_kw * step_s / product.full_activation_s if product.limit_ramp and sold_kw > 0 else math.inf,
            inertia_kw_s_per_hz=2.0 * inertia.constant_s * config.max_power / product.nominal_hz if inertia else 0.0,
            rate_share=settled_share(step_s, inertia.filter_s) if inertia else 1.0,
            rate_deadband=inertia.deadband_hz_per_s if inertia else 0.0,
            no_charge_below_hz=NO_CHARGE_BELOW_HZ[grid_hz],
            reserve_up_kw=reserve_kw * upward,
            reserve_down_kw=reserve_kw * downward,
            least_kwh=least,
            most_kwh=most,
            slack_kwh=max(RESERVE_SLACK * reserve_kw * product.endurance_h, ROUNDING_KWH),
            restore_below_kwh=middle - product.restoring_from * half,
            restore_above_kwh=middle + product.restoring_from * half,
            middle_kwh=middle,
            deadband_use=product.deadband_use,
            over_fulfilment=product.over_fulfilment,
            continuous_per_h=1.0 / CONTINUOUS_H if product.restoring == "continuous" else 0.0,
            restores_against_response=product.restoring_against_response,
            block_s=product.restoring_block_minutes * SECONDS_PER_MINUTE if product.restoring == "schedule" else 0.0,
            lead_blocks=product.restoring_lead_blocks,
            restoring_kw=product.restoring_share * sold_kw,
            restoring_ramp_kw=math.inf if ramp is None else ramp * per_minute,
        )
        return cls(
            config=config,
            heat=heat,
            product=product,
            sold_kw=sold_kw,
            constants=_of_their_kinds(constants),
            curve_hz=np.ascontiguousarray(curve_hz, dtype=float),
            curve_share=np.ascontiguousarray(curve_share, dtype=float),
        )

    @classmethod
    def of_site(cls, site: Site, sold_kw: float, on: date | None = None) -> Self:
        """The site's battery, which has sold some power of the site's frequency product.

        A plan places its energy; so nothing is restored before the energy leaves what the product's endurance needs.
        """
        battery = site.battery
        product = site.frequency_product(on).model_copy(update={"restoring_from": 1.0})
        container, size = BatteryHeat(), battery.capacity_kwh / KWH_PER_MWH  # which is one of 1 MWh
        heat = BatteryHeat(
            heat_capacity_kj_per_k=size * container.heat_capacity_kj_per_k,
            heat_loss_kw_per_k=size * container.heat_loss_kw_per_k,
            ambient_temperature_c=battery.ambient_temperature_c,
            cooling_kw=battery.cooling_kw,
        )
        return cls.of(StorageConfiguration.of_site(battery), product, sold_kw, heat=heat)


def _of_their_kinds(constants: Constants) -> Constants:
    """Floats where whole numbers were given: for each mixture of both, the second would be compiled anew."""
    kinds = Constants.__annotations__.values()
    return Constants._make(kind(value) for kind, value in zip(kinds, constants, strict=True))


def most_sold_kw(config: StorageConfiguration, product: FrequencyProduct) -> float:
    """Most power of a product that a battery can sell, with power left to restore its energy."""
    most_kw = config.max_power / product.rated_per_sold
    per_kw = _needed_kwh(config, product, 1.0)
    usable_kwh = config.max_kwh - config.min_kwh
    return min(most_kw, usable_kwh / sum(per_kw)) if sum(per_kw) > 0 else most_kw


def _needed_kwh(config: StorageConfiguration, product: FrequencyProduct, sold_kw: float) -> tuple[float, float]:
    """Stored energy that full response for the endurance takes from the store, and brings into it."""
    energy_kwh = sold_kw * product.endurance_h
    taken = 0.0 if product.direction == "down" else energy_kwh / config.discharge_efficiency
    brought = 0.0 if product.direction == "up" else energy_kwh * config.charge_efficiency
    return taken, brought


def _window_kwh(config: StorageConfiguration, product: FrequencyProduct, sold_kw: float) -> tuple[float, float]:
    taken, brought = _needed_kwh(config, product, sold_kw)
    least, most = config.min_kwh + taken, config.max_kwh - brought
    faults = []
    if not 0 <= sold_kw <= config.max_power:
        faults.append(f"{sold_kw!r} kW is outside 0 to {config.max_power:g}")
    if not least <= most + ROUNDING_KWH:
        minutes = (
            f"{config.max_power:g} kW of power and {product.endurance_h * MINUTES_PER_HOUR:g} minutes of endurance"
        )
        faults.append(
            f"{sold_kw:g} kW needs {taken + brought:.4g} kWh of {config.max_kwh - config.min_kwh:g}, at {minutes}"
        )
    if faults:
        raise ConfigError(
            "; ".join(faults),
            place=f"battery that sells {product.name}",
            next_step=f"sell at most {most_sold_kw(config, product):.4g} kW, or take a larger battery",
        )
    return least, most
