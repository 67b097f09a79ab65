//! The kinds of tokens that are known, as a table. To add one, add a row.
//!
//! Marks are searched in groups, see `token.rs`: fewer rows are faster, so one row covers related
//! marks where it can. Marks of three bytes are slow; more than a group of them would be felt.

/// A kind of token.
pub(super) struct Kind {
    /// What to call it.
    pub name: &'static str,
    /// The fixed text that announces it.
    pub mark: &'static str,
    /// What stands around the mark.
    pub shape: Shape,
}

/// What a token looks like, seen from its mark.
#[derive(Clone, Copy)]
pub(super) enum Shape {
    /// The mark starts the token; from `min` to `max` characters of an alphabet follow.
    Prefix(Alphabet, usize, usize),
    /// The mark is a name to which a value of the alphabet is assigned, quoted or not.
    Assigned(Alphabet, usize, usize),
    /// The mark follows `s` or `r`: secret or restricted key of Stripe.
    Stripe,
    /// The mark is part of a name to which something is assigned that looks generated.
    Named,
    /// The mark stands in the middle of the token (keys of OpenAI).
    Infix,
    /// Three parts in base64, separated by dots.
    Jwt,
    /// The mark separates a number from 35 characters (bots of Telegram).
    Telegram,
    /// The mark follows the scheme of a URL that names a user and a password.
    Url,
}

/// The characters of a token.
#[derive(Clone, Copy)]
pub(super) enum Alphabet {
    /// `0-9 a-f A-F`
    Hex,
    /// `0-9 A-Z`
    Upper,
    /// Letters and digits.
    Alnum,
    /// Letters, digits, `_` and `-`.
    Word,
    /// Letters, digits, `_`, `-` and `.`.
    Dotted,
    /// Letters, digits, `_`, `-` and `/`.
    Path,
    /// Letters, digits, `+`, `/` and `=`.
    Base64,
    /// Whatever occurs in the alphabets above, but for the dot.
    Any,
}

impl Alphabet {
    /// Whether `byte` belongs to the alphabet.
    pub(super) fn has(self, byte: u8) -> bool {
        match self {
            Alphabet::Hex => byte.is_ascii_hexdigit(),
            Alphabet::Upper => byte.is_ascii_uppercase() || byte.is_ascii_digit(),
            Alphabet::Alnum => byte.is_ascii_alphanumeric(),
            Alphabet::Word => byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'),
            Alphabet::Dotted => byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'),
            Alphabet::Path => byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'/'),
            Alphabet::Base64 => byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'='),
            Alphabet::Any => Alphabet::Word.has(byte) || Alphabet::Base64.has(byte),
        }
    }
}

const fn prefix(name: &'static str, mark: &'static str, alphabet: Alphabet, min: usize, max: usize) -> Kind {
    Kind { name, mark, shape: Shape::Prefix(alphabet, min, max) }
}

const fn assigned(name: &'static str, mark: &'static str, min: usize, max: usize) -> Kind {
    Kind { name, mark, shape: Shape::Assigned(Alphabet::Base64, min, max) }
}

/// Part of a name that announces a secret of no known kind.
const fn named(mark: &'static str) -> Kind {
    Kind { name: "possible secret", mark, shape: Shape::Named }
}

use Alphabet::{Alnum, Base64, Dotted, Hex, Path, Upper, Word};

