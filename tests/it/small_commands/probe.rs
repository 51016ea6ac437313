//! `hookbridge probe`: the answers of a bridge, as a health check sees them.

use crate::small_commands::{hookbridge, run};
use crate::support::HOOKBRIDGE;
use crate::support::rig::Rig;
use crate::support::tool::Ran;
use std::net::{SocketAddr, TcpListener};
use testkit::port::NOBODY;

fn probe(what: &str, address: SocketAddr) -> Ran {
    run(&mut hookbridge(&["probe", what, "--admin-listen", &address.to_string()]), "")
}

#[test]
fn a_ready_bridge_is_a_success_and_each_check_is_a_line() {
    let rig = Rig::open();
    let admin = rig.bridge().admin();

    assert_eq!(probe("livez", admin).well(), "alive\n");
    let said = probe("readyz", admin).well();

    assert!(said.starts_with("ready\n  bridge  ok      serving\n  kafka   ok  "), "{said}");
    let everywhere = format!("0.0.0.0:{}", admin.port());
    let mut of_the_bridge = hookbridge(&["probe", "readyz"]);
    let said = run(of_the_bridge.env("HOOKBRIDGE_ADMIN_LISTEN", everywhere), "").well();
    assert!(said.starts_with("ready\n"), "{said}");
}

#[test]
fn a_bridge_that_is_not_ready_is_a_failure_that_says_why() {
    let bridge = HOOKBRIDGE.serve(NOBODY).no_auth().start();

    let Ran { code, out, err } = probe("readyz", bridge.admin());

    assert_eq!((code, &*err), (1, "hookbridge: /readyz was answered 503 Service Unavailable\n"));
    assert!(out.starts_with("not ready\n") && out.contains("\n  kafka   not ok  "), "{out}");
    assert_eq!(probe("livez", bridge.admin()).code, 0);
}

#[test]
fn nobody_and_silence_are_failures_within_the_deadline() {
    let Ran { code, err, .. } = probe("livez", NOBODY.parse().unwrap());
    assert_eq!(code, 1);
    assert!(err.contains("as `serve` was given it?: cannot connect to "), "{err}");

    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap().to_string();
    let flags = ["probe", "livez", "--deadline", "100ms", "--admin-listen", &address];
    let Ran { code, err, .. } = run(&mut hookbridge(&flags), "");
    let silent = format!("hookbridge: {address} did not answer within 100ms: raise --deadline");
    assert!(code == 1 && err.starts_with(&silent), "{err}");
}

#[test]
fn a_probe_that_cannot_be_meant_is_a_wrong_flag() {
    for flags in [
        &["probe"][..],
        &["probe", "metrics"],
        &["probe", "livez", "--deadline", "0s"],
        &["probe", "livez", "--admin-listen", "127.0.0.1:0"],
        &["probe", "livez", "--admin-listen", "localhost:9090"],
    ] {
        assert_eq!(run(&mut hookbridge(flags), "").code, 2, "{flags:?}");
    }
}
