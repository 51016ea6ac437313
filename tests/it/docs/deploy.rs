//! The files, the process, the proxy and the post of `docs/deploy.md`, on this machine: folders,
//! ports and certificates are the test's, all else is as the page has it.

use crate::docs::page::code;
use crate::docs::{file, skip};
use crate::support::HOOKBRIDGE;
use crate::support::rig::SOON;
use crate::support::shell::Shell;
use rustix::process::getuid;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use testkit::consumer::to_end;
use testkit::deadline::eventually;
use testkit::here;
use testkit::jars::is_on_path;
use testkit::leash::Leash;
use testkit::mock::MockKafka;
use testkit::notification::ROOMDROP;
use testkit::port::{NOBODY, free_port};

const PAGE: &str = "docs/deploy.md";
const PASSWORD: &str = "hush-3e9a";
const TOPIC: &str = "video.events";
/// The most that `systemd-analyze security` may find, in tenths: under 2.0.
const EXPOSURE: u32 = 19;

#[test]
fn nginx_passes_posts_to_a_bridge_laid_out_as_on_the_page() {
    if let Some(missing) =
        ["nginx", "htpasswd", "openssl", "curl"].iter().find(|it| !is_on_path(it))
    {
        return skip(here!(), &format!("{missing} is needed"));
    }
    let shell = Shell::new();
    let [etc, spool, user] = [shell.path("etc"), shell.path("lib"), getuid().as_raw().to_string()];
    let (webhook, admin) = (free_port(), free_port());
    let kafka = MockKafka::start();
    kafka.create_topic(TOPIC, 6);

    let credentials = [("/etc/hookbridge", &*etc), ("65532", &user)];
    let typed = format!("{PASSWORD}\n{PASSWORD}\n");
    shell.run_with(&code(PAGE, "install -d ", &credentials), &typed).well();
    let mode = fs::metadata(format!("{etc}/credentials")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    let files = [("/etc/hookbridge", &*etc), ("/var/lib/hookbridge", &spool), ("65532", &user)];
    shell.run(&code(PAGE, "install -m ", &files)).well();
    let variables = format!("{etc}/bridge.env");
    let text = fs::read_to_string(&variables).unwrap();
    let text = text.replace("kafka:9092", &kafka.bootstrap()).replace("/etc/hookbridge", &etc);
    fs::write(&variables, text.replace("/var/lib/hookbridge", &spool)).unwrap();

    let [listen, scrape] = [webhook, admin].map(|port| format!("127.0.0.1:{port}"));
    let serve = code(
        PAGE,
        "(set -a; . /etc/hookbridge/bridge.env; exec",
        &[
            ("/etc/hookbridge", &etc),
            ("exec hookbridge", &format!("exec {}", HOOKBRIDGE.path())),
            ("127.0.0.1:8080", &listen),
            ("127.0.0.1:9090", &scrape),
        ],
    );
    let logs = [shell.path("bridge"), shell.path("nginx")];
    for folder in &logs {
        fs::create_dir(folder).unwrap();
    }
    // Without the parentheses, which keep the variables from whoever types it, the shell becomes
    // the bridge.
    let serve = serve.trim().trim_start_matches('(').trim_end_matches(')');
    let bridge = Leash::start(
        logs[0].as_ref(),
        ["env", "-u", "HOOKBRIDGE_REQUIRE_KAFKA", "sh", "-c", serve],
    );

    let ask = code(PAGE, "curl http", &[("127.0.0.1:9090", &scrape)]);
    eventually(SOON, "kafka and topic are ok", || {
        assert!(bridge.is_running(), "the bridge ended:\n{}", bridge.log_tail());
        let answer = shell.run(&format!("{ask} --silent")).out;
        ["kafka", "topic"]
            .iter()
            .all(|name| answer.contains(&format!("\"name\":\"{name}\",\"ok\":true")))
    });

    let https = free_port();
    let nginx = nginx(&shell, &listen, https);
    let nginx = Leash::start(logs[1].as_ref(), ["nginx", "-c", &nginx]);
    let certificate = shell.path("fullchain.pem");
    let flags = format!(
        "curl --no-progress-meter --retry-connrefused --retry 20 --retry-delay 1 --cacert {certificate} \
         --resolve hooks.example.com:{https}:127.0.0.1"
    );
    let host = format!("hooks.example.com:{https}");
    let user = format!("--user video:{PASSWORD}");
    let post = code(
        PAGE,
        "curl --user",
        &[("curl", &*flags), ("hooks.example.com/", &format!("{host}/")), ("--user video", &user)],
    );
    let answer = shell.run(&post).well();
    let (_, shown) = post.split_once("\n# ").expect("the page shows the answer");
    let (shown, _) = shown.split_once('…').expect("the id is long");
    assert!(answer.starts_with(shown), "{answer}, as on the page: {shown}");

    let elsewhere = shell.run(&format!(
        "{flags} https://{host}/webhook/x --output /dev/null --write-out '%{{http_code}}'"
    ));
    assert_eq!(elsewhere.well(), "404");
    let records = to_end(&kafka.bootstrap(), TOPIC);
    assert_eq!(records.len(), 1);
    assert_eq!(records[0].value, ROOMDROP.as_bytes());
    nginx.kill();
    bridge.kill();
}

/// The configuration that is shipped with what nginx wants around it, and a certificate that it has
/// signed itself.
fn nginx(shell: &Shell, webhook: &str, port: u16) -> String {
    let (certificate, key) = (shell.path("fullchain.pem"), shell.path("privkey.pem"));
    shell
        .run(&format!(
            "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=test \
             -addext subjectAltName=DNS:hooks.example.com -out {certificate} -keyout {key} 2>&1"
        ))
        .well();
    let mut site = file("config/proxies/nginx.conf");
    for (shown, meant) in [
        ("127.0.0.1:8080", webhook),
        ("127.0.0.1:8081", NOBODY),
        ("listen 443", &format!("listen 127.0.0.1:{port}")),
        ("/etc/ssl/hooks.example.com/fullchain.pem", &certificate),
        ("/etc/ssl/hooks.example.com/privkey.pem", &key),
    ] {
        assert!(site.contains(shown), "{shown} is not in\n{site}");
        site = site.replace(shown, meant);
    }
    let temp = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|kind| format!("{kind}_temp_path {};\n", shell.path(kind)))
        .concat();
    let whole = shell.path("nginx.conf");
    let around = format!(
        "daemon off;\nmaster_process off;\npid {};\nerror_log stderr;\n",
        shell.path("pid")
    );
    fs::write(&whole, format!("{around}events {{}}\nhttp {{\naccess_log off;\n{temp}{site}}}\n"))
        .unwrap();
    whole
}

