import highspy
import pytest

from kpp_twin.market.dispatch.solver_options import OPTIONS, RESCUES


@pytest.mark.parametrize("options", [OPTIONS, *RESCUES])
def test_the_solver_knows_every_option_and_value(options):
    solver = highspy.Highs()
    solver.setOptionValue("output_flag", False)
    for name, value in options.items():
        assert solver.setOptionValue(name, value) == highspy.HighsStatus.kOk, name


def test_what_a_rescue_changes_is_set_back_by_the_usual_options():
    for options in RESCUES:
        assert options.keys() - {"simplex_strategy"} <= OPTIONS.keys()
