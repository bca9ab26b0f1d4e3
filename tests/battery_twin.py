"""Batteries, frequencies and orders for the tests, and the compiled second as plain Python, also with a law changed."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
from hypothesis import strategies as st
from plain_python import Change, plain_kernels

import kpp_twin.battery.simulate
from kpp_twin.battery.heat import BatteryHeat
from kpp_twin.battery.model import BatteryModel, FrequencyMeter, SyntheticInertia, most_sold_kw
from kpp_twin.battery.simulate import BatteryOrders, BatteryRun, BatteryState, simulate
from kpp_twin.battery.storage import StorageConfiguration
from kpp_twin.frequency.products import product_named, products
from kpp_twin.units import Array

FOLDER = Path(kpp_twin.battery.simulate.__file__).parent
KERNELS = ("kernel_heat", "kernel_meter", "kernel_response", "kernel")

DESIGN = StorageConfiguration(
    capacity=1000.0, max_power=500.0, min_soc=0.1, max_soc=0.9, charge_efficiency=0.95, discharge_efficiency=0.95
)

# A meter that is alive never shows the same value for long; this much is nothing to any product. [Hz]
TREMBLE_HZ = 1e-6


@cache
def model_of(product: str, sold_kw: float = 400.0, nominal_hz: float | None = None, **options: Any) -> BatteryModel:
    """The design battery with some power of a product sold, by its name; it holds a frequency for 10 s."""
    found = product_named(product)
    options = {"meter": FrequencyMeter(hold_s=10.0)} | options
    return BatteryModel.of(DESIGN, found.at(nominal_hz) if nominal_hz else found, sold_kw, **options)


def steady(frequency_hz: float, steps: int, nominal_hz: float = 50.0) -> Array:
    """A frequency that stays and yet is measured: every other sample a trifle nearer to nominal."""
    nearer = TREMBLE_HZ if frequency_hz <= nominal_hz else -TREMBLE_HZ
    return frequency_hz + nearer * (np.arange(steps) % 2)


def spoiled(frequency_hz: Array, rng: np.random.Generator, share: float = 0.3) -> Array:
    """The same with faults in spans of 1 to 25 samples: what cannot be, jumps, another grid, and a standstill."""
    wrong = np.array([np.nan, 0.0, 500.0, np.inf, -np.inf, -50.0, 40.0, 51.9, 48.1, 54.9, 45.1, 60.0])
    spoiled_hz = frequency_hz.copy()
    start = 0
    while start < len(frequency_hz):
        end = start + int(rng.integers(1, 26))
        if rng.random() < share:
            same = spoiled_hz[start] if rng.random() < 0.2 else rng.choice(wrong)
            spoiled_hz[start:end] = np.where(rng.random(len(spoiled_hz[start:end])) < 0.9, same, rng.choice(wrong))
        start = end
    return spoiled_hz


@st.composite
def batteries(draw: st.DrawFn) -> StorageConfiguration:
    """Any battery that can be: small and large, slow and fast, with or without losses, taper and fans."""
    least = draw(st.floats(0.0, 0.5))
    usable = draw(st.floats(0.05, 1.0 - least))
    max_power = 10.0 ** draw(st.floats(0, 4))
    return StorageConfiguration(
        capacity=max_power * draw(st.floats(0.1, 10.0)),
        max_power=max_power,
        min_soc=least,
        max_soc=least + usable,
        charge_efficiency=draw(st.sampled_from([1.0]) | st.floats(0.5, 1.0)),
        discharge_efficiency=draw(st.sampled_from([1.0]) | st.floats(0.5, 1.0)),
        response_time=10.0 ** draw(st.floats(-2, 1)),
        self_discharge_per_month=draw(st.sampled_from([0.0, 0.02])),
        taper_soc=draw(st.sampled_from([0.0, 0.05])) * usable,
        auxiliary_kw=draw(st.sampled_from([0.0, 2.5])),
    )


@st.composite
def models(draw: st.DrawFn) -> BatteryModel:
    """Any battery that has sold some power of any product, in any weather."""
    config, product = draw(batteries()), draw(st.sampled_from(products()))
    return BatteryModel.of(
        config,
        product,
        draw(st.floats(0, 1)) * most_sold_kw(config, product),
        step_s=draw(st.sampled_from([0.1, 1.0, 4.0])),
        heat=BatteryHeat(ambient_temperature_c=draw(st.sampled_from([25.0]) | st.floats(-20, 54))),
        inertia=draw(st.sampled_from([None, SyntheticInertia(constant_s=5.0)])),
    )


def orders_of(model: BatteryModel, rng: np.random.Generator, blocks: int) -> BatteryOrders:
    """Setpoints and limits, many beyond what the battery can."""
    most_kw = 1.5 * model.config.max_power
    free = rng.random((3, blocks)) < 0.5
    limits = np.where(free, np.inf, most_kw * rng.random((3, blocks)))
    setpoints = rng.choice([0.0, np.inf, -np.inf, most_kw, -most_kw], blocks, p=[0.2, 0.1, 0.1, 0.3, 0.3])
    return BatteryOrders(
        setpoint_kw=np.where(np.isinf(setpoints), setpoints, setpoints * rng.random(blocks)),
        lowest_kw=-limits[0],
        highest_kw=limits[1],
        lowest_scheduled_kw=-limits[2],
    )


def signal_of(model: BatteryModel, rng: np.random.Generator, steps: int) -> Array | None:
    """A regulation signal with gaps, for a product that follows one."""
    if not model.product.follows_signal:
        return None
    return np.where(rng.random(steps) < 0.3, np.nan, rng.uniform(-1, 1, steps))


def bytes_of(run: BatteryRun) -> dict[str, bytes]:
    """Every number of a run's trajectory."""
    return {name: getattr(run.records, name).tobytes() for name in run.records.__slots__}


PLAIN = plain_kernels(FOLDER, KERNELS)
meter, response = PLAIN["kernel_meter"], PLAIN["kernel_response"]


@contextmanager
def uncompiled(changes: Sequence[Change] = ()) -> Iterator[None]:
    """While this lasts, `simulate` runs plain Python."""
    kernels = plain_kernels(FOLDER, KERNELS, changes) if changes else PLAIN
    with mock.patch.object(kpp_twin.battery.simulate, "run", kernels["kernel"].run):
        yield


def simulate_plainly(
    model: BatteryModel, state: BatteryState, frequency_hz: Array, *rest: Any, **options: Any
) -> BatteryRun:
    """Run the battery in plain Python."""
    with uncompiled():
        return simulate(model, state, frequency_hz, *rest, **options)
