"""Python in answers, found and parsed. Nothing is ever executed."""

from __future__ import annotations

import ast
import re
import warnings
from dataclasses import dataclass

from guards.signals.view import TextView

LONGEST = 20_000  # characters that are parsed at most
_DEEPEST = 60  # brackets open at once: the parser's time may double with each
_PYTHON = frozenset({"", "python", "python3", "py", "py3"})
_FENCE = re.compile(
    r"^[ \t]*```[ \t]*([\w+#-]*)[^\n`]*\n(.*?)(?:^[ \t]*```|\Z)", re.DOTALL | re.MULTILINE
)
# How a line of Python begins that no line of prose does.
_STATEMENT = re.compile(
    r"^[ \t]*(?:(?:async )?def \w+\s*\(|class \w+\s*[:(]|import \w[\w.]*(?: as \w+)?[ \t]*$|"
    r"from \w[\w.]* import |return\b.*[\w)\]]$|(?:for .+ in|while|if|elif|with|try|except|else)\b.*:[ \t]*$|"
    r"print\(|[A-Za-z_]\w*(?:\.\w+|\[[^\]\n]*\])* [+*/-]?= \S|@\w+)",
    re.MULTILINE,
)
_FIRST = re.compile(rf"#|\"\"\"|'''|{_STATEMENT.pattern}", re.MULTILINE)
# How code begins where its first line assigns nothing: to see that takes a tenth of the time.
_BEGINNINGS = (
    *("#", '"""', "'''", "@", "def ", "async def ", "class ", "import ", "from ", "return"),
    *("for ", "while", "if", "elif", "with", "try", "except", "else", "print("),
)
_BRACKET = re.compile(r"[()\[\]{}]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Python:
    """Python in an answer.

    Args:
        is_bare: whether it is the whole answer; code inside a fence does not run as it stands.
        is_sound: whether it parses.
    """

    is_bare: bool
    is_sound: bool


def of(view: TextView) -> Python | None:
    """Return the Python of an answer, or `None` if there is none.

    All fenced blocks in Python, or without a language that look like it, taken together; else the
    whole answer, if it is code and no prose around it.
    """
    if "```" not in view.text:
        is_bare = _is_bare_code(view)
        return Python(is_bare=True, is_sound=parses(view.text)) if is_bare else None
    fenced = [
        body
        for language, body in _FENCE.findall(view.text)
        if language.lower() in _PYTHON and (language or _STATEMENT.search(body))
    ]
    return Python(is_bare=False, is_sound=parses("\n".join(fenced))) if fenced else None


def parses(text: str) -> bool:
    """Return whether a text is a Python module by its syntax; too long or too deep is none."""
    if len(text) > LONGEST or _is_too_deep(text):
        return False
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of odd escapes in somebody else's strings
            ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def _is_bare_code(view: TextView) -> bool:
    """Whether the text begins as code does, and most lines are indented, comments or statements."""
    first = view.text.lstrip().partition("\n")[0].rstrip()
    if not (first.startswith(_BEGINNINGS) or "= " in first) or not _FIRST.match(first):
        return False
    lines = [line for line in view.text.split("\n") if line.strip()]
    code = [line[0] in " \t#)]}" or _STATEMENT.match(line) is not None for line in lines]
    return _STATEMENT.search(view.text) is not None and 2 * sum(code) > len(lines)


def _is_too_deep(text: str) -> bool:
    depth = deepest = 0
    for bracket in _BRACKET.findall(text):
        depth += 1 if bracket in "([{" else -1
        deepest = max(deepest, depth)
    return deepest > _DEEPEST
