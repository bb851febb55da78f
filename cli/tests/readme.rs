//! The README says what the program says. `LANEFN_WRITE_README=1` writes the help texts anew.

mod common;

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
};

use common::*;

#[test]
fn the_readme_has_the_help_texts() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let readme = fs::read_to_string(&path).expect("there is a README");
    let start = readme.find("## lanefn").unwrap_or(readme.len());
    let mut texts = String::new();
    for command in ["", "map", "eval", "explain", "list", "info"] {
        let words: Vec<&str> = command.split_whitespace().chain(["--help"]).collect();
        let output = lanefn(&words).output().expect("the program starts");
        assert!(output.status.success(), "{}", stderr(&output));
        let text: String = stdout(&output).lines().map(|l| format!("{}\n", l.trim_end())).collect();
        texts +=
            &format!("## {}\n\n```text\n{text}```\n\n", format!("lanefn {command}").trim_end());
    }
    let texts = format!("{}\n", texts.trim_end());
    if std::env::var_os("LANEFN_WRITE_README").is_some() {
        fs::write(&path, format!("{}{texts}", &readme[..start])).expect("written");
        return;
    }
    assert!(
        readme[start..] == texts,
        "the README's help texts are old: LANEFN_WRITE_README=1 writes them"
    );
}

#[test]
fn every_example_of_the_help_texts_works() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/data");
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md"));
    let readme = readme.expect("there is a README");
    let examples: Vec<&str> = readme.lines().filter(|l| l.starts_with("  lanefn ")).collect();
    assert!(examples.len() > 12, "{examples:?}");
    for example in examples {
        // What is said about it stands behind a wide space, and not every machine has jq.
        let command = example.trim_start().split("   ").next().unwrap_or_default();
        let command = command.split(" | jq").next().unwrap_or_default();
        let folder = folder();
        let path = folder.path();
        fs::create_dir_all(path.join("examples/data")).expect("made");
        for name in ["wind.npy", "examples/data/wind.npy"] {
            fs::copy(data.join("wind.npy"), path.join(name)).expect("copied");
        }
        for name in ["x.npy", "u.npy", "v.npy", "big.npy"] {
            write_f64(&path.join(name), &[1.0, 2.5, 3.0]);
        }
        fs::write(path.join("expressions.txt"), "sum(v)\nv > 3\n").expect("written");
        let output = Command::new("sh")
            .args(["-c", &format!("{} {}", "lanefn() { \"$0\" \"$@\"; };", command), LANEFN])
            .current_dir(path)
            .stdin(Stdio::null())
            .output()
            .expect("a shell starts");
        assert!(output.status.success(), "{command}: {}", stderr(&output));
        assert!(!output.stdout.is_empty(), "{command}");
    }
}
