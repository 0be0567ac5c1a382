//! The growth as a picture: an SVG with both axes in powers of ten, one line a figure, plain SQLite dashed.

use std::fmt::Write as _;

use super::growth::Point;

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 460.0;
const LEFT: f64 = 70.0;
const RIGHT: f64 = 210.0;
const TOP: f64 = 40.0;
const BOTTOM: f64 = 50.0;
const COLOURS: [&str; 7] = [
    "#0b0c0c", "#d53880", "#1d70b8", "#00703c", "#d4351c", "#4c2c92", "#b58840",
];

/// Where a value lies between two powers of ten.
fn along(value: f64, low: f64, high: f64) -> f64 {
    (value.log10() - low) / (high - low).max(1.0)
}

pub(crate) fn draw(points: &[Point]) -> String {
    let seconds = points
        .iter()
        .flat_map(|point| &point.lines)
        .flat_map(|(_, own, other)| [own.as_secs_f64(), other.as_secs_f64()])
        .filter(|seconds| *seconds > 0.0);
    let (mut low, mut high) = (f64::MAX, f64::MIN);
    for value in seconds {
        low = low.min(value.log10().floor());
        high = high.max(value.log10().ceil());
    }
    let visits = points.iter().map(|point| (point.visits as f64).log10());
    let (first, last) = (
        visits.clone().fold(f64::MAX, f64::min).floor(),
        visits.fold(f64::MIN, f64::max).ceil(),
    );
    let x = |visits: usize| LEFT + along(visits as f64, first, last) * (WIDTH - LEFT - RIGHT);
    let y = |seconds: f64| HEIGHT - BOTTOM - along(seconds, low, high) * (HEIGHT - TOP - BOTTOM);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" font-family=\"sans-serif\" font-size=\"12\">\n\
         <title>Time taken, by the number of visits a device holds</title>\n\
         <rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"#ffffff\"/>\n\
         <text x=\"{LEFT}\" y=\"22\" font-size=\"14\">Time taken, by the number of visits a device holds (plain SQLite dashed)</text>\n"
    );
    let right = WIDTH - RIGHT;
    for power in low as i32..=high as i32 {
        let at = y(10f64.powi(power));
        let label = match power {
            ..-3 => format!("{} µs", 10f64.powi(power + 6)),
            -3..0 => format!("{} ms", 10f64.powi(power + 3)),
            _ => format!("{} s", 10f64.powi(power)),
        };
        let _ = writeln!(
            svg,
            "<line x1=\"{LEFT}\" y1=\"{at:.1}\" x2=\"{right}\" y2=\"{at:.1}\" stroke=\"#dddddd\"/><text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{label}</text>",
            LEFT - 8.0,
            at + 4.0
        );
    }
    for point in points {
        let at = x(point.visits);
        let _ = writeln!(
            svg,
            "<line x1=\"{at:.1}\" y1=\"{TOP}\" x2=\"{at:.1}\" y2=\"{:.1}\" stroke=\"#eeeeee\"/><text x=\"{at:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
            HEIGHT - BOTTOM,
            HEIGHT - BOTTOM + 20.0,
            point.visits
        );
    }
    let names = points.first().map_or(0, |point| point.lines.len());
    for (line, colour) in (0..names).zip(COLOURS) {
        let path = |pick: fn(&(&str, std::time::Duration, std::time::Duration)) -> f64| {
            let mut path = String::new();
            for (number, point) in points.iter().enumerate() {
                let seconds = pick(&point.lines[line]).max(10f64.powf(low));
                let letter = if number == 0 { 'M' } else { 'L' };
                let _ = write!(path, "{letter}{:.1} {:.1} ", x(point.visits), y(seconds));
            }
            path
        };
        let (own, other) = (
            path(|line| line.1.as_secs_f64()),
            path(|line| line.2.as_secs_f64()),
        );
        let (name, _, beside) = points[0].lines[line];
        let dashed = if beside.is_zero() {
            String::new()
        } else {
            format!(
                "<path d=\"{other}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.5\" stroke-dasharray=\"5 4\"/>"
            )
        };
        let key = TOP + 20.0 * line as f64 + 10.0;
        let _ = writeln!(
            svg,
            "<path d=\"{own}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>{dashed}\
             <text x=\"{:.1}\" y=\"{key:.1}\" fill=\"{colour}\">{name}</text>",
            right + 14.0
        );
    }
    svg.push_str("</svg>\n");
    svg
}
