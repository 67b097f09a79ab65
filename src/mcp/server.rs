//! What the protocol asks for, and who answers it. Nothing here waits for the index, and no thread of the runtime computes.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, ErrorData, GetPromptRequestParams,
    GetPromptResponse, GetPromptResult, Implementation, ListPromptsResult, ListResourceTemplatesResult,
    ListResourcesResult, ListToolsResult, PaginatedRequestParams, PromptMessage, ReadResourceRequestParams,
    ReadResourceResponse, ReadResourceResult, ResourceContents, Role, ServerCapabilities, ServerConfig, Tool,
};
use rmcp::service::{NotificationContext, Peer, RequestContext};
use rmcp::{RoleServer, ServerHandler};
use serde_json::Value;
use tokio::sync::{OnceCell, Semaphore};

use super::tools::{self, Refusal, not_ready};
use super::{Host, prompts, resources};
use crate::Failure;

/// No answer takes so long; a client would have given up.
const LONGEST_CALL: Duration = Duration::from_secs(120);
/// How long a client may think about its roots.
const ROOTS: Duration = Duration::from_secs(2);

/// Opens the repository at a folder; without one, where we were started.
pub type Opener = Box<dyn Fn(Option<&Path>) -> Result<Arc<Host>, Failure> + Send + Sync>;

const INSTRUCTIONS: &str = "Searches this repository by meaning and knows who uses what. Start with `search` (or `overview` in a \
    new repository), `read` the places it cites, ask `graph` for callers and tests, and `impact` before and after an edit. \
    Answers end with what to do next.";

/// One client that is served.
#[derive(Clone)]
pub(super) struct Server {
    host: Arc<OnceCell<Arc<Host>>>,
    opener: Arc<Opener>,
    permits: Arc<Semaphore>,
}

impl Server {
    /// Serves the repository that `opener` opens: the client's first root, or the folder we were started in.
    pub(super) fn new(opener: Opener) -> Self {
        let threads = std::thread::available_parallelism().map_or(2, usize::from).max(2);
        Server { host: Arc::default(), opener: Arc::new(opener), permits: Arc::new(Semaphore::new(threads)) }
    }

    /// Serves a repository that is chosen already.
    pub(super) fn of(host: Arc<Host>) -> Self {
        let chosen = host.clone();
        let server = Server::new(Box::new(move |_| Ok(chosen.clone())));
        Server { host: Arc::new(OnceCell::new_with(Some(host))), ..server }
    }

    /// The repository; opened when it is first asked for.
    async fn host(&self, peer: &Peer<RoleServer>) -> Result<Arc<Host>, Refusal> {
        let open = async || {
            let root = first_root(peer).await;
            let opener = self.opener.clone();
            tokio::task::spawn_blocking(move || opener(root.as_deref()))
                .await
                .map_err(|_| Refusal("the repository cannot be opened".into()))?
                .map_err(|error| Refusal(format!("{error:#}")))
        };
        self.host.get_or_try_init(open).await.cloned()
    }

    /// Lets a thread of its own compute an answer, and ends it if nobody wants it any more.
    async fn compute<T: Send + 'static>(
        &self,
        context: &RequestContext<RoleServer>,
        needs_index: bool,
        answer: impl FnOnce(&Host, &AtomicBool) -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Refusal> {
        let cancelled = Arc::new(AtomicBool::new(false));
        let seen = cancelled.clone();
        let work = async {
            let host = self.host(&context.peer).await?;
            if needs_index && !host.ready().await {
                return Err(not_ready(&host));
            }
            let permit = self.permits.clone().acquire_owned().await;
            let done = tokio::task::spawn_blocking(move || {
                let _permit = permit;
                answer(&host, &seen)
            });
            // The panic itself is on stderr.
            done.await.unwrap_or_else(|_| {
                Err(Refusal("cogo has failed in a way that it should not; please report it".into()))
            })
        };
        let outcome = tokio::select! {
            outcome = work => outcome,
            () = context.ct.cancelled() => Err(Refusal("cancelled".into())),
            () = tokio::time::sleep(LONGEST_CALL) => Err(Refusal("this takes too long; ask for less".into())),
        };
        cancelled.store(true, Ordering::Relaxed);
        outcome
    }

    /// The answer of a tool, for a prompt or resource that holds it; what went wrong, if it went wrong.
    async fn tool_text(&self, context: &RequestContext<RoleServer>, name: &'static str, arguments: Value) -> String {
        let answer = move |host: &Host, cancelled: &AtomicBool| tools::call(host, name, arguments, cancelled);
        self.compute(context, name != "status", answer).await.unwrap_or_else(|Refusal(reason)| reason)
    }
}

