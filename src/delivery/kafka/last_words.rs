//! What a client said last of each address that it could not reach, until that address answers.
//!
//! Promise: bounded, and the newest of each address. librdkafka says why it cannot connect, or is
//! not let in, in its log and its error callback alone, and says the same again only after half a
//! minute: so it is kept here.

use crate::delivery::kafka::client_log::gist;
use crate::lock::Lock;
use rdkafka::error::KafkaError;
use rdkafka::types::RDKafkaErrorCode as Code;
use std::collections::VecDeque;

/// Addresses that are remembered: more than an operator reads.
const ADDRESSES: usize = 32;
/// How many of these are shown.
const SHOWN: usize = 3;
/// Longer than any reason of librdkafka that says something.
const LENGTH: usize = 300;

/// In the place of words, where no address has said any: connections are taken, or lost on the way.
pub(super) const NO_WORDS: &str = "none of the addresses says anything";

/// The words, newest last.
#[derive(Debug, Default)]
pub(super) struct LastWords(Lock<VecDeque<Words>>);

#[derive(Debug)]
struct Words {
    address: String,
    why: String,
}

impl LastWords {
    /// Takes in a line of the log or an error; keeps it if it speaks of an address.
    pub(super) fn heard(&self, message: &str) {
        let Some((address, why)) = parts(message) else { return };
        let why: String = why.chars().take(LENGTH).collect();
        let mut words = self.0.lock();
        words.retain(|words| words.address != address);
        if words.len() == ADDRESSES {
            words.pop_front();
        }
        words.push_back(Words { address: address.to_owned(), why });
    }

    /// Why this address is not reached, if that was said.
    pub(super) fn of(&self, address: &str) -> Option<String> {
        let words = self.0.lock();
        words.iter().find(|words| words.address == address).map(|words| words.why.clone())
    }

    /// What was said before of the address that this message speaks of.
    pub(super) fn last_of_same(&self, message: &str) -> Option<String> {
        parts(message).and_then(|(address, _)| self.of(address))
    }

    /// The newest of them, each with its address, if there are any.
    pub(super) fn all(&self) -> Option<String> {
        let words = self.0.lock();
        let newest = words.iter().rev().take(SHOWN);
        let shown: Vec<_> =
            newest.map(|words| format!("{}: {}", words.address, words.why)).collect();
        (!shown.is_empty()).then(|| shown.join("; "))
    }

    /// Whether none but these addresses are not reached.
    pub(super) fn are_of(&self, addresses: &[String]) -> bool {
        self.0.lock().iter().all(|words| addresses.contains(&words.address))
    }

    /// The address has answered.
    pub(super) fn answered(&self, address: &str) {
        self.0.lock().retain(|words| words.address != address);
    }

    /// All that matters has answered.
    pub(super) fn forget(&self) {
        self.0.lock().clear();
    }
}

/// Whether an error says no more than that nobody has answered.
pub(super) fn is_silence(error: &KafkaError) -> bool {
    matches!(
        error.rdkafka_error_code(),
        Some(
            Code::BrokerTransportFailure
                | Code::OperationTimedOut
                | Code::AllBrokersDown
                | Code::Resolve
        )
    )
}

/// The address that a message speaks of, and what it says.
fn parts(message: &str) -> Option<(&str, &str)> {
    let (name, why) = gist(message).split_once(": ")?;
    Some((address(name)?, why))
}

/// `host:port` in librdkafka's name of a broker: `sasl_ssl://host:port/bootstrap`, `host:port/1`.
pub(super) fn address(name: &str) -> Option<&str> {
    let plain = name.split_once("://").map_or(name, |(_, plain)| plain);
    let (address, _) = plain.rsplit_once('/')?;
    let (_, port) = address.rsplit_once(':')?;
    port.parse::<u16>().is_ok().then_some(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_of_each_address_is_kept_until_it_answers() {
        let words = LastWords::default();
        words.heard("[thrd:a:9/bootstrap]: a:9/bootstrap: Failed to resolve 'a:9': no (after 3ms in state CONNECT)");
        words.heard("sasl_ssl://b.example:9093/2: SASL authentication error: wrong (after 9ms in state AUTH_REQ)");
        words.heard("sasl_ssl://b.example:9093/2: SSL handshake failed: x (after 9ms in state SSL_HANDSHAKE)");
        words.heard("2/2 brokers are down");
        assert_eq!(words.of("a:9").unwrap(), "Failed to resolve 'a:9': no");
        let all = "b.example:9093: SSL handshake failed: x; a:9: Failed to resolve 'a:9': no";
        assert_eq!(words.all().unwrap(), all);
        assert!(words.are_of(&["b.example:9093".to_owned(), "a:9".to_owned()]));
        assert!(!words.are_of(&["a:9".to_owned()]));
        words.answered("b.example:9093");
        assert_eq!(words.of("b.example:9093"), None);
        words.forget();
        assert_eq!(words.all(), None);
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let words = LastWords::default();
        for port in 1..=2 * ADDRESSES {
            words.heard(&format!("a:{port}/1: {}", "x".repeat(2 * LENGTH)));
        }
        assert_eq!(words.of("a:1"), None);
        assert_eq!(words.of(&format!("a:{}", 2 * ADDRESSES)).unwrap().len(), LENGTH);
        assert_eq!(words.0.lock().len(), ADDRESSES);
    }
}
