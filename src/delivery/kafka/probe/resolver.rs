//! Whether the system's resolver answers for the brokers' names.
//!
//! Promise: at most one question is under way, and nobody waits for it longer than [`TIMEOUT`].
//! `getaddrinfo(3)` has no time-out, and until it returns librdkafka has nothing to say of a name.

use crate::lock::Lock;
use std::net::{IpAddr, ToSocketAddrs as _};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, TryRecvError};
use std::thread;
use std::time::Duration;

/// A resolver that answers takes milliseconds; the look before it was not answered for a second.
const TIMEOUT: Duration = Duration::from_millis(300);

/// See the module.
#[derive(Debug)]
pub(super) struct Resolver {
    /// Of `--brokers`, without those that are addresses.
    names: Vec<String>,
    asking: Lock<Option<(String, Receiver<()>)>>,
}

impl Resolver {
    /// For `bootstrap.servers`.
    pub(super) fn of(brokers: &str) -> Self {
        let hosts = brokers.split(',').filter_map(|broker| broker.rsplit_once(':'));
        let hosts = hosts.map(|(host, _)| host.trim_matches(['[', ']', ' ']));
        let names = hosts.filter(|host| host.parse::<IpAddr>().is_err()).map(str::to_owned);
        Self { names: names.collect(), asking: Lock::default() }
    }

    /// The name that it does not answer for, if there is one. Blocks.
    pub(super) fn hangs_at(&self) -> Option<String> {
        let mut asking = self.asking.lock();
        if let Some((name, answer)) = &*asking {
            match answer.try_recv() {
                Err(TryRecvError::Empty) => return Some(name.clone()),
                Ok(()) | Err(TryRecvError::Disconnected) => *asking = None,
            }
        }
        for name in &self.names {
            let answer = ask(name)?;
            if answer.recv_timeout(TIMEOUT) == Err(RecvTimeoutError::Timeout) {
                *asking = Some((name.clone(), answer));
                return Some(name.clone());
            }
        }
        None
    }
}

/// A thread that asks, and is left behind where it hangs; none where there is no thread to be had.
fn ask(name: &str) -> Option<Receiver<()>> {
    let (done, answer) = mpsc::channel();
    let host = (name.to_owned(), 0);
    let ask = move || {
        // What it says does not matter here, and whoever waited may be gone.
        drop(host.to_socket_addrs());
        let _ = done.send(());
    };
    thread::Builder::new().name("resolver".to_owned()).spawn(ask).ok()?;
    Some(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_are_asked_for() {
        let resolver = Resolver::of("kafka-1.example:9092, [::1]:9092,127.0.0.1:9092,b:1");
        assert_eq!(resolver.names, ["kafka-1.example", "b"]);
        assert_eq!(Resolver::of("127.0.0.1:9092").hangs_at(), None);
    }
}
