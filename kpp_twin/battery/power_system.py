"""The power system that the plant serves: inertia, control performance, and alert state."""

import numpy as np
import numpy.typing as npt

from kpp_twin.battery.inputs import check_measured, not_finite
from kpp_twin.units import SECONDS_PER_MINUTE, Array

# Deviation [Hz] that must not last longer than a time [s]: the standard range of Continental Europe for the time to
# restore frequency, and half of the largest steady-state deviation for the alert trigger time.
ALERT_LIMITS = ((0.05, 15.0 * SECONDS_PER_MINUTE), (0.1, 5.0 * SECONDS_PER_MINUTE))
# A measured frequency at the very edge must not count for the last bit of a float. [Hz]
ROUNDING_HZ = 1e-9


def kinetic_energy_mws(inertia_s: Array, rating_mva: Array) -> float:
    """Kinetic energy of all machines, ``sum H_i S_i``, both ``(machines,)``. [MW s]

    Raises
    ------
    TwinError
        Series do not fit or hold NaN.
    """
    check_measured("kinetic energy", inertia_s=inertia_s, rating_mva=rating_mva)
    return float(inertia_s @ rating_mva)


def frequency_gradient_hz_per_s(imbalance_mw: float, *, kinetic_energy_mws: float, nominal_hz: float) -> float:
    """Rate of change of frequency at the instant of an imbalance: ``P f_n / (2 E_k)``. [Hz/s]

    Source: the swing equation, linear about nominal frequency. The imbalance is generation less load, so a loss of
    generation is negative, and frequency falls.

    Raises
    ------
    TwinError
        A value is no number, or the energy or frequency is not positive.
    """
    check_measured(
        "frequency gradient",
        faults=not_finite(imbalance_mw=imbalance_mw),
        kinetic_energy_mws=kinetic_energy_mws,
        nominal_hz=nominal_hz,
    )
    return imbalance_mw * nominal_hz / (2 * kinetic_energy_mws)


def least_kinetic_energy_mws(*, loss_mw: float, gradient_limit_hz_per_s: float, nominal_hz: float) -> float:
    """Kinetic energy at which the largest loss just keeps the limit of the gradient: ``P f_n / (2 limit)``. [MW s]

    Raises
    ------
    TwinError
        A value is not positive.
    """
    check_measured(
        "least kinetic energy",
        loss_mw=loss_mw,
        gradient_limit_hz_per_s=gradient_limit_hz_per_s,
        nominal_hz=nominal_hz,
    )
    return loss_mw * nominal_hz / (2 * gradient_limit_hz_per_s)


def area_control_error_mw(
    interchange_mw: Array,
    scheduled_interchange_mw: Array,
    frequency_hz: Array,
    *,
    scheduled_hz: float,
    bias_mw_per_tenth_hz: float,
    meter_error_mw: float = 0.0,
) -> Array:
    """Area control error ``(NI_A - NI_S) - 10 B (F_A - F_S) - I_ME``: ``(n,)``. [MW]

    Source: NERC BAL-001. A positive error is generation beyond what the schedule and the frequency ask for.

    Parameters
    ----------
    interchange_mw, scheduled_interchange_mw
        Net flow out of the area, ``(n,)``.
    bias_mw_per_tenth_hz
        Frequency bias B, negative.
    meter_error_mw
        Correction of the meters.

    Raises
    ------
    TwinError
        Series do not fit or hold NaN, or the bias is not negative.
    """
    check_measured(
        "area control error",
        faults=not_finite(meter_error_mw=meter_error_mw),
        interchange_mw=interchange_mw,
        scheduled_interchange_mw=scheduled_interchange_mw,
        frequency_hz=frequency_hz,
        scheduled_hz=scheduled_hz,
        minus_bias_mw_per_tenth_hz=-bias_mw_per_tenth_hz,
    )
    deviation_hz = frequency_hz - scheduled_hz
    return interchange_mw - scheduled_interchange_mw - 10 * bias_mw_per_tenth_hz * deviation_hz - meter_error_mw


def cps1_percent(
    area_control_error_mw: Array, deviation_hz: Array, *, bias_mw_per_tenth_hz: float, epsilon1_hz: float
) -> float:
    """Control performance standard 1, ``100 (2 - CF)``, ``CF = mean((ACE / -10 B) dF) / epsilon1^2``. [%]

    Source: NERC BAL-001, from recollection; it asks for at least 100 % over a rolling year. An area that is always on
    schedule, or errs in the direction that helps frequency, has 200 % or more.

    Parameters
    ----------
    area_control_error_mw, deviation_hz
        Clock-minute means of the error, and of actual less scheduled frequency, ``(minutes,)``.
    epsilon1_hz
        Target of the interconnection for the root mean square of its one-minute deviations.

    Raises
    ------
    TwinError
        Series do not fit or hold NaN, the bias is not negative, or epsilon is not positive.
    """
    check_measured(
        "CPS1",
        area_control_error_mw=area_control_error_mw,
        deviation_hz=deviation_hz,
        minus_bias_mw_per_tenth_hz=-bias_mw_per_tenth_hz,
        epsilon1_hz=epsilon1_hz,
    )
    burden = float(np.mean(area_control_error_mw / (-10 * bias_mw_per_tenth_hz) * deviation_hz))
    return 100 * (2 - burden / epsilon1_hz**2)


def alert_state(frequency_hz: Array, *, nominal_hz: float, step_s: float) -> npt.NDArray[np.bool_]:
    """Truth by sample ``(n,)``: frequency alone puts the synchronous area in the alert state.

    It does when it has been off by more than 50 mHz for longer than 15 min, or by more than 100 mHz for longer than
    5 min, on either side. A deviation lasts from its first sample; what was before the first of all is not known.
    Source: Regulation (EU) 2017/1485, articles 18 and 152, limits of Continental Europe; from recollection.

    Raises
    ------
    TwinError
        A frequency is no number, or a size is not positive.
    """
    check_measured("alert state", frequency_hz=frequency_hz, nominal_hz=nominal_hz, step_s=step_s)
    size_hz = np.abs(frequency_hz - nominal_hz)
    sample = np.arange(len(size_hz))
    alert = np.zeros(len(size_hz), dtype=np.bool_)
    for limit_hz, longest_s in ALERT_LIMITS:
        last_within = np.maximum.accumulate(np.where(size_hz > limit_hz + ROUNDING_HZ, -1, sample))
        alert |= (sample - last_within - 1) * step_s > longest_s
    return alert
