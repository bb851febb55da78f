//! `lanefn list`: the functions that there are.

use lanefn::kernels::{lanes::Dtype, loops::Loop};
use serde_json::json;

use crate::{Failure, engine, print, print_json};

/// Lists the functions, with their arguments and dtypes.
#[derive(clap::Args)]
pub struct List {
    /// The functions to tell of; all of them otherwise.
    #[arg(value_name = "FUNCTION")]
    functions: Vec<String>,

    /// Print JSON instead of text.
    #[arg(long)]
    pub json: bool,
}

impl List {
    pub fn run(self) -> Result<(), Failure> {
        let wanted = if self.functions.is_empty() {
            engine::functions().iter().collect()
        } else {
            self.functions.iter().map(|n| engine::named(n)).collect::<Result<Vec<_>, _>>()?
        };
        if self.json {
            let functions: Vec<_> = wanted
                .iter()
                .map(|f| {
                    let signatures: Vec<_> = f
                        .loops
                        .iter()
                        .map(|s| {
                            json!({
                                "inputs": names(s.inputs),
                                "outputs": names(s.outputs),
                                "ulp": s.bound,
                            })
                        })
                        .collect();
                    json!({
                        "name": f.name,
                        "aliases": f.aliases,
                        "doc": f.doc,
                        "arguments": f.arguments(),
                        "signatures": signatures,
                    })
                })
                .collect();
            print_json(&json!({ "functions": functions }));
            return Ok(());
        }
        let mut text = String::new();
        for f in wanted {
            text += &format!("{}({})\n", f.name, f.arguments().join(", "));
            if !f.aliases.is_empty() {
                text += &format!("    also {}\n", f.aliases.join(", "));
            }
            if !f.doc.is_empty() {
                // Links are for the pages that rustdoc makes.
                let doc = f.doc.replace("[`", "`").replace("`]", "`");
                text += &format!("    {doc}\n");
            }
            text += &format!("    {}\n", signatures(f.loops));
            text += &match bounds(f.loops) {
                Some(bounds) => format!("    {bounds}\n\n"),
                None => "\n".into(),
            };
        }
        print(text.trim_end_matches('\n'));
        print("\n");
        Ok(())
    }
}

fn names(dtypes: &[Dtype]) -> Vec<&'static str> {
    dtypes.iter().map(|d| d.name()).collect()
}

/// One signature: `float64, float64 -> int64`.
pub fn signature(inputs: &[Dtype], outputs: &[Dtype]) -> String {
    format!("{} -> {}", names(inputs).join(", "), names(outputs).join(", "))
}

/// How far results may be from the truth, for a function that has bounds: one for all its signatures if
/// they agree.
fn bounds(all: &[&Loop]) -> Option<String> {
    let text = |bound: f64| match bound {
        0.0 => "exact".to_string(),
        0.5 => "the nearest number".to_string(),
        ulp => format!("within {ulp} ULP"),
    };
    let first = all.first()?.bound?;
    if all.iter().all(|l| l.bound == Some(first)) {
        return Some(text(first));
    }
    let each =
        all.iter().filter_map(|l| Some(format!("{} {}", l.inputs[0].name(), text(l.bound?))));
    Some(each.collect::<Vec<_>>().join(", "))
}

/// Many signatures on one line; those of one dtype throughout by that dtype alone.
pub fn signatures(all: &[&Loop]) -> String {
    let mut parts: Vec<String> = Vec::new();
    let mut alike = Vec::new();
    for s in all {
        match s.inputs.first() {
            Some(first) if s.inputs.iter().chain(s.outputs).all(|d| d == first) => {
                alike.push(first.name());
            }
            _ => parts.push(signature(s.inputs, s.outputs)),
        }
    }
    if !alike.is_empty() {
        parts.insert(0, alike.join(", "));
    }
    parts.join("; ")
}
