//! Language models with a budget.
//!
//! [`LanguageModel`] is one synchronous call: a [`Prompt`] in, a [`Reply`] out. [`Metered`] wraps a model with a [`Budget`]
//! that is checked before every call, counts what was spent, and tries again where that helps. Real providers (OpenAI, Anthropic,
//! Gemini, Ollama, and whatever speaks the protocol of OpenAI) are behind the feature `providers`, because they bring an
//! HTTP client and an async runtime.
//!
//! Keys come from environment variables and go nowhere else: no log, no error and no debug output holds one.

mod error;
mod meter;
mod price;
#[cfg(feature = "providers")]
mod providers;
mod retry;
mod tokens;

pub use error::{Error, Result};
pub use meter::{Budget, Metered, Spent};
pub use price::{Price, Usd};
#[cfg(feature = "providers")]
pub use providers::{KEY, Provider, ProviderOptions};
pub use tokens::{at_most, estimate};

/// What a model is asked.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Prompt {
    /// Who the model is, and what it shall do.
    pub system: String,
    /// What it shall do it with.
    pub user: String,
    /// The longest answer, in tokens.
    pub max_output: u32,
    /// The JSON schema of the answer, if it shall be JSON. Not every provider keeps to it: the answer is checked by whoever asked.
    pub schema: Option<serde_json::Value>,
}

/// Tokens read and written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
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
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reply {
    /// The text.
    pub text: String,
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
}

impl<M: LanguageModel + ?Sized> LanguageModel for Box<M> {
    fn name(&self) -> &str {
        (**self).name()
    }

    fn complete(&self, prompt: &Prompt) -> Result<Reply> {
        (**self).complete(prompt)
    }
}
