"""LaTeX in bibliographies to plain Unicode text, and text to LaTeX that reads back as the same text."""

from __future__ import annotations

import re
import unicodedata

_ACCENTS = {
    **{"`": "\u0300", "'": "\u0301", "^": "\u0302", "~": "\u0303", '"': "\u0308", "=": "\u0304", ".": "\u0307"},
    **{"u": "\u0306", "v": "\u030c", "H": "\u030b", "c": "\u0327", "d": "\u0323", "b": "\u0331", "r": "\u030a"},
    **{"k": "\u0328", "G": "\u030f", "t": "\u0361", "h": "\u0309"},
}
_NAMED = """
alpha α beta β gamma γ delta δ epsilon ε varepsilon ε zeta ζ eta η theta θ vartheta ϑ iota ι kappa κ lambda λ mu
μ nu ν xi ξ pi π varpi ϖ rho ρ varrho ϱ sigma σ varsigma ς tau τ upsilon υ phi φ varphi ϕ chi χ psi ψ omega ω
Gamma Γ Delta Δ Theta Θ Lambda Λ Xi Ξ Pi Π Sigma Σ Upsilon Υ Phi Φ Psi Ψ Omega Ω ss ß ae æ AE Æ oe œ OE Œ aa å
AA Å o ø O Ø l ł L Ł i ı j ȷ dh ð DH Ð th þ TH Þ dj đ DJ Đ ng ŋ NG Ŋ textmu µ textbeta β textalpha α textgamma γ
textdelta δ textkappa κ textOmega Ω textcelsius ℃ textendash – textemdash — textellipsis … ldots … dots … cdots
⋯ textquoteleft ‘ textquoteright ’ textquotedblleft “ textquotedblright ” textquotesingle ' textquotedbl "
quotedblbase „ guillemotleft « guillemotright » guilsinglleft ‹ guilsinglright › textless < textgreater >
textbar | textbackslash \\ textasciitilde ~ textasciicircum ^ textasciigrave ` textunderscore _ textdollar $
textdegree ° degree ° textregistered ® texttrademark ™ copyright © textcopyright © textsterling £ pounds £ euro
€ texteuro € textyen ¥ textcent ¢ textsection § S § textparagraph ¶ P ¶ textbullet • dag † ddag ‡ textdagger †
textdaggerdbl ‡ textperiodcentered · cdot · times × texttimes × textdiv ÷ div ÷ pm ± textpm ± mp ∓ leq ≤ le ≤
leqslant ≤ geq ≥ ge ≥ geqslant ≥ neq ≠ ne ≠ approx ≈ sim ∼ simeq ≃ equiv ≡ propto ∝ ll ≪ gg ≫ lt < gt > infty ∞
partial ∂ nabla ∇ sum ∑ prod ∏ int ∫ surd √ in ∈ subset ⊂ cup ∪ cap ∩ emptyset ∅ forall ∀ exists ∃ neg ¬ lnot ¬
textlnot ¬ wedge ∧ vee ∨ angle ∠ perp ⊥ circ ° prime ′ star ⋆ ast ∗ to → rightarrow → textrightarrow → leftarrow
← textleftarrow ← leftrightarrow ↔ Rightarrow ⇒ uparrow ↑ downarrow ↓ checkmark ✓ female ♀ male ♂ textonehalf ½
textonequarter ¼ textthreequarters ¾ textonesuperior ¹ texttwosuperior ² textthreesuperior ³ mathonesuperior ¹
mathtwosuperior ² maththreesuperior ³ textordfeminine ª textordmasculine º textexclamdown ¡ textquestiondown ¿
textperthousand ‰ textnumero № lbrace { rbrace } lbrack [ rbrack ] textbraceleft { textbraceright } backslash \\
vert | mid | ell ℓ hbar ℏ mathsection § TeX TeX LaTeX LaTeX
"""
_WORDS = _NAMED.split()
_SYMBOLS = dict(zip(_WORDS[::2], _WORDS[1::2], strict=True))
_BLANKS = frozenset(["quad", "qquad", "newline", "par", "space", "linebreak", "hfill", "thinspace"])
_STYLE_WORDS = """
textit textbf textrm textsf texttt textsc textup textsl textnormal textmd text emph underline enquote mathrm
mathit mathbf mathsf mathtt mathcal mathbb boldsymbol mathnormal mbox hbox ensuremath operatorname
textsuperscript textsubscript uppercase lowercase url href nolinkurl path it bf rm sf tt sc em sl bfseries
itshape rmfamily upshape scshape normalfont small footnotesize scriptsize tiny large protect relax noopsort left
right big Big limits displaystyle textstyle bibinfo natexlab
"""
_STYLES = frozenset(_STYLE_WORDS.split())
_TOKEN = re.compile(
    r"""\\(?:
        (?P<mark>[`'^"~=.])[ ]?(?:\{[ ]?(?P<in1>\\?[^\W\d_])[ ]?\}|(?P<in2>\\[ijl](?![A-Za-z])|[^\W\d_])|(?P<none>\{\}))
      | (?P<over>[uvHcdbrkGth])(?:\{[ ]?(?P<in3>\\?[^\W\d_])[^\W\d_]?[ ]?\}|[ ]+(?P<in4>\\?[^\W\d_]))
      | (?P<word>[A-Za-z]+)(?P<gap>[ \t]*\n?[ \t]*)(?P<empty>\{\})?
      | (?P<sign>.)
    )""",
    re.VERBOSE | re.DOTALL,
)
_MATH = re.compile(r"(?<!\\)\$([^$\n]{0,300}[\\_^][^$\n]{0,300}|[^$\s]{1,3})(?<!\\)\$")
_RAISED = re.compile(r"(?<!\\)[_^](?=[{\\\w+*-])")
_TIE = re.compile(r"(?<=[A-Za-z.}])~(?=[A-Za-z\d{])")
_A_QUOTE = re.compile(r'\\"(?![A-Za-z{\\])')
_OPENING_QUOTE = re.compile(r'(?<!\w)\\"(?=\w(?!\}))')
_HELD = {"{": "\ue000", "}": "\ue001", "\\": "\ue002"}
_RELEASE = {ord(held): sign for sign, held in _HELD.items()}
_DROP_BRACES = {ord("{"): None, ord("}"): None, **_RELEASE}
_ESCAPES = {
    **{ord(sign): f"\\{sign}" for sign in "&%#_$"},
    **{ord("{"): "\\{", ord("}"): "\\}", ord("\\"): "\\textbackslash{}"},
    **{ord("~"): "\\textasciitilde{}", ord("^"): "\\textasciicircum{}", ord("`"): "\\textasciigrave{}"},
    ord("'"): "\\textquotesingle{}",
}


