//! How long texts take to become open graphs: the minimum of many rounds.
//!
//! `cargo run --release -p lanefn-compiler --example parse_time`

#[path = "../tests/common/mod.rs"]
mod common;

use std::{hint::black_box, time::Instant};

use lanefn_compiler::text;

fn main() {
    let row = |n: usize| {
        let term = |i: usize| ["+ x * 1.5", "- sqrt(y)", "+ (x - y) / 3"][i % 3];
        format!("x {}", (0..n / 2).map(term).collect::<Vec<_>>().join(" "))
    };
    let texts = [
        ("E1", "where(x > 2, x + 1, x - 1)".to_owned()),
        ("E1 ?:", "x > 2 ? x + 1 : x - 1".to_owned()),
        (
            "E2",
            "((((((((.1*x + .2)*x + .3)*x + .4)*x + .5)*x + .6)*x + .7)*x + .8)*x + .9)".to_owned(),
        ),
        ("E3", "where(a > b, a*b + c, a/(b + 1))".to_owned()),
        ("E4", "sqrt(x*x + y*y)*0.5 + abs(x - y)".to_owned()),
        (
            "E5",
            "where(x < 0, -x, where(x < 1, x*2, where(x < 2, x*x + 1, where(x < 3, x - 1, 0.5))))"
                .to_owned(),
        ),
        ("E6", "exp(-x*x)*x".to_owned()),
        ("100 operations", row(100)),
        ("1000 operations", row(1000)),
        ("10000 operations", row(10_000)),
        ("20000 operations", row(20_000)),
        ("100000 operations", row(100_000)),
    ];
    let functions = common::Functions::new();
    println!("{:20} {:>8} {:>12} {:>10}", "text", "bytes", "nodes", "us");
    for (name, text) in texts {
        let rounds = 20_000_000 / (text.len() * 100 + 1000);
        let mut least = f64::INFINITY;
        let mut nodes = 0;
        for _ in 0..rounds.max(5) {
            let begun = Instant::now();
            let graph = text::parse(black_box(&text), &functions);
            least = least.min(begun.elapsed().as_secs_f64());
            nodes = graph.map_or(0, |g| g.nodes().len());
        }
        println!("{name:20} {:8} {nodes:12} {:10.2}", text.len(), least * 1e6);
    }
}
