from dataclasses import replace
from xml.etree import ElementTree as ET

from kpp_twin.battery.sheet import Offer, Response
from kpp_twin.frequency.products import product_named
from kpp_twin.report.battery_response import image_of, millihertz, title_of

SVG = "{http://www.w3.org/2000/svg}"


def response_of(name: str) -> Response:
    """A response made up by hand."""
    return Response(
        offer=Offer(product=product_named(name), most_kw=500.0, sold_kw=400.0, window=(0.2, 0.8)),
        held_kw=((0.1, 200.0, -200.0),),
        curve=((-0.25, -400.0), (-0.2, -400.0), (0.2, 400.0), (0.25, 400.0)),
        step_size=0.2,
        asked_kw=400.0,
        time_s=(0.0, 0.1, 1.0),
        power_kw=(0.0, 250.0, 400.0),
        t90_s=0.23,
    )


def texts(image: bytes) -> set[str | None]:
    return {element.text for element in ET.fromstring(image).iter(f"{SVG}text")}


def test_a_deviation_is_told_in_millihertz() -> None:
    assert [millihertz(hz) for hz in (0.2, 0.0165, 3.0, 0.150000001)] == ["200 mHz", "16.5 mHz", "3000 mHz", "150 mHz"]


def test_the_title_says_how_soon_a_step_is_answered() -> None:
    response = response_of("FCR")
    told = "FCR, 400 kW sold: 90 % of the response to a step of 200 mHz"
    assert title_of(response) == f"{told} after 0.23 s"
    assert title_of(replace(response, t90_s=None, step_size=-0.2)) == f"{told} never"
    assert "to a step of the signal to 1 after" in title_of(replace(response_of("aFRR"), step_size=1.0))


def test_the_svg_is_whole_names_its_units_and_is_the_same_each_time() -> None:
    response = response_of("FCR")
    image = image_of(response, "svg")
    named = {"Asked for", "After a step", "frequency [Hz]", "time since the step [s]", "kW", "given", "asked for"}
    assert named | {title_of(response)} <= texts(image)
    assert image == image_of(response, "svg")


def test_a_response_to_a_signal_is_drawn_over_the_signal() -> None:
    assert {"signal"} <= texts(image_of(response_of("aFRR"), "svg"))
