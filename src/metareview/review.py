"""The open review: one short method a verb, for notebooks and scripts; each calls the service the command line calls."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .folder import ReviewFolder, find_review

if TYPE_CHECKING:
    import pandas as pd

    from .effects.dependence.result import SamplingCovariance
    from .effects.explain import Explanation
    from .lessons.events import Judgement
    from .literature.merging import MergedRecord
    from .parallel import Progress
    from .protocol.loading import Mistake
    from .protocol.models import Protocol
    from .protocol.registration import Amendment, Registration
    from .provenance.lockfile import Comparison, Lock
    from .report.prisma import FlowCounts
    from .screening.agreement import Agreement
    from .services.analyze import AnalysisResult
    from .services.code import CodeImported
    from .services.dedupe import Deduplicated
    from .services.diagnose import Diagnosis
    from .services.imports import Imported
    from .services.lessons import Lessons
    from .services.report import Reported
    from .services.screen import Session
    from .services.search_log import LoggedSearch
    from .services.state import ReviewState
    from .services.status import Step
    from .services.versions import Version


def open_review(path: str | Path = ".") -> Review:
    """Open the review at `path` or above it.

    Raises:
        MetareviewError: no folder at or above holds `protocols/`.
    """
    return Review(find_review(path))


@dataclass(frozen=True)
class Review:
    """An open review. Every method reads the folder as it stands now; nothing is kept in between."""

    folder: ReviewFolder

    @property
    def protocol(self) -> Protocol:
        """The checked protocol."""
        return self.folder.protocol

    def state(self) -> ReviewState:
        """Fold the journal: records, decisions, coded rows."""
        from .services.state import load_state

        return load_state(self.folder)

    def records(self, search: str = "") -> pd.DataFrame:
        """Return the records, or those that match a full-text query, with where each stands."""
        import pandas as pd

        from .services.records import listing

        return pd.DataFrame([item.to_dict() for item in listing(self.folder, search)])

    def merged(self, record: str) -> MergedRecord:
        """Return what all copies of a record say together: each field with the rule and the copy that gave it."""
        from .services.records import merged

        return merged(self.folder, record)

    def check_protocol(self) -> list[Mistake]:
        """Return every mistake of the protocol with its line."""
        from .services.protocol import check

        return check(self.folder)

    def register(self, by: str | None = None, reason: str = "") -> Registration:
        """Register the protocol as it stands."""
        from .services.protocol import register

        return register(self.folder, by, reason)

    def amendments(self) -> list[Amendment]:
        """Return what changed since the protocol was registered."""
        from .services.protocol import list_amendments

        return list_amendments(self.folder)[1]

    def import_records(
        self,
        files: Sequence[str | Path],
        source: str,
        date: str,
        query: str = "",
        hits: int | Sequence[int] | None = None,
        by: str | None = None,
        limits: str = "",
        columns: Mapping[str, str] | None = None,
        progress: Callable[[str], Progress] | None = None,
    ) -> list[Imported]:
        """Import exports of one search."""
        from .services.imports import run

        paths = [Path(f) for f in files]
        return run(self.folder, paths, source, date, query, hits, by, limits, columns, progress)

    def searches(self) -> list[LoggedSearch]:
        """Return the search log: every search with its exports, and hits against records read."""
        from .services.search_log import searches

        return searches(self.folder)

    def dedupe(
        self,
        by: str | None = None,
        strictness: str = "default",
        *,
        workers: int = 1,
        cluster: str | None = None,
        progress: Progress | None = None,
    ) -> Deduplicated:
        """Merge records of one work."""
        from .services.dedupe import run

        return run(self.folder, by, strictness, workers=workers, cluster=cluster, progress=progress)

    def screen(self, stage: str = "title", by: str | None = None) -> Session:
        """Open a screening session: `next()`, `vote(...)`, `undo()`."""
        from .services.screen import Session

        return Session(self.folder, stage, by)  # type: ignore[arg-type]

    def agreement(self, stage: str = "title") -> list[Agreement]:
        """Return Cohen's kappa of every two screeners."""
        from .services.screen import agreement

        return agreement(self.folder, stage)  # type: ignore[arg-type]

    def code(self, form: str | Path, by: str | None = None) -> CodeImported:
        """Import a filled coding form."""
        from .services.code import import_form

        return import_form(self.folder, Path(form), by)

    def effects(self) -> pd.DataFrame:
        """Compute every coded effect."""
        from .services.effects import run

        return run(self.folder)

    def explain(self, name: str) -> list[Explanation]:
        """Return how the effects of a study, or one effect, were reached: the formula with its numbers."""
        from .services.effects import explain

        return [explanation for explanation, _ in explain(self.folder, name)]

    def dependence(self, **roles: str | None) -> pd.DataFrame:
        """Return what is coded about the dependence between effects; a role may be given another column."""
        from .services.effect_tables import dependence

        return dependence(self.folder, roles)

    def covariance(self, measure: str | None = None, **assumed: Any) -> SamplingCovariance:
        """Return the sampling covariances of effects; `assumed` as for `sampling_covariance` (`rho_study=0.6`)."""
        from .services.effect_tables import covariance

        return covariance(self.folder, measure, **assumed)

    def absolute(self, baseline: float | None = None) -> pd.DataFrame:
        """Read ratios as crimes avoided a year, at the baselines coded or one given per 1,000 residents a year."""
        from .services.absolute import run_absolute

        return run_absolute(self.folder, baseline=baseline)

    def analyze(self, *names: str) -> dict[str, AnalysisResult]:
        """Run the planned analyses, all or those named."""
        from .services.analyze import run

        return run(self.folder, names)

    def diagnose(
        self,
        analysis: str,
        method: str,
        *,
        group: str = "",
        moderators: str = "",
        workers: int = 1,
        cluster: str | None = None,
        progress: Progress | None = None,
        **options: Any,
    ) -> Diagnosis:
        """Diagnose a planned analysis, one of its subgroups or meta-regressions; `options` are those of the command."""
        from .services.diagnose import run

        return run(
            self.folder, analysis, method, group=group, moderators=moderators, workers=workers, cluster=cluster,
            progress=progress, **options,
        )  # fmt: skip

    def prisma(self, version: int | None = None) -> FlowCounts:
        """Count the flow of records and reports, as it stands or as it was when a version was closed."""
        from .services.prisma import run

        return run(self.folder, version=version)

    def update(self, date: str, reason: str, by: str | None = None) -> Version:
        """Begin the next version of a living review: searches of `date` and later belong to it."""
        from .services.versions import begin

        return begin(self.folder, date, reason, by)

    def versions(self) -> list[Version]:
        """Return every version of the review, the first one first."""
        from .services.versions import versions

        return versions(self.folder)

    def lessons(self) -> Lessons:
        """Gather what was learned."""
        from .services.lessons import run

        return run(self.folder)

    def judge(self, about: str, certainty: str, reason: str, by: str | None = None) -> Judgement:
        """Judge the certainty of a finding or a lesson."""
        from .services.lessons import judge

        return judge(self.folder, about, certainty, reason, by)

    def report(self, out: str | Path | None = None) -> Reported:
        """Rebuild every output."""
        from .services.report import run

        return run(self.folder, Path(out) if out else None)

    def status(self) -> list[Step]:
        """Tell where the review stands."""
        from .services.status import run

        return run(self.folder)

    def show(self, name: str) -> list[tuple[str, Any]]:
        """Walk anything back to its source."""
        from .services.show import run

        return run(self.folder, name)

    def lock(self) -> Lock:
        """Rebuild the outputs and pin them."""
        from .services.provenance import lock

        return lock(self.folder)

    def verify(self) -> Comparison:
        """Compare with the lockfile."""
        from .services.provenance import verify

        return verify(self.folder)

    def reproduce(self) -> Comparison:
        """Rebuild in a clean folder and compare with the lockfile."""
        from .services.provenance import reproduce

        return reproduce(self.folder)
