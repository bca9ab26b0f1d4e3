"""Columns are recognised and types parsed before any rule judges a value."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from kpp_twin.records import Delivery
from kpp_twin.units import POWER_TO_KW, celsius

TIME_NAMES = ("interval_start", "valid_from", "timestamp_utc", "timestamp", "time")
SERIES_NAMES = ("series", "location", "settlement_point", "zone", "meter")
END_NAMES = ("interval_end",)
REVISION_NAME = "revision"
DEFAULT_SERIES = "SITE"
HAS_ZONE = r"(?:[Zz]|[T ]\d{2}.*[+-]\d{2}(?::?\d{2})?)$"
MISSING = ("", "nan", "NaN", "NaT", "None", "<NA>", "null", "NULL")
PLAUSIBLE_STAMPS = (pd.Timestamp("1900-01-01", tz="UTC"), pd.Timestamp("2200-01-01", tz="UTC"))

Convert = Callable[[np.ndarray], np.ndarray]


def _times(factor: float) -> Convert:
    return lambda values: values * factor


# Recognised value columns of each feed, and the conversion to the stored unit. `load` alone names no unit and is
# refused; `actual_load` and `lmp` are the names of entsoe-py (MW) and gridstatus (USD/MWh).
VALUE_NAMES: Mapping[str, Mapping[str, Convert]] = {
    "price": dict.fromkeys(("price_per_mwh", "lmp", "settlement_point_price"), _times(1.0)),
    "load": {f"load_{unit}": _times(factor) for unit, factor in POWER_TO_KW.items()}
    | {"actual_load": _times(POWER_TO_KW["mw"])},
    "weather": {"temperature_c": _times(1.0), "temperature_f": celsius},
}


class ColumnFaultError(ValueError):
    """A delivery's columns cannot be understood."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed:
    """Typed rows of a delivery.

    Attributes
    ----------
    rows
        series, valid_from [UTC], value [feed unit], revision; the index is the delivery's.
    faults
        For each row, why it could not be parsed; empty if it could.
    """

    rows: pd.DataFrame
    faults: pd.Series


def parse_starts(delivery: Delivery, *, naive_zone: ZoneInfo | None) -> pd.Series:
    """Interval starts alone, missing where they cannot be read: enough to choose the rows worth parsing. [UTC]

    Raises
    ------
    ColumnFaultError
        The column is missing, or there are two.
    """
    raw = _with_plain_names(delivery)
    time_name = _one_of(raw, TIME_NAMES, "the interval's start")
    return _parse_stamps(raw[time_name], naive_zone, pd.Series("", index=raw.index))


def parse(delivery: Delivery, *, naive_zone: ZoneInfo | None) -> Parsed:
    """Recognise the columns and parse them.

    Raises
    ------
    ColumnFaultError
        A needed column is missing, or two of them mean the same.
    """
    raw = _with_plain_names(delivery)
    values_by_name = VALUE_NAMES[delivery.feed.name]
    time_name = _one_of(raw, TIME_NAMES, "the interval's start")
    value_name = _one_of(raw, tuple(values_by_name), f"the value with its unit [{delivery.feed.unit}]")
    series_name = _one_of(raw, SERIES_NAMES, "the series", optional=True)
    faults = pd.Series("", index=raw.index)
    valid_from = _parse_stamps(raw[time_name], naive_zone, faults)
    value = _parse_numbers(raw[value_name], faults, "value")
    rows = pd.DataFrame(
        {
            "series": _texts(raw[series_name]) if series_name else DEFAULT_SERIES,
            "valid_from": valid_from,
            "value": values_by_name[value_name](value),
            "revision": _parse_numbers(_or_zero(raw[REVISION_NAME]), faults, "revision")
            if REVISION_NAME in raw
            else 0.0,
        },
        index=raw.index,
    )
    _add(faults, rows["series"] == "", "missing_series")
    if end_name := _one_of(raw, END_NAMES, "", optional=True):
        length = _parse_stamps(raw[end_name], naive_zone, faults) - valid_from
        _add(faults, length.notna() & (length != pd.Timedelta(minutes=delivery.feed.step_minutes)), "interval_length")
    if "surplus_fields" in raw:
        _add(faults, raw["surplus_fields"].fillna("") != "", "surplus_fields")
    return Parsed(rows=rows, faults=faults)


def raw_texts(delivery: Delivery, index: pd.Index) -> pd.Series:
    """Each row as delivered, as a JSON object of texts; null where nothing was."""
    rows = delivery.rows.loc[index]
    texts = rows.astype(str).astype(object).where(rows.notna(), None).to_dict("records")
    return pd.Series([json.dumps(row, ensure_ascii=False) for row in texts], index=index, dtype=object)


