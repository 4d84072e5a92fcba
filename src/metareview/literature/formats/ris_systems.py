"""The marks by which a RIS file shows which system wrote it; programs that pass records on come before databases."""

from __future__ import annotations

SYSTEMS = (
    ("ASReview", r"^N1  - ASReview_|^KW  - ASReview_|asreview_label"),
    ("Rayyan", r"RAYYAN-(?:INCLUSION|LABELS|EXCLUSION)"),
    ("Covidence", r"^(?:ID|AN|N1|UR)  - .{0,40}[Cc]ovidence"),
    ("EPPI-Reviewer", r"^KW  - eppi-reviewer|^N1  - .{0,40}EPPI-Reviewer"),
    ("Publish or Perish", r"^TY  - CITATION|^DB  - Publish or Perish|^N1  - .{0,60}Query date: \d{4}"),
    ("JSTOR", r"^Provider: JSTOR|^DB  - JSTOR"),
    ("EndNote", r"<Go to ISI>|^ID  - \d+[ \t]*\n(?:ER  -)|^N1  - .{0,200}\nRP  - NOT IN FILE"),
    ("Mendeley", r"^(?:L1|UR)  - .{0,200}[Mm]endeley"),
    ("Zotero", r"^DP  - Zotero|^Y2  - \d{4}[-/]\d\d[-/]\d\d[/ ]\d\d:\d\d:\d\d|^DA  - (\d{4})/\d*/\d*/?\nPY  - \1"),
    ("Scopus", r"^DB  - Scopus|^N1  - Export Date: |scopus\.com/(?:inward|record)"),
    ("Web of Science", r"Times Cited in Web of Science|^(?:AN|UT|ID)  - (?:WOS|ISI|BCI|CABI|MEDLINE|SCIELO):"),
    ("Cochrane", r"^Record #\d+ of \d+|^(?:AN|ID)  - CN-\d{8}|^DB  - Cochrane|cochranelibrary\.com"),
    ("EBSCO", r"^DP  - EBSCOhost|search\.ebscohost\.com|research\.ebsco\.com|openurl\.ebsco\.com"),
    ("ProQuest", r"proquest\.com|^N1  - .{0,200}Last updated - \d{4}"),
    ("Ovid", r"ovidsp|ovid\.com|OvidSP|^DB  - Ovid|Link to the Ovid|^DB  - (?:Embase|PsycINFO|Global Health) <"),
    ("Embase", r"embase\.com|^DB  - Embase"),
    ("PubMed", r"^DB  - PubMed|^DP  - NLM|pubmed\.ncbi\.nlm\.nih\.gov|ncbi\.nlm\.nih\.gov/pubmed"),
    ("LILACS (BVS)", r"bvsalud\.org"),
    ("TRID", r"trid\.trb\.org"),
    ("IEEE Xplore", r"^DB  - IEEE|ieeexplore\.ieee\.org"),
    ("ScienceDirect", r"sciencedirect\.com"),
    ("Springer", r"link\.springer\.com|^DB  - Springer|^ID  - \S+\d{4}\nER"),
    ("Lens", r"lens\.org"),
    ("Dimensions", r"app\.dimensions\.ai|^DB  - Dimensions"),
    ("Google Scholar", r"scholar\.google\."),
)
