//! What a token costs. Prices change: the table says of which day they are, and settings go before it.

use std::fmt;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};
use toml_edit::{DocumentMut, Item};

use crate::Usage;

/// The table, for people to edit.
const TABLE: &str = include_str!("prices.toml");
const PICO: f64 = 1e12;
/// Money per million tokens, in the smallest unit, is so many times that per token.
const MILLION: u64 = 1_000_000;

/// An amount of US dollars, exact to 10⁻¹².
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Usd(u64);

impl Usd {
    /// The nearest amount; none for what is negative, no number, or more than anybody pays.
    pub fn new(dollars: f64) -> Option<Self> {
        (0.0..1e6).contains(&dollars).then(|| Usd((dollars * PICO).round() as u64))
    }

    /// As a number, for people and JSON.
    pub fn dollars(self) -> f64 {
        self.0 as f64 / PICO
    }

    /// Both together.
    pub fn plus(self, other: Self) -> Self {
        Usd(self.0.saturating_add(other.0))
    }

    /// What is left; nothing if `other` is more.
    pub fn minus(self, other: Self) -> Self {
        Usd(self.0.saturating_sub(other.0))
    }
}

impl fmt::Display for Usd {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let digits = if self.0 == 0 || self.dollars() >= 1.0 { 2 } else { 6 };
        write!(f, "${:.digits$}", self.dollars())
    }
}

/// Prices of one model, per million tokens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Price {
    /// Of tokens read.
    pub input: Usd,
    /// Of tokens written.
    pub output: Usd,
    /// Where it was seen, and when.
    pub source: String,
}

impl Price {
    /// The price in the table for a model of a provider's own service; a name that ends with a date or `-latest` is the one
    /// before it.
    pub fn known(model: &str) -> Option<Self> {
        static PRICES: LazyLock<Vec<(String, Price)>> = LazyLock::new(|| read(TABLE));
        let own = model.rsplit("::").next().unwrap_or(model);
        let is_it = |name: &str| {
            let rest = own.strip_prefix(name)?;
            let version = rest.strip_prefix('-')?;
            (version == "latest" || version.len() >= 8 && version.chars().all(|c| c.is_ascii_digit() || c == '-'))
                .then_some(())
        };
        let found = PRICES.iter().find(|(name, _)| name == own || is_it(name).is_some());
        found.map(|(_, price)| price.clone())
    }

    /// What so many tokens cost.
    pub fn of(&self, usage: Usage) -> Usd {
        let part = |tokens: u64, price: Usd| {
            let exact = u128::from(tokens) * u128::from(price.0);
            u64::try_from(exact.div_ceil(MILLION.into())).unwrap_or(u64::MAX)
        };
        Usd(part(usage.input, self.input)).plus(Usd(part(usage.output, self.output)))
    }
}

fn read(table: &str) -> Vec<(String, Price)> {
    let table: DocumentMut = table.parse().unwrap_or_default();
    let mut prices = Vec::new();
    for (_, provider) in table.iter() {
        let text = |key: &str| provider.get(key).and_then(Item::as_str).unwrap_or_default();
        let source = format!("{}, {}", text("source"), text("seen"));
        let models = provider.get("models").and_then(Item::as_table_like);
        for (name, pair) in models.into_iter().flat_map(|models| models.iter()) {
            let number = |at: usize| {
                let value = pair.as_array()?.get(at)?;
                Usd::new(value.as_float().or(value.as_integer().map(|whole| whole as f64))?)
            };
            if let (Some(input), Some(output)) = (number(0), number(1)) {
                prices.push((name.to_owned(), Price { input, output, source: source.clone() }));
            }
        }
    }
    prices
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_can_be_read() {
        let prices = read(TABLE);
        assert!(prices.len() > 10, "{prices:?}");
        assert!(prices.iter().all(|(_, price)| price.source.len() > 20 && price.input < price.output));
    }

    #[test]
    fn names_with_dates_are_known_and_other_models_are_not() {
        assert!(Price::known("gpt-4o-mini").is_some());
        assert_eq!(Price::known("openai::gpt-4o-mini-2024-07-18"), Price::known("gpt-4o-mini"));
        assert_eq!(Price::known("gpt-4o-mini-audio"), None);
        assert_eq!(Price::known("llama3"), None);
    }

    #[test]
    fn money_is_exact() {
        let price = Price {
            input: Usd::new(0.15).expect("an amount"),
            output: Usd::new(0.6).expect("an amount"),
            source: String::new(),
        };
        assert_eq!(price.of(Usage { input: 1_000_000, output: 500_000 }), Usd::new(0.45).expect("an amount"));
        assert_eq!(price.of(Usage { input: 1, output: 0 }).dollars(), 0.15e-6);
        assert_eq!(Usd::new(f64::NAN), None);
        assert_eq!(Usd::new(-1.0), None);
        assert_eq!(Usd::new(0.0123).expect("an amount").to_string(), "$0.012300");
    }
}
