//! The clients: where each keeps its servers, and in which form.

use std::path::PathBuf;

use anyhow::Context;
use serde_json::{Value, json};

use super::Start;

/// A program that can use cogo.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Client {
    /// Claude Code
    Claude,
    /// Codex
    Codex,
    /// Cursor
    Cursor,
    /// Visual Studio Code
    Vscode,
    /// Gemini CLI
    Gemini,
}

/// For whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Everybody who works in this folder.
    Project(PathBuf),
    /// This user, in every folder: the home folder.
    User(PathBuf),
}

impl Client {
    /// Where its servers are listed.
    ///
    /// # Errors
    /// If the user has no folder for settings.
    pub(super) fn path(self, scope: &Scope) -> anyhow::Result<PathBuf> {
        Ok(match (self, scope) {
            (Client::Claude, Scope::Project(root)) => root.join(".mcp.json"),
            (Client::Claude, Scope::User(home)) => home.join(".claude.json"),
            (Client::Codex, Scope::Project(folder) | Scope::User(folder)) => folder.join(".codex/config.toml"),
            (Client::Cursor, Scope::Project(folder) | Scope::User(folder)) => folder.join(".cursor/mcp.json"),
            (Client::Gemini, Scope::Project(folder) | Scope::User(folder)) => folder.join(".gemini/settings.json"),
            (Client::Vscode, Scope::Project(root)) => root.join(".vscode/mcp.json"),
            (Client::Vscode, Scope::User(_)) => {
                let folders = directories::BaseDirs::new().context("there is no home folder")?;
                folders.config_dir().join("Code/User/mcp.json")
            }
        })
    }

    pub(super) fn is_toml(self) -> bool {
        self == Client::Codex
    }

    /// The table of servers in it.
    pub(super) fn table(self) -> &'static str {
        match self {
            Client::Codex => "mcp_servers",
            Client::Vscode => "servers",
            _ => "mcpServers",
        }
    }

    pub(super) fn json_entry(self, start: &Start) -> Value {
        let (command, arguments) = (&start.command, &start.arguments);
        match self {
            Client::Gemini => json!({ "command": command, "args": arguments }),
            _ => json!({ "type": "stdio", "command": command, "args": arguments }),
        }
    }

    /// What to do after it is told.
    pub fn advice(self) -> &'static str {
        match self {
            Client::Claude => "start `claude` in the project and approve the server; `/mcp` shows it",
            Client::Codex => "start `codex` in the project (it must be trusted); `/mcp` shows it",
            Client::Cursor => "switch it on in Cursor's settings, under MCP",
            Client::Vscode => "start it from the `MCP: List Servers` command",
            Client::Gemini => "start `gemini` in the project; `/mcp` shows it",
        }
    }
}
