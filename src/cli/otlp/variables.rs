//! OpenTelemetry's variables, as far as its SDK would pass over a value in silence.
//!
//! Promise: what the SDK would pass over is refused at the start, with the variable's name, but for the
//! bound of the queue and the time of a try, which are fixed. What it reads by itself is left to it.

use crate::config::ConfigError;

/// The one encoding that is spoken.
const PROTOCOL: &str = "http/protobuf";
/// The special one wins.
const PROTOCOLS: [&str; 2] = ["OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"];
const EXPORTER: &str = "OTEL_TRACES_EXPORTER";
const DISABLED: &str = "OTEL_SDK_DISABLED";
const SAMPLER: &str = "OTEL_TRACES_SAMPLER";
const SAMPLER_ARG: &str = "OTEL_TRACES_SAMPLER_ARG";
/// Those that the SDK has, and whether they need a ratio.
const SAMPLERS: [(&str, NeedsRatio); 6] = [
    ("always_on", NeedsRatio::No),
    ("always_off", NeedsRatio::No),
    ("traceidratio", NeedsRatio::Yes),
    ("parentbased_always_on", NeedsRatio::No),
    ("parentbased_always_off", NeedsRatio::No),
    ("parentbased_traceidratio", NeedsRatio::Yes),
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum NeedsRatio {
    Yes,
    No,
}

/// Whether nothing is to be sent, although a collector may be named.
pub(super) fn is_off(variable: impl Fn(&str) -> Option<String>) -> bool {
    variable(DISABLED).is_some_and(|value| value.eq_ignore_ascii_case("true"))
        || variable(EXPORTER).is_some_and(|value| value == "none")
}

/// Whether each variable has a value that can be taken.
pub(super) fn check(variable: impl Fn(&str) -> Option<String>) -> Result<(), ConfigError> {
    let given = |name: &str| variable(name).filter(|value| !value.is_empty());
    if let Some((name, _)) = PROTOCOLS
        .into_iter()
        .find_map(|name| given(name).map(|value| (name, value)))
        .filter(|(_, value)| value != PROTOCOL)
    {
        return Err(ConfigError::new(name, format_args!("{PROTOCOL} alone is spoken here")));
    }
    if given(EXPORTER).is_some_and(|value| value != "otlp") {
        return Err(ConfigError::new(EXPORTER, "expected otlp, or none"));
    }
    let Some(sampler) = given(SAMPLER) else { return Ok(()) };
    let Some((_, needs)) = SAMPLERS.iter().find(|(name, _)| *name == sampler) else {
        let names = SAMPLERS.map(|(name, _)| name).join(", ");
        return Err(ConfigError::new(SAMPLER, format_args!("expected one of {names}")));
    };
    let ratio = || given(SAMPLER_ARG)?.parse::<f64>().ok().filter(|it| (0.0..=1.0).contains(it));
    if *needs == NeedsRatio::Yes && ratio().is_none() {
        let why = format_args!("expected a number from 0 to 1, which {sampler} needs");
        return Err(ConfigError::new(SAMPLER_ARG, why));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(variables: &[(&str, &str)]) -> Option<String> {
        let of = |wanted: &str| {
            let found = variables.iter().find(|(name, _)| *name == wanted);
            found.map(|(_, value)| (*value).to_owned())
        };
        check(of).err().map(|error| error.to_string())
    }

    #[test]
    fn what_would_be_passed_over_in_silence_is_refused() {
        for (variables, place) in [
            (&[("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")][..], "OTEL_EXPORTER_OTLP_PROTOCOL"),
            (&[("OTEL_TRACES_EXPORTER", "console")], "OTEL_TRACES_EXPORTER"),
            (&[("OTEL_TRACES_SAMPLER", "jaeger_remote")], "OTEL_TRACES_SAMPLER"),
            (&[("OTEL_TRACES_SAMPLER", "traceidratio")], "OTEL_TRACES_SAMPLER_ARG"),
            (
                &[("OTEL_TRACES_SAMPLER", "traceidratio"), ("OTEL_TRACES_SAMPLER_ARG", "50%")],
                "OTEL_TRACES_SAMPLER_ARG",
            ),
        ] {
            let said = checked(variables).unwrap();
            assert!(said.starts_with(&format!("{place}: ")), "{said}");
        }
    }

    #[test]
    fn what_is_done_as_it_is_asked_for_is_taken() {
        for variables in [
            &[][..],
            &[("OTEL_EXPORTER_OTLP_PROTOCOL", "")],
            &[
                ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "http/protobuf"),
                ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
            ],
            &[("OTEL_TRACES_EXPORTER", "otlp")],
            &[
                ("OTEL_TRACES_SAMPLER", "parentbased_traceidratio"),
                ("OTEL_TRACES_SAMPLER_ARG", "0.5"),
            ],
        ] {
            assert_eq!(checked(variables), None);
        }
    }
}
