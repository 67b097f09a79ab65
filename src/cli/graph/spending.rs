//! What a language model may cost, said before and after.

use std::io::{IsTerminal, Write};

use llm::{Budget, Metered, Price, Provider, Spent, Usage, Usd};
use serde_json::{Value, json};

use super::super::args::{Format, Logging, SpendingArgs};
use super::super::failure::Usage as Mistake;
use super::super::output::{count, number};
use crate::config::LlmConfig;
use crate::extract;

/// What is about to be asked.
pub(super) struct Preview {
    pub calls: usize,
    pub expected: Usage,
    pub at_most: Usage,
}

/// A model, its price, and what may be spent.
pub(super) struct Spending {
    pub model: String,
    config: LlmConfig,
    price: Option<Price>,
    budget: Budget,
}

/// The settings that the flags stand for.
pub(super) fn flags(args: &SpendingArgs, logging: &Logging) -> Value {
    let mut flags = logging.log.as_ref().map_or(json!({}), |log| json!({ "log": log }));
    let mut llm = json!({});
    for (key, value) in
        [("model", json!(args.model)), ("base_url", json!(args.base_url)), ("max_cost", json!(args.max_cost))]
    {
        if !value.is_null() {
            llm[key] = value;
        }
    }
    if llm != json!({}) {
        flags["llm"] = llm;
    }
    flags
}

impl Spending {
    pub(super) fn new(args: &SpendingArgs, config: &LlmConfig) -> anyhow::Result<Self> {
        let Some(model) = config.model.clone() else {
            let hint = "give --model, or set `model` in the table `[llm]` of your settings";
            return Err(Mistake::new("no language model is chosen").hint(hint).into());
        };
        let price = extract::price(config, &model);
        let budget = Budget { cost: config.max_cost.and_then(Usd::new), tokens: args.max_tokens };
        Ok(Spending { model, config: config.clone(), price, budget })
    }

    /// Asks whether to go on; a cap on the command line is an answer.
    pub(super) fn consent(&self, args: &SpendingArgs, preview: &Preview) -> anyhow::Result<bool> {
        if self.budget.cost.is_some() && self.price.is_none() {
            let message = format!("the price of `{}` is not known, so its cost cannot be capped", self.model);
            let hint = "give --max-tokens instead, or set `llm.input_price` and `llm.output_price`";
            return Err(Mistake::new(message).hint(hint).into());
        }
        if args.yes || args.max_cost.is_some() || args.max_tokens.is_some() {
            return Ok(true);
        }
        if !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
            let message =
                format!("`{}` would be asked {} times, which may cost money", self.model, number(preview.calls as u64));
            return Err(Mistake::new(message).hint("give --max-cost, --max-tokens or --yes").into());
        }
        anstream::eprint!("go on? [y/N] ");
        std::io::stderr().flush()?;
        let mut answer = String::new();
        std::io::stdin().read_line(&mut answer)?;
        Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
    }

    /// The model, with its cap.
    pub(super) fn open(&self) -> llm::Result<Metered<Provider>> {
        Metered::new(extract::provider(&self.config, &self.model)?, self.price.clone(), self.budget)
    }

    /// The preview in words.
    pub(super) fn lines(&self, preview: &Preview) -> Vec<String> {
        let tokens = |usage: Usage| format!("{} tokens read, {} written", number(usage.input), number(usage.output));
        let mut lines = vec![
            format!("{} to `{}`", count(preview.calls as u64, "call"), self.model),
            format!("probably {}", tokens(preview.expected)),
            format!("at most {}", tokens(preview.at_most)),
        ];
        lines.push(match &self.price {
            Some(price) => {
                let (probably, most) = (price.of(preview.expected), price.of(preview.at_most));
                format!("probably {probably}, at most {most} ({})", price.source)
            }
            None => "price unknown".into(),
        });
        let caps = [
            self.budget.cost.map(|cost| cost.to_string()),
            self.budget.tokens.map(|tokens| format!("{} tokens", number(tokens))),
        ];
        let caps: Vec<String> = caps.into_iter().flatten().collect();
        lines.push(if caps.is_empty() { "no cap".into() } else { format!("cap: {}", caps.join(", ")) });
        lines
    }

    pub(super) fn json(&self, preview: &Preview) -> Value {
        let usage = |usage: Usage| {
            let cost = self.price.as_ref().map(|price| price.of(usage).dollars());
            json!({ "input_tokens": usage.input, "output_tokens": usage.output, "cost_usd": cost })
        };
        json!({
            "model": self.model, "calls": preview.calls,
            "expected": usage(preview.expected), "at_most": usage(preview.at_most),
            "price": self.price.as_ref().map(|price| json!({
                "input": price.input.dollars(), "output": price.output.dollars(), "source": price.source,
            })),
            "max_cost_usd": self.budget.cost.map(Usd::dollars), "max_tokens": self.budget.tokens,
        })
    }
}

/// What was spent, in words.
pub(super) fn spent_line(spent: &Spent) -> String {
    let cost = spent.cost.map_or("price unknown".to_owned(), |cost| cost.to_string());
    let retried = if spent.retries > 0 { format!(", {} tried again", number(spent.retries)) } else { String::new() };
    let bound = match spent.bounded {
        0 => String::new(),
        some => format!(" ({} without a count, taken as the most it can have been)", count(some, "request")),
    };
    let Usage { input, output } = spent.usage;
    let requests = count(spent.requests, "request");
    format!("spent {requests}{retried}; {} tokens read, {} written; {cost}{bound}", number(input), number(output))
}

pub(super) fn spent_json(spent: &Spent) -> Value {
    json!({
        "requests": spent.requests, "retries": spent.retries, "input_tokens": spent.usage.input,
        "output_tokens": spent.usage.output, "uncounted_requests": spent.bounded, "cost_usd": spent.cost.map(Usd::dollars),
    })
}

/// Says the preview: it is the answer of a dry run, and talk otherwise.
pub(super) fn say(lines: &[String], is_answer: bool, format: Format) {
    if format != Format::Text {
        return;
    }
    for line in lines {
        match is_answer {
            true => anstream::println!("{line}"),
            false => anstream::eprintln!("{line}"),
        }
    }
}