/// The first folder that the client works in, if it says so. Deprecated by the newest protocol, and still what editors offer.
#[expect(deprecated)]
async fn first_root(peer: &Peer<RoleServer>) -> Option<std::path::PathBuf> {
    peer.peer_info()?.capabilities.roots.as_ref()?;
    let answer = tokio::time::timeout(ROOTS, peer.list_roots()).await.ok()?.ok()?;
    answer.roots.iter().find_map(|root| resources::path_of_file_uri(&root.uri))
}

impl ServerHandler for Server {
    fn get_info(&self) -> ServerConfig {
        let capabilities = ServerCapabilities::builder().enable_tools().enable_resources().enable_prompts().build();
        ServerConfig::new(capabilities)
            .with_server_info(Implementation::new("cogo", env!("CARGO_PKG_VERSION")))
            .with_instructions(INSTRUCTIONS)
    }

    async fn on_initialized(&self, context: NotificationContext<RoleServer>) {
        // Indexing begins before the first question.
        if let Err(Refusal(reason)) = self.host(&context.peer).await {
            tracing::warn!(reason, "no repository yet");
        }
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        let tools: Vec<Tool> = serde_json::from_value(tools::definitions()).map_err(bug)?;
        Ok(ListToolsResult::with_all_items(tools))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let name = request.name.into_owned();
        let arguments = request.arguments.map_or(Value::Null, Value::Object);
        let needs_index = name != "status";
        let answer = move |host: &Host, cancelled: &AtomicBool| tools::call(host, &name, arguments, cancelled);
        let result = match self.compute(&context, needs_index, answer).await {
            Ok(text) => CallToolResult::success(vec![ContentBlock::text(text)]),
            Err(Refusal(reason)) => CallToolResult::error(vec![ContentBlock::text(reason)]),
        };
        Ok(result.into())
    }

    async fn list_resources(
        &self,
        _: Option<PaginatedRequestParams>,
        context: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        // A list is not worth waiting for.
        let host = self.host(&context.peer).await.ok();
        let is_indexed = host.is_some_and(|host| host.engine().searcher().is_ok());
        let list = match is_indexed {
            true => self.compute(&context, true, |host, _| Ok(resources::list(host))).await.map_err(refused)?,
            false => resources::always(),
        };
        Ok(ListResourcesResult::with_all_items(list.into_iter().map(Into::into).collect()))
    }

    async fn list_resource_templates(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        let template = rmcp::model::ResourceTemplate::new(resources::TEMPLATE, "file")
            .with_description("An indexed file, or lines of it: cogo://file/src/main.rs#L10-L40")
            .with_mime_type("text/plain");
        Ok(ListResourceTemplatesResult::with_all_items(vec![template]))
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        let uri = request.uri.clone();
        let text = match resources::tool_behind(&uri) {
            Some(tool) => self.tool_text(&context, tool, Value::Null).await,
            None => {
                let read = move |host: &Host, _: &AtomicBool| resources::read(host, &uri);
                let missing = |Refusal(reason)| ErrorData::resource_not_found(reason, None);
                self.compute(&context, true, read).await.map_err(missing)?
            }
        };
        let contents = ResourceContents::text(text, request.uri).with_mime_type("text/plain");
        Ok(ReadResourceResult::new(vec![contents]).into())
    }

    async fn list_prompts(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListPromptsResult, ErrorData> {
        let prompts = serde_json::from_value(prompts::definitions()).map_err(bug)?;
        Ok(ListPromptsResult::with_all_items(prompts))
    }

    async fn get_prompt(
        &self,
        request: GetPromptRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<GetPromptResponse, ErrorData> {
        let arguments = request.arguments.unwrap_or_default();
        let prompt = prompts::prompt(&request.name, &arguments).map_err(refused)?;
        let facts = self.tool_text(&context, prompt.tool, prompt.arguments).await;
        let text = format!("{}\n\n{facts}", prompt.task);
        Ok(GetPromptResult::new(vec![PromptMessage::new_text(Role::User, text)]).into())
    }
}

impl From<resources::Resource> for rmcp::model::Resource {
    fn from(resource: resources::Resource) -> Self {
        let (uri, name) = (resource.uri, resource.name);
        rmcp::model::Resource::new(uri, name).with_description(resource.description).with_mime_type("text/plain")
    }
}

fn refused(Refusal(reason): Refusal) -> ErrorData {
    ErrorData::invalid_params(reason, None)
}

fn bug(error: impl std::fmt::Display) -> ErrorData {
    ErrorData::internal_error(error.to_string(), None)
}
