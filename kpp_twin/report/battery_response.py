"""How the battery answers for a product, as a figure: what it is asked for, and what it gives after a step."""

from functools import partial
from typing import TYPE_CHECKING, Literal

from kpp_twin.battery.sheet import Response
from kpp_twin.report.canvas import ACTUAL, FORECAST, key, render
from kpp_twin.units import MHZ_PER_HZ

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def millihertz(deviation_hz: float) -> str:
    """Deviation, as in ``200 mHz``."""
    return f"{deviation_hz * MHZ_PER_HZ:.6g} mHz"


def title_of(response: Response) -> str:
    """What was sold, and how soon a step is answered."""
    product, size = response.offer.product, response.step_size
    step = f"of the signal to {size:g}" if product.follows_signal else f"of {millihertz(abs(size))}"
    settled = "never" if response.t90_s is None else f"after {response.t90_s:.2f} s"
    return f"{product.name}, {response.offer.sold_kw:.6g} kW sold: 90 % of the response to a step {step} {settled}"


def image_of(response: Response, form: Literal["svg", "png"]) -> bytes:
    """What the product asks for by frequency, or by its signal, beside what the battery gives in time."""
    return render("battery-response", [partial(_draw, response=response)], "", form=form, title=title_of(response))


def _draw(panel: "Axes", response: Response) -> None:
    """Two axes in the place of one, since they share none of theirs."""
    panel.set_axis_off()
    by_size, by_time = (panel.inset_axes((left, 0.0, 0.42, 1.0)) for left in (0.0, 0.56))
    product = response.offer.product
    sizes, asked_kw = zip(*response.curve, strict=True)
    if product.follows_signal:
        by_size.plot(sizes, asked_kw, color=FORECAST)
        by_size.set_xlabel("signal")
    else:
        by_size.plot([product.nominal_hz - size for size in sizes], asked_kw, color=FORECAST)
        by_size.set_xlabel("frequency [Hz]")
    by_size.set_title("Asked for")
    by_time.plot(response.time_s, response.power_kw, color=ACTUAL, label="given")
    by_time.axhline(response.asked_kw, color=FORECAST, linestyle="--", label="asked for")
    by_time.set_xlabel("time since the step [s]")
    by_time.set_title("After a step")
    key(by_time)
    for axes in (by_size, by_time):
        axes.set_ylabel("kW")
