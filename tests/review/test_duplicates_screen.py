"""The screen of unsure pairs: what it shows, what its keys do, and that an answer is on disk before the next pair."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from small_review import DATE, MARA, A, B, hashes, lay_out, ris, run
from textual.pilot import Pilot

from metareview.cli import cmd_dedupe
from metareview.folder import ReviewFolder
from metareview.literature.events import REOPENED
from metareview.services import dedupe, duplicates, imports
from metareview.services.duplicates import Judging
from metareview.services.state import load_state
from metareview.tui.duplicates import DuplicatesApp

ABSTRACT = "Gardens were laid out in forty vacant courts, chosen with residents; crime fell by nine per cent. " * 6
COURTS = "Community gardens in vacant courts: a matched comparison"
PATROL = "Foot patrols around the central market: a street-level experiment"
PARKS = "Pocket parks and how residents feel about them"
ALPHA = (
    (
        "Oduya, P.|Meyer, K.",
        COURTS,
        "2017",
        "Places and People",
        "4",
        "101",
        "10.5555/courts",
        ABSTRACT + "Upkeep decides.",
    ),
    ("Silva, R.", PATROL, "2019", "Policing Places", "8", "7", "10.5555/patrol", "Patrols were assigned by lot."),
    ("Lund, H.", PARKS, "2021", "Green Towns", "9", "12", "10.5555/parks", "Residents answered."),
)
BETA = (
    (
        "Oduya, Peter|Meyer, K.",
        COURTS,
        "2018",
        "SocArXiv",
        "",
        "",
        "10.31235/osf.io/courts",
        ABSTRACT + "Upkeep matters.",
    ),
    ("Silva, R.", PATROL, "2019", "Market Safety Meeting", "", "", "10.5555/meeting", "Patrols were assigned by lot."),
    (
        "Lund, H.",
        PARKS.title() + ".",
        "2021",
        "Meeting on Health and Places",
        "",
        "",
        "10.5555/health",
        "Residents answered.",
    ),
)
PREPRINT, VERSIONS = (
    "One is a preprint, the other the published article.",
    "Title and authors are alike, but the DOIs differ",
)
PAIRS = [(f"{A}:000{i}", f"{B}:000{i}") for i in (1, 2, 3)]
Drive = Callable[[DuplicatesApp, Pilot[None]], Awaitable[None]]


def three_pairs(root: Path) -> ReviewFolder:
    """A review with three pairs that wait: a preprint and two with other DOIs."""
    folder = lay_out(root / "review")
    for name, records in (("alpha", ALPHA), ("beta", BETA)):
        path = root / f"{name}.ris"
        path.write_text(ris(records), encoding="utf-8")
        imports.run(folder, [path], name, DATE, by=MARA)
    dedupe.run(folder, MARA)
    return folder


@pytest.fixture
def waiting(tmp_path: Path) -> ReviewFolder:
    folder = three_pairs(tmp_path)
    assert list(dedupe.waiting_pairs(load_state(folder))) == PAIRS
    return folder


def drive(folder: ReviewFolder, what: Drive, size: tuple[int, int] = (80, 24)) -> Judging:
    """Run the screen without a terminal, and return its session."""
    session = Judging(folder, MARA)
    app = DuplicatesApp(session)

    async def main() -> None:
        async with app.run_test(size=size) as pilot:
            await pilot.pause()
            await what(app, pilot)

    asyncio.run(main())
    return session


def lines(app: DuplicatesApp) -> list[str]:
    """What the screen shows, line by line."""
    return ["".join(segment.text for segment in strip) for strip in app.screen._compositor.render_strips()]


def events(folder: ReviewFolder) -> list[tuple[str, str, str]]:
    return [(e.kind, e.data["a"], e.data["b"]) for e in folder.events() if "a" in e.data]


@pytest.mark.parametrize("size", [(80, 24), (140, 40)])
def test_all_of_both_records_is_shown_side_by_side(waiting: ReviewFolder, size: tuple[int, int]) -> None:
    async def look(app: DuplicatesApp, pilot: Pilot[None]) -> None:
        top = lines(app)
        assert all(len(line) == size[0] for line in top) and len(top) == size[1]
        assert "pair 1 of 3, 0 judged" in top[0] and PREPRINT in top[1]
        assert "alike: title 1.00, authors 1.00, a year apart, journal differs, doi differs," in top[2]
        assert "s same  d different  l later  u undo  n next  p back  f reason  ? help  q quit" in top[-1]
        await pilot.press("end")
        await pilot.pause()
        shown = [*top, *lines(app)]
        wide = (size[0] - 14) // 2

        def side_by_side(name: str, a: str, sign: str, b: str) -> bool:
            rows = (" ".join(line.split()) for line in shown)
            return f"{name} {a[:wide]} {sign} {b[:wide]}".strip() in rows

        assert side_by_side("year", "2017", "≠", "2018") and side_by_side(
            "journal", "Places and People", "≠", "SocArXiv"
        )
        assert side_by_side("doi", "10.5555/courts", "≠", "10.31235/osf.io/courts") and side_by_side(
            "volume", "4", "·", ""
        )
        assert any(line.startswith(" abstract Gardens were laid out") for line in shown)
        sources = [" ".join(line.split()) for line in shown]
        assert f"source alpha, {DATE} beta, {DATE}" in sources
        assert f"export alpha-{DATE}.ris line 1 beta-{DATE}.ris line 1" in sources

    drive(waiting, look, size)


def test_words_that_differ_are_bold_and_underlined(waiting: ReviewFolder) -> None:
    async def look(app: DuplicatesApp, pilot: Pilot[None]) -> None:
        segments = [s for strip in app.screen._compositor.render_strips() for s in strip]
        marked = {s.text.strip() for s in segments if s.style and s.style.bold and s.style.underline}
        assert {"Places and People", "SocArXiv", "P.;", "Peter;"} <= marked and not {"Oduya,", "Meyer, K."} & marked

    drive(waiting, look)


@pytest.mark.parametrize(
    ("variable", "size"), [(("NO_COLOR", "1"), (30, 8)), (("TERM", "vt100"), (300, 60)), (("COLORTERM", ""), (80, 24))]
)
def test_no_colour_and_no_room_break_nothing(
    waiting: ReviewFolder, monkeypatch: pytest.MonkeyPatch, variable: tuple[str, str], size: tuple[int, int]
) -> None:
    monkeypatch.setenv(*variable)

    async def keys(app: DuplicatesApp, pilot: Pilot[None]) -> None:
        await pilot.press("question_mark", "space", "question_mark", "d", "f", "f", "l", "u", "q")

    assert drive(waiting, keys, size).judged == {}
    assert [kind for kind, *_ in events(waiting)] == ["literature.different", REOPENED]


def test_an_answer_is_on_disk_before_the_next_pair_is_drawn(
    waiting: ReviewFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[tuple[int | None, int]] = []
    draw = DuplicatesApp.draw

    def watched(app: DuplicatesApp, note: str = "") -> None:
        raw = b"".join(p.read_bytes() for p in waiting.journal.rglob("*.jsonl"))
        drawn.append((app.current, raw.count(b'"literature.same"') + raw.count(b'"literature.different"')))
        draw(app, note)

    monkeypatch.setattr(DuplicatesApp, "draw", watched)

    async def answer(app: DuplicatesApp, pilot: Pilot[None]) -> None:
        await pilot.press("s", "d", "s")

    session = drive(waiting, answer)
    assert drawn == [(0, 0), (1, 1), (2, 2), (None, 3)]
    assert session.judged == dict(zip(PAIRS, (True, False, True), strict=True))
    assert session.close().kept == 4 and not load_state(waiting).literature.stale


def test_undo_is_a_new_event_and_the_pair_waits_again(waiting: ReviewFolder) -> None:
    async def answer(app: DuplicatesApp, pilot: Pilot[None]) -> None:
        await pilot.press("u")
        assert "nothing to undo in this session" in lines(app)[-2]
        await pilot.press("s", "d")
        before = {p: p.read_bytes() for p in waiting.journal.rglob("*.jsonl")}
        await pilot.press("u")
        assert all(p.read_bytes().startswith(content) for p, content in before.items()), "the journal is only added to"
        assert "pair 2 of 3, 1 judged" in lines(app)[0] and "this pair waits again" in lines(app)[-2]
        await pilot.press("u")
        assert "pair 1 of 3, 0 judged" in lines(app)[0]
        await pilot.press("d")

    session = drive(waiting, answer)
    assert events(waiting) == [
        ("literature.same", *PAIRS[0]), ("literature.different", *PAIRS[1]), (REOPENED, *PAIRS[1]), (REOPENED, *PAIRS[0]),
        ("literature.different", *PAIRS[0]),
    ]  # fmt: skip
    session.close()
    state = load_state(waiting)
    assert set(state.literature.different) == {PAIRS[0]} and not state.literature.same
    assert list(dedupe.waiting_pairs(state)) == PAIRS[1:]


def test_moving_later_and_choosing_a_reason(waiting: ReviewFolder) -> None:
    async def move(app: DuplicatesApp, pilot: Pilot[None]) -> None:
        for key, place in (("right", 2), ("n", 3), ("left", 2), ("p", 1), ("p", 1), ("l", 2)):
            await pilot.press(key)
            assert f"pair {place} of 3, 0 judged" in lines(app)[0], key
        await pilot.press("f")
        assert "pair 1 of 1 with this reason, 0 judged, 1 later" in lines(app)[0] and PREPRINT in lines(app)[1]
        await pilot.press("f")
        assert "pair 1 of 2 with this reason" in lines(app)[0] and VERSIONS in lines(app)[1]
        await pilot.press("d", "l")
        assert "end of 2 with this reason, 1 judged, 2 later" in lines(app)[0]
        assert "1 of 2 pairs with this reason wait for another time." in " ".join(" ".join(lines(app)).split())
        await pilot.press("s", "l", "n")  # there is no pair to judge
        await pilot.press("f", "n")
        assert "judged different; another answer replaces it" in lines(app)[-2]
        await pilot.press("d")
        assert "judged different already" in lines(app)[-2]
        await pilot.press("s", "n", "n", "p", "p", "l")
        await pilot.press("s", "p", "p", "p", "s")
        assert "end of 3, 3 judged" in lines(app)[0] and "Every pair is judged." in lines(app)[1]

    session = drive(waiting, move)
    assert session.judged == dict.fromkeys(PAIRS, True)
    assert [kind for kind, *_ in events(waiting)] == ["literature.different", *["literature.same"] * 3]


def test_help_names_every_key_and_judges_nothing(waiting: ReviewFolder) -> None:
    async def ask(app: DuplicatesApp, pilot: Pilot[None]) -> None:
        await pilot.press("question_mark")
        told = "\n".join(lines(app))
        for key in ("s  ", "d  ", "l  ", "u  ", "n  ", "p  ", "f  ", "q  ", "bold and underlined"):
            assert f"\n {key}" in told or key in told
        await pilot.press("s", "d", "l")
        await pilot.press("question_mark")
        assert "pair 1 of 3, 0 judged" in lines(app)[0] and PREPRINT in lines(app)[1]

    before = hashes(waiting.root)
    assert drive(waiting, ask).judged == {} and hashes(waiting.root) == before


def test_an_answer_that_contradicts_earlier_ones_is_refused_and_the_pair_stays(
    waiting: ReviewFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other, third = f"{A}:0001", f"{A}:0003", f"{B}:0001"
    asked = {(one, other): "asked", (other, third): "asked", (one, third): "asked"}
    monkeypatch.setattr(duplicates, "waiting_pairs", lambda _: asked)

    async def answer(app: DuplicatesApp, pilot: Pilot[None]) -> None:
        await pilot.press("s", "s", "d")
        assert "pair 3 of 3, 2 judged" in lines(app)[0]
        assert "not recorded: people would contradict each other" in " ".join(" ".join(lines(app)).split())
        await pilot.press("s")

    assert drive(waiting, answer).judged == dict.fromkeys(asked, True)
    assert events(waiting) == [("literature.same", *pair) for pair in asked]


def test_a_full_disk_is_told_and_nothing_is_said_to_be_recorded(
    waiting: ReviewFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("metareview.journal.writing.write_whole", full)

    async def answer(app: DuplicatesApp, pilot: Pilot[None]) -> None:
        await pilot.press("s")
        assert "pair 1 of 3, 0 judged" in lines(app)[0]
        assert "No space left on device" in " ".join(" ".join(lines(app)).split())

    assert drive(waiting, answer).judged == {} and events(waiting) == []


KILLED = """
import asyncio, os, signal, sys
from pathlib import Path
from metareview.folder import ReviewFolder
from metareview.services.duplicates import Judging
from metareview.tui.duplicates import DuplicatesApp

