"""Chain, clutch, flywheel and generator, compiled. Units as in `kernel_constants`.

The chain moves by the implicit midpoint rule: buoyancy, drag, friction, windage and shaft act over the distance of the
mean speed, and kinetic energy changes by exactly their work.
"""

import math
from typing import Final

from kpp_twin.compiled import compiled
from kpp_twin.plant.kernel_constants import Constants, Reason, Total
from kpp_twin.units import Array

# Relative step of speed at which Newton's method stops: errors are squared in each round.
NEWTON_STEP: Final = 1e-9


@compiled
def shaft_kw(c: Constants, generator_kw: float) -> float:
    """Power at the generator's shaft: ``P + a0 + a1 P + a2 P²``; none when it is off."""
    if generator_kw <= 0.0:
        return 0.0
    return generator_kw + c.standing_kw + c.linear * generator_kw + c.quadratic * generator_kw * generator_kw


@compiled
def electric_kw(c: Constants, shaft: float) -> float:
    """Power of the generator at a shaft power; none below its standing loss."""
    surplus = shaft - c.standing_kw
    if surplus <= 0.0:
        return 0.0
    slope = 1.0 + c.linear
    return 2.0 * surplus / (slope + math.sqrt(slope * slope + 4.0 * c.quadratic * surplus))


@compiled
def locked_move(
    c: Constants, v: float, net_kn: float, generator_kw: float, dt: float
) -> tuple[bool, float, float, float, float]:
    """Chain and flywheel together: whether the chain drives, speed after, generator, brake and gear-side power.

    With ``u`` the mean speed: ``2 I u (u - v)/dt = F u - c u³ - k u² - P/eta``, a cubic in ``u`` of which the largest
    root is wanted. Newton's method runs to it from where the curve is convex and rises: from half of ``v + F dt/2I``.
    """
    per_s = 2.0 / dt
    turning = c.turning_t * c.per_gear_efficiency
    windage = c.chain_windage * c.per_gear_efficiency
    square = (c.chain_t + turning) * per_s + windage
    linear = (c.chain_t + turning) * per_s * v + net_kn
    load = shaft_kw(c, generator_kw) * c.per_gear_efficiency
    lowest, highest = c.min_chain_speed, c.max_chain_speed
    if load > 0.0 and v < lowest:
        generator_kw, load = 0.0, 0.0
    if linear <= 0.0:
        return False, v, 0.0, 0.0, 0.0
    u = -1.0
    if load > 0.0:
        # Where the speed changes little, it is nearly the root; else the start lies to the right of it.
        u = v if v * square > 0.6 * linear else linear / square
        for _ in range(60):
            slope = (3.0 * c.drag * u + 2.0 * square) * u - linear
            if slope <= 0.0:
                u = -1.0
                break
            step = (((c.drag * u + square) * u - linear) * u + load) / slope
            u -= step
            if abs(step) <= NEWTON_STEP * u:
                break
        if 2.0 * u - v < lowest:
            u = 0.5 * (v + lowest)
            generator_kw = electric_kw(c, ((linear - square * u) - c.drag * u * u) * u * c.gear_efficiency)
            load = shaft_kw(c, generator_kw) * c.per_gear_efficiency
    if load <= 0.0:
        u = 2.0 * linear / (square + math.sqrt(square * square + 4.0 * c.drag * linear))
    after = 2.0 * u - v
    if after < 0.0:
        return False, v, 0.0, 0.0, 0.0
    brake_kw = 0.0
    is_braked = after > highest
    if is_braked:
        # Braked: whatever the chain gives beyond this speed and the load. A light flywheel may have less to give here.
        after = highest
        u = 0.5 * (v + after)
        spare_kw = ((linear - square * u) - c.drag * u * u) * u
        if spare_kw < load:
            generator_kw = electric_kw(c, spare_kw * c.gear_efficiency)
            load = shaft_kw(c, generator_kw) * c.per_gear_efficiency
        brake_kw = max(0.0, spare_kw - load)
    through_kw = load + windage * u * u + turning * per_s * u * (u - v)
    return is_braked or through_kw >= 0.0, after, generator_kw, brake_kw, through_kw


@compiled
def free_chain(c: Constants, v: float, lift_kn: float, brake_kn: float, dt: float) -> tuple[float, float, float]:
    """Speed after, mean speed, and time in motion of a chain without the flywheel."""
    net = lift_kn - c.friction_kn - brake_kn
    if v <= 0.0 and net <= 0.0:
        return 0.0, 0.0, 0.0
    goal = 2.0 * c.chain_t * v / dt + net
    u = 0.0
    if goal > 0.0:
        square = 2.0 * c.chain_t / dt
        u = 2.0 * goal / (square + math.sqrt(square * square + 4.0 * c.drag * goal))
    if 2.0 * u - v > 0.0:
        return 2.0 * u - v, u, dt
    u = 0.5 * v
    return 0.0, u, min(dt, c.chain_t * v / (c.drag * u * u - net))


