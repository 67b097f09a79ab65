//! Tokens and keys that must not get through, and look-alikes that must.
//!
//! No token stands here in full: each is put together while the test runs, so that neither this
//! program nor any other that looks for secrets stumbles over its own tests.

use std::time::{Duration, Instant};

use super::kinds::{KINDS, Shape};
use super::*;

const ALNUM: &str = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const HEX: &str = "0123456789abcdef";
const UPPER: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// `length` characters of `alphabet` that look random and are always the same.
fn body(alphabet: &str, length: usize) -> String {
    let alphabet = alphabet.as_bytes();
    let mut state = 0x2545_F491_4F6C_DD1D_u64;
    (0..length)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            char::from(alphabet[(state >> 33) as usize % alphabet.len()])
        })
        .collect()
}

fn masked(text: &str) -> (String, Vec<(u32, &'static str)>) {
    let (masked, redactions) = mask(Cow::Borrowed(text));
    assert_eq!(masked.len(), text.len(), "offsets have moved");
    let redactions = redactions.iter().map(|redaction| (redaction.line, redaction.kind)).collect();
    (masked.into_owned(), redactions)
}

/// Checks that `token` is masked wherever it may stand.
fn check_masked(kind: &str, token: &str) {
    for (before, after) in [("", ""), ("x = \"", "\"\n"), ("é\n\n标 ", ".\nrest é"), ("=", "&b=1")] {
        let text = format!("{before}{token}{after}");
        let (masked, redactions) = masked(&text);
        let expected = format!("{before}{}{after}", "*".repeat(token.len()));
        assert_eq!(masked, expected, "{kind} {token}");
        let line = before.matches('\n').count() as u32 + 1;
        assert_eq!(redactions, [(line, kind)], "{token}");
    }
}

#[test]
fn tokens_are_masked() {
    let b = |length| body(ALNUM, length);
    let cases = [
        ("AWS access key", format!("AKIA{}", body(UPPER, 16))),
        ("GitHub token", format!("ghp_{}", b(36))),
        ("GitHub token", format!("ghs_{}", b(36))),
        ("GitHub token", format!("github_pat_{}_{}", b(22), b(59))),
        ("GitLab token", format!("glpat-{}", b(20))),
        ("Slack token", format!("xoxb-{}-{}-{}", body("0918273645", 12), body("0918273645", 13), b(24))),
        ("Slack webhook", format!("hooks.slack.com/services/T{}/B{}/{}", body(UPPER, 8), body(UPPER, 10), b(24))),
        ("Stripe key", format!("sk_live_{}", b(24))),
        ("Stripe key", format!("rk_test_{}", b(99))),
        ("Google API key", format!("AIza{}", b(35))),
        ("Google OAuth secret", format!("GOCSPX-{}", b(28))),
        ("OpenAI key", format!("sk-proj-{}T3BlbkFJ{}", b(74), b(74))),
        ("OpenAI key", format!("sk-{}T3BlbkFJ{}", b(20), b(20))),
        ("Anthropic key", format!("sk-ant-api03-{}-{}AA", b(46), b(46))),
        ("Hugging Face token", format!("hf_{}", b(34))),
        ("npm token", format!("npm_{}", b(36))),
        ("PyPI token", format!("pypi-AgEIcHlwaS5vcmc{}", b(100))),
        ("SendGrid key", format!("SG.{}.{}", b(22), b(43))),
        ("DigitalOcean token", format!("dop_v1_{}", body(HEX, 64))),
        ("Shopify token", format!("shpat_{}", body(HEX, 32))),
        ("Telegram bot token", format!("{}:AA{}", body("0918273645", 10), b(33))),
        ("JSON web token", format!("eyJ{}.eyJ{}.{}", b(33), b(70), b(43))),
    ];
    for (kind, token) in cases {
        check_masked(kind, &token);
    }
}

#[test]
fn every_kind_with_a_prefix_is_found() {
    for kind in KINDS {
        let Shape::Prefix(alphabet, min, max) = kind.shape else { continue };
        let random: String = body(ALNUM, 4000)
            .chars()
            .map(|c| if matches!(c, 'g'..='z') && !alphabet.has(b'g') { (c as u8 - b'g' % 6) as char } else { c })
            .filter(|c| alphabet.has(*c as u8))
            .collect();
        let length = usize::midpoint(min, max).min(random.len());
        check_masked(kind.name, &format!("{}{}", kind.mark, &random[..length]));
    }
}

#[test]
fn assigned_values_are_masked() {
    let secret = body(ALNUM, 40);
    let azure = format!("{}==", body(ALNUM, 86));
    let named = body(ALNUM, 32);
    let cases = [
        ("AWS secret key", "aws_secret_access_key = ", secret.as_str(), "\n"),
        ("AWS secret key", "AWS_SECRET_ACCESS_KEY=\"", &secret, "\""),
        ("AWS secret key", "\"secretAccessKey\": \"", &secret, "\","),
        ("AWS secret key", "SecretAccessKey: '", &secret, "'"),
        ("Azure key", "DefaultEndpointsProtocol=https;AccountKey=", &azure, ";"),
        ("npm token", "//npm.example/:_authToken=", &named, "\n"),
        ("password in a URL", "postgres://admin:", "hJ7x9Qw2Lp0z", "@db.internal/app"),
        ("possible secret", "api_key = \"", &named, "\""),
        ("possible secret", "API_KEY: ", &named, "\n"),
        ("possible secret", "clientSecret: '", &named, "',"),
        ("possible secret", "\"x-api-key\": \"", &named, "\""),
        ("possible secret", "DB_PASSWORD=", &named, ""),
    ];
    for (kind, before, value, after) in cases {
        let (masked, redactions) = masked(&format!("{before}{value}{after}"));
        assert_eq!(masked, format!("{before}{}{after}", "*".repeat(value.len())), "{kind}");
        assert_eq!(redactions, [(1, kind)], "{before}");
    }
}

#[test]
fn look_alikes_are_left_alone() {
    let random = body(ALNUM, 36);
    for text in [
        "AKIAIOSFODNN7EXAMPLE",
        "aws_secret_access_key = wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        "ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        "ghp_abcdefghijklmnopqrstuvwxyz0123456789",
        "ghp_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "sk-ant-api03-your-key-goes-here-0123456789-abcdef",
        "sk_test_...",
        "hf_hub_download_with_a_very_long_function_name(repo)",
        "AIzaSyExample",
        "glpat-your-token-here-please",
        "https://user:password@example.com/",
        "https://user:${PASSWORD_123}@example.com/",
        "https://example.com/a:b@c",
        "password = os.environ['DB_PASSWORD_2024_PRODUCTION']",
        "token: AccessTokenProviderFactory2Implementation",
        "secret = \"the quick brown fox jumps over 13 dogs\"",
        "api_key = \"your-api-key-goes-right-here-1a2b3c\"",
        "checksum = \"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\"",
        "eyJhbGciOiJIUzI1NiJ9",
        "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c",
        "tokenizer, secretary, passwordless, credentials",
        "T3BlbkFJ",
        "",
    ] {
        assert_eq!(masked(text), (text.to_owned(), vec![]), "{text}");
    }
    let inside_a_blob = format!("{random}AKIA{}", body(UPPER, 16));
    assert_eq!(masked(&inside_a_blob).1, []);
}

#[test]
fn several_tokens_keep_their_lines() {
    let token = format!("ghp_{}", body(ALNUM, 36));
    let text = format!("a {token}\n{token}{}\n\nlast {token}", "\u{7f16}\u{7801}");
    let (masked, redactions) = masked(&text);
    assert!(!masked.contains("ghp_"));
    let kind = "GitHub token";
    assert_eq!(redactions, [(1, kind), (2, kind), (4, kind)]);
}

#[test]
fn a_token_with_a_telling_name_is_reported_once() {
    let token = format!("ghp_{}", body(ALNUM, 36));
    let (_, redactions) = masked(&format!("github_token = \"{token}\""));
    assert_eq!(redactions.len(), 1);
}

/// A key of the given algorithm in rows of 64, each row ended by `row_end`.
fn key(algorithm: &str, length: usize, row_end: &str) -> String {
    let body = body(ALNUM, length);
    let rows: Vec<&str> = (0..length).step_by(64).map(|at| &body[at..length.min(at + 64)]).collect();
    let marker = |word: &str| format!("-----{word} {algorithm}PRIVATE KEY-----");
    format!("{}{row_end}{}{row_end}{}", marker("BEGIN"), rows.join(row_end), marker("END"))
}

#[test]
fn private_keys_are_found() {
    for algorithm in ["", "RSA ", "EC ", "OPENSSH ", "ENCRYPTED "] {
        for length in [64, 164, 1600] {
            for row_end in ["\n", "\r\n", "\\n", "\\n\" +\n    \"", "\n    "] {
                let text = format!("before {} after", key(algorithm, length, row_end));
                assert!(has_private_key(text.as_bytes()), "{algorithm:?} {length} {row_end:?}");
            }
        }
    }
    let row = body(ALNUM, 64);
    let encrypted =
        format!("-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,0A\n\n{row}\n{row}\n");
    assert!(has_private_key(encrypted.as_bytes()), "with headers, without end");
    let pgp = format!("-----BEGIN PGP PRIVATE KEY BLOCK-----\nVersion: 1\n\n{row}\n{row}\n=a1b2\n");
    assert!(has_private_key(pgp.as_bytes()));
    assert!(has_private_key(b"PuTTY-User-Key-File-2: ssh-rsa\nPrivate-Lines: 14\nAAAA"));
    assert!(!has_private_key(b"find(\"PuTTY-User-Key-File-\") && find(\"Private-Lines: \")"));
}

#[test]
fn mentions_of_private_keys_are_no_keys() {
    let row = body(ALNUM, 64);
    for text in [
        "a file that starts with `-----BEGIN PRIVATE KEY-----` is a secret".to_owned(),
        "-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----".into(),
        "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC...\n-----END PRIVATE KEY-----".into(),
        format!("-----BEGIN PRIVATE KEY-----\n{}\n", "x".repeat(200)),
        format!("-----BEGIN PUBLIC KEY-----\n{row}\n{row}\n-----END PUBLIC KEY-----"),
        format!("-----BEGIN CERTIFICATE-----\n{row}\n{row}\n"),
        format!("PRIVATE KEY\n{row}\n{row}\n"),
        "begin: \"-----BEGIN RSA PRIVATE KEY-----\",\nend: \"-----END RSA PRIVATE KEY-----\"".into(),
    ] {
        assert!(!has_private_key(text.as_bytes()), "{text}");
    }
}

#[test]
fn hostile_text_takes_linear_time() {
    let long = body(ALNUM, 500);
    for shape in [
        "sk-ant-",
        "eyJ",
        "eyJ.eyJ.",
        "://a:",
        "://",
        "xox",
        "token=",
        "T3BlbkFJ",
        "SG.",
        "a",
        "-----BEGIN PRIVATE KEY-----",
        "PRIVATE KEY",
        "passwd:",
        "PuTTY-User-Key-File-",
        ":AA",
        "1",
        &long,
    ] {
        let text = shape.repeat((1 << 18) / shape.len());
        let start = Instant::now();
        masked(&text);
        has_private_key(text.as_bytes());
        let time = start.elapsed();
        assert!(time < Duration::from_secs(5), "{} took {time:?}", &shape[..shape.len().min(20)]);
    }
}

#[test]
fn any_text_keeps_its_length_and_lines() {
    let long = [body(ALNUM, 40), body(HEX, 64), body(UPPER, 16)];
    let more = ["\n", " ", "é", "标", "=", "\"", ":", "@", "/", ".", "-", "PRIVATE KEY", "-----BEGIN "];
    let mut pieces: Vec<&str> = KINDS.iter().map(|kind| kind.mark).collect();
    pieces.extend(long.iter().map(String::as_str));
    pieces.extend(more);
    let mut state = 88_172_645_463_325_252_u64;
    let mut below = |limit: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % limit as u64) as usize
    };
    for _ in 0..5_000 {
        let text: String = (0..below(30)).map(|_| pieces[below(pieces.len())]).collect();
        let (masked, redactions) = masked(&text);
        assert_eq!(masked.matches('\n').count(), text.matches('\n').count(), "{text:?}");
        assert!(redactions.is_sorted_by_key(|(line, _)| *line), "{text:?}");
        assert_eq!(redactions.is_empty(), masked == text, "{text:?}");
        has_private_key(text.as_bytes());
    }
}
