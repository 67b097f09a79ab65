//! `cogo mcp install`: what it shows, what it writes, and that it can be undone.

use std::path::Path;

use super::{cogo, write};

/// Client, file of a project, file of a user, and what the file says already.
const CLIENTS: [(&str, &str, &str, &str); 5] = [
    (
        "claude",
        ".mcp.json",
        ".claude.json",
        "{\n  \"mcpServers\": { \"other\": { \"command\": \"x\" } },\n  \"n\": 1e3\n}\n",
    ),
    (
        "codex",
        ".codex/config.toml",
        ".codex/config.toml",
        "# mine\nmodel = \"x\"\n\n[mcp_servers.other]\ncommand = \"y\"\n",
    ),
    ("cursor", ".cursor/mcp.json", ".cursor/mcp.json", "{\"mcpServers\":{\"other\":{\"command\":\"x\"}}}"),
    (
        "vscode",
        ".vscode/mcp.json",
        "Code/User/mcp.json",
        "{\n\t// mine\n\t\"servers\": {\n\t\t\"other\": { \"command\": \"x\" } // stays\n\t}\n}\n",
    ),
    ("gemini", ".gemini/settings.json", ".gemini/settings.json", "{\n  // theme\n  \"theme\": \"dark\"\n}\n"),
];

fn run(home: &Path, project: &Path, args: &[&str]) -> (i32, String, String) {
    let output = cogo(home).arg("mcp").args(args).current_dir(project).output().expect("run cogo");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    (output.status.code().unwrap_or(-1), text(output.stdout), text(output.stderr))
}

#[test]
fn a_change_is_shown_then_made_then_undone() {
    for (client, project_file, user_file, before) in CLIENTS {
        for user in [false, true] {
            let folder = tempfile::tempdir().expect("temp dir");
            let (home, project) = (folder.path().join("home"), folder.path().join("project"));
            std::fs::create_dir_all(&project).expect("create");
            let file = if user { home.join(user_file) } else { project.join(project_file) };
            let go = |command: &str, more: &[&str]| {
                let scope: &[&str] = if user { &["--user"] } else { &[] };
                run(&home, &project, &[&[command, "--client", client], scope, more].concat())
            };
            // Without a file.
            let (code, out, _) = go("install", &[]);
            assert!(code == 0 && out.contains("+") && out.contains("cogo") && !file.exists(), "{client}: {out}");
            let (code, _, err) = go("install", &["--yes"]);
            assert!(code == 0 && err.contains("is written"), "{client}: {err}");
            let made = std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{client}: {error}"));
            assert!(made.contains("cogo") && made.contains("\"mcp\""), "{client}: {made}");
            assert_eq!(go("install", &["--yes"]).0, 1, "{client} knows it already");
            assert_eq!(go("uninstall", &["--yes"]).0, 0);
            assert!(!file.exists(), "{client}: nothing is left of what was empty");
            // With one.
            write(file.parent().expect("a folder"), file.file_name().expect("a name").to_str().expect("UTF-8"), before);
            let (_, diff, _) = go("install", &["--yes", "--command", "/opt/cogo"]);
            assert!(diff.contains("/opt/cogo"), "{client}: {diff}");
            let with = std::fs::read_to_string(&file).expect("read");
            assert!(with.contains("/opt/cogo"), "{client}: {with}");
            let kept = before.lines().map(str::trim).filter(|line| line.starts_with(['/', '#']));
            kept.for_each(|comment| assert!(with.contains(comment), "{client}: {with}"));
            assert_eq!(go("uninstall", &["--yes"]).0, 0);
            let after = std::fs::read_to_string(&file).expect("read");
            let squeezed = |text: &str| text.split_whitespace().collect::<String>();
            assert_eq!(squeezed(&after), squeezed(before), "{client}: {after}");
            assert_eq!(go("uninstall", &["--yes"]).0, 1, "{client} does not know it any more");
        }
    }
}

#[test]
fn a_file_that_is_not_understood_stays_as_it_is() {
    for (client, file, _, _) in CLIENTS {
        let project = tempfile::tempdir().expect("temp dir");
        write(project.path(), file, "{ broken [");
        let (code, _, err) = run(project.path(), project.path(), &["install", "--client", client, "--yes"]);
        assert!(code != 0 && err.contains("is left as it is"), "{client}: {code} {err}");
        assert!(err.contains("cogo"), "it says what to write by hand: {err}");
        assert_eq!(std::fs::read_to_string(project.path().join(file)).expect("read"), "{ broken [");
    }
}
