//! Which file imports what from which other, and the circles in that.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    fmt,
    path::{Path, PathBuf},
};

use super::{
    source::Import,
    tree::{Found, Tree},
};

/// For each file those that it imports from, with the paths by which it names them.
#[derive(Debug, Default)]
pub(super) struct Imports(BTreeMap<PathBuf, BTreeMap<PathBuf, BTreeSet<String>>>);

/// Files each of which imports from the next, and the last from the first.
#[derive(Debug)]
pub(super) struct Circle {
    /// A shortest way round: each file with what it takes from the next.
    way: Vec<(PathBuf, BTreeSet<String>)>,
    /// How many files can be reached from each other, those of the way among them.
    file_count: usize,
}

impl Imports {
    pub(super) fn of(tree: &Tree) -> Self {
        let mut imports = Self::default();
        for (module, node) in tree.nodes.iter().enumerate() {
            for import in &node.module.imports {
                imports.add_import(tree, module, import);
            }
            for path in &node.module.paths {
                imports.add(tree, module, tree.follow(module, path));
            }
        }
        imports
    }

    /// What is only handed on is no import: whoever takes it there imports it from where it is defined.
    fn add_import(&mut self, tree: &Tree, module: usize, import: &Import) {
        let words = &tree.nodes[module].module.words;
        let found = tree.follow(module, &import.path);
        if let Some(name) = &import.name {
            // A module may have the name of an item: then the import is of what is named.
            let may_be_module =
                matches!(tree.follow_module(module, &import.path), Some(Found::Module(_)));
            if words.contains(name) || !import.is_public && !may_be_module {
                self.add(tree, module, found);
            }
        } else if let Some(Found::Module(from)) = found {
            for word in words {
                if !tree.nodes[module].module.items.contains(word) {
                    self.add(tree, module, tree.look_up(from, word));
                }
            }
        }
    }

    /// A module is no import: what is taken from it shows in the paths that begin with it.
    fn add(&mut self, tree: &Tree, module: usize, found: Option<Found<'_>>) {
        let Some(Found::Item(from_module, name)) = found else { return };
        let (file, from) = (&tree.nodes[module].file, &tree.nodes[from_module].file);
        if file != from && !tree.continues(module, from_module, name) {
            let of_file = self.0.entry(file.clone()).or_default();
            let names = of_file.entry(from.clone()).or_default();
            names.insert(name.to_owned());
        }
    }

    /// Returns one circle for each set of files that can be reached from each other.
    pub(super) fn circles(&self) -> Vec<Circle> {
        let reached: BTreeMap<&Path, BTreeSet<&Path>> =
            self.0.keys().map(|file| (file.as_path(), self.reached_from(file))).collect();
        let mut seen = BTreeSet::new();
        let mut circles = Vec::new();
        for (&file, from_here) in &reached {
            if !from_here.contains(file) || seen.contains(file) {
                continue;
            }
            let reaches_back =
                |&other: &&Path| reached.get(other).is_some_and(|from| from.contains(file));
            let tied: BTreeSet<&Path> = from_here.iter().copied().filter(reaches_back).collect();
            let ways = tied.iter().filter_map(|file| self.way_round(file));
            if let Some(way) = ways.min_by_key(Vec::len) {
                circles.push(Circle { way, file_count: tied.len() });
            }
            seen.extend(tied);
        }
        circles
    }

    fn next_of(&self, file: &Path) -> impl Iterator<Item = &Path> {
        self.0.get(file).into_iter().flat_map(|from| from.keys().map(PathBuf::as_path))
    }

    /// Returns all files that a file imports from, over others too.
    fn reached_from(&self, file: &Path) -> BTreeSet<&Path> {
        let mut reached = BTreeSet::new();
        let mut to_do: Vec<&Path> = self.next_of(file).collect();
        while let Some(file) = to_do.pop() {
            if reached.insert(file) {
                to_do.extend(self.next_of(file));
            }
        }
        reached
    }

    /// Returns a shortest way from a file back to itself.
    fn way_round(&self, start: &Path) -> Option<Vec<(PathBuf, BTreeSet<String>)>> {
        let mut came_from: BTreeMap<&Path, &Path> = BTreeMap::new();
        let mut to_do = VecDeque::from([start]);
        while let Some(file) = to_do.pop_front() {
            for next in self.next_of(file) {
                if came_from.contains_key(next) {
                    continue;
                }
                came_from.insert(next, file);
                to_do.push_back(next);
            }
        }
        let mut way = Vec::new();
        let mut to = start;
        loop {
            let from = *came_from.get(to)?;
            way.push((from.to_owned(), self.0[from][to].clone()));
            to = from;
            if from == start {
                way.reverse();
                return Some(way);
            }
        }
    }
}

impl fmt::Display for Circle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (file, names) in &self.way {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            write!(f, "{} → ({}) ", file.display(), names.join(", "))?;
        }
        if let Some((first, _)) = self.way.first() {
            write!(f, "{}", first.display())?;
        }
        if self.file_count > self.way.len() {
            write!(
                f,
                " (and {} files more that are tied to it)",
                self.file_count - self.way.len()
            )?;
        }
        Ok(())
    }
}
