import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.naming import content_name

PARAMETERS = {"recipe": "ensemble-1", "families": ["lasso", "trees"], "alpha": 0.5}
WEIGHTS = {"lasso.coefficients": np.arange(6.0).reshape(2, 3), "trees.split": np.array([1.5])}


def name(parameters: dict = PARAMETERS, weights: dict = WEIGHTS) -> str:
    return content_name("price", "HB_HOUSTON", "ensemble", parameters, weights)


def test_a_name_says_what_it_is_and_ends_in_a_digest() -> None:
    assert name() == "price-HB_HOUSTON-ensemble-e821899280"


def test_the_order_of_keys_does_not_count() -> None:
    assert name(dict(reversed(PARAMETERS.items())), dict(reversed(WEIGHTS.items()))) == name()


def test_how_an_array_lies_in_memory_does_not_count() -> None:
    turned = {**WEIGHTS, "lasso.coefficients": np.asfortranarray(WEIGHTS["lasso.coefficients"]).astype(">f8")}
    assert name(weights=turned) == name()
    assert name(weights={**WEIGHTS, "trees.split": np.array([-0.0])}) == name(
        weights={**WEIGHTS, "trees.split": np.array([0.0])}
    )


@given(st.integers(0, 5), st.integers(0, 62))
def test_any_bit_of_a_weight_changes_the_name(place: int, bit: int) -> None:
    changed = WEIGHTS["lasso.coefficients"].copy()
    changed.view(np.int64).ravel()[place] ^= 1 << bit
    assert name(weights={**WEIGHTS, "lasso.coefficients": changed}) != name()


@pytest.mark.parametrize(
    ("parameters", "weights"),
    [
        ({**PARAMETERS, "alpha": 0.5000000001}, WEIGHTS),
        (PARAMETERS, {**WEIGHTS, "lasso.coefficients": WEIGHTS["lasso.coefficients"].reshape(3, 2)}),
        (PARAMETERS, {"lasso.coefficients": WEIGHTS["lasso.coefficients"]}),
        (PARAMETERS, {"a": WEIGHTS["lasso.coefficients"], "trees.split": WEIGHTS["trees.split"]}),
    ],
)
def test_parameters_shapes_and_names_count(parameters: dict, weights: dict) -> None:
    assert name(parameters, weights) != name()


def test_series_and_methods_have_digests_of_their_own() -> None:
    ends = {content_name(v, s, m, {}, {})[-10:] for v in ("price", "load") for s in ("A", "B") for m in ("x", "y")}
    assert len(ends) == 8


def test_another_process_gives_the_same_name() -> None:
    code = "from models.naming import content_name; print(content_name('load', 'SITE', 'x', {'b': 1, 'a': [2]}, {}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == content_name("load", "SITE", "x", {"a": [2], "b": 1}, {})


@pytest.mark.parametrize("value", [float("nan"), object()])
def test_a_parameter_that_json_cannot_hold_is_refused(value: object) -> None:
    with pytest.raises((TypeError, ValueError)):
        name({"alpha": value})
