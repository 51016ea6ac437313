//! Where a post came from, as far as those are trusted who say so.
//!
//! Promise: a sender cannot give itself an address. What a proxy of ours saw is believed, and of what
//! it passed on only what another proxy of ours saw: the sender is the nearest hop that is no proxy of
//! ours. It is for the log alone: nothing is allowed or refused by it.

use crate::webhook::http::forwarded::Hops;
use http::HeaderMap;
use ipnet::IpNet;
use std::net::IpAddr;
use std::sync::Arc;

/// The networks that our proxies are in: `--trusted-proxy`.
#[derive(Debug, Clone)]
pub struct TrustedProxies(Arc<[IpNet]>);

impl TrustedProxies {
    /// Believes whoever is in one of these.
    pub fn new(networks: Vec<IpNet>) -> Self {
        Self(networks.into())
    }

    /// The sender of a post that came over a connection with `peer`.
    ///
    /// A proxy that writes one of the two headers may pass the other one on as its sender wrote it.
    /// Where both are there and do not say the same, neither is believed.
    pub fn sender(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        if !self.trusts(peer) {
            return peer;
        }
        let said = [Hops::Forwarded, Hops::XForwardedFor]
            .map(|hops| hops.are_in(headers).then(|| self.nearest(hops, headers)));
        let sender = match said {
            [Some(forwarded), Some(x_forwarded_for)] if forwarded != x_forwarded_for => None,
            [Some(sender), _] | [None, Some(sender)] => sender,
            [None, None] => None,
        };
        sender.unwrap_or(peer)
    }

    /// The nearest hop that is no proxy of ours, else the farthest that is one, without a gap in
    /// between.
    fn nearest(&self, hops: Hops, headers: &HeaderMap) -> Option<IpAddr> {
        let mut nearest = None;
        for line in hops.lines(headers).rev() {
            let (mut of_line, mut only_ours) = (None, true);
            let read = hops.each(line, |hop| match hop {
                Some(hop) if self.trusts(hop) => of_line = of_line.or(Some(hop)),
                // Who passed the post to this one, if anybody, is hearsay.
                Some(_) | None => (of_line, only_ours) = (hop, false),
            });
            if read.is_err() {
                break;
            }
            nearest = of_line.or(nearest);
            // What a line before it says, or fails to say, is hearsay too.
            if !only_ours {
                break;
            }
        }
        nearest
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sender(peer: &str, headers: &[(&'static str, &str)]) -> String {
        let networks = ["127.0.0.0/8", "10.0.0.0/8", "2001:db8::/32"];
        let proxies = TrustedProxies::new(networks.map(|net| net.parse().unwrap()).into());
        let value = |value: &str| http::HeaderValue::from_bytes(value.as_bytes()).unwrap();
        let headers =
            headers.iter().map(|(name, text)| (http::HeaderName::from_static(name), value(text)));
        proxies.sender(peer.parse().unwrap(), &headers.collect()).to_string()
    }

    #[test]
    fn the_nearest_hop_that_is_not_trusted_is_the_sender() {
        for (value, expected) in [
            ("203.0.113.5", "203.0.113.5"),
            ("6.6.6.6, 203.0.113.5", "203.0.113.5"),
            ("6.6.6.6, 203.0.113.5, 10.1.1.1", "203.0.113.5"),
            ("10.6.6.6, 203.0.113.5, 2001:db8::1, 10.1.1.1", "203.0.113.5"),
            ("10.1.1.2, 10.1.1.1", "10.1.1.2"),
            ("6.6.6.6, unknown, 10.1.1.2, 10.1.1.1", "10.1.1.2"),
            ("6.6.6.6, unknown", "127.0.0.1"),
            ("", "127.0.0.1"),
        ] {
            assert_eq!(sender("127.0.0.1", &[("x-forwarded-for", value)]), expected, "{value}");
        }
        let forwarded = ("forwarded", "for=6.6.6.6, for=203.0.113.5;by=10.1.1.1, for=10.1.1.1");
        assert_eq!(sender("2001:db8::7", &[forwarded]), "203.0.113.5");
    }

    #[test]
    fn what_a_sender_writes_hides_no_hop_of_a_trusted_proxy() {
        let (old, new) = ("x-forwarded-for", "forwarded");
        for (lines, expected) in [
            (&[(old, "\u{e9}, 203.0.113.5")][..], "203.0.113.5"),
            (&[(old, "\u{e9}"), (old, "203.0.113.5")], "203.0.113.5"),
            (&[(old, "203.0.113.5, \u{e9}"), (old, "10.1.1.1")], "10.1.1.1"),
            (&[(new, "for=\""), (new, "for=203.0.113.5")], "203.0.113.5"),
            (&[(new, "\u{e9}"), (new, "for=203.0.113.5")], "203.0.113.5"),
            (&[(new, "for=6.6.6.6"), (new, "for=\"")], "127.0.0.1"),
            (&[(new, "for=\""), (new, "for=10.1.1.2, for=10.1.1.1")], "10.1.1.2"),
            (
                &[(new, "for=203.0.113.5"), (new, "for=10.1.1.2"), (new, "for=10.1.1.1")],
                "203.0.113.5",
            ),
            (&[(new, "for=10.1.1.3"), (new, "for=unknown, for=10.1.1.2")], "10.1.1.2"),
        ] {
            assert_eq!(sender("127.0.0.1", lines), expected, "{lines:?}");
        }
    }

    #[test]
    fn who_is_not_trusted_is_the_sender_whatever_it_says() {
        for peer in ["203.0.113.9", "::1"] {
            let said = [("x-forwarded-for", "6.6.6.6"), ("forwarded", "for=6.6.6.6")];
            assert_eq!(sender(peer, &said), peer);
        }
        let nobody = TrustedProxies::new(Vec::new());
        let loopback = IpAddr::from([127, 0, 0, 1]);
        assert_eq!(nobody.sender(loopback, &HeaderMap::new()), loopback);
    }

    #[test]
    fn two_headers_that_do_not_agree_are_believed_in_neither() {
        let said = |forwarded| {
            sender("10.0.0.1", &[("x-forwarded-for", "203.0.113.5"), ("forwarded", forwarded)])
        };
        assert_eq!(said("for=203.0.113.5"), "203.0.113.5");
        for forwarded in ["for=6.6.6.6", "for=\"", "for=unknown"] {
            assert_eq!(said(forwarded), "10.0.0.1", "{forwarded}");
        }
    }
}
