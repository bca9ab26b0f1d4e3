"""Which version serves next when an operator promotes one or goes back."""

from collections.abc import Sequence
from datetime import datetime
from difflib import get_close_matches

from kpp_twin.errors import HistoryError
from kpp_twin.records import ModelVersion, Serving

N_NEAREST = 3


def promote(models: Sequence[ModelVersion], model_version: str, *, known_at: datetime) -> Serving:
    """Let a version serve its series from ``known_at`` until an operator chooses again.

    Raises
    ------
    HistoryError
        There is no such version; the message names the nearest.
    """
    by_name = {model.model_version: model for model in models}
    model = by_name.get(model_version)
    if model is None:
        nearest = get_close_matches(model_version, sorted(by_name), n=N_NEAREST, cutoff=0.0)
        raise HistoryError(
            f"there is no model version {model_version!r}",
            place=f"{len(by_name)} model version(s)",
            next_step=f"the nearest are {', '.join(nearest)}" if nearest else "train one: run a daily cycle",
        )
    return Serving(
        variable=model.variable,
        series=model.series,
        model_version=model.model_version,
        chosen_by="operator",
        known_at=known_at,
    )


def rollback(
    servings: Sequence[Serving], variable: str, series: str, *, known_at: datetime, models: Sequence[ModelVersion]
) -> Serving:
    """Return to the version that served before the newest change.

    After an operator's choice refits and trials go on from there; after one of those the earlier version stays until an
    operator chooses again.

    Parameters
    ----------
    servings
        All choices so far, oldest first.

    Raises
    ------
    HistoryError
        The series is not known, nothing served before, or the earlier version is gone.
    """
    rows = [row for row in servings if (row.variable, row.series) == (variable, series)]
    place = f"{variable} {series}"
    if not rows:
        known = sorted({f"{row.variable} {row.series}" for row in servings})
        raise HistoryError(
            f"nothing serves {place}",
            place=place,
            next_step=f"name one of: {', '.join(known)}" if known else "run a daily cycle first",
        )
    newest = rows[-1]
    earlier = [row for row in rows if row.model_version != newest.model_version]
    if not earlier:
        raise HistoryError(
            f"nothing served {place} before {newest.model_version}", place=place, next_step="promote a version instead"
        )
    target = earlier[-1].model_version
    if target not in {model.model_version for model in models}:
        raise HistoryError(f"{target} served before, but is gone", place=place, next_step="promote another version")
    return Serving(
        variable=variable,
        series=series,
        model_version=target,
        chosen_by="rollback" if newest.chosen_by == "operator" else "operator",
        known_at=known_at,
    )
