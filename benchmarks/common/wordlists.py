"""Word lists of our own making for made-up records: openings, subjects, places, designs, surnames, journals."""

from __future__ import annotations


def _list(text: str) -> tuple[str, ...]:
    return tuple(w.strip() for w in text.replace("\n", " ").split("|"))


OPENINGS = _list(
    "Effects of|The effect of|Effect of|Impact of|The impact of|Evaluation of|An evaluation of|Association between|"
    "Association of|Prevalence of|Determinants of|The role of|Role of|A randomized trial of|Cost-effectiveness of|"
    "Experiences of|Attitudes towards|Barriers to|Implementation of|Predictors of|Changes in|Trends in|Efficacy of|"
    "Long-term effects of|Safety and efficacy of|Outcomes of|Improving|Understanding|Measuring|Rethinking|Towards|"
    "Development of|Validation of|Comparison of|A comparison of|Perceptions of|Exploring|Modelling|Reducing|Managing"
)
SUBJECTS = _list(
    "urban renewal|social housing|area-based policy|crime prevention|community policing|hot spot patrols|job training|"
    "wage subsidies|early intervention|home visiting|school meals|class size|parent training|youth work|mentoring|"
    "cognitive behavioural therapy|physical exercise|dietary counselling|smoking cessation|cash transfers|microcredit|"
    "insulin therapy|blood pressure control|statin use|antibiotic prescribing|vaccination|cervical screening|"
    "stroke rehabilitation|palliative care|telemonitoring|nurse-led clinics|case management|peer support|"
    "street lighting|green space|noise exposure|air pollution|walking and cycling|public transport|rent control|"
    "mixed-tenure housing|neighbourhood watch|restorative justice|drug courts|prison education|bail supervision|"
    "after-school programmes|bilingual education|reading instruction|teacher coaching|online learning|gambling harm"
)
OUTCOMES = _list(
    "employment|self-rated health|quality of life|mortality|reoffending|school attainment|reading skills|well-being|"
    "depressive symptoms|anxiety|hospital admissions|glycaemic control|body weight|residential mobility|house prices|"
    "burglary rates|violent crime|fear of crime|social cohesion|trust in neighbours|income|benefit dependence|attendance|"
    "birth weight|pain|fatigue|functional recovery|medication adherence|patient satisfaction|costs|waiting times|sleep"
)
POPULATIONS = _list(
    "older adults|adolescents|children|young offenders|single mothers|migrants|residents of deprived areas|primary care|"
    "rural communities|patients with type 2 diabetes|stroke survivors|nursing homes|secondary schools|large cities|"
    "low-income families|women with breast cancer|people with dementia|unemployed men|social tenants|first-time parents|"
    "general practice|intensive care|refugees|university students|health workers|small towns|post-industrial regions"
)
DESIGNS = _list(
    "a randomized controlled trial|a systematic review|a systematic review and meta-analysis|a cohort study|"
    "a qualitative study|a cross-sectional survey|results from a pilot study|a natural experiment|a case study|"
    "evidence from panel data|a mixed-methods evaluation|a difference-in-differences analysis|a scoping review|"
    "a five-year follow-up|an interrupted time series|lessons from practice|a cluster randomized trial"
)
SURNAMES = _list(
    "Wang|Li|Zhang|Smith|Kim|Lee|Chen|Liu|Jones|Johnson|Brown|Williams|Garcia|Yang|Singh|Kumar|Müller|Park|Wu|Huang|"
    "Martin|Miller|Davis|Taylor|Zhao|Zhou|Wilson|Anderson|Silva|Santos|Nguyen|Rossi|Khan|Ahmed|Ali|Sato|Tanaka|Suzuki|"
    "López|Martínez|Hernández|González|Pérez|Fernández|de Jong|van den Berg|de Vries|Jansen|Bakker|Visser|Schmidt|"
    "Schneider|Fischer|Weber|Hansen|Jensen|Nielsen|Andersson|Johansson|Novák|Kowalski|Ivanov|O'Brien|Murphy|Evans|Clark"
)
JOURNAL_HEADS = _list(
    "Journal of|International Journal of|European Journal of|American Journal of|British Journal of|Annals of|"
    "Archives of|Advances in|Research in|Studies in|Review of|Reviews in|Frontiers in|Perspectives on|Progress in"
)
JOURNAL_SUBJECTS = _list(
    "Urban Policy|Public Health|Criminology|Experimental Education|Social Medicine|Health Economics|Housing Research|"
    "Epidemiology|Clinical Nursing|Diabetes Care|Neurology|Cardiology|Psychiatry|Developmental Psychology|Sociology|"
    "Regional Science|Environmental Planning|Labour Economics|Child Welfare|Family Practice|Rehabilitation|Oncology|"
    "Geriatric Medicine|Preventive Medicine|Transport Geography|Community Development|Evaluation|Behavioural Sciences|"
    "Migration Studies|Public Administration|Policing|Corrections|Addiction|Nutrition|Sleep Medicine|Pediatrics"
)
JOURNAL_TAILS = _list("|and Practice|and Policy|and Society|Letters|and Therapeutics|Quarterly|and Management|Reports")
ABSTRACT_WORDS = _list(
    "we|the|of|and|in|to|a|with|for|was|were|that|on|by|from|at|is|participants|results|outcome|group|study|years|"
    "between|effect|data|after|more|those|than|not|control|analysis|associated|higher|lower|significant|follow-up|"
    "measured|among|differences|compared|intervention|baseline|increased|reduced|time|risk|model|evidence|policy|areas"
)
ABBREVIATED = {
    "Journal": "J", "International": "Int", "European": "Eur", "American": "Am", "British": "Br", "Annals": "Ann",
    "Archives": "Arch", "Advances": "Adv", "Research": "Res", "Studies": "Stud", "Review": "Rev", "Reviews": "Rev",
    "Frontiers": "Front", "Perspectives": "Perspect", "Progress": "Prog", "Policy": "Policy", "Public": "Public",
    "Medicine": "Med", "Clinical": "Clin", "Psychology": "Psychol", "Sciences": "Sci", "Science": "Sci",
    "Experimental": "Exp", "Education": "Educ", "Social": "Soc", "Economics": "Econ", "Epidemiology": "Epidemiol",
    "Developmental": "Dev", "Environmental": "Environ", "Rehabilitation": "Rehabil", "Community": "Community",
    "Development": "Dev", "Behavioural": "Behav", "Administration": "Adm", "Criminology": "Criminol",
    "Quarterly": "Q", "Letters": "Lett", "Reports": "Rep", "Therapeutics": "Ther", "Practice": "Pract",
    "Society": "Soc", "Management": "Manag", "Neurology": "Neurol", "Cardiology": "Cardiol", "Sociology": "Sociol",
}  # fmt: skip
STOP = ("of", "in", "on", "and")
SYLLABLES = _list(
    "ba|ko|mi|tu|re|so|lan|ting|ver|sel|dis|port|gra|mon|tri|phe|nol|cor|tex|hyd|lin|ast|bro|fen|cal|dur|eth|gan|hel|ist|"
    "jor|kar|lom|mar|nev|ost|pal|quin|ros|stan|tor|ulm|vas|wol|yel|zan|pre|sub|ner|dol|mer|rik"
)
