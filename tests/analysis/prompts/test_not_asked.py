"""Phases of kind stall and talk ask their first target; the report names those that were not asked."""

from dataclasses import replace

from analysis.files.plan import PlannedStall, PlannedTalk
from analysis.prompts.finding import not_asked
from analysis.prompts.stall.finding import found_in as stall_found
from analysis.prompts.talk.finding import found_in as talk_found


def test_only_targets_that_were_not_asked_are_named() -> None:
    assert not_asked(("A",), ("A",)) == ()
    assert not_asked(("A", "B"), ("A", "B")) == ()
    assert not_asked(("A", "B", "C"), ("A",)) == ("Only A was asked, not B, C: a run of its own for each.",)


def test_the_findings_say_it() -> None:
    stall = PlannedStall("stall", ("A", "B"))
    assert any("not B" in note for note in stall_found(stall, [], {}).notes)
    beside = replace(stall, newcomer="B")
    assert not any("not B" in note for note in stall_found(beside, [], {}).notes)
    assert any("not B" in note for note in talk_found(PlannedTalk("talk", ("A", "B")), []).notes)
