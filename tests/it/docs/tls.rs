//! The line of `docs/kafka-properties.md` that shows the fault of a broker's certificate, before
//! servers that have them.
//!
//! A certificate that is over is not among them: openssl makes none.

use crate::docs::page::code;
use crate::docs::page::table;
use crate::docs::skip;
use crate::support::rig::SOON;
use crate::support::shell::Shell;
use std::fs;
use std::net::{TcpListener, TcpStream};
use std::thread;
use testkit::deadline::eventually;
use testkit::here;
use testkit::jars::is_on_path;
use testkit::leash::Leash;
use testkit::port::free_port;

const PAGE: &str = "docs/kafka-properties.md";

#[test]
fn openssl_names_faults_of_certificates_as_the_page_says() {
    if !is_on_path("openssl") {
        return skip(here!(), "openssl is needed");
    }
    let shell = Shell::new();
    for (name, host) in
        [("broker", "localhost"), ("unknown", "localhost"), ("other", "example.com")]
    {
        make(&shell, name, host);
    }
    for (certificate, authority, flags, reason) in [
        ("broker", "broker", "", "0 (ok)"),
        ("unknown", "broker", "", "18 (self-signed certificate)"),
        ("other", "other", "", "62 (hostname mismatch)"),
        ("broker", "broker", "-Verify 1", "alert certificate required"),
    ] {
        let port = free_port();
        let server = serve(&shell, certificate, port, flags);
        eventually(SOON, "openssl listens", || {
            assert!(server.is_running(), "it ended:\n{}", server.log_tail());
            TcpStream::connect(("127.0.0.1", port)).is_ok()
        });

        let said = ask(&shell, authority, port);

        assert!(said.contains(reason), "{certificate} by {authority}: {reason} is not in\n{said}");
        assert_is_on_the_page(reason);
        server.kill();
    }
}

#[test]
fn openssl_shows_a_port_without_tls_as_the_page_says() {
    if !is_on_path("openssl") {
        return skip(here!(), "openssl is needed");
    }
    let shell = Shell::new();
    make(&shell, "broker", "localhost");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let plain = thread::spawn(move || {
        use std::io::{Read as _, Write as _};
        let (mut client, _) = listener.accept().unwrap();
        assert_ne!(client.read(&mut [0; 512]).unwrap(), 0);
        client.write_all(b"what is this? no TLS\r\n").unwrap();
    });

    let said = ask(&shell, "broker", port);

    plain.join().unwrap();
    assert!(said.contains("wrong version number") && said.contains("0 (ok)"), "{said}");
    assert_is_on_the_page("wrong version number");
}

/// The page's line, for this server and this file of authorities.
fn ask(shell: &Shell, authority: &str, port: u16) -> String {
    let server = format!("localhost:{port}");
    let names = [("HOST:PORT", &*server), ("HOST", "localhost")];
    let authority = shell.path(&format!("{authority}.pem"));
    let line = code(PAGE, "sleep 1 | openssl", &names);
    let line = line.replace("/etc/hookbridge/ca.pem", &authority);
    // It ends badly where the handshake does.
    shell.run(&line).out
}

/// A number or a text that the page explains.
#[track_caller]
fn assert_is_on_the_page(reason: &str) {
    let word = reason.split(" (").next().expect("split gives one at least");
    let rows = table("what it says");
    assert!(rows.iter().any(|row| row[0].contains(word)), "{PAGE} does not explain {reason}");
}

/// A certificate that has signed itself.
fn make(shell: &Shell, name: &str, host: &str) {
    let [certificate, key] = ["pem", "key"].map(|kind| shell.path(&format!("{name}.{kind}")));
    let made = shell.run(&format!(
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN={name} \
         -addext subjectAltName=DNS:{host} -out {certificate} -keyout {key} 2>&1"
    ));
    made.well();
}

fn serve(shell: &Shell, name: &str, port: u16, flags: &str) -> Leash {
    let [certificate, key] = ["pem", "key"].map(|kind| shell.path(&format!("{name}.{kind}")));
    let folder = shell.path(&port.to_string());
    fs::create_dir(&folder).unwrap();
    let server = format!(
        "exec openssl s_server -quiet -accept 127.0.0.1:{port} -cert {certificate} -key {key} {flags}"
    );
    Leash::start(folder.as_ref(), ["sh", "-c", &server])
}
