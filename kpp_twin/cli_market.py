"""Commands for people who want to know what markets trade, and what the site's battery earns on their prices."""

from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kpp_twin.console import image_file, print_json, print_table, show, talk, write_image
from kpp_twin.settings import Settings
from kpp_twin.units import KWH_PER_MWH

if TYPE_CHECKING:
    import pandas as pd

    from kpp_twin.site import Battery

COLUMNS = ("", "profit", "bought MWh", "at", "sold MWh", "at", "wear", "full cycles")


@click.command(name="dispatch")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--column", help="Of the prices; default: the only one whose name begins with price.")
@click.option("--market", help="Rows of which market, in a file with a column of that name.")
@click.option(
    "--site", "site_file", type=click.Path(path_type=Path), help="Site file; default: the one that the settings name."
)
@click.option("--wear", "wear_per_mwh", type=float, help="Cost of each MWh discharged; default: the site's.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "csv", "json"]),
    default="table",
    show_default=True,
    help="A line for each month, all steps of the plan, or the sums.",
)
@click.option(
    "--figure",
    type=click.Path(path_type=Path),
    callback=image_file,
    help="Also write a figure of the plan, .png or .svg; of a long one its first 14 days.",
)
@click.pass_obj
def dispatch_command(
    settings: Settings,
    *,
    file: Path,
    column: str | None,
    market: str | None,
    site_file: Path | None,
    wear_per_mwh: float | None,
    form: str,
    figure: Path | None,
) -> None:
    """Plan the site's battery on the prices of a file: the most that it could have earned, all of them known.

    FILE is CSV or Parquet with the starts of the intervals (valid_from or timestamp...) and a price per MWh. The
    battery begins and ends at its target state of charge, and never charges and discharges at once.

    Example: kpp-twin dispatch prices.csv --wear 10 --format csv > plan.csv
    """
    from kpp_twin.market.bidding.strategy import storage_limits
    from kpp_twin.market.dispatch.storage_plan import plan_storage
    from kpp_twin.site import load_site
    from kpp_twin.sources.price_file import read_prices

    battery = load_site(site_file or settings.site_file).battery
    prices = read_prices(file, column, market)
    wear = battery.degradation_cost_per_mwh if wear_per_mwh is None else wear_per_mwh
    target_kwh = battery.target_state_of_charge * battery.capacity_kwh
    with talk.status("planning; the first time it is compiled"):
        plan = plan_storage(
            prices.price_per_mwh,
            hours=prices.hours,
            storage=storage_limits(battery),
            energy_kwh=target_kwh,
            target_kwh=target_kwh,
            max_charge_kw=battery.max_power_kw,
            max_discharge_kw=battery.max_power_kw,
            wear_per_mwh=wear,
        )
    import pandas as pd

    steps = pd.DataFrame(
        {
            "valid_from": prices.valid_from,
            "hours": prices.hours,
            "price_per_mwh": prices.price_per_mwh,
            "power_kw": plan.power_kw,
            "energy_kwh": plan.energy_kwh[1:],
        }
    )
    if figure is not None:
        from kpp_twin.report.storage_figure import image_of

        write_image(figure, partial(image_of, steps, plan.energy_kwh, f"Battery on the prices of {file.name}"))
    if form == "csv":
        click.echo(steps.to_csv(index=False), nl=False)
        return
    total = _sums(steps, wear, battery)
    if form == "json":
        print_json(total)
        return
    months = steps.groupby(steps["valid_from"].dt.strftime("%Y-%m"))
    rows = [(month, *_sums(part, wear, battery).values()) for month, part in months]
    print_table(f"{file.name}, money in the currency of its prices", COLUMNS, [*rows, ("all", *total.values())])


def _sums(steps: "pd.DataFrame", wear_per_mwh: float, battery: "Battery") -> dict[str, float | None]:
    """Money and energy of some steps; a mean price of nothing is none."""
    mwh = steps["power_kw"] * steps["hours"] / KWH_PER_MWH
    money = mwh * steps["price_per_mwh"]
    bought, sold = mwh < 0, mwh > 0
    bought_mwh, sold_mwh = float(-mwh[bought].sum()), float(mwh[sold].sum())
    wear = sold_mwh * wear_per_mwh
    return {
        "profit": float(money.sum()) - wear,
        "bought_mwh": bought_mwh,
        "bought_at_per_mwh": float(-money[bought].sum()) / bought_mwh if bought_mwh else None,
        "sold_mwh": sold_mwh,
        "sold_at_per_mwh": float(money[sold].sum()) / sold_mwh if sold_mwh else None,
        "wear": wear,
        "full_cycles": sold_mwh * KWH_PER_MWH / battery.discharge_efficiency / battery.usable_kwh,
    }


@click.command(name="products")
@click.argument("name", required=False)
@click.option(
    "--on",
    "day",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Delivery day; default: all as it came into force last.",
)
@click.option("--json", "as_json", is_flag=True, help="Everything as JSON instead of a table.")
def products_command(*, name: str | None, day: datetime | None, as_json: bool) -> None:
    """Show what markets trade: gates, blocks, sizes, ticks, pricing, settlement, price limits, and on what evidence.

    Gates are by the clock of the market: D is the delivery day, D-1 the day before. Of a NAME or alias all is told;
    with --on also how many intervals that day has, and when their gates close.

    Example: kpp-twin products "ERCOT day-ahead" --on 2021-11-07
    """
    from kpp_twin.market.rules.products import product_named, products
    from kpp_twin.report.product_sheet import product_data, product_table, products_table

    on = day.date() if day else None
    if name is not None:
        product = product_named(name, on)
        if as_json:
            print_json(product_data(product, on))
        else:
            show(product_table(product, on))
        return
    held = [product for product in products() if on is None or product.holds(on)]
    latest = [product_named(name, on) for name in dict.fromkeys(product.name for product in held)]
    if as_json:
        print_json([product_data(product, on) for product in latest])
    else:
        show(products_table(latest, on))
