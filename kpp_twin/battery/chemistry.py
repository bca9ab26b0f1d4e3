"""How cells of a chemistry age: laws of damage that adds up, and the loss of capacity that it makes.

Time and cycles do damage of their own kinds. Damage of the parts of a life adds up; what it costs in capacity depends
on how much there is already. States of charge and depths are fractions of the capacity.
"""

from dataclasses import dataclass
from typing import Protocol, TypeVar

import numpy as np

from kpp_twin.site import ChemistryName
from kpp_twin.units import SECONDS_PER_DAY, ZERO_CELSIUS_K, Array

Damage = TypeVar("Damage", float, Array)

REFERENCE_K = 298.15


@dataclass(frozen=True, slots=True, kw_only=True)
class Swings:
    """What matters of the way between peak and valley of each cycle, all arrays of one shape.

    Attributes
    ----------
    depth
        Difference of the states of charge. [fraction]
    mean_state_of_charge
        Middle of both. [fraction]
    temperature_c
        Mean on the way. [°C]
    c_rate
        Depth over the time on the way, rests included. [1/h]
    """

    depth: Array
    mean_state_of_charge: Array
    temperature_c: Array
    c_rate: Array


class Chemistry(Protocol):
    """Laws of one chemistry."""

    @property
    def calendar_exponent(self) -> float:
        """Power ``p`` of time that calendar loss follows; damage is ``rate^(1/p)`` for each day."""

    def calendar_rate(self, state_of_charge: Array, temperature_c: Array) -> Array:
        """Calendar loss of a first day under these conditions, same shape. [1/day^p]"""

    def cycle_damage(self, swings: Swings) -> Array:
        """Damage of one full cycle of each kind, same shape."""

    def capacity_loss(self, calendar_damage: float, cycle_damage: Damage) -> Damage:
        """Share of the first capacity that damage in all has taken."""


class LmoXu:
    """Lithium manganese oxide: damage by time and by cycles, and a film that takes much capacity early.

    Source: B. Xu et al., "Modeling of lithium-ion battery degradation for cell life assessment", IEEE Transactions on
    Smart Grid 9 (2018) 1131, with its parameters. Temperatures of the equations are in kelvin throughout; a half cycle
    counts half its damage, not half its depth.
    """

    calendar_exponent = 1.0

    # Stress of time. [1/s]
    TIME_PER_S = 4.14e-10
    # Stress of the state of charge, and the state of charge at which it is 1.
    STATE, REFERENCE_STATE = 1.04, 0.5
    # Stress of temperature. [1/K]
    TEMPERATURE_PER_K = 0.0693
    # Stress of depth: k1, k2 and k3.
    DEPTH_FACTOR, DEPTH_EXPONENT, DEPTH_OFFSET = 1.4e5, -0.501, -1.23e5
    # Share of the capacity that the film can take (alpha), and how much faster than the rest it forms (beta).
    FILM_SHARE, FILM_SPEED = 0.0575, 121.0

    def calendar_rate(self, state_of_charge: Array, temperature_c: Array) -> Array:
        """``k_t S_soc S_T``, for a day."""
        stress = self.state_stress(state_of_charge) * self.temperature_stress(temperature_c)
        return self.TIME_PER_S * SECONDS_PER_DAY * stress

    def cycle_damage(self, swings: Swings) -> Array:
        """``S_depth S_soc S_T``; the rate has no part in it."""
        stress = self.state_stress(swings.mean_state_of_charge) * self.temperature_stress(swings.temperature_c)
        return self.depth_stress(swings.depth) * stress

    def capacity_loss(self, calendar_damage: float, cycle_damage: Damage) -> Damage:
        """``1 - alpha exp(-beta f) - (1 - alpha) exp(-f)`` of all damage ``f``."""
        damage = calendar_damage + cycle_damage
        film = -self.FILM_SHARE * np.expm1(-self.FILM_SPEED * damage)
        return film - (1.0 - self.FILM_SHARE) * np.expm1(-damage)

    def depth_stress(self, depth: Array) -> Array:
        """``1 / (k1 depth^k2 + k3)``, written so that no depth gives none."""
        power = depth**-self.DEPTH_EXPONENT
        return power / (self.DEPTH_FACTOR + self.DEPTH_OFFSET * power)

    def state_stress(self, state_of_charge: Array) -> Array:
        """``exp(k_soc (soc - soc_ref))``."""
        return np.exp(self.STATE * (state_of_charge - self.REFERENCE_STATE))

    def temperature_stress(self, temperature_c: Array) -> Array:
        """``exp(k_T (T - T_ref) T_ref / T)``."""
        temperature_k = temperature_c + ZERO_CELSIUS_K
        return np.exp(self.TEMPERATURE_PER_K * (temperature_k - REFERENCE_K) * (REFERENCE_K / temperature_k))