def to_text(latex: str) -> str:
    """Return LaTeX as plain text: accents and commands as characters, no grouping braces, no math marks.

    A command that is not known stays as printed. The text never fails to come.
    """
    if not any(sign in latex for sign in "\\{}$~`"):
        return latex
    if "$" in latex:
        latex = _MATH.sub(_math, latex)
    if "~" in latex:
        latex = _TIE.sub(" ", latex)
    if "``" in latex:
        latex = latex.replace("``", "“").replace("''", "”")
    if "\\" in latex:
        if '\\"' in latex and _A_QUOTE.search(latex):
            latex = _A_QUOTE.sub('"', _OPENING_QUOTE.sub('"', latex))
        latex = _TOKEN.sub(_token, latex)
    return latex.translate(_DROP_BRACES)


def _math(match: re.Match[str]) -> str:
    return "{" + _RAISED.sub("", match[1]) + "}"


def _token(match: re.Match[str]) -> str:
    if match["word"] is not None:
        return _command(match)
    if match["none"]:
        return _HELD.get(match["mark"], match["mark"])
    accent = match["mark"] or match["over"]
    if accent is not None:
        letter = match["in1"] or match["in2"] or match["in3"] or match["in4"]
        return _accented(accent, letter.lstrip("\\"))
    sign = match["sign"]
    if sign in "\\ \n,;:!\t":
        return {"\\": " ", "!": ""}.get(sign, " " if sign in " \n\t,:" else ";")
    return "" if sign in "-/" else _HELD.get(sign, sign)


def _accented(accent: str, letter: str) -> str:
    composed = unicodedata.normalize("NFC", letter + _ACCENTS[accent])
    if len(composed) > 1 and accent in "\"'`.=~^":
        return accent + letter  # no such letter: the mark is punctuation
    return composed


def _command(match: re.Match[str]) -> str:
    word, gap = match["word"], match["gap"]
    if word in _SYMBOLS:
        sign = _SYMBOLS[word]
        return _HELD.get(sign, sign)
    if word in _BLANKS:
        return " "
    if word in _STYLES:
        return ""
    return f"{_HELD[chr(92)]}{word}{gap}"


def from_text(text: str) -> str:
    """Return text as LaTeX for a braced value; `to_text` of it is the text again."""
    return text.translate(_ESCAPES)
