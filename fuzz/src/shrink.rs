//! The simplest case that still fails: fewer numbers, and smaller ones.

/// A list that fails, made as simple as can be: `fails` says of each whether it still does, or nothing once it
/// has been asked long enough.
pub fn shrink(mut list: Vec<u64>, mut fails: impl FnMut(&[u64]) -> Option<bool>) -> Vec<u64> {
    // True if the other list fails too, and is taken in the place of this one.
    let mut better = |list: &mut Vec<u64>, other: Vec<u64>| {
        let other = trimmed(other);
        if other == *list {
            return Some(false);
        }
        let fails = fails(&other)?;
        if fails {
            *list = other;
        }
        Some(fails)
    };
    let mut pass = |list: &mut Vec<u64>| -> Option<bool> {
        let mut any = false;
        let mut size = list.len().next_power_of_two();
        while size > 0 {
            for zero in [false, true] {
                let mut at = list.len();
                while at > 0 {
                    let from = at.saturating_sub(size);
                    at = at.min(list.len());
                    if from < at {
                        let mut other = list.clone();
                        match zero {
                            true => other[from..at].fill(0),
                            false => drop(other.drain(from..at)),
                        }
                        any |= better(list, other)?;
                    }
                    at = from;
                }
            }
            size /= 2;
        }
        for at in 0..list.len() {
            for simpler in [|v| v % 64, |v| v / 2, |v: u64| v.saturating_sub(1)] {
                while list.get(at).is_some_and(|&v| v > 0) {
                    let mut other = list.clone();
                    other[at] = simpler(other[at]);
                    if !better(list, other)? {
                        break;
                    }
                    any = true;
                }
            }
        }
        Some(any)
    };
    while pass(&mut list) == Some(true) {}
    list
}

/// Zeros at the end say nothing: they come after any list.
fn trimmed(mut list: Vec<u64>) -> Vec<u64> {
    while list.last() == Some(&0) {
        list.pop();
    }
    list
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_fails_is_made_as_simple_as_it_can_be() {
        let list: Vec<u64> = (0..200).map(|n| n * 0x9e37_79b9_7f4a).collect();
        let mut asked = 0;
        let fails = |list: &[u64]| {
            asked += 1;
            Some(list.iter().filter(|v| **v > 1000).count() >= 2)
        };
        assert_eq!(super::shrink(list, fails), [1001, 1001]);
        assert!(asked < 5000, "{asked}");
    }
}