def fingerprints(delivery: Delivery, surplus: pd.Series) -> pd.Series:
    """Digest of feed and content of each row, by which a refused one is known again.

    ``surplus`` says of each row why it is one too many, empty if it is not, so that a refused twin is not taken for the
    row that stayed.
    """
    name = delivery.feed.name
    texts = raw_texts(delivery, surplus.index) + surplus
    return texts.map(lambda text: hashlib.sha256(f"{name}\n{text}".encode()).hexdigest()[:32]).astype(object)


def _with_plain_names(delivery: Delivery) -> pd.DataFrame:
    """Rows under lower-case names with underscores."""
    raw = delivery.rows.rename(columns=lambda name: str(name).strip().lower().replace(" ", "_"))
    doubled = sorted({name for name in raw.columns if list(raw.columns).count(name) > 1})
    if doubled:
        raise ColumnFaultError(f"columns that mean the same: {', '.join(doubled)}")
    return raw


def _one_of(raw: pd.DataFrame, names: tuple[str, ...], meaning: str, *, optional: bool = False) -> str:
    found = [name for name in names if name in raw]
    if len(found) > 1:
        raise ColumnFaultError(f"columns that mean the same: {', '.join(found)}")
    if not found and not optional:
        has = ", ".join(map(str, raw.columns)) or "none"
        raise ColumnFaultError(f"no column for {meaning}: expected one of {', '.join(names)}; has {has}")
    return found[0] if found else ""


def _parse_stamps(stamps: pd.Series, naive_zone: ZoneInfo | None, faults: pd.Series) -> pd.Series:
    """UTC instants; a stamp without a zone is read in `naive_zone`, and never in its repeated or skipped hour."""
    if isinstance(stamps.dtype, pd.DatetimeTZDtype):
        parsed = stamps.dt.tz_convert("UTC").dt.as_unit("us")
        _add(faults, parsed.isna(), "missing_stamp")
        return parsed
    text = _texts(stamps)
    is_zoned = text.str.contains(HAS_ZONE, regex=True)
    parsed = pd.to_datetime(text.where(is_zoned), format="ISO8601", utc=True, errors="coerce").dt.as_unit("us")
    naive = pd.to_datetime(text.mask(is_zoned), format="ISO8601", utc=True, errors="coerce").dt.tz_localize(None)
    if naive.notna().any():
        if naive_zone is None:
            _add(faults, naive.notna(), "stamp_without_zone")
        else:
            local = naive.dt.tz_localize(naive_zone, ambiguous="NaT", nonexistent="NaT").dt.tz_convert("UTC")
            skipped = naive.dt.tz_localize(naive_zone, ambiguous=True, nonexistent="NaT").isna()
            _add(faults, naive.notna() & skipped, "stamp_in_skipped_hour")
            _add(faults, naive.notna() & local.isna() & ~skipped, "stamp_in_repeated_hour")
            parsed = parsed.fillna(local.dt.as_unit("us"))
    _add(faults, text == "", "missing_stamp")
    _add(faults, parsed.isna() & naive.isna() & (text != ""), "unreadable_stamp")
    is_implausible = (parsed < PLAUSIBLE_STAMPS[0]) | (parsed >= PLAUSIBLE_STAMPS[1])
    _add(faults, is_implausible, "implausible_stamp")
    return parsed.mask(is_implausible)


def _texts(column: pd.Series) -> pd.Series:
    """Trimmed texts; empty where a value is missing, however that is written."""
    text = column.astype(object).where(column.notna(), "").astype(str).str.strip()
    return text.mask(text.isin(MISSING), "")


def _parse_numbers(column: pd.Series, faults: pd.Series, what: str) -> np.ndarray:
    if column.dtype.kind in "iuf":
        numbers = column.to_numpy(np.float64)
        is_missing = np.isnan(numbers)
    else:
        text = _texts(column)
        numbers = pd.to_numeric(text, errors="coerce").to_numpy(np.float64)
        is_missing = (text == "").to_numpy()
    _add(faults, is_missing, f"missing_{what}")
    _add(faults, np.isnan(numbers) & ~is_missing, f"{what}_is_no_number")
    _add(faults, np.isinf(numbers), f"{what}_is_infinite")
    return numbers


def _or_zero(revision: pd.Series) -> pd.Series:
    """Return revisions with 0 where a source leaves the original's empty."""
    return revision.where(_texts(revision) != "", 0)


def _add(faults: pd.Series, where: "pd.Series | np.ndarray", reason: str) -> None:
    """Append a reason to the faults of some rows."""
    mask = np.asarray(where)
    if mask.any():
        faults[mask] = [f"{known},{reason}" if known else reason for known in faults[mask]]
