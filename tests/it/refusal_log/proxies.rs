//! The address of a sender behind proxies: as far as those are trusted who name it, and no further.

use crate::refusal_log::refusals;
use crate::support::HOOKBRIDGE;
use crate::support::rig::SOON;
use serde_json::Value;
use testkit::bridge::Bridge;
use testkit::bridge::launch::Launch;
use testkit::deadline::wait_for;
use testkit::http;
use testkit::port::NOBODY;

/// The peer that is logged of a post with these headers.
fn peer(bridge: &Bridge, headers: &[(&str, &str)]) -> Value {
    let before = refusals(bridge).len();
    assert_eq!(http::post(bridge.webhook(), "/elsewhere", headers, "").status, 404);
    wait_for(SOON, "the refusal is logged", || {
        refusals(bridge).get(before).map(|line| line["peer"].clone())
    })
}

fn serve() -> Launch {
    HOOKBRIDGE.serve(NOBODY).no_auth()
}

#[test]
fn without_trusted_proxies_nobody_is_believed() {
    let bridge = serve().start();
    for headers in [[("X-Forwarded-For", "203.0.113.5")], [("Forwarded", "for=203.0.113.5")]] {
        assert_eq!(peer(&bridge, &headers), "127.0.0.1");
    }
}

#[test]
fn the_nearest_hop_that_is_not_trusted_is_named() {
    for flags in [
        serve().args(&["--trusted-proxy=127.0.0.1".into(), "--trusted-proxy=10.0.0.0/8".into()]),
        serve().env("TRUSTED_PROXY", "10.0.0.0/8, 127.0.0.0/8"),
    ] {
        let bridge = flags.start();
        for (headers, named) in [
            ([("X-Forwarded-For", "6.6.6.6, 203.0.113.5, 10.0.0.7")], "203.0.113.5"),
            ([("Forwarded", "for=6.6.6.6, for=\"[2001:db8::5]:81\";proto=https")], "2001:db8::5"),
            ([("Forwarded", "for=\"6.6.6.6, for=203.0.113.5")], "127.0.0.1"),
            ([("X-Real-IP", "203.0.113.5")], "127.0.0.1"),
        ] {
            assert_eq!(peer(&bridge, &headers), named, "{headers:?}");
        }
    }
}

#[test]
fn nothing_that_a_sender_writes_hides_a_proxy_s_appended_hop() {
    let bridge = serve().arg("--trusted-proxy", "127.0.0.1").start();
    for (header, lines) in [
        ("X-Forwarded-For", &["\u{e9}, 203.0.113.5"][..]),
        ("X-Forwarded-For", &["6.6.6.6, \u{e9}", "203.0.113.5"]),
        ("Forwarded", &["for=\"", "for=203.0.113.5"]),
        ("Forwarded", &["for=\"\u{e9}\", for=203.0.113.5"]),
    ] {
        let headers: Vec<_> = lines.iter().map(|line| (header, *line)).collect();
        assert_eq!(peer(&bridge, &headers), "203.0.113.5", "{headers:?}");
    }
}

#[test]
fn a_peer_that_is_not_trusted_is_named_itself() {
    let bridge = serve().arg("--trusted-proxy", "10.0.0.0/8").start();
    assert_eq!(peer(&bridge, &[("X-Forwarded-For", "203.0.113.5")]), "127.0.0.1");
}

#[test]
fn an_ipv4_peer_of_a_listener_for_both_is_shown_as_ipv4() {
    let Ok(bridge) = serve().arg("--listen", "[::]:0").try_start() else {
        return testkit::say_skipped(testkit::here!(), "this machine has no IPv6");
    };
    let before = refusals(&bridge).len();
    let port = bridge.webhook().port();
    http::post(([127, 0, 0, 1], port).into(), "/elsewhere", &[], "");
    let line = wait_for(SOON, "the refusal is logged", || refusals(&bridge).get(before).cloned());
    assert_eq!(line["peer"], "127.0.0.1");
}

#[test]
fn what_is_no_network_is_refused() {
    for value in ["localhost", "10.0.0.0/33", "10.0.0.0/8;127.0.0.1"] {
        let (status, said) = serve().arg("--trusted-proxy", value).run(SOON);
        assert_eq!(status.code(), Some(2), "{value}");
        assert!(said.contains("--trusted-proxy") && said.contains("10.0.0.0/8"), "{said}");
    }
}
