"""What can be submitted: the list of all trainings."""

from bridge.actions.training import Training

TRAININGS: dict[str, Training] = {}
"""By the procedure's full name."""