@compiled
def free_flywheel(c: Constants, omega: float, generator_kw: float, dt: float) -> tuple[float, float]:
    """Speed after and generator of a flywheel without the chain; it gives power down to its least speed."""
    square = 2.0 * c.flywheel_t / dt
    linear = square * omega
    square += c.windage
    if generator_kw > 0.0:
        if omega > c.min_speed:
            shaft = shaft_kw(c, generator_kw)
            root = linear * linear - 4.0 * square * shaft
            if root > 0.0:
                after = (linear + math.sqrt(root)) / square - omega
                if after >= c.min_speed:
                    return after, generator_kw
            mean = 0.5 * (omega + c.min_speed)
            least = electric_kw(c, (linear - square * mean) * mean)
            if least > 0.0:
                return c.min_speed, least
        generator_kw = 0.0
    return 2.0 * linear / square - omega, generator_kw


@compiled
def time_to_clutch(
    c: Constants, v: float, omega: float, lift_kn: float, brake_kn: float, generator_kw: float, dt: float
) -> float:
    """Time after which the chain has caught up with the flywheel, within the step."""
    low, high = 0.0, dt
    for _ in range(60):
        middle = 0.5 * (low + high)
        faster, _, _ = free_chain(c, v, lift_kn, brake_kn, middle)
        slower, _ = free_flywheel(c, omega, generator_kw, middle)
        if c.ratio * faster < slower:
            low = middle
        else:
            high = middle
    return high


@compiled
def move(
    c: Constants, v: float, omega: float, lift_kn: float, brake_kn: float, generator_kw: float, dt: float, sums: Array
) -> tuple[float, float, float, int]:
    """Chain speed, flywheel speed and distance after a time at a lift, and reasons; energies are added to ``sums``."""
    x = 0.0
    reasons = 0
    left = dt
    asked_kw = generator_kw
    for part in range(3):
        if c.ratio * v >= omega and brake_kn <= 0.0:
            drives, after, generated, brake_kw, through_kw = locked_move(c, v, lift_kn - c.friction_kn, asked_kw, left)
            if drives:
                u = 0.5 * (v + after)
                spin = c.ratio * u
                x += u * left
                sums[Total.DRAG_LOSS] += c.drag * u * u * u * left
                sums[Total.FRICTION_LOSS] += c.friction_kn * u * left
                sums[Total.BRAKE_LOSS] += brake_kw * left
                sums[Total.GEAR_LOSS] += (1.0 - c.gear_efficiency) * through_kw * left
                sums[Total.WINDAGE_LOSS] += c.windage * spin * spin * left
                sums[Total.GENERATOR_OUT] += generated * left
                sums[Total.GENERATOR_LOSS] += (shaft_kw(c, generated) - generated) * left
                if brake_kw > 0.0:
                    reasons |= 1 << Reason.CHAIN_TOO_FAST
                if generated < asked_kw:
                    reasons |= 1 << Reason.FLYWHEEL_TOO_SLOW
                return after, c.ratio * after, x, reasons
        after, u, moving = free_chain(c, v, lift_kn, brake_kn, left)
        spin_after, generated = free_flywheel(c, omega, asked_kw, left)
        span = left
        if c.ratio * after > spin_after and part < 2:
            span = time_to_clutch(c, v, omega, lift_kn, brake_kn, generated, left)
            after, u, moving = free_chain(c, v, lift_kn, brake_kn, span)
            spin_after, generated = free_flywheel(c, omega, generated, span)
        spin = 0.5 * (omega + spin_after)
        x += u * moving
        sums[Total.DRAG_LOSS] += c.drag * u * u * u * moving
        sums[Total.FRICTION_LOSS] += c.friction_kn * u * moving
        sums[Total.BRAKE_LOSS] += brake_kn * u * moving
        sums[Total.WINDAGE_LOSS] += c.windage * spin * spin * span
        sums[Total.GENERATOR_OUT] += generated * span
        sums[Total.GENERATOR_LOSS] += (shaft_kw(c, generated) - generated) * span
        if generated < asked_kw:
            reasons |= 1 << Reason.FLYWHEEL_TOO_SLOW
        v, omega = after, spin_after
        if c.ratio * v > omega:
            # The clutch takes hold of two speeds: an inelastic impact. They differ by no more than rounding, save where
            # the parts of a step are used up.
            turning = c.turning_t
            apart = v - omega / c.ratio
            sums[Total.CLUTCH_LOSS] += 0.5 * c.chain_t * turning / (c.chain_t + turning) * apart * apart
            v = (c.chain_t * v + c.flywheel_t * c.ratio * omega) / (c.chain_t + turning)
            omega = c.ratio * v
        left -= span
        if left <= 0.0:
            break
    return v, omega, x, reasons
