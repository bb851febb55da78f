//! `lanefn list`: the functions that there are.

use lanefn::kernels::{lanes::Dtype, loops::Loop};
use serde_json::json;

use crate::{Failure, engine, print, print_json};

/// Lists the functions, with their arguments and dtypes.
#[derive(clap::Args)]
pub struct List {
    /// Print JSON instead of text.
    #[arg(long)]
    pub json: bool,
}

impl List {
    pub fn run(self) -> Result<(), Failure> {
        if self.json {
            let functions: Vec<_> = engine::functions()
                .iter()
                .map(|f| {
                    let signatures: Vec<_> = f
                        .loops
                        .iter()
                        .map(|s| json!({ "inputs": names(s.inputs), "outputs": names(s.outputs) }))
                        .collect();
                    json!({
                        "name": f.name,
                        "doc": f.doc,
                        "arguments": f.arguments,
                        "signatures": signatures,
                    })
                })
                .collect();
            print_json(&json!({ "functions": functions }));
            return Ok(());
        }
        let mut text = String::new();
        for f in engine::functions() {
            text += &format!("{}({})\n", f.name, f.arguments.join(", "));
            if !f.doc.is_empty() {
                // Links are for the pages that rustdoc makes.
                let doc = f.doc.replace("[`", "`").replace("`]", "`");
                text += &format!("    {doc}\n");
            }
            text += &format!("    {}\n\n", signatures(f.loops));
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
pub fn signature(s: &Loop) -> String {
    format!("{} -> {}", names(s.inputs).join(", "), names(s.outputs).join(", "))
}

/// Many signatures on one line; those of one dtype throughout by that dtype alone.
pub fn signatures(all: &[Loop]) -> String {
    let mut parts: Vec<String> = Vec::new();
    let mut alike = Vec::new();
    for s in all {
        match s.inputs.first() {
            Some(first) if s.inputs.iter().chain(s.outputs).all(|d| d == first) => {
                alike.push(first.name());
            }
            _ => parts.push(signature(s)),
        }
    }
    if !alike.is_empty() {
        parts.insert(0, alike.join(", "));
    }
    parts.join("; ")
}
