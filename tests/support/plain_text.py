"""Where pages hand text to Streamlit that is not known to be the program's own.

Streamlit draws most of its texts as Markdown. A text is the program's own if it is written in the
code, a number, or went through `plain`; whoever takes text from a caller says so with the type
`Markdown`, and its callers are held to the same.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

# What each call draws as Markdown, by position and by name.
WIDGETS = """
    button checkbox color_picker data_editor date_input datetime_input download_button feedback
    file_uploader form_submit_button link_button menu_button multiselect number_input page_link
    segmented_control pills radio select_slider selectbox slider text_area text_input time_input
    toggle popover expander status tabs dialog spinner chat_message"""
BODIES = """
    badge caption error header info markdown subheader success table title toast warning write"""
OTHERS = {
    "image": ("caption",),
    "logo": (),
    "metric": (0, 1, 2, "label", "value", "delta", "help", "delta_description"),
    "progress": (1, "text"),
}
COLUMNS = "Text Number Datetime Date Time Image Progress Checkbox List LineChart BarChart Link"
DRAWN: Mapping[str, tuple[int | str, ...]] = (
    dict.fromkeys(WIDGETS.split(), (0, "label", "help", "text"))
    | dict.fromkeys(BODIES.split(), (0, "body", "text", "title", "help", "label"))
    | {f"{kind}Column": (0, "label", "help") for kind in COLUMNS.split()}
    | OTHERS
)
MARKDOWN_OPTIONS = {"segmented_control", "pills", "radio"}  # those of select boxes are plain

NUMBERS = {"int", "float", "bool", "datetime", "timedelta", "None", "Markdown"}
# Calls whose result is a number, or words of the program.
OWN_CALLS = {"len", "round", "sum", "int", "float", "abs", "bool", "range"}
OWN_CALLS |= {"plain", "message", "class_name", "duration", "channel_of"}
# Calls that make nothing foreign of what they are given.
PASSING = {"sorted", "min", "max", "zip", "list", "reversed", "map", "str", "dict", "enumerate"}
PASSING |= {
    "capitalize",
    "title",
    "upper",
    "lower",
    "format",
    "join",
    "values",
    "items",
    "get",
    "fromkeys",
}
# Attributes that hold words of the program: of its tables of attacks, methods, rules and verdicts.
OWN_ATTRIBUTES = {"words", "title", "explanation", "formula", "parameter"}
OWN_OF = {("info", "source"), ("method", "source"), ("result", "sentence")}  # of the program
NOT_STREAMLIT = {"lab", "Lab"}  # their `info` draws nothing
# What a text cannot be formatted with: `f"{text:,}"` raises.
SPECIFICATION = re.compile(r".*(?:[dfeg%,]$|%[YmdHMS]).*")


@dataclass(frozen=True)
class Found:
    """A text that may hold words of strangers."""

    place: str
    call: str
    text: str

    def __str__(self) -> str:
        return f"{self.place}: {self.call} draws {self.text}"


@dataclass(frozen=True)
class Module:
    """A file of pages, and what stands around each part of it."""

    path: str
    tree: ast.Module
    parents: dict[ast.AST, ast.AST]


def foreign_texts(folder: Path) -> list[Found]:
    """Every text below `folder` that is drawn as Markdown and may not be the program's own."""
    modules = [
        Module(path.relative_to(folder).as_posix(), tree, _parents(tree))
        for path in sorted(folder.rglob("*.py"))
        for tree in [ast.parse(path.read_text())]
    ]
    return _Check(modules).found()


def _parents(tree: ast.Module) -> dict[ast.AST, ast.AST]:
    return {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}


