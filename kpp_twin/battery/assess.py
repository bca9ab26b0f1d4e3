"""How well a battery delivers a frequency product at a measured frequency, and what that does to it."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from kpp_twin.battery.delivery import response_time_s
from kpp_twin.battery.kernel_constants import Flag
from kpp_twin.battery.model import BatteryModel, FrequencyMeter
from kpp_twin.battery.scheme import SAMPLE_S, PerformanceScore, performance_score
from kpp_twin.battery.simulate import BatteryState, BatteryTrajectory, simulate
from kpp_twin.battery.storage import StorageConfiguration
from kpp_twin.errors import ConfigError
from kpp_twin.frequency.products import FrequencyProduct
from kpp_twin.units import MHZ_PER_HZ, SECONDS_PER_HOUR, Array

# Of a sample that cannot be true: nobody knows what the product asked for.
UNTRUE = sum(1 << flag for flag in (Flag.MISSING, Flag.OUT_OF_RANGE, Flag.OTHER_NOMINAL, Flag.JUMP))

# The step test. The frequency goes on by a last digit, as one that stands still comes from a meter that has stopped.
STEP_S = 0.01
STEP_AT_S, STEP_TEST_S = 1.0, 60.0
LAST_DIGIT_HZ = 1e-6

# Statistics of a frequency.
CHANGES_OVER_S = (1, 10, 60)
AUTOCORRELATION_S = (10, 60, 300)
BEYOND_MHZ = (10, 50, 100, 200)


@dataclass(frozen=True, slots=True, kw_only=True)
class FrequencyAssessment:
    """What a battery made of a measured frequency.

    Attributes
    ----------
    performance
        Score of what was delivered in response (power less what is scheduled and restores energy) against what the
        product asks for at the measured frequency, as PJM scores regulation; none if it asked for nothing.
    t90_s
        From a step of the frequency until 90 % of the response to it is delivered; none if it never is.
    mileage
        Sum of the changes of the response asked for, of what was sold.
    energy_drift_kwh
        Change of the stored energy, from the middle of what the product's endurance allows.
    endurance_violation_s
        In which the stored energy was outside of what full response for the endurance needs.
    flag_shares
        Share of the time in which each `Flag` held, by its name in lower case.
    """

    performance: PerformanceScore | None
    t90_s: float | None
    mileage: float
    energy_drift_kwh: float
    endurance_violation_s: float
    flag_shares: Mapping[str, float]


def assess(
    config: StorageConfiguration, product: FrequencyProduct, sold_kw: float, frequency_hz: Array
) -> FrequencyAssessment:
    """Let a battery that has sold some power of a product answer a frequency by the second, ``(n,)``, NaN for a gap.

    What is scored is the whole of 10 s; where a sample cannot be true, what the product asks for at the frequency that
    is trusted instead. A meter that distrusts a frequency which may be true costs score.

    Raises
    ------
    ConfigError
        The battery cannot deliver what was sold, or the product does not answer the frequency.
    TwinError
        The frequency is shorter than 600 s.
    """
    t90_s = step_response_time_s(config, product, sold_kw)
    model = BatteryModel.of(config, product, sold_kw)
    state = BatteryState.initial(model)
    run = simulate(model, state, frequency_hz, record_every=SAMPLE_S)
    asked_kw = _asked_kw(model, frequency_hz, run.records)
    return FrequencyAssessment(
        performance=performance_score(asked_kw, run.records.response_kw, step_s=SAMPLE_S),
        t90_s=t90_s,
        mileage=run.mileage,
        energy_drift_kwh=run.state.energy_kwh - state.energy_kwh,
        endurance_violation_s=run.endurance_violation_s,
        flag_shares={flag.name.lower(): run.flag_s.get(flag.name.lower(), 0.0) / run.seconds for flag in Flag},
    )


def _asked_kw(model: BatteryModel, frequency_hz: Array, records: BatteryTrajectory) -> Array:
    """Response that the product asks for at the measured frequency, means of the records."""
    if not len(model.curve_hz):  # by a trigger, which needs a memory: the controller's
        return records.asked_kw
    recorded_hz = frequency_hz[: len(records.asked_kw) * SAMPLE_S]
    shares = [  # by the hour, to save memory
        model.product.share(recorded_hz[start : start + SECONDS_PER_HOUR]).reshape(-1, SAMPLE_S).mean(axis=1)
        for start in range(0, len(recorded_hz), SECONDS_PER_HOUR)
    ]
    return np.where(records.flags & UNTRUE, records.asked_kw, model.sold_kw * np.concatenate(shares))


def step_response_time_s(config: StorageConfiguration, product: FrequencyProduct, sold_kw: float) -> float | None:
    """Time t90 of battery and controller at 10 ms, from a step of the frequency; none if it is not reached in a minute.

    The frequency steps from nominal to the deviation of full response, or as far as the meter believes a jump.

    Raises
    ------
    ConfigError
        The battery cannot deliver what was sold, or the product does not answer the frequency.
    """
    if product.follows_signal:
        raise ConfigError(
            f"{product.name} follows a signal, not the frequency",
            place="assessment of a battery",
            next_step="choose a product with a curve, a droop or a trigger",
        )
    model = BatteryModel.of(config, product, sold_kw, step_s=STEP_S)
    full_hz = product.trigger_hz or float(model.curve_hz[-1])
    size_hz = min(full_hz + LAST_DIGIT_HZ, FrequencyMeter().max_jump_hz - 2 * LAST_DIGIT_HZ)
    steps = np.arange(round(STEP_TEST_S / STEP_S), dtype=np.float64)
    middle_s = (steps + 0.5) * STEP_S
    deviation_hz = np.where(middle_s > STEP_AT_S, size_hz, 0.0) + LAST_DIGIT_HZ * (steps % 2)
    frequency_hz = product.nominal_hz + (deviation_hz if product.direction == "down" else -deviation_hz)
    records = simulate(model, BatteryState.initial(model), frequency_hz, record_every=1).records
    return response_time_s(
        middle_s,
        records.response_kw,
        trigger_s=STEP_AT_S,
        before_kw=0.0,
        requested_kw=float(records.asked_kw[-1]),
    )


def frequency_statistics(frequency_hz: Array, nominal_hz: float) -> dict[str, float | None]:
    """Statistics of the deviation from nominal of a frequency by the second, ``(n,)``; gaps (NaN) are left out.

    Mean and standard deviation; standard deviation of the change within some seconds; autocorrelation; share of the
    time beyond some deviations; and mean time between zero crossings. None where the frequency is too short, or never
    moves or crosses.
    """
    deviation_mhz = MHZ_PER_HZ * (np.where(np.isfinite(frequency_hz), frequency_hz, np.nan) - nominal_hz)
    known_mhz = deviation_mhz[np.isfinite(deviation_mhz)]
    crossings = int(np.count_nonzero(np.diff(np.sign(known_mhz[known_mhz != 0.0]))))
    return (
        {"mean_mhz": float(np.mean(known_mhz)), "std_mhz": float(np.std(known_mhz))}
        | {f"change_std_{lag}s_mhz": _change_std(deviation_mhz, lag) for lag in CHANGES_OVER_S}
        | {f"autocorrelation_{lag}s": _autocorrelation(deviation_mhz, lag) for lag in AUTOCORRELATION_S}
        | {f"share_beyond_{limit}_mhz": float(np.mean(np.abs(known_mhz) > limit)) for limit in BEYOND_MHZ}
        | {"zero_crossing_s": len(known_mhz) / crossings if crossings else None}
    )


def _change_std(values: Array, lag: int) -> float | None:
    changes = values[lag:] - values[:-lag]
    return float(np.nanstd(changes)) if np.isfinite(changes).any() else None


def _autocorrelation(values: Array, lag: int) -> float | None:
    about_mean = values - np.nanmean(values)
    products = about_mean[lag:] * about_mean[:-lag]
    if not np.isfinite(products).any() or np.nanmin(values) == np.nanmax(values):
        return None
    return float(np.nanmean(products) / np.nanmean(about_mean**2))
