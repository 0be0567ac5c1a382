"""What docs/api/python.md shows: `tests/languages/snippets.py` compares the two."""

from council import Keys, PIN


# quick start: begin
import visitbook


def record_a_visit(folder: str, keys: visitbook.HardwareKeys, code: str, pin: bytes) -> str:
    locked = visitbook.LockedBook.enrol(folder, keys, code, pin, "Rowan's phone")
    with visitbook.unlocked(locked, pin) as book:
        book.sync(visitbook.SyncCancel())
        wren = next(line.child for line in book.children() if line.name == "Wren")
        (visit,) = book.begin_visit([wren])
        book.set(visit, "seen", "yes")
        book.note(visit, "saw", "Wren made tea for all three of them.")
        book.voice(wren, visitbook.VoiceGiven(how="said", words="come to school pls"), visit)
        book.sync(visitbook.SyncCancel())
        return next(line.status.title for line in book.statuses() if line.record == visit)
# quick start: end


def test_ten_lines_record_a_visit(council, tmp_path):
    title = record_a_visit(str(tmp_path / "quick"), Keys(), council.code("W-ROWAN", "quick"), PIN)
    assert title.startswith("The council has it")
