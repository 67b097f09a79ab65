"""Definitions of a source file with their names and doc comments, by tree-sitter."""

import re
from dataclasses import dataclass
from functools import lru_cache

from tree_sitter_language_pack import get_parser

from . import languages
from .documentation import uncomment

MOST_DEFINITIONS = 400
_NAME_KINDS = set(
    "identifier type_identifier field_identifier property_identifier word constant name simple_identifier variable alias "
    "namespace_identifier operator_name qualified_identifier destructor_name dot_index_expression method_index_expression "
    "constructor type scoped_identifier".split()
)
_LEAF_NAMES = set(
    "identifier type_identifier simple_identifier word constant name field_identifier property_identifier".split()
)
_NAME_PARENTS = set(
    "variable_declarator assignment_expression assignment_statement function_declarator pointer_declarator type_spec "
    "class_specifier function_definition struct_specifier declaration variable_list member_expression dot_index_expression "
    "variable_declaration type_alias".split()
)
_WRAPPERS = set("export_statement template_declaration decorated_definition declaration haskell declarations".split())
_BLOCKS = ("block", "compound_statement", "statements", "parameters", "string", "comment")
_OPEN_BLOCKS = set("declaration_list class_body do_block program body_statement field_declaration_list enum_body template_body".split())
_SKIPPED_SIBLING = re.compile(r"attribute|annotation|decorator|modifier|pragma|signature|preproc")
_HAS_FUNCTION = re.compile(rb"function|=>|class |\bstruct\b|\benum\b|\bunion\b|\berror\{")
_ELIXIR = re.compile(rb"(def|defp|defmacro|defmacrop|defmodule|defprotocol|defimpl|defguard|defdelegate)\b")
_ZIG_NAME = re.compile(rb"(?:pub |export |inline )*(?:fn|const|var)\s+([\w]+)")
_ZIG_CONTAINER = re.compile(rb"=\s*(packed |extern )?(struct|enum|union|opaque)\b")


@dataclass
class Definition:
    """A definition: its bytes, its doc comment (bytes and plain text) if any, its name and that of what holds it."""

    start: int
    end: int
    kind: str
    name: str | None
    container: str | None
    is_container: bool
    doc_span: tuple | None
    doc: str


@lru_cache(maxsize=None)
def _parser(language):
    return get_parser(language)


def definitions(language, source):
    """The definitions of a file (UTF-8 bytes), outermost first, at most 400."""
    kinds = languages.DEFINITIONS[language]
    found = []
    stack = [(_parser(language).parse(source).root_node, None, 0)]
    while stack and len(found) < MOST_DEFINITIONS:
        node, container, depth = stack.pop()
        for child in node.children:
            if not child.is_named:
                continue
            kind = child.type
            if kind in kinds:
                counts, is_container = _judge(child, source, language)
                if counts:
                    definition = _definition(child, source, language, container, is_container)
                    if definition:
                        found.append(definition)
                    inner = is_container or kind == "template_declaration"
                    if inner and depth < 12:
                        stack.append((child, definition.name if definition and is_container else container, depth + 1))
                    elif kind in languages.NEEDS_FUNCTION and child.end_byte - child.start_byte > 1500 and depth < 8:
                        stack.append((child, container, depth + 1))
                    continue
                if kind in ("function_definition", "method_declaration"):
                    continue
            opens = kind in _OPEN_BLOCKS or (kind == "statement_block" and depth < 3) or node.type == "class_definition"
            if opens or (depth < 14 and child.child_count and not kind.endswith(_BLOCKS)):
                stack.append((child, container, depth + 1))
    return found


def _judge(node, source, language):
    """Whether a node of a definition's kind counts as one, and whether it holds others."""
    head = source[node.start_byte : min(node.end_byte, node.start_byte + 400)]
    size = node.end_byte - node.start_byte
    if size < 30:
        return False, False
    if language == "elixir":
        match = _ELIXIR.match(head)
        return bool(match), bool(match) and match.group(1) in (b"defmodule", b"defprotocol", b"defimpl")
    if language == "zig":
        is_function = node.type == "function_declaration" or bool(re.match(rb"(pub |export |inline )*fn\b", head))
        is_container = not is_function and bool(_ZIG_CONTAINER.search(head[:200]))
        return is_function or is_container or size >= 160, is_container
    if node.type in languages.NEEDS_FUNCTION and not _HAS_FUNCTION.search(head):
        return False, False
    return True, bool(languages.CONTAINER.search(node.type))


