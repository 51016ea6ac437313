//! CPU per post and p99 over connections, as an SVG: three lines in each of two panels.
//!
//! Both axes are logarithmic; the bar through a point is the spread of its rounds. Only rows of
//! closed loop with the most projects are drawn. Colours are those of Okabe and Ito, which also
//! those tell apart who see few, on a ground of its own, since a page may be dark.

use std::fmt;

use crate::report::Report;
use crate::row::Row;
use crate::sample::Figure;
use crate::spread::Spread;
use crate::subject::Role;

/// Sizes in the units of the SVG.
const WIDTH: f64 = 920.0;
const HEIGHT: f64 = 412.0;
const PANEL: Panel = Panel { left: 60.0, top: 64.0, width: 350.0, height: 270.0 };
const BETWEEN_PANELS: f64 = 460.0;

/// Shows a report's rows.
pub(crate) struct Chart<'a>(pub(crate) &'a Report);

/// Where a panel stands.
#[derive(Clone, Copy)]
struct Panel {
    left: f64,
    top: f64,
    width: f64,
    height: f64,
}

/// A logarithmic axis: values to places between 0 and 1.
struct Axis {
    low: f64,
    high: f64,
}

impl fmt::Display for Chart<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows = self.rows();
        writeln!(
            f,
            r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="system-ui, sans-serif" font-size="12" fill="#222">
<title>CPU per post and p99 over connections: bare hyper, prototype, hookbridge</title>
<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>"##
        )?;
        for (place, role) in Role::ALL.into_iter().enumerate() {
            let (x, colour) = (PANEL.left + 130.0 * place as f64, colour(role));
            writeln!(
                f,
                r#"<path d="M{x} 20h22" stroke="{colour}" stroke-width="2.5"/><text x="{}" y="24">{}</text>"#,
                x + 28.0,
                role.label()
            )?;
        }
        let panels = [(Figure::Cpu, "CPU per post, µs"), (Figure::P99, "p99, ms")];
        for (place, (figure, title)) in panels.into_iter().enumerate() {
            let left = PANEL.left + BETWEEN_PANELS * place as f64;
            Panel { left, ..PANEL }.draw(f, &rows, figure, title)?;
        }
        writeln!(
            f,
            r##"<text x="{}" y="{}" fill="#666" font-size="11">closed loop, {} app_ids, {} partitions, {}; {} cores shared by load, broker and servers; bars: all {} rounds</text>
</svg>"##,
            PANEL.left,
            HEIGHT - 12.0,
            rows.first().map_or(0, |row| row.case.app_ids),
            self.0.partitions,
            self.0.kafka,
            self.0.machine.cores,
            self.0.rounds.count
        )
    }
}

impl Chart<'_> {
    fn rows(&self) -> Vec<&Row> {
        let closed = self.0.rows.iter();
        let closed = closed.filter(|row| row.case.posts_per_second.is_none());
        let most = closed.clone().map(|row| row.case.app_ids).max();
        closed.filter(|row| Some(row.case.app_ids) == most).collect()
    }
}

impl Panel {
    fn draw(
        self,
        f: &mut fmt::Formatter<'_>,
        rows: &[&Row],
        figure: Figure,
        title: &str,
    ) -> fmt::Result {
        let Self { left, top, width, height } = self;
        let lines = Role::ALL.map(|role| (role, points(rows, role, figure)));
        let spreads = || lines.iter().flat_map(|(_, points)| points);
        let across = Axis::around(spreads().map(|(connections, _)| *connections));
        let up = Axis::around(spreads().flat_map(|(_, spread)| [spread.min, spread.max]));
        let x = |value: f64| left + width * across.place(value);
        let y = |value: f64| top + height * (1.0 - up.place(value));
        writeln!(f, r#"<text x="{left}" y="{}" font-weight="600">{title}</text>"#, top - 14.0)?;
        for tick in up.ticks() {
            let at = y(tick);
            writeln!(
                f,
                r##"<path d="M{left} {at:.1}h{width}" stroke="#ddd"/><text x="{}" y="{:.1}" text-anchor="end">{tick}</text>"##,
                left - 6.0,
                at + 4.0
            )?;
        }
        for row in rows {
            let connections = row.case.connections;
            writeln!(
                f,
                r#"<text x="{:.1}" y="{}" text-anchor="middle">{connections}</text>"#,
                x(connections as f64),
                top + height + 18.0
            )?;
        }
        writeln!(
            f,
            r#"<text x="{}" y="{}" text-anchor="middle">connections</text>"#,
            left + width / 2.0,
            top + height + 36.0
        )?;
        for (role, points) in &lines {
            let colour = colour(*role);
            write!(f, r#"<g stroke="{colour}" fill="none"><path stroke-width="2.5" d=""#)?;
            for (index, (connections, spread)) in points.iter().enumerate() {
                let command = if index == 0 { 'M' } else { 'L' };
                write!(f, "{command}{:.1} {:.1}", x(*connections), y(spread.median))?;
            }
            writeln!(f, r#""/>"#)?;
            for (connections, Spread { median, min, max }) in points {
                let (x, low, high) = (x(*connections), y(*min), y(*max));
                writeln!(
                    f,
                    r#"<path d="M{x:.1} {low:.1}V{high:.1}"/><circle cx="{x:.1}" cy="{:.1}" r="3.5" fill="{colour}"/>"#,
                    y(*median)
                )?;
            }
            writeln!(f, "</g>")?;
        }
        Ok(())
    }
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

fn points(rows: &[&Row], role: Role, figure: Figure) -> Vec<(f64, Spread)> {
    rows.iter().map(|row| (row.case.connections as f64, row.figure(role, figure))).collect()
}

fn colour(role: Role) -> &'static str {
    match role {
        Role::Bare => "#999999",
        Role::Prototype => "#d55e00",
        Role::Bridge => "#0072b2",
    }
}
