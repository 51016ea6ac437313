//! What each command says to whoever gets it wrong, to the letter: a wrong flag, a broken file, a broker
//! that is absent, a reader that has gone.
//!
//! A file of `tests/it/messages/` is what a terminal would show: behind `$` a command, below it what it
//! says, and its exit code unless that is 0. Each runs in a folder of its own. `$KAFKA` is a mock with the topic `events`. What differs from run to run is replaced, see
//! [`steady`]. A text that has changed on purpose is put into its file; the test says where it has
//! written it.

use crate::support::shell::Shell;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use testkit::mock::MockKafka;

/// Commands of a file at once: most of them wait, and the tests beside them have deadlines.
const AT_ONCE: usize = 4;

/// What begins a command.
const PROMPT: &str = "$ ";

/// What a figure with one of these units behind a point is: a time that was measured.
const UNITS: [&str; 4] = ["ns", "\u{b5}s", "ms", "s"];

#[test]
fn serve_and_dev_say_what_is_wrong_and_what_to_do() {
    assert_said("serve.txt");
}

#[test]
fn send_says_what_is_wrong_and_what_to_do() {
    assert_said("send.txt");
}

#[test]
fn tail_says_what_is_wrong_and_what_to_do() {
    assert_said("tail.txt");
}

#[test]
fn spool_says_what_is_wrong_and_what_to_do() {
    assert_said("spool.txt");
}

#[test]
fn redrive_says_what_is_wrong_and_what_to_do() {
    assert_said("redrive.txt");
}

#[test]
fn check_says_what_holds_what_fails_and_what_mends_it() {
    assert_said("check.txt");
}

#[test]
fn the_small_commands_say_what_is_wrong_and_what_to_do() {
    assert_said("small.txt");
}

#[track_caller]
fn assert_said(name: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/messages").join(name);
    let meant = fs::read_to_string(&file).unwrap();
    let kafka = MockKafka::start();
    kafka.create_topic("events", 1);
    let brokers = kafka.bootstrap();
    let commands: Vec<_> = meant.lines().filter_map(|line| line.strip_prefix(PROMPT)).collect();
    assert!(!commands.is_empty(), "{name}");

    let next = AtomicUsize::new(0);
    let said = Mutex::new(BTreeMap::new());
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let place = next.fetch_add(1, Ordering::Relaxed)
                    && let Some(command) = commands.get(place)
                {
                    let shown = shown(command, &brokers);
                    said.lock().unwrap().insert(place, shown);
                }
            });
        }
    });

    let said: String = said.into_inner().unwrap().into_values().collect();
    let written = Path::new(env!("CARGO_TARGET_TMPDIR")).join("messages");
    fs::create_dir_all(&written).unwrap();
    fs::write(written.join(name), &said).unwrap();
    let differs = said.lines().zip(meant.lines()).find(|(said, meant)| said != meant);
    assert!(said == meant, "{name} differs, what is said is in {}: {differs:?}", written.display());
}

/// A command as a terminal would show it.
fn shown(command: &str, brokers: &str) -> String {
    let shell = Shell::at_home().env("KAFKA", brokers);
    // Files are for their owner alone: what is said of others is not looked at here.
    let ran = shell.run(&format!("exec 2>&1; umask 077; {command}"));
    let code = match ran.code {
        Some(0) => String::new(),
        Some(code) => format!("(exit code {code})\n"),
        None => "(a signal has ended it)\n".to_owned(),
    };
    let said = ran.out.replace(brokers, "$KAFKA").replace(&shell.path("home"), "$PWD");
    format!("{PROMPT}{command}\n{}{code}\n", steady(&said))
}

/// Times that were measured as `TIME`, free space as `SIZE`, and no blanks at the ends of lines.
fn steady(said: &str) -> String {
    said.lines()
        .map(|line| {
            let words = line.trim_end().split(' ').map(|word| {
                let bare = word.trim_end_matches([',', ';', '.', ')']);
                if is_time(bare) { word.replace(bare, "TIME") } else { word.to_owned() }
            });
            words.collect::<Vec<_>>().join(" ") + "\n"
        })
        .collect()
}

/// Such as `1.5ms`; what is configured has no point.
fn is_time(word: &str) -> bool {
    let figure = UNITS.iter().find_map(|unit| word.strip_suffix(unit));
    let is_figure = |figure: &str| {
        figure.contains('.') && figure.chars().all(|c| c == '.' || c.is_ascii_digit())
    };
    figure.is_some_and(is_figure)
}
