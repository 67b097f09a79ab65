"""What the extraction knows about programming languages: file names, tree-sitter node kinds, fences of Markdown."""

import re

EXTENSIONS = {
    "bash": "sh bash zsh bats",
    "c": "c h",
    "cpp": "cc cpp cxx hpp hh hxx ipp",
    "csharp": "cs",
    "elixir": "ex exs",
    "go": "go",
    "haskell": "hs",
    "java": "java",
    "javascript": "js mjs cjs jsx",
    "kotlin": "kt kts",
    "lua": "lua",
    "php": "php",
    "python": "py",
    "ruby": "rb rake",
    "rust": "rs",
    "scala": "scala",
    "swift": "swift",
    "typescript": "ts mts",
    "tsx": "tsx",
    "zig": "zig",
}
LANGUAGE_OF = {extension: language for language, all_ in EXTENSIONS.items() for extension in all_.split()}
LANGUAGES = [*EXTENSIONS, "md"]

# Node kinds that are definitions.
DEFINITIONS = {
    "bash": "function_definition",
    "c": "function_definition struct_specifier enum_specifier union_specifier type_definition preproc_function_def declaration",
    "cpp": "function_definition struct_specifier class_specifier enum_specifier type_definition preproc_function_def "
    "template_declaration alias_declaration declaration field_declaration",
    "csharp": "method_declaration class_declaration interface_declaration struct_declaration enum_declaration "
    "record_declaration property_declaration constructor_declaration delegate_declaration",
    "elixir": "call",
    "go": "function_declaration method_declaration type_declaration",
    "haskell": "function bind signature data_type class newtype instance type_synomym",
    "java": "method_declaration class_declaration interface_declaration enum_declaration constructor_declaration "
    "record_declaration annotation_type_declaration",
    "javascript": "function_declaration class_declaration method_definition lexical_declaration variable_declaration "
    "generator_function_declaration expression_statement pair",
    "kotlin": "function_declaration class_declaration object_declaration property_declaration",
    "lua": "function_declaration assignment_statement variable_declaration",
    "php": "function_definition method_declaration class_declaration interface_declaration trait_declaration enum_declaration",
    "python": "function_definition class_definition",
    "ruby": "method singleton_method class module",
    "rust": "function_item struct_item enum_item trait_item impl_item macro_definition type_item function_signature_item mod_item",
    "scala": "function_definition class_definition object_definition trait_definition function_declaration val_definition "
    "type_definition enum_definition given_definition",
    "swift": "function_declaration class_declaration protocol_declaration property_declaration init_declaration "
    "protocol_function_declaration",
    "typescript": "function_declaration class_declaration abstract_class_declaration method_definition lexical_declaration "
    "interface_declaration type_alias_declaration enum_declaration expression_statement pair method_signature",
    "zig": "Decl variable_declaration function_declaration",
}
DEFINITIONS = {language: set(kinds.split()) for language, kinds in DEFINITIONS.items()}
DEFINITIONS["tsx"] = DEFINITIONS["typescript"]

# Kinds whose children are definitions again.
CONTAINER = re.compile(r"class|interface|struct|module|trait|object|impl|enum|protocol|namespace|record|mod_item|instance")
# Kinds that count only if a function or a class stands inside.
NEEDS_FUNCTION = set("lexical_declaration variable_declaration expression_statement pair assignment_statement".split())
# Kinds that are too small to be found by their name alone.
ONLY_WITH_DOC = set(
    "declaration field_declaration property_declaration val_definition signature method_signature "
    "function_signature_item variable_declaration type_definition alias_declaration".split()
)

# Marks that begin a comment of one line.
LINE_COMMENT = {language: "//" for language in LANGUAGES}
LINE_COMMENT |= {"python": "#", "ruby": "#", "bash": "#", "elixir": "#", "lua": "--", "haskell": "--"}

_FENCES = {
    "bash": "sh shell console bash zsh",
    "c": "c",
    "cpp": "cpp c++",
    "csharp": "csharp cs c#",
    "elixir": "elixir",
    "go": "go golang",
    "haskell": "haskell hs",
    "java": "java",
    "javascript": "js javascript jsx",
    "kotlin": "kotlin kt",
    "lua": "lua",
    "php": "php",
    "python": "py python",
    "ruby": "rb ruby",
    "rust": "rust rs",
    "scala": "scala",
    "swift": "swift",
    "typescript": "ts typescript tsx vue",
    "zig": "zig",
}
LANGUAGE_OF_FENCE = {fence: language for language, all_ in _FENCES.items() for fence in all_.split()}
