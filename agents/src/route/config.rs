//! `model_routing.json`: which models there are, and what decides between them.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::config::{ConfigError, user_file};

const NAME: &str = "model_routing.json";
const EMBEDDED: &str = include_str!("../../../configs/model_routing.json");

/// How much a model can do, and costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tier {
    /// Intent, classification: fast and cheap.
    Nano,
    /// Everyday work: summaries, decomposition.
    Mini,
    /// Planning, design, what must be right.
    Full,
}

impl Tier {
    /// From the smallest to the largest.
    pub const ALL: [Tier; 3] = [Tier::Nano, Tier::Mini, Tier::Full];
}

/// How much each signal counts.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Weights {
    /// What goes wrong if the answer is wrong.
    pub risk: f64,
    /// How unsure the evidence leaves one.
    pub uncertainty: f64,
    /// What kind of work it is.
    pub kind: f64,
    /// How much there is to read.
    pub length: f64,
}

/// Scores from which a tier is wanted; below all of them it is nano.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Thresholds {
    /// The smallest score for mini.
    pub mini: f64,
    /// The smallest score for full.
    pub full: f64,
}

/// One model of a tier.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelConfig {
    /// Its name, as `cogo graph extract --model` takes it: `gpt-5-mini`, `anthropic::claude-haiku-4-5`, `ollama::qwen3`.
    pub model: String,
    /// How breakers, metrics and records call it; without it, `model`. Two services of the same model need two names.
    #[serde(default)]
    pub name: Option<String>,
    /// Where the service is, if not at the provider's own address.
    #[serde(default)]
    pub base_url: Option<String>,
    /// The environment variable with its key. Without it, `COGO_LLM_API_KEY` and the provider's own.
    #[serde(default)]
    pub key_variable: Option<String>,
    /// Its share of the calls, compared with the others of the tier.
    #[serde(default = "one")]
    pub weight: u32,
    /// How long an answer takes as a rule, in milliseconds.
    #[serde(default)]
    pub latency_ms: Option<u64>,
    /// US dollars per million tokens read; without it, the list price if it is known.
    #[serde(default)]
    pub input_price: Option<f64>,
    /// US dollars per million tokens written.
    #[serde(default)]
    pub output_price: Option<f64>,
}

fn one() -> u32 {
    1
}

impl ModelConfig {
    /// How it is called.
    pub fn name(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.model)
    }

    /// What its tokens cost; none if nobody said.
    pub fn price(&self) -> Option<llm::Price> {
        if let (Some(input), Some(output)) = (self.input_price, self.output_price) {
            let (input, output) = (llm::Usd::new(input)?, llm::Usd::new(output)?);
            return Some(llm::Price { input, output, source: NAME.into() });
        }
        self.base_url.is_none().then(|| llm::Price::known(&self.model)).flatten()
    }
}

/// The settings of a [`super::Router`].
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoutingConfig {
    /// How much each signal counts.
    pub weights: Weights,
    /// Scores and tiers.
    pub thresholds: Thresholds,
    /// How demanding each kind of work is, from 0 to 1; others are 0.5.
    pub kinds: BTreeMap<String, f64>,
    /// Kinds of work that never get less than a tier.
    pub floors: BTreeMap<String, Tier>,
    /// So many tokens are as long as it gets.
    pub long_tokens: u64,
    /// How often an answer that is too weak is asked for one tier up.
    pub max_escalations: u32,
    /// Milliseconds before that, longer each time.
    pub escalation_delay_ms: u64,
    /// The models. A tier without any is served by the next one above, or else below.
    pub tiers: BTreeMap<Tier, Vec<ModelConfig>>,
}

