"""What a protocol holds. Field names are the field's own terms; unknown keys are mistakes."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

Name = str
SourceKind = Literal["database", "register", "website", "organisation", "citation"]
Track = Literal["studies", "practice"]
Stage = Literal["title", "fulltext"]
Level = Literal["study", "effect", "lesson", "practice"]
Direction = Literal["lower_is_better", "higher_is_better"]


class Part(BaseModel):
    """Base of every part of the protocol: frozen, and a key it does not know is a mistake."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Question(Part):
    """The review question, with the elements of PICO(S)."""

    text: str
    population: str = ""
    intervention: str = ""
    comparison: str = ""
    outcome: str = ""
    study_design: str = ""
    timeframe: str = ""


class Strand(Part):
    """A strand of evidence; only strands of the track `studies` are ever pooled."""

    id: str
    label: str
    track: Track = "studies"
    description: str = ""


class Eligibility(Part):
    """What is in and what is out, in words."""

    include: tuple[str, ...] = Field(min_length=1)
    exclude: tuple[str, ...] = ()
    strands: tuple[Strand, ...] = ()


class ExclusionReason(Part):
    """One reason to exclude; the order in the protocol is the order in which reasons are tried."""

    code: Name = Field(pattern=r"^[a-z][a-z0-9_]*$")
    label: str
    stages: tuple[Stage, ...] = ("title", "fulltext")


class Source(Part):
    """A place that was searched, as PRISMA names its kinds."""

    name: Name = Field(pattern=r"^[a-z][a-z0-9-]*$")
    title: str
    kind: SourceKind
    platform: str = ""
    track: Track = "studies"


class Reviewer(Part):
    """A person (or named procedure) whose decisions count."""

    name: str = Field(min_length=1)
    role: str = ""


class StageRule(Part):
    """How many independent votes a record needs at a stage before it is decided."""

    votes: int = Field(default=2, ge=1, le=9)


class Screening(Part):
    """The two screening stages."""

    title: StageRule = StageRule()
    fulltext: StageRule = StageRule()


class Variable(Part):
    """One variable of the codebook."""

    name: Name = Field(pattern=r"^[a-z][a-zA-Z0-9_]*$")
    label: str = ""
    type: Literal["string", "text", "integer", "number", "category", "multi", "boolean", "date"] = "string"
    categories: tuple[str, ...] = ()
    category_labels: dict[str, str] = {}
    required: bool = False
    minimum: float | None = None
    maximum: float | None = None
    unit: str = ""
    notes: str = ""


class Codebook(Part):
    """The variables coded a level; `study` and `effect` feed the synthesis, `practice` never does."""

    study: tuple[Variable, ...] = ()
    effect: tuple[Variable, ...] = ()
    lesson: tuple[Variable, ...] = ()
    practice: tuple[Variable, ...] = ()

    def variables(self, level: Level) -> tuple[Variable, ...]:
        """Return the variables of one level in the order of the protocol."""
        found: tuple[Variable, ...] = getattr(self, level)
        return found


class Outcome(Part):
    """An outcome domain, and which way is better for people."""

    name: Name
    label: str
    direction: Direction = "lower_is_better"


Values = str | int | float | bool | tuple[str | int | float | bool, ...]
Model = Literal["random_effects", "multilevel", "che"]
DEPENDENT: tuple[Model, ...] = ("multilevel", "che")


class Sensitivity(Part):
    """A named variant of an analysis: the same, with effects left out, another model, estimator, interval of tau2 or
    overdispersion.

    `phi` replaces the overdispersion of effects from counts where it was assumed.
    """

    name: Name
    label: str = ""
    where: dict[str, Values] = {}
    where_not: dict[str, Values] = {}
    one_effect_per: str | None = None
    model: Model | None = None
    rho: float | None = Field(default=None, ge=0, lt=1)
    tau2: str | None = None
    tau2_ci: str | None = None
    test: Literal["knha", "adhoc", "t", "z"] | None = None
    phi: float | None = Field(default=None, gt=0)


