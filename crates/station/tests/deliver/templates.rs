//! Templates: what they may say, and what each mistake is told.

use wellread_station::deliver::template::{Template, TemplateError};

fn fault(text: &str) -> TemplateError {
    Template::from_toml("lims.toml", text).expect_err("a fault")
}

#[test]
fn every_format_ships_under_its_own_name() {
    for name in Template::shipped_names() {
        let template = Template::shipped(name).expect("it ships");
        assert_eq!((template.name.as_str(), template.format.name()), (name, name), "nothing but defaults");
    }
    assert_eq!(Template::shipped("nonsense"), None, "an unknown name is no template");
}

#[test]
fn a_template_is_found_by_name_the_stations_own_first() {
    let own = Template::from_toml("own.toml", "name = \"hl7\"\nformat = \"hl7\"\nreceiving_application = \"LIMS\"\n")
        .unwrap();
    let templates = [own.clone()];
    assert_eq!(Template::named("hl7", &templates).unwrap(), own, "a station may change a shipped one");
    assert_eq!(Template::named("astm", &templates).unwrap(), Template::shipped("astm").unwrap(), "or take it as it is");
    let error = Template::named("labwear", &templates).unwrap_err();
    assert!(error.to_string().contains("hl7, labware, "), "the error lists what there is: {error}");
}

#[test]
fn each_mistake_names_the_key_and_what_would_be_right() {
    let labware = "name = \"t\"\nformat = \"labware\"\n";
    let cases = [
        ("name = ", None),
        ("format = \"labware\"", Some("name")),
        ("name = \"A b\"\nformat = \"labware\"", Some("name")),
        ("name = \"t\"", Some("format")),
        ("name = \"t\"\nformat = \"csv\"", Some("format")),
        (&format!("{labware}separator = \"::\""), Some("separator")),
        (&format!("{labware}encoding = \"latin-1\""), Some("encoding")),
        (&format!("{labware}line_end = 10"), Some("line_end")),
        (&format!("{labware}last_step = 0"), Some("last_step")),
        (&format!("{labware}file_name = \"result.csv\""), Some("file_name")),
        (&format!("{labware}seperator = \";\""), Some("seperator")),
        (&format!("{labware}columns = 3"), Some("columns")),
        (&format!("{labware}[columns]\nRESULT = \"x\""), Some("columns.RESULT")),
        (&format!("{labware}[columns]\nENTRY = \"=x\""), Some("columns.ENTRY")),
        (&format!("{labware}[columns]\nENTRY = \"TEST_NUMBER\""), Some("columns.ENTRY")),
        ("name = \"t\"\nformat = \"pdf\"\nseparator = \";\"", Some("separator")),
        ("name = \"t\"\nformat = \"hl7\"\nprocessing_id = \"X\"", Some("processing_id")),
        ("name = \"t\"\nformat = \"hl7\"\ncode_system = \"a^b\"", Some("code_system")),
        ("name = \"t\"\nformat = \"hl7\"\nreceiving_facility = \"a\\nb\"", Some("receiving_facility")),
        ("name = \"t\"\nformat = \"astm\"\nframes = 1", Some("frames")),
    ];
    let mut told = String::new();
    for (text, key) in cases {
        let error = fault(text);
        assert_eq!(error.key(), key, "{text:?}: {error}");
        told.extend([error.to_string(), "\n".to_owned()]);
    }
    insta::assert_snapshot!(told);
}
