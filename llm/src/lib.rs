//! Language models with a budget.
//!
//! [`LanguageModel`] is one synchronous call: a [`Prompt`] in, a [`Reply`] out. [`Metered`] wraps a model with a [`Budget`]
//! that is checked before every call, counts what was spent, and tries again where that helps. Real providers (OpenAI, Anthropic,
//! Gemini, Ollama, and whatever speaks the protocol of OpenAI) are behind the feature `providers`, because they bring an
//! HTTP client and an async runtime.
//!
//! Keys come from environment variables and go nowhere else: no log, no error and no debug output holds one.

mod error;
mod ledger;
mod meter;
mod price;
#[cfg(feature = "providers")]
mod providers;
mod retry;
mod tokens;

use serde::Serialize;

pub use error::{Amount, Error, Result};
pub use ledger::{Charge, Ledger};
pub use meter::{Budget, Metered, Spent};
pub use price::{Price, Usd};
#[cfg(feature = "providers")]
pub use providers::{KEY, Provider, ProviderOptions};
pub use tokens::{at_most, estimate};

/// What a model is asked.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Prompt {
    /// Who the model is, and what it shall do.
    pub system: String,
    /// What it shall do it with.
    pub user: String,
    /// The longest answer, in tokens.
    pub max_output: u32,
    /// The JSON schema of the answer, if it shall be JSON. Not every provider keeps to it: the answer is checked by whoever asked.
    pub schema: Option<serde_json::Value>,
    /// Tools it may ask to be called.
    pub tools: Vec<Tool>,
}

/// A tool that a model may ask to be called. Whether it is called, and with what, is decided by whoever asked the model.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Tool {
    /// Its name.
    pub name: String,
    /// What it does, and when to use it.
    pub description: String,
    /// The JSON schema of its arguments.
    pub schema: serde_json::Value,
}

/// A call of a tool that a model asks for.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ToolCall {
    /// Name of the tool; models make names up.
    pub name: String,
    /// Its arguments, not checked.
    pub arguments: serde_json::Value,
}

/// Tokens read and written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Usage {
    /// Tokens of the prompt.
    pub input: u64,
    /// Tokens of the answer, with those of thinking.
    pub output: u64,
}

impl Usage {
    /// All of them.
    pub fn total(self) -> u64 {
        self.input.saturating_add(self.output)
    }
}

impl std::ops::AddAssign for Usage {
    fn add_assign(&mut self, other: Self) {
        self.input = self.input.saturating_add(other.input);
        self.output = self.output.saturating_add(other.output);
    }
}

/// What a model answered.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Reply {
    /// The text.
    pub text: String,
    /// The calls it asks for.
    pub calls: Vec<ToolCall>,
    /// What the provider counted; none if it did not say.
    pub usage: Option<Usage>,
}

/// Something that answers prompts.
///
/// A call may take minutes, and blocks; it must not be made from async code.
pub trait LanguageModel: Send + Sync {
    /// Name of the model, as caches and reports call it.
    fn name(&self) -> &str;

    /// Answers one prompt, with one request.
    ///
    /// # Errors
    /// [`Error`] says whether trying again may help, and whether the request may have cost something.
    fn complete(&self, prompt: &Prompt) -> Result<Reply>;

    /// The same, and `sink` gets the text piece by piece as it comes. A model that cannot do that gives it in one piece.
    ///
    /// # Errors
    /// As of [`LanguageModel::complete`]. `sink` may have got pieces before.
    fn stream(&self, prompt: &Prompt, sink: &mut dyn FnMut(&str)) -> Result<Reply> {
        let reply = self.complete(prompt)?;
        sink(&reply.text);
        Ok(reply)
    }
}

impl<M: LanguageModel + ?Sized> LanguageModel for Box<M> {
    fn name(&self) -> &str {
        (**self).name()
    }

    fn complete(&self, prompt: &Prompt) -> Result<Reply> {
        (**self).complete(prompt)
    }

    fn stream(&self, prompt: &Prompt, sink: &mut dyn FnMut(&str)) -> Result<Reply> {
        (**self).stream(prompt, sink)
    }
}
