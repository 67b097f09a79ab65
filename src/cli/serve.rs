//! `cogo serve`.

use std::net::{IpAddr, SocketAddr};
use std::path::Path;

use super::args::ServeArgs;
use super::failure::Usage;
use super::{Done, target};
use crate::Engine;
use crate::http::{Limits, Options, Server};
use crate::token::SHORTEST;

pub(super) fn run(args: &ServeArgs) -> anyhow::Result<Done> {
    let address = address(&args.listen)?;
    let token = args.token_file.as_deref().map(token).transpose()?;
    if !address.ip().is_loopback() && token.is_none() {
        return Err(Usage::new(format!("{} can be reached from other machines", address.ip()))
            .hint("give `--token-file FILE`, or listen on 127.0.0.1")
            .into());
    }
    let engines = engines(args)?;
    let defaults = Limits::default();
    let limits = Limits {
        body_bytes: args.max_body.as_u64() as usize,
        waiting: args.max_waiting,
        time: args.timeout.into(),
        ..defaults
    };
    let mut hosts = args.hosts.clone();
    // Who listens on an address may be called by it.
    hosts.push(match address.ip() {
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => format!("[{ip}]"),
    });
    let options = Options {
        limits,
        token,
        hosts,
        origins: args.origins.clone(),
        roots: args.allow.clone(),
        clones: args.clone_into.clone(),
        threads: args.threads.unwrap_or(0),
    };
    if let Some(folder) = &options.clones {
        std::fs::create_dir_all(folder)?;
    }
    let serve =
        || Server::new(engines, options)?.run(address, |address| anstream::eprintln!("listening on http://{address}"));
    serve().map_err(anyhow::Error::from_boxed)?;
    Ok(Done::Something)
}

fn engines(args: &ServeArgs) -> anyhow::Result<Vec<Engine>> {
    if let Some(engines) = target::mirrors_named(&args.paths, &args.mirror, &args.logging)? {
        return Ok(engines);
    }
    args.paths.iter().map(|path| Ok(target::engine_for(path, None, &args.logging)?.0)).collect()
}

fn address(text: &str) -> anyhow::Result<SocketAddr> {
    let address = text.replacen("localhost", "127.0.0.1", 1);
    let address =
        if address.bytes().all(|byte| byte.is_ascii_digit()) { format!("127.0.0.1:{address}") } else { address };
    let wrong = || Usage::new(format!("`{text}` is no address to listen on")).hint("write `127.0.0.1:7700`");
    Ok(address.parse().map_err(|_| wrong())?)
}

/// The token in a file that nobody else can read.
fn token(path: &Path) -> anyhow::Result<String> {
    let unreadable = |error| Usage::new(format!("the token file `{}` cannot be read: {error}", path.display()));
    let token = std::fs::read_to_string(path).map_err(unreadable)?.trim().to_owned();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(path).map_err(unreadable)?.permissions().mode();
        if mode & 0o077 != 0 {
            let message = format!("the token file `{}` can be read by others", path.display());
            return Err(Usage::new(message).hint(format!("run `chmod 600 {}`", path.display())).into());
        }
    }
    if token.len() < SHORTEST || token.contains(|c: char| !c.is_ascii_graphic()) {
        let message = format!("the token must have {SHORTEST} or more characters, and no blanks");
        return Err(Usage::new(message).hint("`openssl rand -hex 32` makes a good one").into());
    }
    Ok(token)
}
