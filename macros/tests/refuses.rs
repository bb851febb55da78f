//! What can't become lanes is refused at the very token, with the reason and with what to write
//! instead. `TRYBUILD=overwrite` renews the expected messages.

#[test]
fn what_cannot_become_lanes_is_refused_at_the_token() {
    trybuild::TestCases::new().compile_fail("tests/refuse/*.rs");
}
