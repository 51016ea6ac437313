//! What `--help` says, to the letter, and that its examples work when they are pasted.
//!
//! A text that has changed on purpose is put into its file in `tests/it/help/`; the test says where it
//! has written it.

use crate::support::HOOKBRIDGE;
use crate::support::rig::SOON;
use crate::support::shell::Shell;
use crate::support::spool::{SpoolFolder, records};
use crate::support::tool::Tool;
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use testkit::mock::MockKafka;

/// Each command, and how many examples its help has. Those of a line run one after the other, in this
/// order; the lines run at the same time, since many wait for what a mock does not answer.
const COMMANDS: &[&[(&str, usize)]] = &[
    &[
        ("serve", 2),
        ("spool", 2),
        ("spool list", 2),
        ("spool export", 2),
        ("spool retopic", 1),
        ("spool requeue", 1),
        ("spool drain", 2),
    ],
    &[("send", 2), ("tail", 2)],
    &[("dev", 2)],
    &[("check", 2)],
    &[("probe", 2), ("credential", 2), ("contract", 2), ("completions", 3), ("man", 2)],
    &[("redrive", 2)],
];

/// The credentials of the examples.
const CREDENTIALS: &str = include_str!("../../config/credentials");

/// What a password is asked for.
const PASSWORD: &str = "hush\n";

/// A program that lets a command run until it has said a word, and ends it then.
const UNTIL: &str = r#"word=$1; shift; said=$(mktemp)
"$@" > "$said" 2>&1 &
until grep -q "$word" "$said"; do kill -0 $! || { cat "$said" >&2; exit 1; }; sleep 0.05; done
kill -TERM $!
wait $!"#;

/// What begins the examples.
const EXAMPLES: &str = "\nExample";

fn help(command: &str) -> String {
    let words: Vec<_> = command.split(' ').chain(["--help"]).collect();
    Tool::new(&words).run().well()
}

#[test]
fn the_help_of_each_command_is_as_it_was_meant() {
    let written = Path::new(env!("CARGO_TARGET_TMPDIR")).join("help");
    fs::create_dir_all(&written).unwrap();
    let mut others = Vec::new();
    for (command, _) in COMMANDS.iter().copied().flatten() {
        let name = format!("{}.txt", command.replace(' ', "-"));
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/help").join(&name);
        let (said, meant) = (help(command), fs::read_to_string(&file).unwrap_or_default());
        fs::write(written.join(&name), &said).unwrap();
        if said != meant {
            others.push(file);
        }
    }
    assert_eq!(others, Vec::<PathBuf>::new(), "what is said is in {}", written.display());
}

#[test]
fn the_examples_of_the_help_work_when_they_are_pasted() {
    let kafka = MockKafka::start();
    let brokers = kafka.bootstrap();
    for topic in ["video.events", "video.events.dead-letters"] {
        kafka.create_topic(topic, 3);
    }
    let serve = MockKafka::flags(HOOKBRIDGE.serve(brokers.clone())).credentials(CREDENTIALS);
    let bridge = serve.start();
    bridge.wait_ready(SOON);
    let spool = SpoolFolder::new();
    let open = spool.open();
    open.append(records("video.event", "5f3a9c1e7d2b4a0012c4e8f1", 0..2));
    open.close();
    let shell =
        Shell::at_home().env("HOOKBRIDGE_URL", format!("http://{}/webhook", bridge.webhook()));
    // As fish makes it.
    fs::create_dir_all(shell.path("home/.config/fish/completions")).unwrap();
    shell.program("until_said", UNTIL);
    shell.program("man", "exec cat \"$@\"");
    let (of_bridge, credentials) = (shell.path("bridge.env"), shell.path("credentials"));
    fs::write(&credentials, CREDENTIALS).unwrap();
    let own = format!(
        "HOOKBRIDGE_BROKERS={brokers}\nHOOKBRIDGE_CREDENTIALS={credentials}\nHOOKBRIDGE_SPOOL={}\n",
        shell.path("spool")
    );
    fs::write(&of_bridge, own).unwrap();
    let (admin, pages) = (bridge.admin().to_string(), shell.path("man1"));
    let places = [
        ("localhost:9092", &*brokers),
        ("127.0.0.1:9090", &*admin),
        ("/etc/hookbridge/bridge.env", &*of_bridge),
        ("config/credentials", &*credentials),
        ("/var/lib/hookbridge/spool", spool.dir()),
        ("/usr/local/share/man/man1", &*pages),
        ("exec hookbridge serve", "hookbridge serve"),
        ("hookbridge serve", "until_said listening hookbridge serve"),
        ("hookbridge dev --watch", "until_said Ctrl-C hookbridge dev --watch"),
    ];
    let run = |command: &str, example: &str| {
        let script = places
            .iter()
            .fold(example.to_owned(), |text, (shown, meant)| text.replace(shown, meant));
        // A probe asks the bridge that runs; another one has ports of its own.
        let admin = if command == "probe" { &admin } else { "127.0.0.1:0" };
        let ports = format!("export HOOKBRIDGE_LISTEN=127.0.0.1:0 HOOKBRIDGE_ADMIN_LISTEN={admin}");
        let said = shell.run_with(&format!("{ports}\n{script}"), PASSWORD);
        assert!(said.is_success, "{example}\n{}{}", said.out, said.err);
    };
    thread::scope(|scope| {
        for line in COMMANDS {
            scope.spawn(|| {
                for (command, count) in *line {
                    let examples = examples(command);
                    assert_eq!(examples.len(), *count, "{command}");
                    for example in &examples {
                        run(command, example);
                    }
                }
            });
        }
    });
}

fn examples(command: &str) -> Vec<String> {
    let help = help(command);
    let (_, examples) = help.rsplit_once(EXAMPLES).expect("there are examples");
    examples.lines().filter_map(|line| line.strip_prefix("  ").map(str::to_owned)).collect()
}
