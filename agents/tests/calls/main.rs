//! Calls of models and tools from outside: real providers against a scripted server, and everything that may go wrong in between.

/// A guarded call: retries, breakers, rates, budgets, records, metrics.
mod guard;
/// Providers: replies, streams, tools and failures in the shapes of three services.
mod llm;
/// No tests: a server that answers like OpenAI, Anthropic or Gemini, by a script.
mod model_server;
/// Routing: scores, escalation, fail-over, the best answer so far.
mod route;
