//! Real models, through the crate `genai`.

use std::time::{Duration, SystemTime};

use futures_util::StreamExt;
use genai::adapter::AdapterKind;
use genai::chat::{ChatMessage, ChatOptions, ChatRequest, ChatStreamEvent, JsonSpec};
use genai::resolver::{AuthData, Endpoint, ServiceTargetResolver};
use genai::{Client, ModelIden, ServiceTarget};
use tokio::runtime::{Builder, Runtime};

use crate::{Error, LanguageModel, Prompt, Reply, Result, ToolCall, Usage};

/// The variable that holds the key for whatever is asked; it goes before the providers' own variables.
pub const KEY: &str = "COGO_LLM_API_KEY";
const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);
/// Longest part of a provider's complaint that is passed on.
const LONGEST_MESSAGE: usize = 300;

/// Which model, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProviderOptions {
    /// Name of the model. The provider follows from it (`gpt-…`, `claude-…`, `gemini-…`, anything else: Ollama on this machine),
    /// or stands before it: `groq::llama-3.3-70b`.
    pub model: String,
    /// Where the service is, if it is not the provider's own. Without a provider before the name, it speaks the
    /// protocol of OpenAI's chat completions.
    pub base_url: Option<String>,
    /// How long one request may take.
    pub timeout: Duration,
    /// The environment variable that holds the key of this service, and of no other. Without it, [`KEY`] and the provider's own.
    pub key_variable: Option<String>,
}

/// A runtime that may be dropped anywhere, in async code too.
struct Background(Option<Runtime>);

impl Background {
    fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.0.as_ref().expect("it is taken when it is dropped").block_on(future)
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

/// A model behind HTTP. Requests of several threads go out at the same time.
pub struct Provider {
    model: String,
    client: Client,
    runtime: Background,
    secret: Option<String>,
}

impl Provider {
    /// Prepares to ask; sends nothing. A key is taken from the environment: from the variable that the options name; otherwise from
    /// [`KEY`], or from the provider's own variable if its own service is asked. The latter is never sent anywhere else.
    ///
    /// # Errors
    /// [`Error::NoKey`] if the provider wants one and there is none, [`Error::Settings`] if the URL cannot be used.
    pub fn new(options: &ProviderOptions) -> Result<Self> {
        let (model, elsewhere) = (options.model.clone(), options.base_url.as_deref());
        let settings = |error: &dyn std::fmt::Display| Error::Settings(format!("model `{model}`: {error}"));
        let kind = match elsewhere {
            Some(_) if !model.contains("::") => AdapterKind::OpenAI,
            _ => AdapterKind::from_model(&model).map_err(|error| settings(&error))?,
        };
        let own_variable = kind.default_key_env_name().filter(|_| elsewhere.is_none());
        let own_key = options.key_variable.as_deref();
        let variables = if own_key.is_some() { [own_key, None] } else { [Some(KEY), own_variable] };
        let secret = variables.iter().flatten().find_map(|name| std::env::var(name).ok().filter(|key| !key.is_empty()));
        if secret.is_none() && (own_variable.is_some() || own_key.is_some()) {
            let variables = variables.iter().flatten().rev().map(|name| (*name).to_owned()).collect();
            return Err(Error::NoKey { model, variables });
        }
        let endpoint = elsewhere.map(endpoint).transpose()?;
        // A service without keys wants no key, but the protocol has a place for it.
        let auth = secret.clone().or_else(|| endpoint.is_some().then(|| "none".to_owned())).map(AuthData::from_single);
        let resolver = ServiceTargetResolver::from_resolver_fn(
            move |target: ServiceTarget| -> std::result::Result<ServiceTarget, genai::resolver::Error> {
                Ok(ServiceTarget {
                    endpoint: endpoint.clone().map_or(target.endpoint, Endpoint::from_owned),
                    auth: auth.clone().unwrap_or(target.auth),
                    model: ModelIden::new(kind, target.model.model_name),
                })
            },
        );
        // Somebody else in the process may have installed one already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder()
            .timeout(options.timeout)
            .connect_timeout(CONNECT_TIMEOUT)
            // A key and a text go where the user said, and nowhere else.
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|error| settings(&error))?;
        let client = Client::builder().with_reqwest(http).with_service_target_resolver(resolver);
        let client = client.build().map_err(|error| settings(&error))?;
        let runtime = Builder::new_current_thread().enable_all().build().map_err(|error| settings(&error))?;
        Ok(Provider { client, runtime: Background(Some(runtime)), secret, model })
    }

