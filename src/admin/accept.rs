//! Which text of the metrics a request asks for: `Accept`, RFC 9110, section 12.5.1.
//!
//! Promise: what is asked for more, by its q-value and then by name, is given; whoever asks for
//! neither, or for nothing, gets `OpenMetrics`. There is no 406: a scraper can do more with a text that
//! it did not name than with none. Of a range's parameters, only `version` and `q` are looked at.

use crate::metrics::exposition::Format;
use http::HeaderMap;
use http::header::ACCEPT;

/// How much a range is worth, in thousandths.
type Weight = u16;
/// That of a range that does not say.
const FULL: Weight = 1000;
/// Digits that may follow the point of a q-value.
const DIGITS: usize = 3;

/// How closely a range fits a format: the closest says what the format is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    /// `*/*`
    Anything,
    /// `text/*`
    Family,
    /// `text/plain`
    Type,
    /// `text/plain;version=0.0.4`
    Version,
}

/// One range of the header.
#[derive(Debug)]
struct Range<'a> {
    /// Such as `text/plain`.
    media: &'a str,
    version: Option<&'a str>,
    weight: Weight,
}

/// The format that is asked for.
pub(super) fn format(headers: &HeaderMap) -> Format {
    let values = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let ranges: Vec<_> = values.flat_map(|value| value.split(',')).filter_map(parse).collect();
    let worth = |format| {
        let fits = ranges.iter().filter_map(|range| Some((range.fit(format)?, range.weight)));
        fits.max().filter(|(_, weight)| *weight > 0).map(|(fit, weight)| (weight, fit))
    };
    if worth(Format::Classic) > worth(Format::OpenMetrics) {
        Format::Classic
    } else {
        Format::OpenMetrics
    }
}

/// A range, unless it is malformed: then it says nothing.
fn parse(range: &str) -> Option<Range<'_>> {
    let mut parts = range.split(';').map(str::trim);
    let media = parts.next().filter(|media| media.contains('/'))?;
    let mut range = Range { media, version: None, weight: FULL };
    for (name, value) in parts.filter_map(|part| part.split_once('=')) {
        let (name, value) = (name.trim(), value.trim());
        if name.eq_ignore_ascii_case("q") {
            range.weight = weight(value)?;
        } else if name.eq_ignore_ascii_case("version") {
            range.version = Some(value.trim_matches('"'));
        }
    }
    Some(range)
}

/// A q-value: 0 to 1, with three digits behind the point at most.
fn weight(value: &str) -> Option<Weight> {
    let (whole, digits) = value.split_once('.').unwrap_or((value, ""));
    let is_number = digits.len() <= DIGITS && digits.bytes().all(|digit| digit.is_ascii_digit());
    match whole {
        "0" if is_number => format!("{digits:0<DIGITS$}").parse().ok(),
        "1" if is_number && digits.bytes().all(|digit| digit == b'0') => Some(FULL),
        _ => None,
    }
}

impl Range<'_> {
    fn fit(&self, format: Format) -> Option<Fit> {
        let (family, _) = format.media_type().split_once('/')?;
        let is_type = self.media.eq_ignore_ascii_case(format.media_type());
        match self.version {
            None if self.media == "*/*" => Some(Fit::Anything),
            None if is_type => Some(Fit::Type),
            None => {
                let of = self.media.strip_suffix("/*")?;
                of.eq_ignore_ascii_case(family).then_some(Fit::Family)
            }
            Some(version) => (is_type && version == format.version()).then_some(Fit::Version),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn asked(values: &[&str]) -> Format {
        let value = |value: &&str| (ACCEPT, HeaderValue::from_str(value).unwrap());
        format(&values.iter().map(value).collect())
    }

    #[test]
    fn the_classic_text_is_for_who_asks_for_it() {
        for accept in [
            "text/plain",
            "TEXT/plain",
            "text/*",
            "text/plain;version=0.0.4",
            "text/plain; Version=\"0.0.4\"; charset=utf-8",
            "text/plain, */*",
            "text/plain ; q = 0.5",
            "*/*;q=0.9, text/plain",
            "application/json, text/plain;q=0.001",
            "application/openmetrics-text;q=0.3, text/plain;q=0.5",
            "application/openmetrics-text;q=0, */*;q=0.1",
            // Prometheus 2.5 to 2.24, which asks for an OpenMetrics that we do not write.
            "application/openmetrics-text; version=0.0.1,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
            // Prometheus without OpenMetrics.
            "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.6,text/plain;version=0.0.4;q=0.5,*/*;q=0.4",
        ] {
            assert_eq!(asked(&[accept]), Format::Classic, "{accept}");
        }
        assert_eq!(asked(&["*/*;q=0.1", "text/plain"]), Format::Classic);
    }

    #[test]
    fn open_metrics_is_for_everybody_else() {
        for accept in [
            "",
            "*/*",
            "text/html, application/json",
            "text/plain;q=0",
            "text/plain;q=0, */*;q=0.1",
            "text/plain;version=1.0.0",
            "text/plain;q=0.5.5",
            "text/plain;q=2",
            "text/plain;q=0.1234",
            "text/plain;q=",
            "text",
            ";;,=,",
            "text/plain;q=0.4, application/openmetrics-text;q=0.5",
            "text/plain, application/openmetrics-text",
            "application/*;q=0.7, text/*;q=0.6",
            // Prometheus 2.42 and 3.
            "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
            "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1",
        ] {
            assert_eq!(asked(&[accept]), Format::OpenMetrics, "{accept}");
        }
        assert_eq!(asked(&[]), Format::OpenMetrics);
    }
}
