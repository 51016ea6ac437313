//! What to do next: lines that work when they are pasted, most of them with nothing but this program.

use crate::args::send::USER;
use crate::bridge::Addresses;
use crate::cli::dev::broker::Broker;
use crate::cli::dev::credential::Credential;
use crate::cli::dev::page;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::SystemTime;

/// What the lines name: this program, the two ports, the broker, and who may post.
pub(super) struct NextSteps<'a> {
    /// As a shell reads it.
    pub(super) program: String,
    pub(super) addresses: Addresses,
    /// `--path`
    pub(super) path: String,
    pub(super) broker: &'a Broker,
    pub(super) topic: &'a str,
    pub(super) credential: Credential,
}

impl NextSteps<'_> {
    /// The text of it.
    pub(super) fn text(&self) -> String {
        let Self { program, addresses, path, broker, topic, credential } = self;
        let (webhook, admin) = (reachable(addresses.webhook), reachable(addresses.admin));
        let Credential { user, password } = credential;
        let from = match broker {
            Broker::Embedded(_) => " --from beginning",
            // What it holds is not for this screen.
            Broker::Given(_) => "",
        };
        // A command has its lines to itself, so that whole lines can be copied. -w ends the answer with
        // a line break: else the shell's prompt would come in the same line.
        [
            page::title("Post one yourself; each post is a line here, a refused one too."),
            format!("  {USER}={user}:{password} {program} send \\\n"),
            format!("    --url http://{webhook}{path} --type roomdrop\n"),
            page::title("Or a body of your own."),
            format!("  curl http://{webhook}{path} -u {user}:{password} \\\n"),
            "    -H 'Content-Type: application/json' -w '\\n' \\\n".to_owned(),
            format!("    -d '{}'\n", body()),
            page::title("Read the topic as a consumer does."),
            format!(
                "  {program} tail \\\n    --brokers {} --topic {topic}{from}\n",
                broker.address()
            ),
            page::title("Ask the bridge how it is."),
            format!("  curl http://{admin}/readyz\n"),
            format!("  curl http://{admin}/metrics\n"),
            page::title("Ctrl-C ends it."),
        ]
        .concat()
    }
}

/// A notification of now. Its key falls on another partition than the samples'.
fn body() -> String {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let now = since.as_secs();
    format!(
        r#"{{"type":"roomdrop","trans_date":{now},"app_id":"demo","room_id":"room-1","conf_num":"1"}}"#
    )
}

/// An address that a client can name: a listener on all addresses is on loopback too.
pub(super) fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip @ (IpAddr::V4(_) | IpAddr::V6(_)) => ip,
    };
    SocketAddr::new(ip, address.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listener_on_all_addresses_is_reached_over_loopback() {
        for (listens, is_reached) in [
            ("0.0.0.0:80", "127.0.0.1:80"),
            ("[::]:80", "[::1]:80"),
            ("127.0.0.2:80", "127.0.0.2:80"),
        ] {
            let address = reachable(listens.parse().unwrap());
            assert_eq!(address.to_string(), is_reached);
        }
    }
}
