//! How a figure moves with a flag: what the defaults were chosen by.
//!
//! Bridges with other flags, or of another build, beside the bridge as it is shipped: on one broker, in
//! turns. The ratios are to the bridge as it is shipped. Goes on where a post was not answered 200, and
//! fails at the end.

use std::convert::Infallible;
use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use testkit::broker::Broker;

use crate::options::Options;
use crate::row::{Case, Rounds, ratio};
use crate::sample::{Figure, Sample};
use crate::spread::{Short, Spread};
use crate::subject::Subject;
use crate::table::CaseText;

/// What is compared.
const FIGURES: [(Figure, &str); 5] = [
    (Figure::Rate, "posts/s"),
    (Figure::P50, "p50"),
    (Figure::P99, "p99"),
    (Figure::Cpu, "CPU"),
    (Figure::Rss, "RSS"),
];
/// As wide as `0.074 (0.068-0.102)` and a gap.
const WIDTH: usize = 21;

/// All that is compared, as it runs.
pub(crate) struct Curve<'a> {
    shipped: &'a Subject,
    variants: Vec<(String, Subject)>,
    rounds: Rounds,
}

impl<'a> Curve<'a> {
    /// Starts the variants beside the bridge that runs.
    pub(crate) fn start(options: &Options, broker: &Broker, shipped: &'a Subject) -> Self {
        let start = |Variant { build, flags }: &Variant| {
            let build = build.as_ref().unwrap_or(&options.bridge);
            let flags: Vec<_> = options.serve.iter().chain(flags).cloned().collect();
            Subject::bridge(broker, build, &flags)
        };
        let variants =
            options.curve.iter().map(|variant| (variant.label(), start(variant))).collect();
        Self { shipped, variants, rounds: options.rounds() }
    }

    /// Measures and prints them, case by case.
    pub(crate) fn draw(&self, cases: &[Case]) -> io::Result<()> {
        let variants = self.variants.iter().map(|(_, subject)| subject);
        let subjects: Vec<_> = [self.shipped].into_iter().chain(variants).collect();
        let mut failure = None;
        for case in cases {
            let samples = self.rounds.take(*case, &subjects)?;
            self.print(*case, &samples);
            failure = failure.or_else(|| self.failure(*case, &samples));
        }
        failure.map_or(Ok(()), |why| Err(io::Error::other(why)))
    }

    /// What to say of a case where not all was answered 200.
    fn failure(&self, case: Case, samples: &[Vec<Sample>]) -> Option<String> {
        let labels =
            ["as shipped"].into_iter().chain(self.variants.iter().map(|(label, _)| &**label));
        labels.zip(samples).find_map(|(label, samples)| {
            let why = samples.iter().find_map(|sample| sample.first_failure.as_ref())?;
            Some(format!("{}, {label}: {why}", CaseText(case)))
        })
    }

    fn print(&self, case: Case, samples: &[Vec<Sample>]) {
        let (shipped, variants) = samples.split_first().expect("the shipped one stands first");
        print!("\n{}: as shipped", CaseText(case));
        for (figure, title) in FIGURES {
            let median = Spread::of(shipped.iter().map(|sample| sample.figure(figure))).median;
            print!(", {title} {}", Short(median));
        }
        println!(" (ms, us/post, MB)");
        for (_, title) in FIGURES {
            print!("{title:>WIDTH$}");
        }
        println!();
        for ((label, _), variant) in self.variants.iter().zip(variants) {
            for (figure, _) in FIGURES {
                print!("{:>WIDTH$}", ratio(variant, shipped, figure));
            }
            println!("   {label}");
        }
    }
}

/// A bridge that is not as it is shipped.
#[derive(Debug, Clone)]
pub(crate) struct Variant {
    build: Option<PathBuf>,
    flags: Vec<String>,
}

impl FromStr for Variant {
    type Err = Infallible;

    fn from_str(typed: &str) -> Result<Self, Infallible> {
        let mut words = typed.split_whitespace().map(str::to_owned).peekable();
        let build = words.next_if(|word| !word.starts_with('-')).map(PathBuf::from);
        Ok(Self { build, flags: words.collect() })
    }
}

impl Variant {
    pub(crate) fn build(&self) -> Option<&Path> {
        self.build.as_deref()
    }

    fn label(&self) -> String {
        let build = self.build.iter().map(|build| build.display().to_string());
        build.chain(self.flags.iter().cloned()).collect::<Vec<_>>().join(" ")
    }
}
