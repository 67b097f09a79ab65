//! The table of languages: how their files are recognised, and which grammar parses them.

use super::entry::{Language, LanguageKind, language};

/// Every language, in a fixed order; the common ones come first.
pub fn all() -> &'static [Language] {
    LANGUAGES
}

macro_rules! main {
    ($grammar:path, $rules:literal) => {
        Some((|| $grammar.into(), include_str!(concat!("rules/", $rules, ".rules"))))
    };
}

#[cfg(feature = "rare-languages")]
macro_rules! rare {
    ($grammar:path, $rules:literal) => {
        main!($grammar, $rules)
    };
}

#[cfg(not(feature = "rare-languages"))]
macro_rules! rare {
    ($grammar:path, $rules:literal) => {
        None
    };
}

#[rustfmt::skip]
pub(super) static LANGUAGES: &[Language] = &[
    // Always parsed.
    language("python", LanguageKind::Code)
        .extensions(&["py", "pyi", "pyw", "pyx"])
        .aliases(&["py", "python3", "python2"])
        .interpreters(&["python", "python3", "pypy"])
        .grammar(main!(tree_sitter_python::LANGUAGE, "python")),
    language("javascript", LanguageKind::Code)
        .extensions(&["js", "mjs", "cjs", "jsx", "es6"])
        .aliases(&["js", "jsx", "node"])
        .interpreters(&["node", "nodejs", "bun"])
        .grammar(main!(tree_sitter_javascript::LANGUAGE, "javascript")),
    language("typescript", LanguageKind::Code)
        .extensions(&["ts", "mts", "cts"])
        .aliases(&["ts"])
        .interpreters(&["deno", "ts-node", "tsx"])
        .grammar(main!(tree_sitter_typescript::LANGUAGE_TYPESCRIPT, "typescript")),
    language("typescript", LanguageKind::Code)
        .extensions(&["tsx"])
        .aliases(&["tsx"])
        .grammar(main!(tree_sitter_typescript::LANGUAGE_TSX, "typescript")),
    language("go", LanguageKind::Code)
        .extensions(&["go"])
        .aliases(&["golang"])
        .grammar(main!(tree_sitter_go::LANGUAGE, "go")),
    language("rust", LanguageKind::Code)
        .extensions(&["rs"])
        .aliases(&["rs"])
        .interpreters(&["rust-script"])
        .grammar(main!(tree_sitter_rust::LANGUAGE, "rust")),
    language("java", LanguageKind::Code)
        .extensions(&["java", "jav"])
        .grammar(main!(tree_sitter_java::LANGUAGE, "java")),
    language("c", LanguageKind::Code)
        .extensions(&["c", "h"])
        .aliases(&["h"])
        .grammar(main!(tree_sitter_c::LANGUAGE, "c")),
    language("cpp", LanguageKind::Code)
        .extensions(&["cpp", "cc", "cxx", "c++", "hpp", "hh", "hxx", "h++", "ipp", "inl", "tpp", "txx", "cu", "cuh", "ino", "cppm", "ixx"])
        .aliases(&["c++", "cxx", "cuda"])
        .grammar(main!(tree_sitter_cpp::LANGUAGE, "cpp")),
    language("csharp", LanguageKind::Code)
        .extensions(&["cs", "csx"])
        .aliases(&["c#", "cs", "c-sharp"])
        .interpreters(&["dotnet-script"])
        .grammar(main!(tree_sitter_c_sharp::LANGUAGE, "csharp")),
    language("ruby", LanguageKind::Code)
        .extensions(&["rb", "rake", "gemspec", "ru", "rbw", "podspec", "thor"])
        .aliases(&["rb"])
        .filenames(&["Rakefile", "Gemfile", "Guardfile", "Podfile", "Vagrantfile", "Fastfile", "Brewfile", "Capfile"])
        .interpreters(&["ruby", "jruby", "rake"])
        .grammar(main!(tree_sitter_ruby::LANGUAGE, "ruby")),
    language("php", LanguageKind::Code)
        .extensions(&["php", "phtml", "php3", "php4", "php5", "phps", "inc"])
        .interpreters(&["php"])
        .grammar(main!(tree_sitter_php::LANGUAGE_PHP, "php")),
    language("scala", LanguageKind::Code)
        .extensions(&["scala", "sc", "sbt"])
        .interpreters(&["scala"])
        .grammar(main!(tree_sitter_scala::LANGUAGE, "scala")),
    language("kotlin", LanguageKind::Code)
        .extensions(&["kt", "kts", "ktm"])
        .aliases(&["kt"])
        .interpreters(&["kotlin"])
        .grammar(main!(tree_sitter_kotlin_ng::LANGUAGE, "kotlin")),
    language("swift", LanguageKind::Code)
        .extensions(&["swift"])
        .interpreters(&["swift"])
        .grammar(main!(tree_sitter_swift::LANGUAGE, "swift")),
    language("elixir", LanguageKind::Code)
        .extensions(&["ex", "exs"])
        .aliases(&["ex"])
        .filenames(&["mix.lock"])
        .interpreters(&["elixir"])
        .grammar(main!(tree_sitter_elixir::LANGUAGE, "elixir")),
    language("haskell", LanguageKind::Code)
        .extensions(&["hs", "hs-boot"])
        .aliases(&["hs"])
        .interpreters(&["runhaskell", "runghc", "stack"])
        .grammar(main!(tree_sitter_haskell::LANGUAGE, "haskell")),
    language("lua", LanguageKind::Code)
        .extensions(&["lua", "rockspec", "luau"])
        .interpreters(&["lua", "luajit"])
        .grammar(main!(tree_sitter_lua::LANGUAGE, "lua")),
    language("zig", LanguageKind::Code)
        .extensions(&["zig", "zon"])
        .grammar(main!(tree_sitter_zig::LANGUAGE, "zig")),
    language("bash", LanguageKind::Code)
        .extensions(&["sh", "bash", "zsh", "ksh", "bats", "ebuild"])
        .aliases(&["sh", "shell", "zsh", "shellscript"])
        .filenames(&[".bashrc", ".bash_profile", ".profile", ".zshrc", ".zprofile", ".bash_aliases", "PKGBUILD", "APKBUILD"])
        .interpreters(&["sh", "bash", "zsh", "dash", "ksh", "ash"])
        .grammar(main!(tree_sitter_bash::LANGUAGE, "bash")),
    language("markdown", LanguageKind::Markup)
        .extensions(&["md", "markdown", "mdown", "mkd", "mdx"])
        .aliases(&["md"])
        .grammar(main!(tree_sitter_md::LANGUAGE, "markdown")),
    language("html", LanguageKind::Markup)
        .extensions(&["html", "htm", "xhtml", "hbs", "mustache", "ejs"])
        .aliases(&["htm"])
        .grammar(main!(tree_sitter_html::LANGUAGE, "html")),
    language("vue", LanguageKind::Code)
        .extensions(&["vue"])
        .grammar(main!(tree_sitter_html::LANGUAGE, "html")),
    language("css", LanguageKind::Code)
        .extensions(&["css"])
        .grammar(main!(tree_sitter_css::LANGUAGE, "css")),
    language("json", LanguageKind::Config)
        .extensions(&["json", "jsonc", "json5", "geojson", "webmanifest", "code-workspace", "jsonl", "ndjson"])
        .aliases(&["jsonc"])
        .filenames(&[".babelrc", ".eslintrc", ".prettierrc", "composer.lock", "Pipfile.lock", ".swcrc", "flake.lock"])
        .grammar(main!(tree_sitter_json::LANGUAGE, "json")),
    language("yaml", LanguageKind::Config)
        .extensions(&["yaml", "yml"])
        .aliases(&["yml"])
        .filenames(&[".clang-format", ".clang-tidy"])
        .grammar(main!(tree_sitter_yaml::LANGUAGE, "yaml")),
    language("toml", LanguageKind::Config)
        .extensions(&["toml"])
        .filenames(&["Cargo.lock", "poetry.lock", "Pipfile", "uv.lock"])
        .grammar(main!(tree_sitter_toml_ng::LANGUAGE, "toml")),
    // Parsed with the feature `rare-languages`.
    language("ocaml", LanguageKind::Code)
        .extensions(&["ml"])
        .interpreters(&["ocaml"])
        .grammar(rare!(tree_sitter_ocaml::LANGUAGE_OCAML, "ocaml")),
    language("ocaml", LanguageKind::Code)
        .extensions(&["mli"])
        .grammar(rare!(tree_sitter_ocaml::LANGUAGE_OCAML_INTERFACE, "ocaml")),
    language("r", LanguageKind::Code)
        .extensions(&["r", "rmd"])
        .filenames(&[".Rprofile"])
        .interpreters(&["Rscript"])
        .grammar(rare!(tree_sitter_r::LANGUAGE, "r")),
    language("julia", LanguageKind::Code)
        .extensions(&["jl"])
        .aliases(&["jl"])
        .interpreters(&["julia"])
        .grammar(rare!(tree_sitter_julia::LANGUAGE, "julia")),
    language("dart", LanguageKind::Code)
        .extensions(&["dart"])
        .interpreters(&["dart"])
        .grammar(rare!(tree_sitter_dart::LANGUAGE, "dart")),
    language("sql", LanguageKind::Code)
        .extensions(&["sql", "ddl", "dml", "pgsql", "psql"])
        .aliases(&["postgres", "mysql", "sqlite"])
        .grammar(rare!(tree_sitter_sequel::LANGUAGE, "sql")),
    language("proto", LanguageKind::Code)
        .extensions(&["proto"])
        .aliases(&["protobuf", "protocol buffers"])
        .grammar(rare!(tree_sitter_proto::LANGUAGE, "proto")),
    language("hcl", LanguageKind::Config)
        .extensions(&["hcl", "tf", "tfvars", "nomad"])
        .aliases(&["terraform", "tf"])
        .filenames(&[".terraform.lock.hcl"])
        .grammar(rare!(tree_sitter_hcl::LANGUAGE, "hcl")),
    language("make", LanguageKind::Code)
        .extensions(&["mk", "mak", "make"])
        .aliases(&["makefile"])
        .filenames(&["Makefile", "GNUmakefile", "BSDmakefile", "Kbuild"])
        .interpreters(&["make"])
        .grammar(rare!(tree_sitter_make::LANGUAGE, "make")),
    language("erlang", LanguageKind::Code)
        .extensions(&["erl", "hrl", "escript"])
        .aliases(&["erl"])
        .filenames(&["rebar.config"])
        .interpreters(&["escript"])
        .grammar(rare!(tree_sitter_erlang::LANGUAGE, "erlang")),
    language("dockerfile", LanguageKind::Config)
        .extensions(&["dockerfile", "containerfile"])
        .aliases(&["docker", "containerfile"])
        .filenames(&["Dockerfile", "Containerfile"])
        .grammar(rare!(tree_sitter_containerfile::LANGUAGE, "dockerfile")),
    language("groovy", LanguageKind::Code)
        .extensions(&["groovy", "gradle", "gvy", "jenkinsfile"])
        .aliases(&["gradle"])
        .filenames(&["Jenkinsfile"])
        .interpreters(&["groovy"])
        .grammar(rare!(tree_sitter_groovy::LANGUAGE, "groovy")),
    language("objc", LanguageKind::Code)
        .extensions(&["m", "mm"])
        .aliases(&["objective-c", "objectivec", "obj-c"])
        .grammar(rare!(tree_sitter_objc::LANGUAGE, "objc")),
    language("powershell", LanguageKind::Code)
        .extensions(&["ps1", "psm1", "psd1"])
        .aliases(&["pwsh", "ps1"])
        .interpreters(&["pwsh"])
        .grammar(rare!(tree_sitter_powershell::LANGUAGE, "powershell")),
    language("nix", LanguageKind::Code)
        .extensions(&["nix"])
        .grammar(rare!(tree_sitter_nix::LANGUAGE, "nix")),
    language("svelte", LanguageKind::Code)
        .extensions(&["svelte"])
        .grammar(rare!(tree_sitter_svelte_ng::LANGUAGE, "svelte")),
    language("graphql", LanguageKind::Code)
        .extensions(&["graphql", "gql", "graphqls"])
        .aliases(&["gql"])
        .grammar(rare!(tree_sitter_graphql::LANGUAGE, "graphql")),
    language("cmake", LanguageKind::Code)
        .extensions(&["cmake", "cmake.in"])
        .filenames(&["CMakeLists.txt"])
        .interpreters(&["cmake"])
        .grammar(rare!(tree_sitter_cmake::LANGUAGE, "cmake")),
    language("solidity", LanguageKind::Code)
        .extensions(&["sol"])
        .aliases(&["sol"])
        .grammar(rare!(tree_sitter_solidity::LANGUAGE, "solidity")),
    language("xml", LanguageKind::Config)
        .extensions(&["xml", "xsd", "xsl", "xslt", "wsdl", "svg", "plist", "csproj", "fsproj", "vbproj", "vcxproj", "props", "targets", "xaml", "pom", "nuspec", "resx", "storyboard", "xib", "rss", "atom"])
        .aliases(&["xsd"])
        .grammar(rare!(tree_sitter_xml::LANGUAGE_XML, "xml")),
    // Known by name only.
    language("rst", LanguageKind::Markup)
        .extensions(&["rst", "rest"])
        .aliases(&["restructuredtext"]),
    language("asciidoc", LanguageKind::Markup)
        .extensions(&["adoc", "asciidoc", "asc"])
        .aliases(&["adoc"]),
    language("latex", LanguageKind::Markup)
        .extensions(&["tex", "sty", "bib", "ltx"])
        .aliases(&["tex"]),
    language("org", LanguageKind::Markup).extensions(&["org"]),
    language("text", LanguageKind::Text)
        .extensions(&["txt", "text", "log"])
        .aliases(&["txt", "plaintext", "plain"])
        .filenames(&["README", "LICENSE", "COPYING", "NOTICE", "AUTHORS", "CHANGELOG", "CONTRIBUTORS", "TODO", "INSTALL", "NEWS"]),
    language("ini", LanguageKind::Config)
        .extensions(&["ini", "cfg", "conf", "properties", "cnf", "editorconfig", "desktop", "service", "gitconfig"])
        .aliases(&["properties", "conf"])
        .filenames(&[".editorconfig", ".gitconfig", ".npmrc", ".pylintrc", ".flake8", ".coveragerc", ".gitmodules", ".pypirc"]),
    language("dotenv", LanguageKind::Config)
        .extensions(&["env"])
        .aliases(&["env"])
        .filenames(&[".env", ".envrc"]),
    language("ignore", LanguageKind::Config)
        .filenames(&[".gitignore", ".dockerignore", ".npmignore", ".prettierignore", ".eslintignore", ".cogoignore", "CODEOWNERS", ".gitattributes"]),
    language("csv", LanguageKind::Text).extensions(&["csv", "tsv"]).aliases(&["tsv"]),
    language("diff", LanguageKind::Text).extensions(&["diff", "patch"]).aliases(&["patch"]),
    language("perl", LanguageKind::Code)
        .extensions(&["pl", "pm", "t", "psgi"])
        .interpreters(&["perl"]),
    language("prolog", LanguageKind::Code).extensions(&["pro", "prolog"]).interpreters(&["swipl"]),
    language("raku", LanguageKind::Code)
        .extensions(&["raku", "rakumod", "p6"])
        .interpreters(&["raku"]),
    language("clojure", LanguageKind::Code)
        .extensions(&["clj", "cljs", "cljc", "edn", "bb"])
        .aliases(&["clj"]),
    language("lisp", LanguageKind::Code)
        .extensions(&["lisp", "lsp", "cl", "asd"])
        .aliases(&["common lisp"]),
    language("emacs-lisp", LanguageKind::Code)
        .extensions(&["el"])
        .aliases(&["elisp"])
        .filenames(&[".emacs"]),
    language("scheme", LanguageKind::Code)
        .extensions(&["scm", "ss", "sld"])
        .interpreters(&["guile"]),
    language("racket", LanguageKind::Code).extensions(&["rkt"]).interpreters(&["racket"]),
    language("fennel", LanguageKind::Code).extensions(&["fnl"]),
    language("fortran", LanguageKind::Code)
        .extensions(&["f", "for", "f77", "f90", "f95", "f03", "f08"])
        .aliases(&["f90"]),
    language("fsharp", LanguageKind::Code).extensions(&["fs", "fsi", "fsx"]).aliases(&["f#", "fs"]),
    language("vb", LanguageKind::Code)
        .extensions(&["vb", "vbs", "bas"])
        .aliases(&["visual basic", "vbnet"]),
    language("astro", LanguageKind::Code).extensions(&["astro"]),
    language("assembly", LanguageKind::Code).extensions(&["asm", "s", "nasm"]).aliases(&["asm"]),
    language("tcl", LanguageKind::Code).extensions(&["tcl", "tk"]).interpreters(&["tclsh", "wish"]),
    language("awk", LanguageKind::Code).extensions(&["awk", "gawk"]).interpreters(&["awk", "gawk"]),
    language("sed", LanguageKind::Code).extensions(&["sed"]).interpreters(&["sed"]),
    language("fish", LanguageKind::Code).extensions(&["fish"]).interpreters(&["fish"]),
    language("nushell", LanguageKind::Code).extensions(&["nu"]).interpreters(&["nu"]),
    language("batch", LanguageKind::Code).extensions(&["bat", "cmd"]).aliases(&["bat"]),
    language("d", LanguageKind::Code).extensions(&["d", "di"]),
    language("nim", LanguageKind::Code).extensions(&["nim", "nims", "nimble"]),
    language("crystal", LanguageKind::Code).extensions(&["cr"]).interpreters(&["crystal"]),
    language("v", LanguageKind::Code).extensions(&["vv", "vsh"]),
    language("verilog", LanguageKind::Code)
        .extensions(&["v", "vh", "sv", "svh"])
        .aliases(&["systemverilog"]),
    language("vhdl", LanguageKind::Code).extensions(&["vhd", "vhdl"]),
    language("ada", LanguageKind::Code).extensions(&["adb", "ads", "ada"]),
    language("pascal", LanguageKind::Code)
        .extensions(&["pas", "pp", "dpr", "lpr"])
        .aliases(&["delphi"]),
    language("cobol", LanguageKind::Code).extensions(&["cob", "cbl", "cpy"]),
    language("matlab", LanguageKind::Code)
        .extensions(&["mlx"])
        .aliases(&["octave"])
        .interpreters(&["octave"]),
    language("mathematica", LanguageKind::Code).extensions(&["wl", "nb"]).aliases(&["wolfram"]),
    language("elm", LanguageKind::Code).extensions(&["elm"]),
    language("purescript", LanguageKind::Code).extensions(&["purs"]),
    language("rescript", LanguageKind::Code).extensions(&["res", "resi"]),
    language("reason", LanguageKind::Code).extensions(&["re", "rei"]),
    language("coffeescript", LanguageKind::Code)
        .extensions(&["coffee", "cson"])
        .aliases(&["coffee"])
        .interpreters(&["coffee"]),
    language("scss", LanguageKind::Code).extensions(&["scss", "sass"]).aliases(&["sass"]),
    language("less", LanguageKind::Code).extensions(&["less"]),
    language("stylus", LanguageKind::Code).extensions(&["styl"]),
    language("starlark", LanguageKind::Code)
        .extensions(&["bzl", "star", "bazel"])
        .aliases(&["bazel"])
        .filenames(&["BUILD", "WORKSPACE", "Tiltfile"]),
    language("meson", LanguageKind::Code).filenames(&["meson.build", "meson_options.txt"]),
    language("just", LanguageKind::Code)
        .extensions(&["just"])
        .aliases(&["justfile"])
        .filenames(&["justfile", ".justfile"]),
    language("ninja", LanguageKind::Code).extensions(&["ninja"]),
    language("puppet", LanguageKind::Code).extensions(&["pp.erb"]),
    language("jinja", LanguageKind::Markup).extensions(&["j2", "jinja", "jinja2"]),
    language("erb", LanguageKind::Markup).extensions(&["erb"]),
    language("haml", LanguageKind::Markup).extensions(&["haml"]),
    language("pug", LanguageKind::Markup).extensions(&["pug", "jade"]),
    language("blade", LanguageKind::Markup).extensions(&["blade.php"]),
    language("liquid", LanguageKind::Markup).extensions(&["liquid"]),
    language("twig", LanguageKind::Markup).extensions(&["twig"]),
    language("thrift", LanguageKind::Code).extensions(&["thrift"]),
    language("capnp", LanguageKind::Code).extensions(&["capnp"]),
    language("avro", LanguageKind::Code).extensions(&["avdl"]),
    language("prisma", LanguageKind::Code).extensions(&["prisma"]),
    language("cue", LanguageKind::Config).extensions(&["cue"]),
    language("jsonnet", LanguageKind::Config).extensions(&["jsonnet", "libsonnet"]),
    language("dhall", LanguageKind::Config).extensions(&["dhall"]),
    language("rego", LanguageKind::Code).extensions(&["rego"]),
    language("bicep", LanguageKind::Config).extensions(&["bicep"]),
    language("vim", LanguageKind::Code)
        .extensions(&["vim", "vimrc"])
        .aliases(&["vimscript", "viml"])
        .filenames(&[".vimrc", ".exrc"]),
    language("gdscript", LanguageKind::Code).extensions(&["gd"]),
    language("glsl", LanguageKind::Code)
        .extensions(&["glsl", "vert", "frag", "geom", "comp", "tesc", "tese"]),
    language("hlsl", LanguageKind::Code).extensions(&["hlsl", "fx"]),
    language("wgsl", LanguageKind::Code).extensions(&["wgsl"]),
    language("metal", LanguageKind::Code).extensions(&["metal"]),
    language("opencl", LanguageKind::Code).extensions(&["cl.h", "opencl"]),
    language("move", LanguageKind::Code).extensions(&["move"]),
    language("cairo", LanguageKind::Code).extensions(&["cairo"]),
    language("vyper", LanguageKind::Code).extensions(&["vy"]),
    language("apex", LanguageKind::Code).extensions(&["apex", "trigger"]),
    language("haxe", LanguageKind::Code).extensions(&["hx"]),
    language("smalltalk", LanguageKind::Code).extensions(&["st"]),
    language("forth", LanguageKind::Code).extensions(&["fth", "4th"]),
    language("gleam", LanguageKind::Code).extensions(&["gleam"]),
    language("odin", LanguageKind::Code).extensions(&["odin"]),
    language("idris", LanguageKind::Code).extensions(&["idr"]),
    language("agda", LanguageKind::Code).extensions(&["agda"]),
    language("lean", LanguageKind::Code).extensions(&["lean"]),
    language("coq", LanguageKind::Code).extensions(&["coq"]),
    language("isabelle", LanguageKind::Code).extensions(&["thy"]),
    language("sml", LanguageKind::Code).extensions(&["sml", "sig"]),
    language("mojo", LanguageKind::Code).extensions(&["mojo"]),
    language("ballerina", LanguageKind::Code).extensions(&["bal"]),
    language("wat", LanguageKind::Code).extensions(&["wat", "wast"]),
    language("llvm", LanguageKind::Code).extensions(&["ll"]),
    language("kdl", LanguageKind::Config).extensions(&["kdl"]),
    language("ron", LanguageKind::Config).extensions(&["ron"]),
    language("hjson", LanguageKind::Config).extensions(&["hjson"]),
    language("jupyter", LanguageKind::Markup).extensions(&["ipynb"]).aliases(&["notebook"]),
    language("gomod", LanguageKind::Config).filenames(&["go.mod", "go.work"]),
    language("gosum", LanguageKind::Text).filenames(&["go.sum"]),
    language("requirements", LanguageKind::Config)
        .filenames(&["requirements.txt", "requirements-dev.txt", "constraints.txt"]),
];