class _Check:
    def __init__(self, modules: list[Module]) -> None:
        self._modules = modules
        defined = [
            (module.path, node)
            for module in modules
            for node in ast.walk(module.tree)
            if isinstance(node, ast.FunctionDef)
        ]
        self._results: dict[str, dict[str, bool]] = {}  # name -> module -> its result is own
        for path, node in defined:
            own = self._results.setdefault(node.name, {})
            own[path] = own.get(path, True) and _is_number(node.returns)
        self._takers = {
            node.name: places for _, node in defined if (places := _markdown_parameters(node))
        }

    def found(self) -> list[Found]:
        return [found for module in self._modules for found in self._in(module)]

    def _in(self, module: Module) -> Iterator[Found]:
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Call):
                for value in self._drawn(node):
                    if not self._is_own(value, module):
                        yield _found(module, node, value)
            elif isinstance(node, ast.Attribute) and _is_streamlit(node) and node.attr in DRAWN:
                caller = module.parents.get(node)
                if not isinstance(caller, ast.Call) or caller.func is not node:
                    yield _found(module, node, node)
            elif isinstance(node, ast.FunctionDef) and _type(node.returns) == {"Markdown"}:
                for value in _returned(node):
                    if not self._is_own(value, module):
                        yield _found(module, node, value)

    def _drawn(self, call: ast.Call) -> Iterator[ast.expr]:
        """The arguments of a call that are drawn as Markdown."""
        name = _name(call.func)
        places = (*DRAWN.get(name, ()), *self._takers.get(name, ()))
        if isinstance(call.func, ast.Name) and name not in self._takers:
            return
        if isinstance(call.func, ast.Attribute) and _name(call.func.value) in NOT_STREAMLIT:
            return
        for place in places:
            if isinstance(place, int) and place < len(call.args):
                yield call.args[place]
        yield from (each.value for each in call.keywords if each.arg in places)
        if name in MARKDOWN_OPTIONS:
            shown = [each.value for each in call.keywords if each.arg == "format_func"]
            yield from shown or call.args[1:2]

    def _is_own(self, value: ast.expr, module: Module) -> bool:
        own = lambda each: self._is_own(each, module)  # noqa: E731
        match value:
            case ast.Constant() | ast.Compare() | ast.UnaryOp():
                return True
            case ast.JoinedStr(values=parts):
                return all(map(own, parts))
            case ast.FormattedValue(value=inner, format_spec=specification):
                return bool(
                    specification and SPECIFICATION.match(ast.unparse(specification)[2:-1])
                ) or own(inner)
            case ast.BinOp(left=left, right=right):
                return own(left) and own(right)
            case ast.BoolOp(values=several) | ast.List(elts=several) | ast.Tuple(elts=several):
                return all(map(own, several))
            case ast.Dict(keys=keys, values=several):
                return all(map(own, [*filter(None, keys), *several]))
            case ast.IfExp(body=one, orelse=other):
                return own(one) and own(other)
            case ast.Starred(value=inner) | ast.NamedExpr(value=inner) | ast.Lambda(body=inner):
                return own(inner)
            case ast.Subscript(value=inner):
                return own(inner)
            case ast.ListComp(elt=inner) | ast.GeneratorExp(elt=inner):
                return own(inner)
            case ast.DictComp(key=key, value=inner):
                return own(key) and own(inner)
            case ast.Attribute(value=inner, attr=name):
                if name in OWN_ATTRIBUTES or name.isupper() or (_name(inner), name) in OWN_OF:
                    return True
                return name in PASSING and own(inner)
            case ast.Call(func=function, args=given):
                name = _name(function)
                if name in OWN_CALLS or self._returns_own(function, module):
                    return True
                receiver = [function.value] if isinstance(function, ast.Attribute) else []
                kept = given[1:] if name == "get" else given  # a key is not drawn
                return name in PASSING and all(map(own, [*receiver, *kept]))
            case ast.Name(id=name):
                known = name.isupper() or name in OWN_CALLS or name in PASSING
                return known or self._is_own_name(value, module)
        return False

    def _returns_own(self, function: ast.expr, module: Module) -> bool:
        """Whether a function of pages returns what is own: this module's, or all of that name."""
        results = self._results.get(_name(function), {})
        if isinstance(function, ast.Name) and module.path in results:
            return results[module.path]
        return bool(results) and all(results.values())

    def _is_own_name(self, name: ast.Name, module: Module) -> bool:
        """Whether all that a name is bound to, in the nearest scope that binds it, is own."""
        scope: ast.AST | None = name
        while scope := module.parents.get(scope):
            if isinstance(scope, ast.FunctionDef | ast.Lambda | ast.Module | COMPREHENSIONS):
                bound = list(_bound(scope, name.id))
                if bound:
                    return all(
                        each is True or (each is not False and self._is_own(each, module))
                        for each in bound
                    )
        return False


