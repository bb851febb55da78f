//! A small picture of an array, for a terminal: a line for a series, shades for a table.

use crate::{
    input::Input,
    npy::{Header, shape_text},
    text,
};

/// Braille dots of a line plot: 4 to a row of text, 2 to a column.
const PLOT_ROWS: usize = 6;
/// Rows of text of a shaded table, at most.
const TABLE_ROWS: usize = 16;
const SHADES: [char; 5] = [' ', '░', '▒', '▓', '█'];

/// Pictures of the inputs and of the outputs, at most two of each.
pub fn draw(before: &[Input], after: &[Input]) -> String {
    let width = terminal_size::terminal_size().map_or(80, |(w, _)| usize::from(w.0)).clamp(40, 120);
    let mut text = String::new();
    for (name, arrays) in [("before", before), ("after", after)] {
        for array in arrays.iter().take(2) {
            text += &one(name, array, width).unwrap_or_default();
        }
    }
    text
}

/// The picture of one array; nothing if it has no elements or can't be read.
fn one(name: &str, array: &Input, width: usize) -> Option<String> {
    let header = array.header();
    let title = |what: &str| {
        let path = array.path().display();
        format!("\n  {name}: {path} {} {}{what}\n", shape_text(&header.shape), header.dtype)
    };
    let axes: Vec<usize> = header.shape.iter().copied().filter(|&n| n != 1).collect();
    Some(match axes[..] {
        _ if header.elements() == 0 => return None,
        [] => title("") + &format!("    {}\n", text::value(array.value(0)?)),
        [rows, columns] => {
            let wide = (width - 4).min(64).min(2 * columns.max(8));
            // A character is about twice as high as it is wide.
            let high = (wide as f64 / 2.0 * rows as f64 / columns as f64).round() as usize;
            let high = high.clamp(1, TABLE_ROWS).min(rows);
            let step = header.flat_strides(&[rows, columns]);
            let mut cells = Vec::new();
            for row in 0..high {
                for column in 0..wide {
                    let at = (middle(row, high, rows), middle(column, wide, columns));
                    cells.push(array.value(at.0 * step[0] + at.1 * step[1])?);
                }
            }
            let (low, top) = range(&cells)?;
            title(&format!(", shades from {} to {}", text::value(low), text::value(top)))
                + &table(&cells, wide, low, top)
        }
        _ => {
            let label = 10;
            let columns = width - label - 4;
            let n = header.elements();
            let order = header.flat_order();
            let points = (2 * columns).min(n);
            let mut values = Vec::new();
            for i in 0..points {
                values.push(array.value(order(middle(i, points, n)))?);
            }
            let (low, top) = range(&values)?;
            let rows = plot(&values, columns, low, top);
            let last = rows.len() - 1;
            let mut text = title("");
            for (i, row) in rows.iter().enumerate() {
                let at = match i {
                    0 => text::value(top),
                    i if i == last => text::value(low),
                    _ => String::new(),
                };
                text += &format!("  {at:>label$} {row}\n");
            }
            text
        }
    })
}

/// The middle of the `i`th of `parts` equal parts of `0..n`.
fn middle(i: usize, parts: usize, n: usize) -> usize {
    (((i as f64 + 0.5) * n as f64 / parts as f64) as usize).min(n - 1)
}

/// The least and the greatest of the finite values; nothing if there are none.
fn range(values: &[f64]) -> Option<(f64, f64)> {
    let finite = values.iter().copied().filter(|x| x.is_finite());
    finite.fold(None, |range, x| match range {
        None => Some((x, x)),
        Some((low, top)) => Some((x.min(low), x.max(top))),
    })
}

/// Where a value stands between two others, from 0 to 1, without overflowing.
fn share(x: f64, low: f64, top: f64) -> f64 {
    if low == top {
        return 0.5;
    }
    ((x / 2.0 - low / 2.0) / (top / 2.0 - low / 2.0)).clamp(0.0, 1.0)
}

/// The rows of a line plot. Values that are not finite leave a gap.
fn plot(values: &[f64], columns: usize, low: f64, top: f64) -> Vec<String> {
    use textplots::{Chart, Plot, Shape};
    let last = (values.len() - 1).max(1) as f32;
    let mut stretches: Vec<Vec<(f32, f32)>> = vec![Vec::new()];
    for (i, &x) in values.iter().enumerate() {
        if x.is_finite() {
            if let Some(stretch) = stretches.last_mut() {
                stretch.push((i as f32, share(x, low, top) as f32));
            }
        } else {
            stretches.push(Vec::new());
        }
    }
    let shapes: Vec<Shape> = (stretches.iter().filter(|s| !s.is_empty()))
        .map(|s| if s.len() == 1 { Shape::Points(s) } else { Shape::Lines(s) })
        .collect();
    let (dots_wide, dots_high) = (2 * columns.max(16) as u32, 4 * PLOT_ROWS as u32);
    let mut chart = Chart::new_with_y_range(dots_wide - 1, dots_high - 1, 0.0, last, 0.0, 1.0);
    let mut chart = &mut chart;
    for shape in &shapes {
        chart = chart.lineplot(shape);
    }
    chart.figures();
    let frame = chart.frame();
    let mut rows: Vec<String> = frame.lines().map(|row| row.trim_end().to_string()).collect();
    rows.resize(PLOT_ROWS, String::new());
    rows
}

/// A table in shades.
fn table(cells: &[f64], wide: usize, low: f64, top: f64) -> String {
    let mut text = String::new();
    for row in cells.chunks(wide) {
        text += "    ";
        for &x in row {
            text.push(if x.is_finite() {
                SHADES[((share(x, low, top) * 5.0) as usize).min(4)]
            } else {
                '?'
            });
        }
        text += "\n";
    }
    text
}

impl Header {
    /// How many elements apart in the file neighbours along each of the axes longer than 1 lie.
    fn flat_strides(&self, axes: &[usize; 2]) -> [usize; 2] {
        match self.order {
            crate::npy::Order::C => [axes[1], 1],
            crate::npy::Order::Fortran => [1, axes[0]],
        }
    }

    /// From an element's place in C order to its place in the file.
    fn flat_order(&self) -> impl Fn(usize) -> usize + '_ {
        let strides = self.strides();
        let size = self.dtype.size();
        move |mut i| {
            let mut at = 0;
            for (&n, &stride) in self.shape.iter().zip(&strides).rev() {
                at += i % n * (stride as usize / size);
                i /= n;
            }
            at
        }
    }
}
