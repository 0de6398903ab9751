use super::{DOCUMENT, FILES};

#[test]
fn whatever_the_document_and_its_modules_name_is_there() {
    let is_there = |wanted: &str| FILES.iter().any(|(name, _)| *name == wanted);
    let (_, document) = FILES.iter().find(|(name, _)| *name == DOCUMENT).unwrap();
    let document = str::from_utf8(document).unwrap();
    for part in document.split("src=\"").chain(document.split("href=\"")).skip(1) {
        let wanted = part.split('"').next().unwrap();
        let name = wanted.strip_prefix("/console/");
        assert!(name.is_some_and(is_there) || !wanted.starts_with('/'), "{wanted}");
    }
    for (name, bytes) in FILES.iter().filter(|(name, _)| name.ends_with(".js")) {
        let folder = name.rsplit_once('/').map_or("", |(folder, _)| folder);
        let text = str::from_utf8(bytes).unwrap();
        for line in
            text.lines().filter(|line| line.starts_with("import") || line.starts_with("} from"))
        {
            let path = line.split(['"', '\'']).nth(1).unwrap_or_default();
            let mut parts: Vec<&str> = folder.split('/').filter(|it| !it.is_empty()).collect();
            for part in path.split('/') {
                match part {
                    "." => {}
                    ".." => _ = parts.pop(),
                    part => parts.push(part),
                }
            }
            assert!(path.is_empty() || is_there(&parts.join("/")), "{name} imports {path}");
        }
    }
}

#[test]
fn no_file_has_what_the_policy_forbids() {
    for (name, bytes) in FILES {
        let text = str::from_utf8(bytes).unwrap();
        for forbidden in [" style=\"", "innerHTML", "<style", "onclick=\""] {
            assert!(!text.contains(forbidden), "{name} has {forbidden}");
        }
    }
}
