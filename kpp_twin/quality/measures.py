"""What the rules of the gate judge: figures computed for each row from the rows around it."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pandas as pd

from kpp_twin.feeds import Feed, offer_cap
from kpp_twin.timegrid import TimeGrid

Array = npt.NDArray[np.float64]

MAD_TO_SIGMA = 1.4826  # of a normal distribution
HAMPEL_HALF_WINDOW = 3
UNIT_MIN_ROWS = {"price": 20, "load": 4, "weather": 4}


def hampel_scores(values: Array, half_window: int = HAMPEL_HALF_WINDOW) -> Array:
    """Distance of each value from the median of its window in robust standard deviations, ``(n,)``.

    ``|x - median| / (1.4826 MAD)``, the MAD not below 0.5 units or 1e-3 of the median: in a flat window any
    change at all would count as a spike otherwise (Hampel 1974; floor: README, Decisions).
    """
    padded = np.pad(np.asarray(values, dtype=np.float64), half_window, constant_values=np.nan)
    windows = np.lib.stride_tricks.sliding_window_view(padded, 2 * half_window + 1)
    median = np.nanmedian(windows, axis=1)
    mad = np.nanmedian(np.abs(windows - median[:, None]), axis=1)
    floor = np.maximum(0.5, 1e-3 * np.abs(median))
    return np.abs(values - median) / (MAD_TO_SIGMA * np.maximum(mad, floor))


def identical_run_lengths(values: Array) -> npt.NDArray[np.int64]:
    """How many identical values in a row end at each, ``(n,)``.

    It looks back only, and across gaps (stuck values that were kept out leave one), so that a value is judged the same
    whether it came live or in bulk.
    """
    continues = np.r_[False, values[1:] == values[:-1]]
    position = np.arange(len(values))
    run_start = np.maximum.accumulate(np.where(continues, 0, position))
    return position - run_start + 1


def measure(
    new: pd.DataFrame, known: pd.DataFrame, feed: Feed, *, zone: ZoneInfo, rated_load_kw: float
) -> pd.DataFrame:
    """Compute the judged figures of new rows, among the known rows around them.

    Parameters
    ----------
    new, known
        series, valid_from [UTC], value; one row per series and instant in each. A new row replaces a known one.

    Returns
    -------
    pandas.DataFrame
        The new rows by series and time, their index kept, with off_grid_minutes, gap_before_minutes, identical_run,
        hampel_score, jump (absolute change from the adjacent interval), unit_ratio (median of the new to that of the
        known rows of the series), and for prices above_offer_cap and missing_in_day.
    """
    columns = ["series", "valid_from", "value"]
    rows = (
        pd.concat([known[columns].assign(is_new=False), new[columns].assign(is_new=True)])
        if len(known)
        else (new[columns].assign(is_new=True))
    )
    window = rows[~rows.duplicated(["series", "valid_from"], keep="last")]
    window = window.sort_values(["series", "valid_from"], kind="stable")
    step = timedelta(minutes=feed.step_minutes)
    parts = [_measure_series(part, step) for _, part in window.groupby("series", sort=True)]
    measured = pd.concat(parts) if parts else window.assign(**dict.fromkeys(MEASURED, 0.0))
    measured["unit_ratio"] = measured["series"].map(_unit_ratios(new, known, feed, rated_load_kw)).astype(np.float64)
    if feed.name == "price":
        measured["above_offer_cap"] = measured["value"] - offer_cap(measured["valid_from"], zone)
        measured["missing_in_day"] = _missing_in_day(measured, feed, zone)
    return measured[measured["is_new"]].drop(columns="is_new")


MEASURED = ("off_grid_minutes", "gap_before_minutes", "identical_run", "hampel_score", "jump")


def _measure_series(part: pd.DataFrame, step: timedelta) -> pd.DataFrame:
    values = part["value"].to_numpy(np.float64)
    since_epoch = part["valid_from"].dt.as_unit("us").astype("int64").to_numpy()
    step_us = step // timedelta(microseconds=1)
    gap_us = np.diff(since_epoch, prepend=since_epoch[0] - step_us) - step_us
    follows = gap_us == 0
    jump = np.abs(np.diff(values, prepend=values[0]))
    return part.assign(
        off_grid_minutes=since_epoch % step_us / (60 * 1e6),
        gap_before_minutes=np.maximum(gap_us, 0) / (60 * 1e6),
        identical_run=identical_run_lengths(values),
        hampel_score=hampel_scores(values),
        jump=np.where(follows, jump, 0.0),
    )


def _unit_ratios(new: pd.DataFrame, known: pd.DataFrame, feed: Feed, rated_load_kw: float) -> dict[str, float]:
    """Median size of each series' new rows over that of its known ones; 1 where there is too little to tell.

    The first load delivery, with nothing known, is held against half the rating.
    """
    enough = UNIT_MIN_ROWS[feed.name]
    ratios = {}
    for name, part in new.groupby("series"):
        new_size, known_size = part["value"].abs(), known.loc[known["series"] == name, "value"].abs()
        new_size, known_size = new_size[new_size > 0], known_size[known_size > 0]
        ratios[str(name)] = 1.0
        if len(new_size) >= enough and len(known_size) >= enough:
            ratios[str(name)] = float(new_size.median() / known_size.median())
        elif len(new_size) >= enough and feed.name == "load":
            ratios[str(name)] = float(new_size.median() / (rated_load_kw / 2))
    return ratios


def _missing_in_day(measured: pd.DataFrame, feed: Feed, zone: ZoneInfo) -> pd.Series:
    """Intervals that the row's local day lacks, of the 23, 24 or 25 hours that it has."""
    day = measured["valid_from"].dt.tz_convert(zone).dt.date
    present = measured.groupby(["series", day])["value"].transform("size")
    expected = {d: TimeGrid.local_day(d, zone, feed.step_minutes).n_steps for d in day.unique()}
    return (day.map(expected) - present).astype(np.float64)
