"""Whoever asks why somebody was not told gets a sentence, whatever the reason."""

import pytest

from services.notifier.core.accounting import sentence
from services.notifier.core.reasons import HOLDING, MUTING, Reason


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_has_a_sentence_of_its_own_for_each_way_it_ends(reason: Reason) -> None:
    states = [
        state
        for state, reasons in (("held", HOLDING), ("suppressed", {*Reason} - HOLDING | MUTING))
        if reason in reasons
    ]

    assert states
    for state in states:
        assert f"({reason})" not in sentence(state, reason, "", None, None, None)
