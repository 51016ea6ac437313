//! What of flags and variables is taken, and their rows in the reference.

use crate::{HOOKBRIDGE, SOON, TOPIC, with};
use clap::CommandFactory as _;
use hookbridge::args::Cli;
use std::fs;
use testkit::http::post;
use testkit::notification::{PATH, ROOMDROP};
use testkit::port::NOBODY;

#[test]
fn what_cannot_be_meant_ends_the_start_with_its_name() {
    let serve = || HOOKBRIDGE.serve(NOBODY).no_auth();
    let url = "http://127.0.0.1:4318";
    for (launch, said) in [
        (serve().arg("--otlp-endpoint", "127.0.0.1:4318"), "--otlp-endpoint: expected a URL"),
        (serve().arg("--otlp-endpoint", "http://a:b@c"), "--otlp-endpoint: leave user"),
        (
            serve().arg("--otlp-endpoint", "https://c").arg("--otlp-certificate", "/nowhere"),
            "--otlp-certificate /nowhere: ",
        ),
        (
            with(serve().arg("--otlp-endpoint", url), &["OTEL_TRACES_SAMPLER=some"]),
            "OTEL_TRACES_SAMPLER: expected one of",
        ),
        (
            with(serve().arg("--otlp-endpoint", url), &["OTEL_TRACES_SAMPLER=traceidratio"]),
            "OTEL_TRACES_SAMPLER_ARG: expected a number",
        ),
        (
            with(serve().arg("--otlp-endpoint", url), &["OTEL_EXPORTER_OTLP_PROTOCOL=grpc"]),
            "OTEL_EXPORTER_OTLP_PROTOCOL: http/protobuf alone",
        ),
        (
            with(serve(), &["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=ftp://c"]),
            "--otlp-traces-endpoint: expected a URL",
        ),
    ] {
        let (status, log) = launch.run(SOON);
        assert_eq!(status.code(), Some(2), "{log}");
        assert!(log.contains(said), "{said}: {log}");
    }
}

#[test]
fn nothing_is_sent_until_a_collector_is_named() {
    let off = ["OTEL_SDK_DISABLED=true", "OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:1"];
    let empty = ["OTEL_EXPORTER_OTLP_ENDPOINT=", "OTEL_TRACES_SAMPLER=some"];
    for variables in [off, empty] {
        let serve = HOOKBRIDGE.serve(NOBODY).arg("--topic", TOPIC).no_auth();
        let mut bridge = with(serve.arg("--ack-timeout", "100ms"), &variables).start();
        assert_eq!(post(bridge.webhook(), PATH, &[], ROOMDROP).status, 503);
        crate::stop(&mut bridge);
        assert!(!bridge.log().contains("spans"), "{}", bridge.log());
    }
}

#[test]
fn each_flag_has_its_row() {
    let reference = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/reference.md");
    let reference = fs::read_to_string(reference).unwrap();
    let cli = Cli::command();
    let serve = cli.find_subcommand("serve").unwrap();
    let traces = |arg: &&clap::Arg| arg.get_help_heading() == Some("Traces");
    let flags: Vec<_> = serve.get_arguments().filter(traces).collect();
    for arg in &flags {
        let (flag, variable) = (arg.get_long().unwrap(), arg.get_env().unwrap().display());
        let row = format!("| `--{flag}` | `{variable}` | none | ");
        assert_eq!(reference.matches(&row).count(), 1, "{row}");
    }
    assert_eq!(reference.matches("| `--otlp-").count(), flags.len());
}
