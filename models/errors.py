"""Why a forecaster cannot speak; the next tier then does, with the reason."""


class TooLittleTrainingError(ValueError):
    """Too few days to fit on, or to judge."""


class MissingInputError(ValueError):
    """Too little is known at the issue for some interval."""


class WeightsError(ValueError):
    """Stored numbers do not make the forecaster that they say they are; all faults in one message."""


class TooLittleHistoryError(ValueError):
    """Not even a naive forecast finds an earlier value for some interval."""