draw = DuplicatesApp.draw

def dying(app, note=""):
    if app.current == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    draw(app, note)

DuplicatesApp.draw = dying

async def main():
    async with DuplicatesApp(Judging(ReviewFolder(Path(sys.argv[1])), sys.argv[2])).run_test() as pilot:
        await pilot.press("d")

asyncio.run(main())
"""


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is of POSIX")
def test_killed_as_the_second_pair_is_drawn_the_first_answer_is_kept(waiting: ReviewFolder) -> None:
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(waiting.root), MARA], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == -9, done.stderr
    assert events(waiting) == [("literature.different", *PAIRS[0])]
    assert "out of date" in run("dedupe", "review", "--as", MARA, "--review", waiting.root).err
    assert run("dedupe", "--as", MARA, "--review", waiting.root).code == 0
    assert [p.ids for p in Judging(waiting, MARA).pairs] == PAIRS[1:], "the rest waits"


# --- the command ------------------------------------------------------------------------------------------------


def test_on_a_terminal_the_screen_opens_and_duplicates_are_found_anew_once(
    waiting: ReviewFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def on_screen(app: DuplicatesApp) -> None:
        async def main() -> None:
            async with app.run_test() as pilot:
                await pilot.press("s", "d", "q")

        asyncio.run(main())

    monkeypatch.setattr(cmd_dedupe, "_on_terminal", lambda: True)
    monkeypatch.setattr(DuplicatesApp, "run", on_screen)
    before = len(waiting.events())
    done = run("dedupe", "review", "--as", MARA, "--review", waiting.root)
    assert done.code == 0 and "6 records, 1 merged into others, 5 kept" in done.out
    assert "2 pairs of 3 judged: 1 the same, 1 different" in done.err and "1 pair is unsure" in done.err
    assert [e.kind for e in waiting.events()[before:]] == [
        "literature.same", "literature.different", "literature.deduplicated"
    ]  # fmt: skip


@pytest.mark.parametrize("words", [("--plain",), ()])
def test_without_a_screen_the_questions_are_asked_line_by_line(
    waiting: ReviewFolder, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    monkeypatch.setattr(cmd_dedupe, "_on_terminal", lambda: bool(words))
    done = run("dedupe", "review", *words, "--reason", "PREPRINT", "--as", MARA, "--review", waiting.root, stdin="s\n")
    assert done.code == 0 and "pair 1 of 1: " + PREPRINT in done.out and "1 pair of 1 judged: 1 the same" in done.err
    assert events(waiting) == [("literature.same", *PAIRS[0])]


def test_a_dumb_terminal_or_a_pipe_is_no_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal:
        def isatty(self) -> bool:
            return True

    assert not cmd_dedupe._on_terminal()
    monkeypatch.setattr("sys.stdin", Terminal())
    monkeypatch.setattr("sys.stdout", Terminal())
    monkeypatch.setenv("TERM", "xterm")
    assert cmd_dedupe._on_terminal()
    monkeypatch.setenv("TERM", "dumb")
    assert not cmd_dedupe._on_terminal()
