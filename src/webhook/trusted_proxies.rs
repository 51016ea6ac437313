//! Where a post came from, as far as those are trusted who say so.
//!
//! Promise: a sender cannot give itself an address. What a proxy of ours saw is believed, and of what
//! it passed on only what another proxy of ours saw: the sender is the nearest hop that is no proxy of
//! ours. It is for the log alone: nothing is allowed or refused by it.

use crate::webhook::forwarded::{Hops, Malformed};
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
    /// A proxy that writes one of the two headers may pass the other one on as its sender wrote it. Where
    /// both are there and do not say the same, neither is believed.
    pub fn sender(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        if !self.trusts(peer) {
            return peer;
        }
        let said = [Hops::Forwarded, Hops::XForwardedFor]
            .map(|hops| hops.are_in(headers).then(|| self.nearest(hops, headers).ok().flatten()));
        let sender = match said {
            [Some(forwarded), Some(x_forwarded_for)] if forwarded != x_forwarded_for => None,
            [Some(sender), _] | [None, Some(sender)] => sender,
            [None, None] => None,
        };
        sender.unwrap_or(peer)
    }

    /// The nearest hop that is no proxy of ours, else the farthest that is one, without a gap in between.
    fn nearest(&self, hops: Hops, headers: &HeaderMap) -> Result<Option<IpAddr>, Malformed> {
        let mut nearest = None;
        hops.each(headers, |hop| {
            nearest = match hop {
                Some(hop) if self.trusts(hop) => nearest.or(Some(hop)),
                // Who passed the post to this one, if anybody, is hearsay.
                Some(_) | None => hop,
            }
        })?;
        Ok(nearest)
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
        let headers = headers
            .iter()
            .map(|(name, value)| (http::HeaderName::from_static(name), value.parse().unwrap()));
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
