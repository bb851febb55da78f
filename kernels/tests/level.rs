//! A level is chosen by its exact name, once; what the CPU lacks or nobody knows is an error that
//! names what there is.

use std::process::Command;

use lanefn_kernels::level::{LEVEL_VARIABLE, Level, LevelError};

/// Set in the process that [`chosen`] starts.
const CHILD: &str = "LANEFN_LEVEL_TEST_CHILD";

/// Not a test by itself: what a child process says about the level that it chose.
#[test]
fn child() {
    if std::env::var_os(CHILD).is_some() {
        match Level::chosen() {
            Ok(level) => println!("<chosen {level}>"),
            Err(error) => println!("<error {error}>"),
        }
        // The variable is read once.
        // SAFETY: this process runs this one test, on one thread besides the harness's idle one.
        unsafe { std::env::set_var(LEVEL_VARIABLE, "scalar") };
        println!("<again {}>", Level::chosen().map_or("error", Level::name));
    }
}

/// What a fresh process says between the angle brackets, with the variable as given.
fn chosen(variable: Option<&str>) -> Vec<String> {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "child", "--nocapture", "--test-threads=1"]).env(CHILD, "1");
    match variable {
        Some(value) => command.env(LEVEL_VARIABLE, value),
        None => command.env_remove(LEVEL_VARIABLE),
    };
    let output = command.output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}");
    text.split('<').skip(1).map(|part| part.split('>').next().unwrap().to_string()).collect()
}

fn names(levels: &[Level]) -> String {
    levels.iter().map(|l| l.name()).collect::<Vec<_>>().join(", ")
}

#[test]
fn a_level_is_parsed_from_its_own_name_alone() {
    for level in Level::ALL {
        assert_eq!(level.to_string(), level.name());
        match level.name().parse::<Level>() {
            Ok(parsed) => assert!(parsed == level && level.is_present()),
            Err(error) => {
                assert!(!level.is_present());
                assert_eq!(
                    error,
                    LevelError { asked: level.name().into(), has: Level::present(), known: true }
                );
            }
        }
    }
    for wrong in ["", "AVX2", "avx", "avx2 ", " avx2", "avx-512", "sse2", "1", "Scalar", "é"] {
        assert_eq!(
            wrong.parse::<Level>(),
            Err(LevelError { asked: wrong.into(), has: Level::present(), known: false }),
        );
    }
}

#[test]
fn an_error_names_what_was_asked_and_what_the_cpu_has() {
    let has = vec![Level::Scalar, Level::Baseline];
    let lacking = LevelError { asked: "avx512".into(), has: has.clone(), known: true };
    assert_eq!(lacking.to_string(), "this CPU lacks the level avx512; it has scalar, baseline");
    let unknown = LevelError { asked: "axv2".into(), has, known: false };
    assert_eq!(unknown.to_string(), "\"axv2\" is no level; this CPU has scalar, baseline");
}

#[test]
fn every_cpu_has_scalar_and_baseline_and_levels_build_on_each_other() {
    let present = Level::present();
    assert!(present.starts_with(&[Level::Scalar, Level::Baseline]));
    assert!(present.is_sorted());
    assert!(!Level::Avx512.is_present() || Level::Avx2.is_present());
    assert!(Level::ALL.is_sorted());
}

#[test]
fn without_the_variable_the_highest_level_is_chosen() {
    let highest = Level::present().pop().unwrap();
    for unset in [None, Some("")] {
        assert_eq!(chosen(unset)[0], format!("chosen {highest}"));
    }
}

#[test]
fn the_variable_chooses_each_level_that_is_present_and_is_read_once() {
    for level in Level::present() {
        let said = chosen(Some(level.name()));
        assert_eq!(said, [format!("chosen {level}"), format!("again {level}")]);
    }
}

#[test]
fn a_variable_that_names_no_usable_level_is_an_error_until_it_does() {
    let has = names(&Level::present());
    for level in Level::ALL.into_iter().filter(|l| !l.is_present()) {
        eprintln!("level: this CPU lacks {level}: its error is tested, running it is SKIPPED");
        let said = chosen(Some(level.name()));
        assert_eq!(said[0], format!("error this CPU lacks the level {level}; it has {has}"));
    }
    let said = chosen(Some("fastest"));
    let error = format!("error \"fastest\" is no level; this CPU has {has}");
    assert_eq!(said, [error, "again scalar".to_string()]);
}