COMPREHENSIONS = ast.ListComp | ast.GeneratorExp | ast.DictComp | ast.SetComp


def _bound(scope: ast.AST, name: str) -> Iterator[ast.expr | bool]:
    """What binds a name in a scope; True for a parameter that is a number, False if it is not."""
    if isinstance(scope, COMPREHENSIONS):
        for each in scope.generators:
            if name in _names(each.target):
                yield from _iterated(each.target, each.iter, name)
        return
    if isinstance(scope, ast.FunctionDef | ast.Lambda):
        arguments = scope.args
        for each in [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]:
            if each.arg == name:
                yield _is_number(each.annotation)
    if isinstance(scope, ast.Lambda):
        return
    for node in _within(scope):
        match node:
            case ast.Assign(targets=targets, value=value):
                for target in targets:
                    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
                        yield from (
                            each
                            for one, each in zip(target.elts, value.elts, strict=True)
                            if name in _names(one)
                        )
                    elif name in _names(target):
                        yield value
            case (
                ast.AugAssign(target=target, value=value)
                | ast.NamedExpr(target=target, value=value)
            ):
                if name in _names(target):
                    yield value
            case ast.AnnAssign(target=target, value=value) if value is not None:
                if name in _names(target):
                    yield value
            case ast.For(target=target, iter=iterated):
                if name in _names(target):
                    yield from _iterated(target, iterated, name)
            case ast.Call(func=ast.Attribute(value=ast.Name(id=one), attr="append"), args=[added]):
                if one == name:
                    yield added
            case ast.ExceptHandler(name=caught) | ast.withitem(optional_vars=ast.Name(id=caught)):
                if caught == name:
                    yield False


def _iterated(target: ast.expr, iterated: ast.expr, name: str) -> Iterator[ast.expr]:
    """What a loop binds a name to: of a table written in the code, the name's own column."""
    rows = iterated.elts if isinstance(iterated, ast.Tuple | ast.List) else []
    if isinstance(target, ast.Tuple) and rows and all(isinstance(row, ast.Tuple) for row in rows):
        place = next(n for n, each in enumerate(target.elts) if name in _names(each))
        yield from (row.elts[place] for row in rows if isinstance(row, ast.Tuple))
    else:
        yield iterated


def _within(scope: ast.AST) -> Iterator[ast.AST]:
    """All nodes of a scope, without those of functions in it."""
    for child in ast.iter_child_nodes(scope):
        yield child
        if not isinstance(child, ast.FunctionDef):
            yield from _within(child)


def _names(target: ast.expr) -> set[str]:
    return {node.id for node in ast.walk(target) if isinstance(node, ast.Name)}


def _name(function: ast.expr) -> str:
    match function:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
    return ""


def _type(annotation: ast.expr | None) -> set[str]:
    """`int | None` -> {"int", "None"}."""
    return set(ast.unparse(annotation).split(" | ")) if annotation else set()


def _is_number(annotation: ast.expr | None) -> bool:
    """Whether the type is of numbers, times or Markdown."""
    return bool(_type(annotation) - {"None"}) and _type(annotation) <= NUMBERS


def _markdown_parameters(function: ast.FunctionDef) -> tuple[int | str, ...]:
    given = [*function.args.posonlyargs, *function.args.args]
    method = bool(given) and given[0].arg == "self"
    places: list[int | str] = []
    for place, each in enumerate([*given, *function.args.kwonlyargs]):
        if "Markdown" in _type(each.annotation):
            places += [each.arg, *([place - method] if place < len(given) else [])]
    return tuple(places)


def _returned(function: ast.FunctionDef) -> Iterator[ast.expr]:
    for node in _within(function):
        if isinstance(node, ast.Return) and node.value is not None:
            yield node.value


def _is_streamlit(node: ast.Attribute) -> bool:
    return isinstance(node.value, ast.Name) and node.value.id == "st"


def _found(module: Module, node: ast.AST, value: ast.AST) -> Found:
    call = node.name if isinstance(node, ast.FunctionDef) else _name(getattr(node, "func", node))
    return Found(f"{module.path}:{value.lineno}", call, ast.unparse(value))
