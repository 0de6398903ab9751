use super::{FILES, POLICY};

#[test]
fn whatever_a_module_of_the_page_imports_is_served() {
    let is_served = |wanted: &str| FILES.iter().any(|(name, ..)| *name == wanted);
    for (name, _, text) in FILES {
        let folder = name.rsplit_once('/').map_or("", |(folder, _)| folder);
        for line in text.lines().filter(|line| line.contains("from './")) {
            let path = line.split("from './").nth(1).and_then(|it| it.split('\'').next()).unwrap();
            let wanted =
                if folder.is_empty() { path.to_owned() } else { format!("{folder}/{path}") };
            assert!(is_served(&wanted), "{name} imports {wanted}");
        }
    }
    let (_, _, page) = FILES.iter().find(|(name, ..)| *name == "index.html").unwrap();
    for part in page.split("src=\"").chain(page.split("href=\"")).skip(1) {
        let wanted = part.split('"').next().unwrap();
        assert!(wanted.starts_with('#') || wanted.contains('<') || is_served(wanted), "{wanted}");
    }
}

#[test]
fn the_policy_of_the_page_is_the_same_from_any_web_server() {
    let (_, _, page) = FILES.iter().find(|(name, ..)| *name == "index.html").unwrap();
    // A page cannot say by itself who may frame it.
    let said_by_the_page = POLICY.strip_suffix("; frame-ancestors 'none'").unwrap();
    assert!(page.contains(&format!("content=\"{said_by_the_page}\"")));
}
