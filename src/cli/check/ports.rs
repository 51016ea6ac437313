//! Whether both ports can be had, or a bridge has them already.
//!
//! It binds and closes them, and takes no connection. A bridge that runs is known by its answer on the
//! admin port; that the other port is its own is a guess.

use crate::args::serve::ServeArgs;
use crate::cli::check::finding::{Finding, Subject};
use crate::cli::http_client::HttpClient;
use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;
use tokio::time::timeout;

/// How long a bridge that runs may take to say so.
const ANSWER: Duration = Duration::from_secs(1);
/// What a bridge answers at `/livez`.
const ALIVE: &[u8] = b"alive\n";

/// What there is to say of them.
pub(super) async fn findings(args: &ServeArgs) -> Vec<Finding> {
    let runs = runs(args.admin_listen).await;
    let runs = runs.as_deref().map(|runs| (args.admin_listen, runs));
    let ports = [("--listen", args.listen), ("--admin-listen", args.admin_listen)];
    ports.into_iter().map(|(flag, address)| port(flag, address, runs)).collect()
}

/// The words for a bridge that has the admin port.
async fn runs(admin: SocketAddr) -> Option<String> {
    let ask = async { HttpClient::connect(admin).await?.get("/livez").await };
    let answer = timeout(ANSWER, ask).await.ok()?.ok()?;
    (answer.body == ALIVE).then(|| format!("a bridge runs and answers on {admin}"))
}

fn port(flag: &str, address: SocketAddr, runs: Option<(SocketAddr, &str)>) -> Finding {
    let Err(error) = TcpListener::bind(address) else {
        return Finding::holds(Subject::Ports, format!("{flag} {address} is free"));
    };
    let says = format!("{flag} {address}: {error}");
    let kind = error.kind();
    let names = format!("ss -ltnp 'sport = :{}' names who has it", address.port());
    if let (ErrorKind::AddrInUse, Some((admin, runs))) = (kind, runs) {
        if address == admin {
            return Finding::holds(Subject::Ports, format!("{flag} {address} is in use: {runs}"));
        }
        let says = format!("{flag} {address} is in use, perhaps by that bridge: {runs}");
        return Finding::warns(Subject::Ports, says, names);
    }
    let mend = if kind == ErrorKind::AddrInUse {
        names
    } else if kind == ErrorKind::PermissionDenied {
        "take a port from 1024 on, or give the bridge CAP_NET_BIND_SERVICE".to_owned()
    } else {
        "give an address of this machine (ip address), or 0.0.0.0 for all".to_owned()
    };
    Finding::fails(Subject::Ports, says, mend)
}
