"""The benchmark of one step compares like with like."""

import pytest

from benchmarks import sage_step


def test_both_programs_start_from_equal_weights_and_take_equal_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """On the real ratings, the first losses and, after a step of each, the next ones agree to 1e-4."""
    monkeypatch.setattr(sage_step, "FEATURES", 8)
    ours, theirs = sage_step.trainings()
    for _ in range(2):
        assert ours.step() == pytest.approx(theirs.step(), rel=1e-4)