class Lfp:
    """Lithium iron phosphate, large prismatic cells: calendar and cycle loss, each a power law, which add up.

    Under steady conditions the losses are ``k_cal t^p`` after ``t`` days and ``k_cyc n^p`` after ``n`` equivalent full
    cycles; under changing ones ``dy/dx = p k (k / y)^((1 - p) / p)``. So ``y^(1/p)`` is the integral of ``k^(1/p)``:
    that is the damage here, and it adds up exactly.

    Source: model Lfp_Gr_250AhPrismatic of BLAST-Lite 1.1.1 (NREL, P. Gasper), identified from the tests in
    doi:10.1016/j.est.2023.109042. It holds for 10 to 45 °C, depths of 0.8 to 1, and up to 0.65 C charging and 1 C
    discharging. The term ``exp(-1.55e5 K / T)`` of its cycle law is left out: it is below 1e-200.
    """

    calendar_exponent = 0.526
    CYCLE_EXPONENT = 0.828

    # Calendar law: factor, by temperature [K], by anode potential and temperature [K/V].
    CALENDAR_FACTOR, CALENDAR_K, CALENDAR_K_PER_V = 8.37e4, -5.21e3, -3.56e3
    # Cycle law: constant, by depth, by rate [h], by temperature [K].
    CYCLE_CONSTANT, CYCLE_BY_DEPTH, CYCLE_BY_RATE_H, CYCLE_K = 4.38e-8, 1.55e-8, 1.68e-7, 2.19e3

    def calendar_rate(self, state_of_charge: Array, temperature_c: Array) -> Array:
        """``k_cal = p1 exp((p2 + p3 U_anode) / T)``."""
        exponent_k = self.CALENDAR_K + self.CALENDAR_K_PER_V * anode_potential_v(state_of_charge)
        return self.CALENDAR_FACTOR * np.exp(exponent_k / (temperature_c + ZERO_CELSIUS_K))

    def cycle_damage(self, swings: Swings) -> Array:
        """``depth k_cyc^(1/p)``, ``k_cyc = (p4 + p5 depth + p6 rate) exp(p7 / T)``; the mean has no part in it."""
        stress = self.CYCLE_CONSTANT + self.CYCLE_BY_DEPTH * swings.depth + self.CYCLE_BY_RATE_H * swings.c_rate
        rate = stress * np.exp(self.CYCLE_K / (swings.temperature_c + ZERO_CELSIUS_K))
        return swings.depth * rate ** (1.0 / self.CYCLE_EXPONENT)

    def capacity_loss(self, calendar_damage: float, cycle_damage: Damage) -> Damage:
        """``calendar damage^p + cycle damage^p``, each with its own power."""
        return calendar_damage**self.calendar_exponent + cycle_damage**self.CYCLE_EXPONENT


def anode_potential_v(state_of_charge: Array) -> Array:
    """Potential of a graphite anode against lithium, same shape. [V]

    Source: M. Safari and C. Delacourt, doi:10.1149/1.3567007; lithium in the anode, 0.0085 to 0.78, as M. Schimpe et
    al., doi:10.1149/2.1181714jes.
    """
    lithium = 0.0085 + (0.78 - 0.0085) * state_of_charge
    return (
        0.6379
        + 0.5416 * np.exp(-305.5309 * lithium)
        - 0.044 * np.tanh((lithium - 0.1958) / 0.1088)
        - 0.1978 * np.tanh((lithium - 1.0571) / 0.0854)
        - 0.6875 * np.tanh((lithium + 0.0117) / 0.0529)
        - 0.0175 * np.tanh((lithium - 0.5692) / 0.0875)
    )


CHEMISTRIES: dict[ChemistryName, Chemistry] = {"lmo_xu": LmoXu(), "lfp": Lfp()}
