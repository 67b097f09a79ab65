//! Settings: who wins, who may, and what is said about a mistake.

use serde_json::json;

use super::{Repository, run};

#[test]
fn every_source_overrides_those_below() {
    let repository = Repository::new();
    let setting = |key: &str, variables: &[(&str, &str)], args: &[&str]| {
        let mut command = repository.command(env!("CARGO_BIN_EXE_cogo"));
        command.args(["config", "show", "--format", "json"]).args(args).envs(variables.iter().copied());
        let settings = run(&mut command, "").expect(0).json();
        let setting = settings.as_array().expect("an array").iter().find(|setting| setting["key"] == key).cloned();
        let setting = setting.expect("a known key");
        (setting["value"].clone(), setting["origin"].clone())
    };
    assert_eq!(setting("limit", &[], &[]), (json!(10), json!("default")));
    repository.write_user_config("limit = 3\nchunk_bytes = 700\n");
    assert_eq!(setting("limit", &[], &[]), (json!(3), json!("user file")));
    assert_eq!(setting("chunk_bytes", &[], &[]), (json!(700), json!("user file")));
    repository.write(".cogo.toml", "chunk_bytes = 800\nmax_file_size = \"2MiB\"\n");
    assert_eq!(setting("chunk_bytes", &[], &[]), (json!(800), json!("project file")));
    assert_eq!(setting("max_file_size", &[], &[]), (json!("2.0 MiB"), json!("project file")));
    let variables = [("COGO_CHUNK_BYTES", "900"), ("COGO_LOG", "warn")];
    assert_eq!(setting("chunk_bytes", &variables, &[]), (json!(900), json!("environment")));
    assert_eq!(setting("log", &variables, &[]), (json!("warn"), json!("environment")));
    assert_eq!(setting("log", &variables, &["--log", "error"]), (json!("error"), json!("flag")));
}

#[test]
fn settings_have_an_effect() {
    let repository = Repository::new();
    repository.write_user_config("limit = 1\n");
    assert_eq!(repository.search(&["request"]).len(), 1);
    assert!(repository.search(&["request", "-k", "9"]).len() > 1);
    repository.write(".cogo.toml", "chunk_bytes = 640\n");
    repository.cogo_index([] as [&str; 0]).expect(0);
    assert_eq!(repository.cogo(["status", "--format", "json"]).expect(0).json()["chunk_bytes"], 640);
}

#[test]
fn a_project_file_may_not_reach_outside() {
    let repository = Repository::new();
    for line in ["index_dir = \"/tmp\"", "log = \"trace\"", "threads = 64"] {
        repository.write(".cogo.toml", line);
        for args in [&["search", "retry"][..], &["index"], &["config", "show"]] {
            let run = repository.cogo(args).expect(2);
            assert!(run.err.contains("must not be set in the project file"), "{run:?}");
        }
    }
}

#[test]
fn unknown_keys_and_wrong_types_are_errors() {
    let repository = Repository::new();
    repository.write(".cogo.toml", "chunk_byte = 5\n");
    let run = repository.cogo(["config", "show"]).expect(2);
    assert!(run.err.contains("unknown key `chunk_byte`") && run.err.contains("did you mean `chunk_bytes`?"), "{run:?}");
    repository.write(".cogo.toml", "chunk_bytes = \"many\"\n");
    let run = repository.cogo(["config", "show"]).expect(2);
    assert!(run.err.contains("setting `chunk_bytes`") && run.err.contains(".cogo.toml"), "{run:?}");
    repository.write(".cogo.toml", "not toml at all");
    repository.cogo(["config", "show"]).expect(2);
    repository.write(".cogo.toml", "");
    repository.write_user_config("mode = \"clever\"\n");
    let run = repository.cogo(["config", "show"]).expect(2);
    assert!(run.err.contains("hybrid, lexical, semantic or symbol"), "{run:?}");
}

#[test]
fn values_have_limits() {
    let repository = Repository::new();
    for line in ["chunk_bytes = 1", "chunk_bytes = 4000000000", "max_file_size = \"1TiB\""] {
        repository.write(".cogo.toml", line);
        let run = repository.cogo_index([] as [&str; 0]).expect(2);
        assert!(run.err.contains("must") && run.err.contains("project file"), "{run:?}");
    }
    repository.write(".cogo.toml", "");
    assert!(repository.cogo_index(["--threads", "0"]).expect(2).err.contains("setting `threads` (flag)"));
}

#[test]
fn variables_that_name_nothing_are_mentioned() {
    let repository = Repository::new();
    let mut command = repository.command(env!("CARGO_BIN_EXE_cogo"));
    let run = run(command.args(["config", "show"]).env("COGO_LIMITS", "3"), "").expect(0);
    assert!(run.err.contains("`COGO_LIMITS` names no setting"), "{run:?}");
}

#[test]
fn an_index_folder_for_all_repositories_is_refused() {
    assert!(!cogo::config::user_keys().contains(&"index_dir"));
    let repository = Repository::new();
    repository.write_user_config("index_dir = \"/tmp/shared\"\n");
    let err = repository.cogo(["search", "retry"]).expect(2).err;
    assert!(err.contains("`index_dir` must not be set in the user file") && err.contains("COGO_INDEX_DIR"), "{err}");
}
