"""The pairs of records that may be one work, side by side: a judgement is on disk before the next pair is drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.table import Table
from rich.text import Text
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widgets import Static

from ..errors import MetareviewError
from .differences import compare

if TYPE_CHECKING:
    from ..services.duplicates import Judging, WaitingPair

KEYS = "s same  d different  l later  u undo  n next  p back  f reason  ? help  q quit"
FIELDS = (
    "title", "authors", "year", "journal", "volume", "number", "pages", "doi", "abstract", "keywords", "isbn", "issn", "url",
    "language", "type",
)  # fmt: skip
HELP = """\
Are the two records one work? Your answer is on disk before the next pair is shown.

  s            the same work: merge them
  d            different works: keep them apart
  l            later: leave this pair and go on; it waits for another time
  u            undo: take back your last answer (recorded as a new event)
  n  →         next pair, also one you have answered
  p  ←         previous pair
  f            only pairs with one reason; again for the next reason
  ↑ ↓ space    scroll; page up and page down, home and end too
  q            quit; duplicates are then found anew, once

Between the two values stands how they compare:
  =  the same          ~  but for capitals, spaces and punctuation
  ≠  other words       ·  only one record has it
Words that differ are in bold and underlined.

Press ? or n to go back to the pair."""


class DuplicatesApp(App[None]):
    """The screen over one judging session; it ends with `q`, and never deduplicates itself."""

    ENABLE_COMMAND_PALETTE = False
    TITLE = "Duplicates"
    CSS = """
    Screen { layout: vertical; }
    #head { width: 100%; height: 1; text-style: bold reverse; padding: 0 1; }
    #why { height: auto; max-height: 6; padding: 0 1; }
    #ids { height: auto; padding: 0 1; border-top: solid $primary; text-style: bold; }
    #body { height: 1fr; scrollbar-gutter: stable; scrollbar-size-vertical: 1; padding: 0 0 0 1; border-bottom: solid $primary; }
    #pair { height: auto; }
    #note { height: auto; max-height: 3; padding: 0 1; text-style: bold; }
    #keys { height: auto; padding: 0 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("s", "judge(True)", "same"),
        Binding("d", "judge(False)", "different"),
        Binding("l", "later", "later"),
        Binding("u", "undo", "undo"),
        Binding("n,right", "move(1)", "next", priority=True),
        Binding("p,left", "move(-1)", "previous", priority=True),
        Binding("f", "reason", "reason"),
        Binding("question_mark", "help", "help"),
        Binding("q,ctrl+c,ctrl+q", "quit", "quit", priority=True),
        Binding("down,j", "scroll('down')", show=False),
        Binding("up,k", "scroll('up')", show=False),
        Binding("pagedown,space", "scroll('page_down')", show=False),
        Binding("pageup", "scroll('page_up')", show=False),
        Binding("home", "scroll('home')", show=False),
        Binding("end", "scroll('end')", show=False),
    ]

    def __init__(self, session: Judging) -> None:
        super().__init__()
        self.session = session
        self.kinds = ["", *dict.fromkeys(p.kind for p in session.pairs)]
        self.kind = ""
        self.at = 0
        self.later: set[int] = set()
        self.helping = False

    @property
    def shown(self) -> list[int]:
        """The numbers of the pairs with the reason that was chosen."""
        return [n for n, p in enumerate(self.session.pairs) if self.kind in ("", p.kind)]

    @property
    def current(self) -> int | None:
        """The number of the pair that is shown; None past the last."""
        return self.shown[self.at] if self.at < len(self.shown) else None

    def compose(self) -> ComposeResult:
        """Lay out heading, reason, the two ids, the fields, a message and the keys."""
        yield Static(id="head", markup=False)
        yield Static(id="why", markup=False)
        yield Static(id="ids", markup=False)
        with VerticalScroll(id="body", can_focus=False):
            yield Static(id="pair", markup=False)
        yield Static(id="note", markup=False)
        yield Static(KEYS, id="keys", markup=False)

    def on_mount(self) -> None:
        """Show the first pair."""
        self.draw()

    def draw(self, note: str = "") -> None:
        """Show the current pair, the end of the list, or the help."""
        current = self.current
        pair = None if current is None or self.helping else self.session.pairs[current]
        self._put("head", self._heading())
        self._put("why", _why(pair) if pair else "")
        self._put("ids", _columns([("", pair.a.record_id, "", pair.b.record_id)]) if pair else "")
        self._put("pair", HELP if self.helping else _fields(pair) if pair else self._end())
        self._put("note", note or self._standing())
        self.query_one("#ids").display = pair is not None
        self.query_one("#why").display = pair is not None
        self.query_one("#note").display = bool(note or self._standing())
        self.query_one("#body", VerticalScroll).scroll_home(animate=False)

    def action_judge(self, same: bool) -> None:
        """Record a judgement, and only then show the next pair; one that is refused leaves the pair where it is."""
        current = self.current
        if current is None or self.helping:
            return
        pair, said = self.session.pairs[current], "the same" if same else "different"
        if self.session.judged.get(pair.ids) is same:
            return self.draw(f"judged {said} already")
        try:
            self.session.judge(current, same)
        except MetareviewError as error:
            return self.draw(f"not recorded: {error.message} {error.hint}")
        self.later.discard(current)
        self._go_on(f"on disk: {pair.a.record_id} and {pair.b.record_id} are {said}")

    def action_later(self) -> None:
        """Leave the pair for another time."""
        current = self.current
        if current is None or self.helping:
            return
        if self.session.pairs[current].ids not in self.session.judged:
            self.later.add(current)
        self._go_on("")

    def action_undo(self) -> None:
        """Take the last judgement back, on disk, and show its pair again."""
        try:
            undone = self.session.undo()
        except MetareviewError as error:
            return self.draw(f"not taken back: {error.message} {error.hint}")
        if undone is None:
            return self.draw("nothing to undo in this session")
        self.helping = False
        self.kind = self.kind if undone in self.shown else ""
        self.at = self.shown.index(undone)
        self.draw("taken back, on disk: this pair waits again")

    def action_move(self, by: int) -> None:
        """Go to the next or previous pair, judged or not."""
        if not self.helping:
            self.at = min(max(self.at + by, 0), len(self.shown))
        self.helping = False
        self.draw()

    def action_reason(self) -> None:
        """Show only the pairs with the next reason; after the last reason, all."""
        self.kind = self.kinds[(self.kinds.index(self.kind) + 1) % len(self.kinds)]
        self.at, self.helping = 0, False
        self.draw()

    def action_help(self) -> None:
        """Show the keys, or go back to the pair."""
        self.helping = not self.helping
        self.draw()

    def action_scroll(self, how: str) -> None:
        """Scroll the fields."""
        getattr(self.query_one("#body", VerticalScroll), f"scroll_{how}")(animate=False)

    def _go_on(self, note: str) -> None:
        """Show the next pair that nobody judged in this session."""
        rest = range(self.at + 1, len(self.shown))
        waiting = [at for at in rest if self.session.pairs[self.shown[at]].ids not in self.session.judged]
        self.at = waiting[0] if waiting else len(self.shown)
        self.draw(note)

    def _put(self, name: str, content: str | Text | Table) -> None:
        self.query_one(f"#{name}", Static).update(content)

    def _heading(self) -> str:
        total = len(self.shown)
        place = f"pair {self.at + 1} of {total}" if self.at < total else f"end of {total}"
        judged = len(self.session.judged)
        only = " with this reason" if self.kind else ""
        return f"{place}{only}, {judged} judged{f', {len(self.later)} later' if self.later else ''}"

    def _standing(self) -> str:
        """Tell how the pair was judged in this session."""
        if self.current is None or self.helping:
            return ""
        same = self.session.judged.get(self.session.pairs[self.current].ids)
        return "" if same is None else f"judged {'the same' if same else 'different'}; another answer replaces it"

    def _end(self) -> str:
        left = sum(self.session.pairs[n].ids not in self.session.judged for n in self.shown)
        of = " with this reason" if self.kind else ""
        told = f"{left} of {len(self.shown)} pairs{of} wait for another time." if left else f"Every pair{of} is judged."
        return f"{told}\n\nq quits, and finds duplicates anew; p goes back; u takes the last answer back; f shows other reasons."


