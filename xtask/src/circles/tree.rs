//! The modules of one crate, and where a path leads among them.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use anyhow::Context;

use super::source::{self, Child, Module, Place};

/// Gives a file's text, or nothing where there is no such file.
pub(super) type Read<'a> = &'a dyn Fn(&Path) -> Option<String>;

/// A crate's modules, the root first.
#[derive(Debug, Default)]
pub(super) struct Tree {
    pub(super) nodes: Vec<Node>,
}

/// A module and its place.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) file: PathBuf,
    pub(super) module: Module,
    parent: usize,
    children: BTreeMap<String, usize>,
}

/// Where a path leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found<'t> {
    Module(usize),
    /// Something that this module defines, or takes from another crate, under this name.
    Item(usize, &'t str),
}

/// Names that are being looked up, each in its module: a circle of re-exports ends there.
type Looking<'t> = BTreeSet<(usize, &'t str)>;

impl Tree {
    /// Reads a crate, beginning with its root file.
    ///
    /// # Errors
    /// When a file that a `mod` declares is not there.
    pub(super) fn read(root: &Path, read: Read<'_>) -> anyhow::Result<Self> {
        let mut tree = Self::default();
        let text = read(root).with_context(|| format!("{} cannot be read", root.display()))?;
        let directory = root.parent().unwrap_or(Path::new(""));
        tree.add(root, directory, 0, source::parse(&text), read)?;
        Ok(tree)
    }

    /// Adds a module and those below it. The files of its children stand in `directory`.
    fn add(
        &mut self,
        file: &Path,
        directory: &Path,
        parent: usize,
        mut module: Module,
        read: Read<'_>,
    ) -> anyhow::Result<usize> {
        let key = self.nodes.len();
        let children = std::mem::take(&mut module.children);
        let file = file.to_owned();
        self.nodes.push(Node { file, module, parent, children: BTreeMap::new() });
        for child in children {
            self.add_child(key, directory, child, read)?;
        }
        Ok(key)
    }

    fn add_child(
        &mut self,
        parent: usize,
        directory: &Path,
        child: Child,
        read: Read<'_>,
    ) -> anyhow::Result<()> {
        let Child { name, place } = child;
        let file = self.nodes[parent].file.clone();
        let below = directory.join(&name);
        let key = match place {
            Place::Inline(module) => self.add(&file, &below, parent, module, read)?,
            Place::File(path) => {
                let beside = file.parent().unwrap_or(Path::new(""));
                let candidates = match path {
                    Some(path) => vec![beside.join(path)],
                    None => vec![directory.join(format!("{name}.rs")), below.join("mod.rs")],
                };
                let found = candidates.iter().find_map(|path| Some((path, read(path)?)));
                let (path, text) = found
                    .with_context(|| format!("{}: module {name} has no file", file.display()))?;
                let is_given = path.parent() != Some(directory);
                let below = if is_given { path.parent().unwrap_or(directory) } else { &below };
                self.add(path, below, parent, source::parse(&text), read)?
            }
        };
        self.nodes[parent].children.insert(name, key);
        Ok(())
    }

    /// Returns how many files it was read from.
    pub(super) fn file_count(&self) -> usize {
        self.nodes.iter().map(|node| &node.file).collect::<BTreeSet<_>>().len()
    }

    /// Follows a path from the module in which it stands. `None` where it leads out of the crate.
    pub(super) fn follow<'t>(&'t self, from: usize, path: &'t [String]) -> Option<Found<'t>> {
        self.follow_on(from, path, false, &mut Looking::new())
    }

    /// Follows a path to a module where there is one, even if something else has its name.
    pub(super) fn follow_module<'t>(
        &'t self,
        from: usize,
        path: &'t [String],
    ) -> Option<Found<'t>> {
        self.follow_on(from, path, true, &mut Looking::new())
    }

    /// Looks for a name that a module has, in whatever way.
    pub(super) fn look_up<'t>(&'t self, module: usize, name: &'t str) -> Option<Found<'t>> {
        self.look_up_on(module, name, false, &mut Looking::new())
    }

    /// Says whether a module continues one that it stands below, of which it implements this type.
    pub(super) fn continues(&self, module: usize, above: usize, name: &str) -> bool {
        let node = &self.nodes[module];
        let is_below = std::iter::successors(Some(node.parent), |&at| {
            (at != 0).then(|| self.nodes[at].parent)
        });
        is_below.into_iter().any(|at| at == above) && node.module.implemented.contains(name)
    }

    /// `wants_module`: more names follow behind the path.
    fn follow_on<'t>(
        &'t self,
        from: usize,
        path: &'t [String],
        wants_module: bool,
        looking: &mut Looking<'t>,
    ) -> Option<Found<'t>> {
        let (first, mut rest) = path.split_first()?;
        let mut at = match first.as_str() {
            "crate" => Found::Module(0),
            "self" => Found::Module(from),
            "super" => Found::Module(self.nodes[from].parent),
            name => self.look_up_on(from, name, wants_module || !rest.is_empty(), looking)?,
        };
        while let (Found::Module(module), Some((name, behind))) = (at, rest.split_first()) {
            let wants_module = wants_module || !behind.is_empty();
            at = if name == "super" {
                Found::Module(self.nodes[module].parent)
            } else {
                let found = self.look_up_on(module, name, wants_module, looking);
                // A macro may have defined it.
                found.unwrap_or(Found::Item(module, name))
            };
            rest = behind;
        }
        Some(at)
    }

    fn look_up_on<'t>(
        &'t self,
        module: usize,
        name: &'t str,
        wants_module: bool,
        looking: &mut Looking<'t>,
    ) -> Option<Found<'t>> {
        let node = &self.nodes[module];
        let child = node.children.get(name).map(|&child| Found::Module(child));
        let item = node.module.items.contains(name).then_some(Found::Item(module, name));
        let own = if wants_module { child.or(item) } else { item.or(child) };
        if own.is_some() || !looking.insert((module, name)) {
            return own;
        }
        let imported = self.look_up_imported(module, name, wants_module, looking);
        looking.remove(&(module, name));
        imported
    }

    fn look_up_imported<'t>(
        &'t self,
        module: usize,
        name: &'t str,
        wants_module: bool,
        looking: &mut Looking<'t>,
    ) -> Option<Found<'t>> {
        let imports = &self.nodes[module].module.imports;
        if let Some(import) = imports.iter().find(|import| import.name.as_deref() == Some(name)) {
            let found = self.follow_on(module, &import.path, wants_module, looking);
            return Some(found.unwrap_or(Found::Item(module, name)));
        }
        let all = imports.iter().filter(|import| import.name.is_none());
        all.into_iter().find_map(|import| {
            let found = self.follow_on(module, &import.path, true, looking);
            let Some(Found::Module(from)) = found else { return None };
            self.look_up_on(from, name, wants_module, looking)
        })
    }
}
