//! Which language a file is taken for.

use super::super::detect;

#[test]
fn names_and_heads_decide() {
    let cases = [
        ("src/main.rs", "", Some("rust")),
        ("a/b.test.TSX", "", Some("typescript")),
        ("x.d.ts", "", Some("typescript")),
        ("i18n/de.ts", "<?xml version='1.0'?><TS>", Some("xml")),
        ("Dockerfile", "", Some("dockerfile")),
        ("deploy/Dockerfile.dev", "", Some("dockerfile")),
        ("Makefile", "", Some("make")),
        ("CMakeLists.txt", "", Some("cmake")),
        ("notes.txt", "", Some("text")),
        ("views/a.blade.php", "", Some("blade")),
        ("a.php", "", Some("php")),
        ("build.gradle.kts", "", Some("kotlin")),
        (".env.local", "", Some("dotenv")),
        (".gitignore", "", Some("ignore")),
        ("bin/run", "#!/usr/bin/env python3.12\n", Some("python")),
        ("bin/run", "#!/usr/bin/env -S node --flag\n", Some("javascript")),
        ("bin/run", "#!/bin/sh -e\n", Some("bash")),
        ("bin/run", "\u{feff}#!/usr/bin/perl\n", Some("perl")),
        ("bin/run", "plain words\n", None),
        ("a.unknown", "", None),
        ("", "", None),
        ("a.h", "int f(void);", Some("c")),
        ("a.h", "#pragma once\nnamespace a {}", Some("cpp")),
        ("a.h", "  std::string f();", Some("cpp")),
        ("a.h", "#import <UIKit/UIKit.h>\n@interface A", Some("objc")),
        ("a.m", "#import \"A.h\"\n@implementation A", Some("objc")),
        ("a.m", "function y = f(x)\n% doc", Some("matlab")),
        ("a.pl", "use strict;", Some("perl")),
        ("Cargo.lock", "", Some("toml")),
        ("main.tf", "", Some("hcl")),
        ("a.vue", "", Some("vue")),
    ];
    for (path, head, expected) in cases {
        assert_eq!(detect(path, head).map(|language| language.name), expected, "{path} {head:?}");
    }
}
