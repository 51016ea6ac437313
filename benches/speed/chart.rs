//! CPU per post and p99 over connections, as an SVG: three lines in each of two panels.
//!
//! Both axes are logarithmic; the bar through a point is the spread of its rounds. Only rows of
//! closed loop with the most projects are drawn. Colours are those of Okabe and Ito, which also
//! those distinguish who see few, on a ground of its own, since a page may be dark.

use crate::options::Options;
use crate::row::Row;
use crate::sample::Figure;
use crate::spread::Spread;
use std::fmt;
use testkit::load::schedule::Pace;

/// Sizes in the units of the SVG: of all of it, and of a panel.
const SIZE: (f64, f64) = (920.0, 412.0);
const PANEL: (f64, f64) = (350.0, 270.0);
/// Where the panels begin.
const LEFT: [f64; 2] = [60.0, 520.0];
const TOP: f64 = 64.0;

const LINES: [(&str, &str); 3] =
    [("bare hyper", "#999999"), ("prototype", "#d55e00"), ("hookbridge", "#0072b2")];

/// Shows the rows of these three.
pub(crate) struct Chart<'a> {
    pub(crate) rows: &'a [Row],
    pub(crate) options: &'a Options,
}

/// A logarithmic axis: values to places between 0 and 1.
struct Axis {
    low: f64,
    high: f64,
}

impl fmt::Display for Chart<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let most = self.options.app_ids.iter().copied().max().unwrap_or_default();
        let rows = self.rows.iter().filter(|row| row.case.pace == Pace::Closed);
        let rows: Vec<_> = rows.filter(|row| row.case.app_ids == most).collect();
        let (width, height) = SIZE;
        writeln!(
            f,
            r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="system-ui, sans-serif" font-size="12" fill="#222">
<title>CPU per post and p99 over connections: bare hyper, prototype, hookbridge</title>
<rect width="{width}" height="{height}" fill="#fff"/>"##
        )?;
        for (place, (label, colour)) in LINES.into_iter().enumerate() {
            let x = LEFT[0] + 130.0 * place as f64;
            write!(f, r#"<path d="M{x} 20h22" stroke="{colour}" stroke-width="2.5"/>"#)?;
            text(f, x + 28.0, 24.0, "", label)?;
        }
        panel(f, LEFT[0], &rows, Figure::Cpu, "CPU per post, µs")?;
        panel(f, LEFT[1], &rows, Figure::P99, "p99, ms")?;
        let Options { partitions, .. } = self.options;
        let (kafka, rounds) = (self.options.kafka(), self.options.rounds().count);
        let foot = format!(
            "closed loop, {most} app_ids, {partitions} partitions, {kafka}; cores shared by load, \
             broker and servers; bars: all {rounds} rounds"
        );
        text(f, LEFT[0], height - 12.0, r##" fill="#666" font-size="11""##, &foot)?;
        writeln!(f, "</svg>")
    }
}

fn panel(
    f: &mut fmt::Formatter<'_>,
    left: f64,
    rows: &[&Row],
    figure: Figure,
    title: &str,
) -> fmt::Result {
    let (width, height) = PANEL;
    let bottom = TOP + height;
    let of = |line| rows.iter().map(move |row| row.figure(line, figure));
    let all = || (0..LINES.len()).flat_map(of).flat_map(|spread| [spread.min, spread.max]);
    let up = Axis::around(all());
    let across = Axis::around(rows.iter().map(|row| row.case.connections as f64));
    let x = |row: &Row| left + width * across.place(row.case.connections as f64);
    let y = |value: f64| bottom - height * up.place(value);
    text(f, left, TOP - 14.0, r#" font-weight="600""#, title)?;
    for tick in up.ticks() {
        writeln!(f, r##"<path d="M{left} {:.1}h{width}" stroke="#ddd"/>"##, y(tick))?;
        text(f, left - 6.0, y(tick) + 4.0, r#" text-anchor="end""#, &tick.to_string())?;
    }
    let middle = r#" text-anchor="middle""#;
    for row in rows {
        text(f, x(row), bottom + 18.0, middle, &row.case.connections.to_string())?;
    }
    text(f, left + width / 2.0, bottom + 36.0, middle, "connections")?;
    for (line, (_, colour)) in LINES.into_iter().enumerate() {
        write!(f, r#"<g stroke="{colour}" fill="none"><path stroke-width="2.5" d=""#)?;
        for (row, spread) in rows.iter().zip(of(line)) {
            let command = if x(row) > x(rows[0]) { 'L' } else { 'M' };
            write!(f, "{command}{:.1} {:.1}", x(row), y(spread.median))?;
        }
        writeln!(f, r#""/>"#)?;
        for (row, Spread { median, min, max }) in rows.iter().zip(of(line)) {
            let (x, low, high, y) = (x(row), y(min), y(max), y(median));
            write!(f, r#"<path d="M{x:.1} {low:.1}V{high:.1}"/>"#)?;
            writeln!(f, r#"<circle cx="{x:.1}" cy="{y:.1}" r="3.5" fill="{colour}"/>"#)?;
        }
        writeln!(f, "</g>")?;
    }
    Ok(())
}

fn text(f: &mut fmt::Formatter<'_>, x: f64, y: f64, how: &str, text: &str) -> fmt::Result {
    writeln!(f, r#"<text x="{x:.1}" y="{y:.1}"{how}>{text}</text>"#)
}

impl Axis {
    /// With a little room at both ends.
    fn around(values: impl Iterator<Item = f64> + Clone) -> Self {
        let low = values.clone().fold(f64::INFINITY, f64::min);
        let high = values.fold(0.0, f64::max);
        Self { low: low / 1.2, high: high * 1.2 }
    }

    fn place(&self, value: f64) -> f64 {
        (value / self.low).ln() / (self.high / self.low).ln()
    }

    /// 1, 2 and 5 of each power of ten.
    fn ticks(&self) -> impl Iterator<Item = f64> {
        let powers = (-3..7).map(|power| 10_f64.powi(power));
        powers
            .flat_map(|power| [1.0, 2.0, 5.0].map(|first| first * power))
            .filter(|tick| (self.low..=self.high).contains(tick))
    }
}