class Analysis(Part):
    """A planned synthesis.

    `outcome` and `measure` keep effects of these outcomes and measures. `where` keeps effects whose variable has (one of)
    the values; `where_not` drops them, and the value "any" drops every effect for which the variable is filled in.
    Variables are those of the effect and study levels. With `one_effect_per`, one effect is kept for each value of that
    variable: the one for which `prefer` is true, else the first coded.

    `model` is random effects (with `tau2: FE`: equal effects) for one effect a study, or one of those that take several
    and keep them all unless `one_effect_per` says otherwise: `multilevel` (`random` names its levels) or `che` (correlated
    and hierarchical effects, `rho` the assumed correlation within a study). Tests of `che` are robust (CR2) by study, or
    by the variable that `cluster` names; those of `multilevel` only where `cluster` is given. `tau2_ci` is the interval of
    tau2 in random effects: Q-profile, unless it names another.
    """

    name: Name = Field(pattern=r"^[a-z][a-z0-9_]*$")
    label: str
    outcome: tuple[str, ...] = ()
    measure: tuple[str, ...] = ()
    where: dict[str, Values] = {}
    where_not: dict[str, Values] = {}
    one_effect_per: str = "study_id"
    prefer: str = ""
    scale: Literal["log", "linear"] = "log"
    model: Model = "random_effects"
    random: tuple[str, ...] = ("1 | study_id/effect_id",)
    rho: float = Field(default=0.6, ge=0, lt=1)
    cluster: str = ""
    tau2: str = "REML"
    tau2_ci: str = "qp"
    test: Literal["knha", "adhoc", "t", "z"] = "knha"
    level: float = Field(default=0.95, gt=0.5, lt=1)
    subgroup: str = ""
    moderators: tuple[str, ...] = ()
    sensitivity: tuple[str, ...] = ()
    flag: str = ""

    @model_validator(mode="before")
    @classmethod
    def _read(cls, data: Any) -> Any:
        """Keep every effect where the model takes several of a study; `random` may be one text."""
        if not isinstance(data, dict):
            return data
        data = dict(data)
        if data.get("model") in DEPENDENT:
            data.setdefault("one_effect_per", "")
        if isinstance(data.get("random"), str):
            data["random"] = (data["random"],)
        return data


class EffectRules(Part):
    """How coded effects become yi and vi.

    `phi` is a number, or the name of a documented default. `baseline`, `residents` and `cost` name the number variables
    (of the effect or its study) that absolute readings are made from: crimes a year per 1,000 residents without the
    approach, residents of one treated area, and cost of the approach in one area a year.
    """

    phi: float | str = 1.0
    phi_source: Literal["given", "estimated", "assumed", "none"] = "assumed"
    zero_cells: Literal["only0", "if0all", "all", "none", "treatment_arm"] = "only0"
    add: float = Field(default=0.5, ge=0)
    sense: str = ""
    baseline: str = ""
    residents: str = ""
    cost: str = ""

    @field_validator("phi", mode="before")
    @classmethod
    def _phi(cls, value: Any) -> Any:
        try:
            phi = float("nan") if isinstance(value, bool) else float(value)
        except (TypeError, ValueError):
            phi = value
        if (isinstance(phi, str) and phi) or (isinstance(phi, float) and 0 < phi < float("inf")):
            return phi
        raise PydanticCustomError("phi", "phi should be a number greater than 0, or the name of a default")


class LessonRules(Part):
    """How lessons are told.

    `approach` and `design` are study variables; a lesson variable with the approach's name puts a lesson beside its
    approach. `theme` (a lesson variable) groups the lessons; `cluster` (a study variable) makes sources of one programme
    count once. `programme` (a study variable) tells studies of one programme, `effect_kind` (an effect variable) what an
    effect is (rate ratio, odds ratio), `doubts` (study and effect variables) what to doubt: they are told beside a finding.
    `analyses` are those that findings are drawn from; none means all by approach.
    """

    approach: str = "family"
    design: str = "design"
    theme: str = ""
    cluster: str = ""
    programme: str = ""
    effect_kind: str = ""
    doubts: tuple[str, ...] = ()
    analyses: tuple[str, ...] = ()


class Protocol(Part):
    """The whole plan."""

    metareview: Literal[1] = 1
    title: str
    version: str = "1.0"
    note: str = ""
    question: Question
    eligibility: Eligibility
    exclusion_reasons: tuple[ExclusionReason, ...] = Field(min_length=1)
    sources: tuple[Source, ...] = Field(min_length=1)
    reviewers: tuple[Reviewer, ...] = Field(min_length=1)
    screening: Screening = Screening()
    codebook: Codebook = Codebook()
    outcomes: tuple[Outcome, ...] = ()
    effects: EffectRules = EffectRules()
    analyses: tuple[Analysis, ...] = ()
    sensitivity: tuple[Sensitivity, ...] = ()
    lessons: LessonRules = LessonRules()
    limits: tuple[str, ...] = ()

    def source(self, name: str) -> Source | None:
        """Return the source with this name, or None."""
        return next((s for s in self.sources if s.name == name), None)

    def outcome(self, name: str) -> Outcome | None:
        """Return the outcome with this name, or None."""
        return next((o for o in self.outcomes if o.name == name), None)

    def category_label(self, variable: str, category: str) -> str:
        """Return how a category is written for people: the codebook's label, else its name with spaces."""
        for level in ("study", "effect", "lesson", "practice"):
            for v in getattr(self.codebook, level):
                if v.name == variable and category in v.category_labels:
                    return str(v.category_labels[category])
        return category.replace("_", " ")

    def reason_codes(self, stage: Stage) -> tuple[str, ...]:
        """Return the codes of the exclusion reasons of a stage, in the order in which they are tried."""
        return tuple(r.code for r in self.exclusion_reasons if stage in r.stages)

    def reason_label(self, code: str) -> str:
        """Return the wording of an exclusion reason; the code itself when the protocol does not have it."""
        return next((r.label for r in self.exclusion_reasons if r.code == code), code)