impl RoutingConfig {
    /// The defaults, which know no model, changed by the file in `folder` if there is one.
    ///
    /// # Errors
    /// If the file cannot be read, or says what cannot be.
    pub fn load(folder: Option<&Path>) -> Result<Self, ConfigError> {
        let mut merged: Value = serde_json::from_str(EMBEDDED).map_err(|error| ConfigError::invalid(NAME, error))?;
        let user = user_file(folder, NAME)?;
        let place = user.as_ref().map_or_else(|| NAME.to_owned(), |(place, _)| place.clone());
        if let Some((place, text)) = user {
            let changes = serde_json::from_str(&text).map_err(|error| ConfigError::invalid(&place, error))?;
            merge(&mut merged, changes);
        }
        let config: RoutingConfig =
            serde_json::from_value(merged).map_err(|error| ConfigError::invalid(&place, error))?;
        config.check().map_err(|reason| ConfigError::invalid(&place, reason))?;
        Ok(config)
    }

    fn check(&self) -> Result<(), String> {
        let weights = [self.weights.risk, self.weights.uncertainty, self.weights.kind, self.weights.length];
        if !weights.iter().all(|weight| (0.0..=1e6).contains(weight)) || weights.iter().sum::<f64>() <= 0.0 {
            return Err("weights: numbers from 0, not all of them 0".into());
        }
        if !(0.0..=1.0).contains(&self.thresholds.mini) || self.thresholds.full < self.thresholds.mini {
            return Err("thresholds: `mini` from 0 to 1, and `full` not below it".into());
        }
        if let Some((kind, _)) = self.kinds.iter().find(|(_, demand)| !(0.0..=1.0).contains(*demand)) {
            return Err(format!("kinds: `{kind}` is from 0 to 1"));
        }
        let models: Vec<_> = self.tiers.values().flatten().collect();
        if let Some(model) = models.iter().find(|model| model.model.is_empty() || model.weight == 0) {
            return Err(format!("tiers: `{}` needs a name and a weight above 0", model.model));
        }
        for model in &models {
            let has_price = model.input_price.is_some() || model.output_price.is_some();
            if has_price && model.price().is_none() {
                return Err(format!("tiers: `{}` needs both prices, in dollars per million tokens", model.name()));
            }
            let differs = |other: &&ModelConfig| other.name() == model.name() && other.base_url != model.base_url;
            if models.iter().any(differs) {
                return Err(format!("tiers: two services are called `{}`; give one a `name`", model.name()));
            }
        }
        Ok(())
    }
}

/// Objects are merged, everything else is replaced.
fn merge(into: &mut Value, changes: Value) {
    match (into, changes) {
        (Value::Object(into), Value::Object(changes)) => {
            for (key, value) in changes {
                merge(into.entry(key).or_insert(Value::Null), value);
            }
        }
        (into, changes) => *into = changes,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(file: &str) -> Result<RoutingConfig, ConfigError> {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join(NAME), file).expect("write");
        RoutingConfig::load(Some(folder.path()))
    }

    #[test]
    fn the_default_knows_no_model_and_a_file_names_some() {
        assert!(RoutingConfig::load(None).expect("the default").tiers.values().all(Vec::is_empty));
        let config = with(r#"{ "tiers": { "nano": [{ "model": "gpt-5-nano" }] }, "kinds": { "review": 0.8 } }"#);
        let config = config.expect("a configuration");
        assert!(config.tiers[&Tier::Nano][0].price().is_some() && config.tiers[&Tier::Full].is_empty());
        assert_eq!((config.kinds["review"], config.kinds["design"]), (0.8, 1.0));
    }

    #[test]
    fn errors_say_what_is_wrong() {
        let error = |file: &str| with(file).expect_err("it means nothing").to_string();
        assert!(error(r#"{ "tiers": { "huge": [] } }"#).contains("unknown variant `huge`"));
        assert!(error(r#"{ "tiers": { "nano": [{ "model": "x", "weight": 0 }] } }"#).contains("`x` needs a name"));
        assert!(error(r#"{ "tiers": { "nano": [{ "model": "x", "input_price": 1.0 }] } }"#).contains("both prices"));
        assert!(error(r#"{ "weights": { "risk": -1 } }"#).contains("weights: numbers from 0"));
        let twice = r#"{ "tiers": { "nano": [{ "model": "x" }, { "model": "x", "base_url": "http://b/" }] } }"#;
        assert!(error(twice).contains("two services are called `x`"));
    }
}
