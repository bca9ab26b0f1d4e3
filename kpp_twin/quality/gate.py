"""The gate: new rows are admitted, quarantined with their reason, or the whole delivery is refused."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from kpp_twin.errors import QualityBlockedError
from kpp_twin.feeds import Feed
from kpp_twin.quality.measures import measure
from kpp_twin.quality.parsing import ColumnFaultError, Parsed, fingerprints, parse, parse_starts, raw_texts
from kpp_twin.quality.suites import Verdict, feed_rules, judge
from kpp_twin.records import Checked, Delivery, Seen

RESULT_COLUMNS = ("subject", "rule", "action", "expectation", "rows_checked", "rows_failed", "passed", "evidence")
MAX_BAD_SHARE = 0.5
MIN_ROWS_FOR_SHARE = 24
CONFLICT, IDENTICAL, CORRECTION = "conflicting_stamp", "identical_duplicate", "correction"


@dataclass(frozen=True, slots=True, kw_only=True)
class GateSettings:
    """What the gate needs to know of the site."""

    zone: ZoneInfo
    naive_zone: ZoneInfo | None
    rated_load_kw: float
    currency: str


class RefusedError(QualityBlockedError):
    """A refused delivery, with its new rows as JSON texts: none of them may be lost."""

    def __init__(self, fault: str, *, feed: Feed, rows: pd.Series, place: str, next_step: str) -> None:
        super().__init__(fault, place=place, next_step=next_step)
        self.feed, self.rows = feed, rows


def check(
    delivery: Delivery, seen: Seen, *, as_of: datetime, previous_as_of: datetime | None, site: GateSettings
) -> Checked:
    """Judge what a delivery brings that is new and can have been known at ``as_of``.

    Raises
    ------
    RefusedError
        A blocking rule failed; it carries the delivery's rows.
    """
    feed = delivery.feed
    if delivery.faults:
        raise _refusal(delivery, delivery.rows.index, "; ".join(delivery.faults), "correct the file and run again")
    try:
        starts = parse_starts(delivery, naive_zone=site.naive_zone)
        due = _part(delivery, starts.index[_is_due(starts, feed, seen.since, as_of, site.zone)])
        parsed = parse(due, naive_zone=site.naive_zone)
    except ColumnFaultError as fault:
        if not len(delivery.rows) and not feed.required:
            return _checked(delivery, pd.DataFrame(columns=["reason"]), (), as_of=as_of, site=site)
        raise _refusal(delivery, delivery.rows.index, str(fault), "correct the header and run again") from fault
    rows = _new_rows(parsed, due, seen)
    if not len(rows):
        return replace(_checked(delivery, rows, (), as_of=as_of, site=site), source_ends=_last(starts))
    good = rows[rows["reason"] == ""]
    measured = measure(good, seen.latest, feed, zone=site.zone, rated_load_kw=site.rated_load_kw)
    rules = feed_rules(feed, rated_load_kw=site.rated_load_kw)
    verdicts = judge(measured, rules) if len(measured) else ()
    for verdict in verdicts:
        failed = measured.index[list(verdict.failed)]
        if len(failed) and verdict.rule.action == "block":
            raise _refusal(delivery, rows.index, _describe(verdict, measured.loc[failed]), verdict.rule.next_step)
        _note(rows, failed, "reason" if verdict.rule.action == "quarantine" else "flags", verdict.rule.name)
    _refuse_mostly_bad(delivery, rows)
    rows["known_at"] = _known_at(rows["valid_from"], feed, as_of, previous_as_of, site.zone)
    checked = _checked(delivery, rows, verdicts, as_of=as_of, site=site)
    same_stamps = parsed.rows.index[parsed.rows["valid_from"].isin(rows["valid_from"])]
    return replace(checked, delivery=_part(delivery, same_stamps), source_ends=_last(starts))


def _is_due(starts: pd.Series, feed: Feed, since: datetime | None, as_of: datetime, zone: ZoneInfo) -> pd.Series:
    """Tell which rows lie in the look-back window and can be known at ``as_of``; a row without a stamp always is."""
    is_due = starts < pd.Timestamp(as_of + timedelta(days=3))
    if since is not None:
        is_due &= starts >= pd.Timestamp(since)
    is_due[is_due] = feed.known_at(starts[is_due], zone) <= pd.Timestamp(as_of)
    return is_due | starts.isna()


def _new_rows(parsed: Parsed, delivery: Delivery, seen: Seen) -> pd.DataFrame:
    """Rows that were not taken in before.

    The parsed columns, and: reason (why the row cannot be admitted), flags (what was found on it), is_correction.
    """
    rows = parsed.rows.assign(reason=parsed.faults, flags="")
    _settle_duplicates(rows)
    is_good, is_surplus = rows["reason"] == "", _surplus(rows) != ""
    held = seen.latest.set_index(["series", "valid_from"])["value"]
    held_value = held.reindex(pd.MultiIndex.from_frame(rows[["series", "valid_from"]])).to_numpy()
    rows["is_correction"] = is_good & ~np.isnan(held_value)
    version = ["series", "valid_from", "value"]
    was_admitted = pd.MultiIndex.from_frame(rows[version]).isin(pd.MultiIndex.from_frame(seen.versions[version]))
    rows = rows[~((is_good & (held_value == rows["value"])) | (is_surplus & was_admitted))]
    was_refused = fingerprints(delivery, _surplus(rows)).isin(seen.refused)
    return rows[~was_refused].copy()


def _settle_duplicates(rows: pd.DataFrame) -> None:
    """Of rows with one stamp the highest revision stays, else the first; the others are surplus (DQ-06)."""
    good = rows[rows["reason"] == ""]
    ordered = good.sort_values("revision", ascending=False, kind="stable")
    surplus = ordered.index[ordered.duplicated(["series", "valid_from"], keep="first")]
    if len(surplus):
        is_conflict = good.groupby(["series", "valid_from"])["value"].transform("nunique") > 1
        rows.loc[surplus, "reason"] = np.where(is_conflict[surplus], CONFLICT, IDENTICAL)
        rows.loc[good.index[is_conflict], "flags"] = CONFLICT


def _surplus(rows: pd.DataFrame) -> pd.Series:
    """Why a row is surplus; empty if it is not."""
    return rows["reason"].where(rows["reason"].isin([CONFLICT, IDENTICAL]), "")


def _note(rows: pd.DataFrame, where: pd.Index, column: str, finding: str) -> None:
    """Append a finding to a comma-separated column of some rows."""
    known = rows.loc[where, column]
    rows.loc[where, column] = known.where(known == "", known + ",") + finding


def _known_at(
    valid_from: pd.Series, feed: Feed, as_of: datetime, previous_as_of: datetime | None, zone: ZoneInfo
) -> pd.Series:
    """Publication time, or ``as_of`` for a row that came after a cycle which should have had it: it did not know it."""
    published = feed.known_at(valid_from.dropna(), zone).reindex(valid_from.index)
    now = pd.Timestamp(as_of).as_unit("us")
    if previous_as_of is None:
        return published.fillna(now)
    return published.where(published > pd.Timestamp(previous_as_of), now)


def _refuse_mostly_bad(delivery: Delivery, rows: pd.DataFrame) -> None:
    bad = rows.loc[~rows["reason"].isin(["", CONFLICT, IDENTICAL]), "reason"]
    if len(rows) >= MIN_ROWS_FOR_SHARE and len(bad) > MAX_BAD_SHARE * len(rows):
        common = bad.value_counts()
        first = delivery.origins[bad.index[0]]
        fault = (
            f"{len(bad)} of {len(rows)} new rows are bad, mostly {common.index[0]} ({common.iloc[0]}), first {first}"
        )
        raise _refusal(delivery, rows.index, fault, _HELP.get(common.index[0], "correct the file and run again"))


_HELP = {
    "stamp_without_zone": "write stamps with their zone (2021-10-14T06:00Z), or set KPP_TWIN__NAIVE_STAMPS_ZONE",
    "value_is_no_number": "write numbers with a decimal point and no unit",
}


def _describe(verdict: Verdict, failed: pd.DataFrame) -> str:
    rule, first = verdict.rule, failed.iloc[0]
    bounds = " to ".join("" if b is None else f"{b:.4g}" for b in (rule.minimum, rule.maximum))
    return (
        f"rule {rule.name} failed for {len(failed)} row(s) of {first['series']} "
        f"from {first['valid_from']:%Y-%m-%dT%H:%MZ}: {rule.column} {first[rule.column]:.4g} is outside {bounds}"
    )


def _refusal(delivery: Delivery, index: pd.Index, fault: str, next_step: str) -> RefusedError:
    return RefusedError(
        f"the {delivery.feed.name} delivery was refused: {fault}",
        feed=delivery.feed,
        rows=raw_texts(delivery, index) if len(index) else pd.Series(dtype=object),
        place=f"{delivery.source}/, feed {delivery.feed.name}",
        next_step=next_step,
    )


def _checked(
    delivery: Delivery, rows: pd.DataFrame, verdicts: Sequence[Verdict], *, as_of: datetime, site: GateSettings
) -> Checked:
    """Split the judged rows, and write down every rule's verdict."""
    is_good = rows["reason"] == ""
    return Checked(
        feed=delivery.feed,
        admitted=_admitted(rows[is_good], delivery, site.currency),
        quarantined=_quarantined(rows[~is_good], delivery, as_of),
        results=_results(delivery.feed, rows, verdicts),
        delivery=_part(delivery, rows.index),
    )


