"""Heat of the battery, compiled: one temperature for all of it, exact over a step of constant loss.

``C dT/dt = P_loss - P_cool - hA (T - T_ambient)``: a lumped capacity, which goes exponentially to where what is lost
is given away (Incropera, Fundamentals of Heat and Mass Transfer, ch. 5).
"""

from kpp_twin.compiled import compiled


@compiled
def steady_temperature_c(ambient_c: float, heat_kw: float, kelvin_per_kw: float) -> float:
    """Temperature at which the heat is given away; ``kelvin_per_kw`` is 1/hA."""
    return ambient_c + heat_kw * kelvin_per_kw


@compiled
def temperature_after(
    temperature_c: float, ambient_c: float, heat_kw: float, kelvin_per_kw: float, keep: float
) -> float:
    """Temperature at the end of a step of constant heat.

    Parameters
    ----------
    heat_kw
        Losses less cooling.
    keep
        Share of the distance to the steady temperature that is left: ``exp(-step / time constant)``.
    """
    steady_c = steady_temperature_c(ambient_c, heat_kw, kelvin_per_kw)
    return steady_c + (temperature_c - steady_c) * keep


@compiled
def cooling_runs(temperature_c: float, ran: float, cooling_on_c: float, cooling_off_c: float) -> bool:
    """Whether a thermostat cools in a step that begins at a temperature; between its two it goes on as it was."""
    return temperature_c > cooling_on_c or (ran > 0.0 and temperature_c >= cooling_off_c)


@compiled
def discharge_derate(temperature_c: float, derate_from_c: float, derate_to_c: float) -> float:
    """Share of the power that heat leaves: all, then linearly less, then none; none where temperature is no number."""
    if temperature_c <= derate_from_c:
        return 1.0
    if temperature_c < derate_to_c:
        return (derate_to_c - temperature_c) / (derate_to_c - derate_from_c)
    return 0.0


@compiled
def charge_derate(temperature_c: float, derate_from_c: float, derate_to_c: float, charge_above_c: float) -> float:
    """Share of the power that heat and cold leave to charge: in the cold, where lithium would plate, none."""
    if temperature_c < charge_above_c:
        return 0.0
    return discharge_derate(temperature_c, derate_from_c, derate_to_c)
