//! Serving the process that started us, over stdin and stdout.

use rmcp::ServiceExt;
use rmcp::service::ServerInitializeError;
use rmcp::transport::async_rw::AsyncRwTransport;
use rmcp::transport::io::stdio_pipes;

pub use super::server::Opener;
use super::server::Server;
use crate::Failure;

/// Longest message; what is longer is dropped before it fills the memory.
const LONGEST_MESSAGE: usize = 4 << 20;

/// Serves until stdin ends. stdout belongs to the protocol alone.
///
/// # Errors
/// If the runtime cannot be started, or the client breaks the protocol before it has begun.
pub fn serve_stdio(opener: Opener) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let outcome = runtime.block_on(async {
        let (input, output) = stdio_pipes();
        let transport = AsyncRwTransport::new_server(input, output).with_max_line_length(LONGEST_MESSAGE);
        match Server::new(opener).serve(transport).await {
            Ok(service) => {
                service.waiting().await?;
                Ok(())
            }
            // A client that goes before it said a word has done nothing wrong.
            Err(ServerInitializeError::ConnectionClosed(_)) => Ok(()),
            Err(error) => Err(Failure::from(error)),
        }
    });
    // What is still computed is for nobody.
    runtime.shutdown_background();
    outcome
}