def _columns(rows: list[tuple[str | Text, str | Text, str, str | Text]]) -> Table:
    """The two records side by side: name of the field, first value, how they compare, second value."""
    table = Table.grid(padding=(0, 1), expand=True)
    table.add_column(width=8, overflow="fold", style="dim")
    table.add_column(ratio=1, overflow="fold")
    table.add_column(width=1)
    table.add_column(ratio=1, overflow="fold")
    for name, first, sign, second in rows:
        table.add_row(*(Text(x) if isinstance(x, str) else x for x in (name, first, sign, second)))
    return table


def _fields(pair: WaitingPair) -> Table:
    """All fields of the two records, and where each comes from."""
    rows: list[tuple[str | Text, str | Text, str, str | Text]] = []
    for name in FIELDS:
        first, second = _text(getattr(pair.a, name)), _text(getattr(pair.b, name))
        if first or second:
            marked, sign, other = compare(first, second)
            rows.append((name, marked, sign, other))
    origins = ((pair.a, pair.from_a, pair.copies_a), (pair.b, pair.from_b, pair.copies_b))
    rows.append(("source", *_beside([f"{o.source}, {o.date}" for _, o, _ in origins])))
    rows.append(("export", *_beside([f"{o.file.rpartition('/')[2]} line {r.line}" for r, o, _ in origins])))
    if pair.copies_a or pair.copies_b:
        rows.append(("merged", *_beside([", ".join(c) for _, _, c in origins])))
    return _columns(rows)


def _beside(values: list[str]) -> tuple[str, str, str]:
    return values[0], "", values[1]


def _why(pair: WaitingPair) -> Text:
    """Why nobody is sure, and how alike the records are."""
    text = Text(pair.why)
    if pair.likeness:
        order = sorted(pair.likeness, key=lambda name: FIELDS.index(name) if name in FIELDS else len(FIELDS))
        text.append("\nalike: ").append(", ".join(_alike(name, pair.likeness[name]) for name in order))
    return text


def _alike(name: str, value: float) -> str:
    if name in ("title", "authors", "abstract"):
        return f"{name} {value:.2f}"
    if name == "year":
        return f"{value:.0f} years apart" if value > 1 else "a year apart" if value else "year agrees"
    return f"{name} {'agrees' if value > 0 else 'differs'}"


def _text(value: object) -> str:
    return "; ".join(value) if isinstance(value, tuple) else "" if value is None else str(value)