def _part(delivery: Delivery, index: pd.Index) -> Delivery:
    """Return some rows of a delivery."""
    return replace(delivery, rows=delivery.rows.loc[index], origins=delivery.origins.loc[index])


def _last(valid_from: pd.Series) -> datetime | None:
    last = valid_from.max()
    return None if pd.isna(last) else last.to_pydatetime()


def _admitted(rows: pd.DataFrame, delivery: Delivery, currency: str) -> pd.DataFrame:
    feed = delivery.feed
    if not len(rows):
        return pd.DataFrame()
    rows = rows.copy()
    _note(rows, rows.index[rows["is_correction"]], "flags", CORRECTION)
    files = delivery.origins.loc[rows.index].str.rsplit(":", n=1).str[0]
    admitted = pd.DataFrame(
        {
            "series": rows["series"],
            "valid_from": rows["valid_from"],
            "duration_minutes": feed.step_minutes,
            "known_at": rows["known_at"],
            feed.value_column: rows["value"],
            "source": f"{delivery.source}/" + files,
            "flags": rows["flags"],
        }
    )
    if feed.name == "price":
        admitted["currency"] = currency
    return admitted.sort_values(["valid_from", "series"], ignore_index=True)


def _quarantined(rows: pd.DataFrame, delivery: Delivery, as_of: datetime) -> pd.DataFrame:
    if not len(rows):
        return pd.DataFrame()
    return pd.DataFrame(
        {
            "feed": delivery.feed.name,
            "reason": rows["reason"],
            "origin": delivery.origins.loc[rows.index],
            "raw": raw_texts(delivery, rows.index),
            "fingerprint": fingerprints(delivery, _surplus(rows)),
            "valid_from": rows["valid_from"],
            "known_at": pd.Timestamp(as_of),
        }
    ).reset_index(drop=True)


def _results(feed: Feed, rows: pd.DataFrame, verdicts: Sequence[Verdict]) -> pd.DataFrame:
    """One row per rule; the parse and duplicate findings, made before the suite, come first."""
    if not len(rows):
        return pd.DataFrame(columns=list(RESULT_COLUMNS))
    by_suite = {verdict.rule.name for verdict in verdicts}
    early = rows.loc[rows["reason"] != "", "reason"].str.split(",").explode()
    early = early[~early.isin(by_suite)]
    lines = [
        (feed.name, reason, "quarantine", "parse", len(rows), int(n), False, "")
        for reason, n in early.value_counts(sort=False).items()
    ] or [(feed.name, "types_and_duplicates", "quarantine", "parse", len(rows), 0, True, "")]
    lines += [
        (
            feed.name,
            v.rule.name,
            v.rule.action,
            v.expectation,
            v.rows_checked,
            len(v.failed),
            not v.failed,
            v.evidence,
        )
        for v in verdicts
    ]
    return pd.DataFrame(lines, columns=list(RESULT_COLUMNS))
