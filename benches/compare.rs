//! Contenders side by side: each round runs all of them in turn, so that whatever else the machine
//! does meets all alike. What is printed is the least time of each, and how many times longer a peer
//! takes than the first contender.

use std::hint::black_box;
use std::time::{Duration, Instant};

/// A contender: a name, and the work.
pub type Contender<'a> = (&'static str, Box<dyn FnMut() + 'a>);

/// How long the contenders of one comparison run together.
const BUDGET: Duration = Duration::from_millis(1200);

/// The least nanoseconds of one run of each contender.
pub fn nanoseconds(contenders: &mut [Contender]) -> Vec<f64> {
    let mut repeats = Vec::new();
    for (_, work) in contenders.iter_mut() {
        work();
        let start = Instant::now();
        work();
        let once = start.elapsed().as_nanos().max(1);
        // A round of a contender takes about 200 microseconds, or one run.
        repeats.push((200_000 / once).clamp(1, 100_000) as u32);
    }
    let mut least = vec![f64::MAX; contenders.len()];
    let begin = Instant::now();
    let mut rounds = 0;
    while begin.elapsed() < BUDGET || rounds < 5 {
        for (k, (_, work)) in contenders.iter_mut().enumerate() {
            let start = Instant::now();
            for _ in 0..repeats[k] {
                black_box(&mut *work)();
            }
            least[k] = least[k].min(start.elapsed().as_nanos() as f64 / repeats[k] as f64);
        }
        rounds += 1;
    }
    least
}

/// Compares and prints a line: nanoseconds an element of the first, and the ratio of each other.
/// Returns the ratios.
pub fn ratios(title: &str, elements: usize, contenders: &mut [Contender]) -> Vec<f64> {
    let least = nanoseconds(contenders);
    print!("{title:<34} {:>8.4} ns", least[0] / elements as f64);
    let ratios: Vec<f64> = least[1..].iter().map(|t| t / least[0]).collect();
    for ((name, _), ratio) in contenders[1..].iter().zip(&ratios) {
        print!("  {name} {ratio:>6.2}");
    }
    println!();
    ratios
}
