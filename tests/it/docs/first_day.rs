//! The first day of `docs/deploy.md`: check, serve, send, tail, as they are on the page.

use crate::docs::page::code;
use crate::support::shell::Shell;
use std::fs;
use testkit::mock::MockKafka;
use testkit::port::free_port;

const PAGE: &str = "docs/deploy.md";

/// See [`MockKafka::flags`].
const OF_MOCK: &str = "message.max.bytes=1000000\nmax.in.flight=1";

#[test]
fn a_first_day_goes_as_on_the_page() {
    let kafka = MockKafka::start();
    kafka.create_topic("video.events", 3);
    let [listen, admin] = [free_port(), free_port()].map(|port| format!("127.0.0.1:{port}"));
    let shell = Shell::at_home()
        .env("HOOKBRIDGE_URL", format!("http://{listen}/webhook"))
        .env("HOOKBRIDGE_LISTEN", listen)
        .env("HOOKBRIDGE_ADMIN_LISTEN", admin)
        .env("HOOKBRIDGE_KAFKA_PROPERTY", OF_MOCK);
    let config = shell.path("home/config");
    fs::create_dir(&config).unwrap();
    fs::copy("config/credentials", format!("{config}/credentials")).unwrap();
    let brokers = kafka.bootstrap();
    let on_page = |beginning: &str| code(PAGE, beginning, &[("localhost:9092", &brokers)]);
    let check = on_page("hookbridge check --brokers");
    let serve = on_page("hookbridge serve --brokers");
    let post_and_look = on_page("HOOKBRIDGE_USER=video:change-me hookbridge send");

    let day = format!(
        "{check}\n{} 2> log &\n\
         until grep -q listening log; do kill -0 $! || {{ cat log >&2; exit 1; }}; sleep 0.05; done\n\
         {post_and_look}\nkill -INT $!; wait $!",
        serve.trim_end()
    );
    let said = shell.run(&day).well();

    for words in [" 0 fail\n", "20 of 20 accepted\n", "  record video.events, ", "lost       0\n"] {
        assert!(said.contains(words), "{words}: {said}");
    }
}
