"""What stops a forecaster is a ValueError of its own kind, so that the next tier can be asked by kind."""

import pytest

from models.errors import MissingInputError, TooLittleHistoryError, TooLittleTrainingError, WeightsError

KINDS = (MissingInputError, TooLittleHistoryError, TooLittleTrainingError, WeightsError)


@pytest.mark.parametrize("kind", KINDS)
def test_each_is_a_value_error_and_none_is_another(kind: type[ValueError]) -> None:
    assert [other for other in (*KINDS, ValueError) if issubclass(kind, other)] == [kind, ValueError]
