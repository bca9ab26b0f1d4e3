"""An error names the fault, the place and the next step, and carries its exit code."""

import pickle

import pytest

from kpp_twin import errors
from kpp_twin.errors import TwinError, faults_of

CLASSES = [item for item in vars(errors).values() if isinstance(item, type) and issubclass(item, TwinError)]


@pytest.mark.parametrize("error_class", CLASSES, ids=lambda c: c.__name__)
def test_an_error_tells_fault_place_and_next_step(error_class: type[TwinError]) -> None:
    error = error_class("3 rows are bad", place="load.csv:7", next_step="correct the file")
    assert str(error) == "3 rows are bad [load.csv:7]. Next: correct the file"
    assert (error.fault, error.place, error.next_step) == ("3 rows are bad", "load.csv:7", "correct the file")
    with pytest.raises(TwinError):
        raise error


@pytest.mark.parametrize("error_class", CLASSES, ids=lambda c: c.__name__)
def test_place_and_next_step_cannot_be_forgotten(error_class: type[TwinError]) -> None:
    with pytest.raises(TypeError, match="place"):
        error_class("3 rows are bad")  # type: ignore[call-arg]


def test_exit_codes_are_those_of_the_command_line() -> None:
    codes = {item.__name__: item.exit_code for item in CLASSES if item.exit_code != 1}
    assert codes == {"ConfigError": 2, "IncompleteError": 3, "QualityBlockedError": 4, "StoreBusyError": 5}


@pytest.mark.parametrize("kind", [TwinError, *TwinError.__subclasses__()])
def test_an_error_survives_the_way_to_another_process(kind: type[TwinError]) -> None:
    error = kind("held", place="store", next_step="wait")
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is kind
    assert (str(again), again.place, again.exit_code) == (str(error), "store", kind.exit_code)


def test_faults_are_told_with_their_place_or_the_whole() -> None:
    errors = [{"loc": ("plant", "floaters"), "msg": "too few"}, {"loc": (), "msg": "cannot be"}]
    assert faults_of(errors, "site") == ["plant.floaters: too few", "site: cannot be"]