    fn error(&self, error: &genai::Error) -> Error {
        let (status, headers) = (error.status(), error.headers());
        if let Some(status) = status {
            let header = |name: &str| headers?.get(name)?.to_str().ok();
            let retry_after = header("retry-after").and_then(pause);
            return Error::Status { status: status.as_u16(), message: self.said(error), retry_after };
        }
        let (genai::Error::WebModelCall { webc_error, .. } | genai::Error::WebAdapterCall { webc_error, .. }) = error
        else {
            return Error::Reply(self.harmless(&error.to_string()));
        };
        match webc_error {
            genai::webc::Error::Reqwest(http) if http.is_timeout() && !http.is_connect() => Error::Timeout,
            genai::webc::Error::Reqwest(http) if http.is_body() || http.is_decode() => {
                Error::Reply(self.harmless(&causes(http)))
            }
            genai::webc::Error::Reqwest(http) => Error::Network(self.harmless(&causes(http))),
            other => Error::Reply(self.harmless(&other.to_string())),
        }
    }

    /// What the body of a failed request says.
    fn said(&self, error: &genai::Error) -> String {
        use genai::webc::Error::ResponseFailedStatus;
        let body = match error {
            genai::Error::HttpError { body, .. }
            | genai::Error::WebModelCall { webc_error: ResponseFailedStatus { body, .. }, .. }
            | genai::Error::WebAdapterCall { webc_error: ResponseFailedStatus { body, .. }, .. } => body.as_str(),
            _ => "",
        };
        let json: serde_json::Value = serde_json::from_str(body).unwrap_or_default();
        let message = json.pointer("/error/message").or_else(|| json.get("message")).or_else(|| json.get("error"));
        self.harmless(message.and_then(serde_json::Value::as_str).unwrap_or(body))
    }

    /// One short line without the key: providers quote what they were sent.
    fn harmless(&self, text: &str) -> String {
        let text = match &self.secret {
            Some(secret) => text.replace(secret.as_str(), "[key]"),
            None => text.to_owned(),
        };
        let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let end = line.floor_char_boundary(LONGEST_MESSAGE);
        if line.is_empty() { "nothing more".into() } else { line[..end].to_owned() }
    }
}

impl LanguageModel for Provider {
    fn name(&self) -> &str {
        &self.model
    }

    fn complete(&self, prompt: &Prompt) -> Result<Reply> {
        let (request, options) = request(prompt);
        let answer = self.runtime.block_on(self.client.exec_chat(&self.model, request, Some(&options)));
        let answer = answer.map_err(|error| self.error(&error))?;
        let calls = answer.tool_calls().into_iter().map(call).collect();
        Ok(Reply { text: answer.first_text().unwrap_or_default().to_owned(), calls, usage: usage(&answer.usage) })
    }

    fn stream(&self, prompt: &Prompt, sink: &mut dyn FnMut(&str)) -> Result<Reply> {
        let (request, options) = request(prompt);
        let options = options.with_capture_usage(true).with_capture_tool_calls(true);
        self.runtime.block_on(async {
            let answer = self.client.exec_chat_stream(&self.model, request, Some(&options)).await;
            let mut events = answer.map_err(|error| self.error(&error))?.stream;
            let mut text = String::new();
            while let Some(event) = events.next().await {
                match event.map_err(|error| self.error(&error))? {
                    ChatStreamEvent::Chunk(piece) => {
                        sink(&piece.content);
                        text.push_str(&piece.content);
                    }
                    // Without the reason why it ended, it did not end: the connection did.
                    ChatStreamEvent::End(end) if end.captured_stop_reason.is_some() => {
                        let calls = end.captured_tool_calls().unwrap_or_default().into_iter().map(call).collect();
                        return Ok(Reply { text, calls, usage: end.captured_usage.as_ref().and_then(usage) });
                    }
                    _ => {}
                }
            }
            Err(Error::Reply("it was cut off".into()))
        })
    }
}