/// Every kind. Where a service changed its tokens, the lengths cover old and new ones.
pub(super) const KINDS: &[Kind] = &[
    prefix("AWS access key", "AKIA", Upper, 16, 16),
    prefix("AWS access key", "ASIA", Upper, 16, 16),
    assigned("AWS secret key", "secret_access_key", 40, 40),
    assigned("AWS secret key", "SECRET_ACCESS_KEY", 40, 40),
    assigned("AWS secret key", "ecretAccessKey", 40, 40),
    assigned("AWS secret key", "aws_secret_key", 40, 40),
    prefix("GitHub token", "ghp_", Alnum, 36, 255),
    prefix("GitHub token", "gho_", Alnum, 36, 255),
    prefix("GitHub token", "ghu_", Alnum, 36, 255),
    prefix("GitHub token", "ghs_", Alnum, 36, 255),
    prefix("GitHub token", "ghr_", Alnum, 36, 255),
    prefix("GitHub token", "github_pat_", Word, 50, 255),
    prefix("GitLab token", "glpat-", Dotted, 20, 300),
    prefix("GitLab token", "gldt-", Dotted, 20, 300),
    prefix("GitLab token", "glrt-", Dotted, 20, 300),
    prefix("GitLab token", "glcbt-", Dotted, 20, 300),
    prefix("GitLab token", "glptt-", Dotted, 40, 300),
    prefix("Slack token", "xox", Word, 26, 255),
    prefix("Slack token", "xapp-", Word, 30, 255),
    prefix("Slack webhook", "hooks.slack.com/services/", Path, 40, 100),
    prefix("Discord webhook", "/api/webhooks/", Path, 80, 120),
    Kind { name: "Stripe key", mark: "k_live_", shape: Shape::Stripe },
    Kind { name: "Stripe key", mark: "k_test_", shape: Shape::Stripe },
    prefix("webhook secret", "whsec_", Base64, 24, 100),
    prefix("Google API key", "AIza", Word, 35, 35),
    prefix("Google OAuth secret", "GOCSPX-", Word, 28, 28),
    prefix("Google OAuth token", "ya29.", Word, 30, 1000),
    prefix("OpenAI key", "sk-proj-", Word, 40, 300),
    prefix("OpenAI key", "sk-svcacct-", Word, 40, 300),
    prefix("OpenAI key", "sk-admin-", Word, 40, 300),
    Kind { name: "OpenAI key", mark: "T3BlbkFJ", shape: Shape::Infix },
    prefix("Anthropic key", "sk-ant-", Word, 32, 300),
    prefix("OpenRouter key", "sk-or-v1-", Hex, 64, 64),
    prefix("Hugging Face token", "hf_", Alnum, 34, 40),
    prefix("Groq key", "gsk_", Alnum, 52, 60),
    prefix("xAI key", "xai-", Alnum, 70, 100),
    prefix("Perplexity key", "pplx-", Alnum, 40, 64),
    prefix("Replicate token", "r8_", Alnum, 37, 40),
    prefix("npm token", "npm_", Alnum, 36, 36),
    Kind { name: "npm token", mark: "_authToken", shape: Shape::Assigned(Alphabet::Word, 20, 300) },
    prefix("PyPI token", "pypi-AgE", Word, 50, 500),
    prefix("RubyGems key", "rubygems_", Hex, 48, 48),
    prefix("Docker token", "dckr_pat_", Word, 27, 40),
    prefix("SendGrid key", "SG.", Dotted, 66, 66),
    prefix("DigitalOcean token", "dop_v1_", Hex, 64, 64),
    prefix("Shopify token", "shpat_", Hex, 32, 32),
    prefix("Shopify token", "shpss_", Hex, 32, 32),
    prefix("Shopify token", "shpca_", Hex, 32, 32),
    prefix("Databricks token", "dapi", Hex, 32, 34),
    prefix("Vault token", "hvs.", Word, 24, 300),
    prefix("Grafana token", "glsa_", Word, 41, 41),
    prefix("Supabase token", "sbp_", Hex, 40, 40),
    prefix("Supabase token", "sb_secret_", Word, 20, 60),
    prefix("Linear key", "lin_api_", Alnum, 40, 48),
    prefix("Notion token", "ntn_", Alnum, 40, 60),
    prefix("Postman key", "PMAK-", Word, 59, 59),
    prefix("Atlassian token", "ATATT3", Word, 150, 300),
    prefix("New Relic key", "NRAK-", Upper, 27, 27),
    prefix("age key", "AGE-SECRET-KEY-1", Upper, 58, 58),
    assigned("Azure key", "AccountKey", 80, 100),
    assigned("Azure key", "SharedAccessKey", 40, 60),
    Kind { name: "Telegram bot token", mark: ":AA", shape: Shape::Telegram },
    Kind { name: "JSON web token", mark: "eyJ", shape: Shape::Jwt },
    Kind { name: "password in a URL", mark: "://", shape: Shape::Url },
    named("assword"),
    named("ASSWORD"),
    named("passwd"),
    named("PASSWD"),
    named("ecret"),
    named("ECRET"),
    named("oken"),
    named("OKEN"),
    named("pi_key"),
    named("pi-key"),
    named("piKey"),
    named("API_KEY"),
    named("ccess_key"),
    named("ccessKey"),
    named("ACCESS_KEY"),
    named("redential"),
];