#[test]
fn the_units_are_such_as_systemd_takes() {
    if !is_on_path("systemd-analyze") {
        return skip(here!(), "systemd-analyze is needed, of Debian's package systemd");
    }
    let shell = Shell::new();
    let units = ["hookbridge.socket", "hookbridge.service"].map(|name| {
        let unit = Path::new(env!("CARGO_MANIFEST_DIR")).join("config/systemd").join(name);
        let unit = fs::read_to_string(unit).unwrap();
        let file = shell.path(name);
        // The check wants the program to be there.
        let unit = unit.replace("/usr/local/bin/hookbridge", HOOKBRIDGE.path());
        assert!(name.ends_with(".socket") || unit.contains("\nType=notify-reload\n"));
        let known = if knows_notify_reload(&shell) { "notify-reload" } else { "notify" };
        fs::write(&file, unit.replace("=notify-reload", &format!("={known}"))).unwrap();
        file
    });

    let said = shell.run(&format!("systemd-analyze verify --man=no {}", units.join(" ")));

    // What it does not know it ignores, with a word.
    assert_eq!((said.is_success, said.out, said.err), (true, String::new(), String::new()));

    let secured = "systemd-analyze security --offline=true --no-pager --threshold";
    let exposure = |most: u32| shell.run(&format!("{secured}={most} {}", units[1]));
    assert!(exposure(EXPOSURE).is_success, "{}", exposure(EXPOSURE).out);
    assert!(!exposure(1).is_success, "the check checks nothing");
}

/// As systemd 253 and newer do.
fn knows_notify_reload(shell: &Shell) -> bool {
    let said = shell.run("systemd-analyze --version").well();
    let version = said.split(' ').nth(1).and_then(|version| version.parse::<u32>().ok());
    version.expect("the first line has the version") >= 253
}

#[test]
fn the_image_is_labelled_as_the_package_is() {
    let image = file("Dockerfile");
    for (label, value) in [
        ("version", env!("CARGO_PKG_VERSION")),
        ("licenses", env!("CARGO_PKG_LICENSE")),
        ("title", env!("CARGO_PKG_NAME")),
    ] {
        let label = format!("org.opencontainers.image.{label}=\"{value}\"");
        assert!(image.contains(&label), "Dockerfile has no {label}");
    }
    let base = image.rsplit("base.name=").next().and_then(|rest| rest.split('"').nth(1)).unwrap();
    assert!(image.contains(&format!("\nFROM {base}\n")), "{base} is not the last base");
}
