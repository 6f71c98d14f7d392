//! Tests of the pages: README, CONTRIBUTING and `docs/`.

use std::{collections::BTreeSet, fs, path::PathBuf};

use crate::support::root;

/// Returns the pages, with their paths and their texts.
fn pages() -> Vec<(PathBuf, String)> {
    let docs = fs::read_dir(root().join("docs")).unwrap().flatten().map(|entry| entry.path());
    let pages = docs.chain(["README.md", "CONTRIBUTING.md"].map(|page| root().join(page)));
    pages.map(|page| (page.clone(), fs::read_to_string(page).unwrap())).collect()
}

/// Returns the parts of a text between two delimiters.
fn between<'t>(text: &'t str, open: &'t str, close: char) -> impl Iterator<Item = &'t str> {
    text.split(open).skip(1).filter_map(move |part| part.split_once(close).map(|(inner, _)| inner))
}

#[test]
fn every_link_leads_to_a_file_of_the_repository() {
    for (page, text) in pages() {
        for link in between(&text, "](", ')').filter(|link| !link.contains("://")) {
            let (file, heading) = link.split_once('#').unwrap_or((link, ""));
            let target = if file.is_empty() { page.clone() } else { page.parent().unwrap().join(file) };
            let found = fs::read_to_string(&target);
            assert!(found.is_ok(), "{page:?} links to {link}, which does not exist");
            let slug = |line: &str| {
                let title = line.trim_start_matches('#').trim().to_lowercase().replace(' ', "-");
                title.chars().filter(|char| char.is_alphanumeric() || *char == '-').collect::<String>()
            };
            let has_heading =
                found.unwrap().lines().filter(|line| line.starts_with('#')).any(|line| slug(line) == heading);
            assert!(heading.is_empty() || has_heading, "{page:?} links to {link}, which has no such heading");
        }
    }
}

#[test]
fn every_path_in_a_page_exists() {
    let roots = ["functions/", "shared/", "local/", "tests/", "docs/", "events/", "bench/", ".github/"];
    for (page, text) in pages() {
        for path in between(&text, "`", '`').filter(|path| roots.iter().any(|root| path.starts_with(root))) {
            let is_pattern = path.contains(['<', '{', '*', ' ']);
            assert!(is_pattern || root().join(path).exists(), "{page:?} names {path}, which does not exist");
        }
    }
}

#[test]
fn every_target_of_make_in_a_page_exists() {
    let makefile = fs::read_to_string(root().join("Makefile")).unwrap();
    let targets: BTreeSet<&str> = makefile
        .lines()
        .filter_map(|line| line.split_once(':').map(|(target, _)| target))
        .filter(|target| target.chars().all(|char| char.is_ascii_lowercase() || char == '-'))
        .collect();
    for (page, text) in pages() {
        let commands = text.split("make ").skip(1).zip(text.split("make "));
        for (after, _) in commands.filter(|(_, before)| before.ends_with(['`', '\n', '('])) {
            let target: String = after
                .trim_start_matches("-s ")
                .chars()
                .take_while(|char| char.is_ascii_lowercase() || *char == '-')
                .collect();
            assert!(targets.contains(&*target), "{page:?} names `make {target}`, which does not exist");
        }
    }
}

#[test]
fn the_readme_is_short() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    assert!(readme.lines().count() <= 150, "move a part of README.md to docs/");
}
