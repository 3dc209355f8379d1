"""The keys of the Triage page. `C` and `R` are Streamlit's own."""

from core.records.verdicts import Verdict

VERDICTS = {
    Verdict.ADVERSARIAL: "A",
    Verdict.MODEL_WRONG: "W",
    Verdict.FALSE_POSITIVE: "O",
    Verdict.NOT_A_SIGN: "N",
    Verdict.UNREADABLE: "U",
}
UNDO, LATER, BACK = "Z", "J", "K"
SIMILAR, GROUP, TILES = "B", "Shift+B", "T"
ALL_SIGNS, CLOSE = "G", "ESCAPE"
DECIDING = [*VERDICTS.values(), *"123456", UNDO, SIMILAR, GROUP, TILES, ALL_SIGNS]
MOVING = [LATER, BACK]
# Letters that go to a field, and the containers of these.
FIELDS = {"P": "triage_class", "M": "triage_note", "F": "triage_search"}
LEGEND = {
    "1-6": "true class",
    "P": "type it",
    "G": "all signs (Esc closes)",
    "A W O N U": "verdict",
    "M": "note",
    "B": "all similar",
    "Shift+B": "whole group",
    "T": "choose some",
    "J": "later",
    "K": "back",
    "Z": "undo",
    "F": "search",
}
