"""The language of the formulas of measures: read, evaluated, and shown with numbers in text and LaTeX.

A formula is a row of steps "name = expression" separated by ";". Expressions have numbers, names, + - * / ^ and functions:
those in `FUNCTIONS` and the measure's own. Because formulas are read and not only printed, a test holds each against the
function that computes its measure.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Mapping

from scipy import special, stats

from metareview.errors import MetareviewError

FUNCTIONS: dict[str, Callable[..., float]] = {
    "ln": lambda x: math.log(x),
    "exp": lambda x: math.exp(x),
    "sqrt": lambda x: math.sqrt(x),
    "abs": lambda x: abs(x),
    "min": lambda *x: min(x),
    "max": lambda *x: max(x),
    "asin": lambda x: math.asin(x),
    "sin": lambda x: math.sin(x),
    "cos": lambda x: math.cos(x),
    "tanh": lambda x: math.tanh(x),
    "atanh": lambda x: math.atanh(x),
    "gamma": lambda x: math.gamma(x),
    # Hedges' exact correction, Hedges (1981), equation 6e
    "J": lambda m: math.exp(special.gammaln(m / 2) - special.gammaln((m - 1) / 2)) / math.sqrt(m / 2),
    "Phi": lambda x: float(stats.norm.cdf(x)),
    "phi_density": lambda x: float(stats.norm.pdf(x)),
    "z": lambda p: float(stats.norm.ppf(p)),
    "t_quantile": lambda p, df: float(stats.t.ppf(p, df)),
}
LATEX_NAMES = {
    "ln": r"\ln", "exp": r"\exp", "min": r"\min", "max": r"\max", "asin": r"\arcsin", "sin": r"\sin", "cos": r"\cos",
    "tanh": r"\tanh", "atanh": r"\operatorname{artanh}", "gamma": r"\Gamma", "Phi": r"\Phi", "phi_density": r"\varphi",
    "phi": r"\phi", "rho": r"\rho", "pi": r"\pi", "chi2": r"\chi^{2}", "beta": r"\beta",
    "log_odds_ratio": r"\ln\mathit{OR}", "v_log_odds_ratio": r"v_{\ln\mathit{OR}}", "log_risk_ratio": r"\ln\mathit{RR}",
    "v_log_risk_ratio": r"v_{\ln\mathit{RR}}", "baseline_risk": "p_{0}", "treated_risk": "p_{1}",
}  # fmt: skip
CONSTANTS = {"pi": math.pi}
_PRECEDENCE: dict[type, int] = {ast.Add: 1, ast.Sub: 1, ast.Mult: 2, ast.Div: 2, ast.USub: 3, ast.Pow: 4}
_SIGNS: dict[type, str] = {ast.Add: " + ", ast.Sub: " - ", ast.Mult: "*", ast.Div: "/"}

Step = tuple[str, ast.expr]
Show = Callable[[str], str]


def steps(formula: str) -> list[Step]:
    """The steps of a formula: names and expressions, in order.

    Raises MetareviewError when the formula is not in the language.
    """
    found: list[Step] = []
    for part in formula.split(";"):
        try:
            node = ast.parse(part.strip().replace("^", "**")).body[0]
        except (SyntaxError, IndexError):
            raise MetareviewError(f"{part.strip()!r} is not a step of a formula.", "Write name = expression.") from None
        if not (isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)):
            raise MetareviewError(f"{part.strip()!r} is not a step of a formula.", "Write name = expression.")
        found.append((node.targets[0].id, node.value))
    return found


def evaluate(
    formula: str, values: Mapping[str, float], functions: Mapping[str, Callable[..., float]] | None = None
) -> dict[str, float]:
    """What each step of a formula gives, with `values` for the names; nan where it does not exist.

    Raises MetareviewError for a name, function or sign that is unknown.
    """
    known = FUNCTIONS | dict(functions or {})
    names = CONSTANTS | dict(values)
    given: dict[str, float] = {}
    for name, expression in steps(formula):
        try:
            given[name] = names[name] = float(_value(expression, names, known))
        except (ArithmeticError, ValueError):
            given[name] = names[name] = math.nan
    return given


def names(formula: str) -> set[str]:
    """The names in the expressions of a formula, functions left out."""
    found: set[str] = set()
    for _, expression in steps(formula):
        called = {id(node.func) for node in ast.walk(expression) if isinstance(node, ast.Call)}
        found |= {n.id for n in ast.walk(expression) if isinstance(n, ast.Name) and id(n) not in called}
    return found


def text(expression: ast.expr, show: Show = lambda name: name) -> str:
    """An expression as a line of text, `show` giving what stands for a name."""
    return _text(expression, show, 0)


def latex(expression: ast.expr, show: Show | None = None) -> str:
    """An expression as LaTeX, `show` giving what stands for a name (by default its symbol)."""
    return _latex(expression, show or symbol, 0)


def symbol(name: str) -> str:
    """A name as a LaTeX symbol: letters upright when there are several, the rest as a subscript."""
    if name in LATEX_NAMES:
        return LATEX_NAMES[name]
    head, _, rest = name.partition("_")
    letters = "ci" if head == "ci" and rest else head.rstrip("0123456789i")
    letters = letters or head
    below = head[len(letters) :] + (("," if head[len(letters) :] and rest else "") + rest)
    shown = letters if len(letters) == 1 else rf"\mathit{{{letters}}}"
    if letters in LATEX_NAMES:
        shown = LATEX_NAMES[letters]
    return shown + ("_{" + below.replace("_", r"\_") + "}" if below else "")


def _value(node: ast.expr, names: Mapping[str, float], functions: Mapping[str, Callable[..., float]]) -> float:
    match node:
        case ast.Constant(value=int() | float() as number):
            return number
        case ast.Name(id=name) if name in names:
            return names[name]
        case ast.Call(func=ast.Name(id=name), args=args) if name in functions:
            return functions[name](*(_value(a, names, functions) for a in args))
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_value(operand, names, functions)
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _PRECEDENCE:
            return _binary(op, _value(left, names, functions), _value(right, names, functions))
    raise MetareviewError(f"{ast.unparse(node)!r} is not in the language of formulas.")


def _binary(op: ast.operator, left: float, right: float) -> float:
    match op:
        case ast.Add():
            return left + right
        case ast.Sub():
            return left - right
        case ast.Mult():
            return left * right
        case ast.Div():
            return left / right
    powered = left**right
    if isinstance(powered, complex):
        raise ValueError("a root of a negative number")
    return powered


def _text(node: ast.expr, show: Show, above: int) -> str:
    match node:
        case ast.Constant(value=number):
            return f"{number:g}" if isinstance(number, float) else str(number)
        case ast.Name(id=name):
            shown = show(name)
            return f"({shown})" if shown.startswith("-") and above else shown
        case ast.Call(func=ast.Name(id=name), args=args):
            return f"{name}({', '.join(_text(a, show, 0) for a in args)})"
        case ast.UnaryOp(operand=operand):
            return _wrap(f"-{_text(operand, show, _PRECEDENCE[ast.USub])}", above > 0)
        case ast.BinOp(left=left, op=ast.Pow(), right=right):
            return _wrap(f"{_text(left, show, 5)}^{_text(right, show, 5)}", above > 4)
        case ast.BinOp(left=left, op=op, right=right):
            level = _PRECEDENCE[type(op)]
            firm = level + isinstance(op, ast.Sub | ast.Div)
            chained = isinstance(op, ast.Div) and isinstance(left, ast.BinOp) and isinstance(left.op, ast.Div)
            inner = f"{_text(left, show, level + chained)}{_SIGNS[type(op)]}{_text(right, show, firm)}"
            return _wrap(inner, above > level)
    raise MetareviewError(f"{ast.unparse(node)!r} is not in the language of formulas.")


def _wrap(inner: str, needed: bool) -> str:
    return f"({inner})" if needed else inner


def _latex(node: ast.expr, show: Show, above: int) -> str:
    match node:
        case ast.Constant(value=number):
            return f"{number:g}" if isinstance(number, float) else str(number)
        case ast.Name(id=name):
            shown = show(name)
            return rf"\left({shown}\right)" if shown.startswith("-") and above else shown
        case ast.Call(func=ast.Name(id="sqrt"), args=[inner]):
            return rf"\sqrt{{{_latex(inner, show, 0)}}}"
        case ast.Call(func=ast.Name(id="abs"), args=[inner]):
            return rf"\left|{_latex(inner, show, 0)}\right|"
        case ast.Call(func=ast.Name(id=name), args=args):
            inside = ", ".join(_latex(a, show, 0) for a in args)
            return rf"{LATEX_NAMES.get(name, _operator(name))}\left({inside}\right)"
        case ast.UnaryOp(operand=operand):
            return _bracket(f"-{_latex(operand, show, _PRECEDENCE[ast.USub])}", above > 0)
        case ast.BinOp(left=left, op=ast.Div(), right=right):
            return _bracket(rf"\frac{{{_latex(left, show, 0)}}}{{{_latex(right, show, 0)}}}", above > 4)
        case ast.BinOp(left=left, op=ast.Pow(), right=right):
            return _bracket(f"{_latex(left, show, 5)}^{{{_latex(right, show, 0)}}}", above > 4)
        case ast.BinOp(left=left, op=op, right=right):
            level = _PRECEDENCE[type(op)]
            sign = r" \cdot " if isinstance(op, ast.Mult) else _SIGNS[type(op)]
            both = f"{_latex(left, show, level)}{sign}{_latex(right, show, level + isinstance(op, ast.Sub))}"
            return _bracket(both, above > level)
    raise MetareviewError(f"{ast.unparse(node)!r} is not in the language of formulas.")


def _operator(name: str) -> str:
    return name if len(name) == 1 else r"\operatorname{" + name.replace("_", r"\_") + "}"


def _bracket(inner: str, needed: bool) -> str:
    return rf"\left({inner}\right)" if needed else inner