fn request(prompt: &Prompt) -> (ChatRequest, ChatOptions) {
    let mut request = ChatRequest::new(vec![ChatMessage::user(prompt.user.clone())]).with_system(prompt.system.clone());
    if !prompt.tools.is_empty() {
        request = request.with_tools(prompt.tools.iter().map(|tool| {
            genai::chat::Tool::new(tool.name.clone())
                .with_description(tool.description.clone())
                .with_schema(tool.schema.clone())
        }));
    }
    let mut options = ChatOptions::default().with_max_tokens(prompt.max_output);
    if let Some(schema) = &prompt.schema {
        options = options.with_response_format(JsonSpec::new("answer", schema.clone()));
    }
    (request, options)
}

fn call(call: &genai::chat::ToolCall) -> ToolCall {
    ToolCall { name: call.fn_name.clone(), arguments: call.fn_arguments.clone() }
}

/// What the provider counted.
fn usage(counted: &genai::chat::Usage) -> Option<Usage> {
    let count = |tokens: Option<i32>| tokens.and_then(|tokens| u64::try_from(tokens).ok());
    let (input, output) = count(counted.prompt_tokens).zip(count(counted.completion_tokens))?;
    Some(Usage { input, output })
}

impl std::fmt::Debug for Provider {
    fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
        f.debug_struct("Provider").field("model", &self.model).finish_non_exhaustive()
    }
}

/// A base URL as `genai` wants it: paths are appended to it.
fn endpoint(url: &str) -> Result<String> {
    let parsed = reqwest::Url::parse(url).map_err(|error| Error::Settings(format!("base URL `{url}`: {error}")))?;
    if !matches!(parsed.scheme(), "http" | "https") || !parsed.has_host() {
        return Err(Error::Settings(format!("base URL `{url}`: not an HTTP address")));
    }
    if !parsed.username().is_empty() || parsed.password().is_some() {
        return Err(Error::Settings(format!("the base URL holds a password; set {KEY} instead")));
    }
    Ok(format!("{}/", parsed.as_str().trim_end_matches('/')))
}

/// `Retry-After`: seconds, or a date.
fn pause(header: &str) -> Option<Duration> {
    match header.trim().parse::<f64>() {
        Ok(seconds) => Duration::try_from_secs_f64(seconds).ok(),
        Err(_) => httpdate::parse_http_date(header).ok()?.duration_since(SystemTime::now()).ok(),
    }
}

fn causes(error: &dyn std::error::Error) -> String {
    let chain = std::iter::successors(Some(error), |error| error.source());
    chain.last().map(ToString::to_string).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base_urls_end_with_a_slash_and_hold_no_password() {
        assert_eq!(endpoint("http://localhost:8000/v1").expect("a URL"), "http://localhost:8000/v1/");
        assert!(endpoint("ftp://somewhere/").is_err() && endpoint("/v1").is_err());
        let error = endpoint("https://me:secret@host/").expect_err("a password");
        assert!(!error.to_string().contains("secret"));
    }

    #[test]
    fn pauses_are_seconds_or_dates() {
        assert_eq!(pause("3"), Some(Duration::from_secs(3)));
        assert_eq!(pause("0.5"), Some(Duration::from_millis(500)));
        assert!(pause(&httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(60))).is_some());
        assert_eq!(pause("-1"), None);
        assert_eq!(pause("soon"), None);
    }
}