def _definition(node, source, language, container, is_container):
    doc = _doc(node, source, language)
    end = node.end_byte
    if language == "haskell":
        if node.type == "signature":
            follower = node.next_sibling
            if follower is not None and follower.type in ("function", "bind"):
                end = follower.end_byte
        elif node.type in ("function", "bind") and not doc:
            before = node.prev_sibling
            if before is not None and before.type in ("signature", "function", "bind"):
                return None
    name = _name(node, source, language)
    span, text = ((doc[0], doc[1]), doc[2]) if doc else (None, "")
    return Definition(node.start_byte, end, node.type, name, container, is_container, span, text)


def _text(source, node, limit=None):
    return source[node.start_byte : node.end_byte].decode("utf8", "replace")[:limit]


def _name(node, source, language, depth=0):
    if language == "zig" and depth == 0:
        match = _ZIG_NAME.match(source[node.start_byte : node.start_byte + 120])
        return match.group(1).decode() if match else None
    if language == "elixir":
        arguments = next((c for c in node.children if c.type == "arguments"), None)
        if arguments is None:
            return None
        match = re.match(rb"\s*([\w.?!]+)", source[arguments.start_byte : arguments.start_byte + 120])
        return match.group(1).decode("utf8", "replace") if match else None
    for field in ("name", "declarator", "type", "left", "key", "pattern"):
        child = node.child_by_field_name(field)
        if child is not None and (field != "type" or node.type == "impl_item"):
            if child.type in _NAME_KINDS or child.child_count == 0:
                return _text(source, child, 100)
            inner = _name(child, source, language, depth + 1) if depth < 6 else None
            if inner:
                return inner
    if depth < 5:
        for child in node.children[:8]:
            if child.type in _LEAF_NAMES:
                return _text(source, child, 100)
        for child in node.children[:6]:
            if child.type in _NAME_PARENTS:
                inner = _name(child, source, language, depth + 1)
                if inner:
                    return inner
    return None


def _doc(node, source, language):
    """(start, end, plain text) of the doc comment of a definition."""
    if language == "python":
        return _docstring(node, source)
    node = _outermost(node)
    parts, start, end = [], None, None
    row = node.start_point[0]
    sibling = node.prev_sibling
    for _ in range(40):
        if sibling is None:
            break
        if language == "elixir":
            text = _text(source, sibling)
            if sibling.type == "unary_operator" and re.match(r"@(module|type)?doc\b", text):
                text = re.sub(r"^@\w*doc\s*(~[sS])?", "", text).strip().strip("\"'")
                return sibling.start_byte, sibling.end_byte, text
            if sibling.type == "unary_operator":
                sibling = sibling.prev_sibling
                continue
        if "comment" in sibling.type or sibling.type == "haddock":
            if row - sibling.end_point[0] > 1 + (sibling.end_point[1] == 0):
                break
            row = sibling.start_point[0]
            start, end = sibling.start_byte, end or sibling.end_byte
            parts.append(_text(source, sibling))
        elif parts or not (
            _SKIPPED_SIBLING.search(sibling.type)
            or sibling.type in (",", "pub", "static", "async", "export", "public", "template_parameter_list")
        ):
            break
        else:
            row = sibling.start_point[0]
        sibling = sibling.prev_sibling
    if not parts:
        return None
    return start, end, uncomment("\n".join(reversed(parts)))


def _docstring(node, source):
    body = node.child_by_field_name("body")
    if body is None or not body.children:
        return None
    first = body.children[0]
    if first.type == "expression_statement" and first.children and first.children[0].type == "string":
        first = first.children[0]
    if first.type != "string":
        return None
    return first.start_byte, first.end_byte, _text(source, first).strip("rRbBuU").strip("\"'")


def _outermost(node):
    """The node before which a definition's comment stands: past `export`, decorators and the like."""
    for _ in range(4):
        before, parent = node.prev_sibling, node.parent
        if before is not None and before.type not in ("export", "declare", "default", "modifiers", "visibility_modifier"):
            break
        if parent is None:
            break
        same_row = parent.parent is not None and parent.start_point[0] == node.start_point[0]
        if not same_row and parent.type not in _WRAPPERS:
            break
        node = parent
    return node
