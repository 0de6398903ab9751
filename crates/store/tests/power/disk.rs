//! A disk that keeps what was synced, and of the rest whatever it likes.
//!
//! What was written and not synced may be there or not, in any order: each sector has any of the
//! contents it had since the last sync, each file any of the sizes, each name stands for any of
//! the files it stood for. Two things are taken for granted, as SQLite does: a sector is whole, and
//! a change of size happens as one or not at all. A file's sync says nothing of its name; that is the
//! directory's to keep.

use std::{
    collections::{BTreeMap, HashMap},
    fs::{self, File},
    os::unix::fs::MetadataExt,
    path::Path,
    time::{Duration, SystemTime},
};

use crate::{dice::Dice, trace::Event};

const SECTOR_BYTES: usize = 512;

/// Files by their names below the recorded directory; `None` for a directory.
pub(crate) type Image = BTreeMap<String, Option<Vec<u8>>>;

/// Which syncs are taken for not having happened, to see whether that is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Forgetting {
    Nothing,
    /// Of files whose names end so.
    Files(&'static str),
    Directories,
}

/// How much of what was not synced survives.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Manner {
    Nothing,
    /// As when a process is killed.
    Everything,
    /// All up to a moment.
    UpTo(usize),
    /// The latest or what was synced, by chance.
    LatestOrSynced,
    /// Anything that ever was there since.
    Any,
    /// The latest, but for a few.
    MissingFew,
}

#[derive(Debug, Default)]
pub(crate) struct Disk {
    nodes: Vec<Node>,
    by_inode: HashMap<u64, usize>,
    names: BTreeMap<String, Name>,
    /// How many events have happened.
    now: usize,
}

#[derive(Debug, Default)]
struct Node {
    is_directory: bool,
    synced: Vec<u8>,
    size: usize,
    pending: Vec<(usize, Change)>,
}

#[derive(Debug, Clone)]
enum Change {
    Write { place: usize, bytes: Vec<u8> },
    SetSize(usize),
}

/// What a name stood for: when it was synced, and after each change since.
#[derive(Debug, Default)]
struct Name {
    synced: Option<usize>,
    since: Vec<(usize, Option<usize>)>,
}

impl Disk {
    /// Takes over what is in a directory as synced.
    pub(crate) fn of(directory: &Path, image: &Image) -> Self {
        let mut disk = Disk::default();
        for (name, content) in image {
            let node = disk.nodes.len();
            let synced = content.clone().unwrap_or_default();
            let size = synced.len();
            let is_directory = content.is_none();
            disk.nodes.push(Node { is_directory, synced, size, pending: Vec::new() });
            disk.by_inode.insert(fs::metadata(directory.join(name)).unwrap().ino(), node);
            disk.names.insert(name.clone(), Name { synced: Some(node), since: Vec::new() });
        }
        disk
    }

    pub(crate) fn take(&mut self, event: &Event, forgetting: Forgetting) {
        self.now += 1;
        match event {
            Event::Create { inode, name } => self.make(*inode, name, false),
            Event::MakeDirectory { inode, name } => self.make(*inode, name, true),
            Event::Remove { name } => self.rename(name, None),
            Event::Rename { from, to } => {
                let node = self.stands_for(from);
                self.rename(from, None);
                self.rename(to, node);
            }
            Event::Write { inode, place, bytes } => {
                self.change(*inode, Change::Write { place: *place, bytes: bytes.clone() });
            }
            Event::SetSize { inode, size } => self.change(*inode, Change::SetSize(*size)),
            Event::Sync { inode, name } => self.sync(*inode, name, forgetting),
            Event::Acknowledge => {}
        }
    }

    fn make(&mut self, inode: u64, name: &str, is_directory: bool) {
        self.nodes.push(Node { is_directory, ..Node::default() });
        let node = self.nodes.len() - 1;
        self.by_inode.insert(inode, node);
        self.rename(name, Some(node));
    }

    fn rename(&mut self, name: &str, node: Option<usize>) {
        self.names.entry(name.to_owned()).or_default().since.push((self.now, node));
    }

    fn stands_for(&self, name: &str) -> Option<usize> {
        let name = self.names.get(name)?;
        name.since.last().map_or(name.synced, |(_, node)| *node)
    }

    fn change(&mut self, inode: u64, change: Change) {
        let node = &mut self.nodes[self.by_inode[&inode]];
        node.size = change.size_after(node.size);
        node.pending.push((self.now, change));
    }

    fn sync(&mut self, inode: u64, name: &str, forgetting: Forgetting) {
        let node = self.by_inode.get(&inode).map(|node| &mut self.nodes[*node]);
        match node {
            Some(file) if !file.is_directory => {
                if !matches!(forgetting, Forgetting::Files(end) if name.ends_with(end)) {
                    file.sync();
                }
            }
            // The recorded directory itself is none of its own nodes.
            _ if forgetting == Forgetting::Directories => {}
            _ => {
                for (path, entry) in &mut self.names {
                    if parent(path) == name
                        && let Some((_, node)) = entry.since.pop()
                    {
                        *entry = Name { synced: node, since: Vec::new() };
                    }
                }
            }
        }
    }

    /// Returns what is there after the power was lost now.
    pub(crate) fn lose_power(&self, manner: Manner, dice: &mut Dice) -> Image {
        let mut image = Image::new();
        for (path, name) in &self.names {
            let moments: Vec<usize> = name.since.iter().map(|(moment, _)| *moment).collect();
            let node = match manner.survivor(&moments, dice) {
                0 => name.synced,
                change => name.since[change - 1].1,
            };
            // Names ascend, so a directory comes before what is in it.
            let has_parent = parent(path).is_empty() || image.contains_key(parent(path));
            if let Some(node) = node.filter(|_| has_parent) {
                let node = &self.nodes[node];
                let content = (!node.is_directory).then(|| node.survive(manner, dice));
                image.insert(path.clone(), content);
            }
        }
        image
    }

    pub(crate) fn now(&self) -> usize {
        self.now
    }
}

impl Node {
    fn sync(&mut self) {
        for (_, change) in self.pending.drain(..) {
            change.apply(&mut self.synced);
        }
    }

    /// Returns what is left of a file.
    fn survive(&self, manner: Manner, dice: &mut Dice) -> Vec<u8> {
        let sizes = self.sizes();
        let moments: Vec<usize> = sizes.iter().map(|(index, _)| self.pending[*index].0).collect();
        let sized = &sizes[..manner.survivor(&moments, dice)];
        let size_max = sizes.iter().map(|(_, size)| *size).fold(self.synced.len(), usize::max);
        let mut left = self.writes_left(manner, dice);
        let mut content = self.synced.clone();
        content.resize(size_max, 0);
        for (index, (_, change)) in self.pending.iter().enumerate() {
            match change {
                Change::SetSize(size) if sized.iter().any(|(other, _)| *other == index) => {
                    content[*size..].fill(0);
                }
                Change::SetSize(_) => {}
                Change::Write { place, bytes } => {
                    for sector in sectors(*place, bytes.len()) {
                        let left = left.get_mut(&sector).expect("it was counted");
                        if 0 < *left {
                            *left -= 1;
                            write_sector(&mut content, sector, *place, bytes);
                        }
                    }
                }
            }
        }
        content.truncate(sized.last().map_or(self.synced.len(), |(_, size)| *size));
        content
    }

    /// Returns which changes changed the size, and to what.
    fn sizes(&self) -> Vec<(usize, usize)> {
        let mut size = self.synced.len();
        let mut sizes = Vec::new();
        for (index, (_, change)) in self.pending.iter().enumerate() {
            let before = size;
            size = change.size_after(before);
            if size != before {
                sizes.push((index, size));
            }
        }
        sizes
    }

    /// Chooses for each sector how many of the writes to it are left, from the first on.
    fn writes_left(&self, manner: Manner, dice: &mut Dice) -> BTreeMap<usize, usize> {
        let mut moments: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (moment, change) in &self.pending {
            if let Change::Write { place, bytes } = change {
                for sector in sectors(*place, bytes.len()) {
                    moments.entry(sector).or_default().push(*moment);
                }
            }
        }
        let choose =
            |(sector, moments): (usize, Vec<usize>)| (sector, manner.survivor(&moments, dice));
        moments.into_iter().map(choose).collect()
    }
}

impl Change {
    fn size_after(&self, size: usize) -> usize {
        match self {
            Change::Write { place, bytes } => size.max(place + bytes.len()),
            Change::SetSize(size) => *size,
        }
    }

    fn apply(self, content: &mut Vec<u8>) {
        content.resize(self.size_after(content.len()), 0);
        if let Change::Write { place, bytes } = self {
            content[place..place + bytes.len()].copy_from_slice(&bytes);
        }
    }
}

fn sectors(place: usize, length: usize) -> std::ops::Range<usize> {
    place / SECTOR_BYTES..(place + length).div_ceil(SECTOR_BYTES)
}

/// Writes the part of `bytes` that falls into a sector.
fn write_sector(content: &mut [u8], sector: usize, place: usize, bytes: &[u8]) {
    let from = place.max(sector * SECTOR_BYTES);
    let to = (place + bytes.len()).min((sector + 1) * SECTOR_BYTES);
    content[from..to].copy_from_slice(&bytes[from - place..to - place]);
}

impl Manner {
    pub(crate) fn by(dice: &mut Dice, now: usize) -> Self {
        match dice.below(6) {
            0 => Manner::Nothing,
            1 => Manner::Everything,
            2 => Manner::UpTo(now.saturating_sub(dice.below(12))),
            3 => Manner::LatestOrSynced,
            4 => Manner::Any,
            _ => Manner::MissingFew,
        }
    }

    /// Chooses how many of the changes at these moments survive, of one thing.
    fn survivor(self, moments: &[usize], dice: &mut Dice) -> usize {
        let all = moments.len();
        match self {
            Manner::Nothing => 0,
            Manner::Everything => all,
            Manner::UpTo(end) => moments.iter().filter(|moment| **moment <= end).count(),
            Manner::LatestOrSynced => dice.pick(&[0, all]),
            Manner::Any => dice.below(all + 1),
            Manner::MissingFew if dice.once_in(12) => dice.below(all + 1),
            Manner::MissingFew => all,
        }
    }
}

/// Writes an image down, below a directory that is there. The database is older than all else, as
/// it is but for a few ms: what a store makes of the times of its files must not help it.
pub(crate) fn write_down(image: &Image, directory: &Path) {
    for (name, content) in image {
        let path = directory.join(name);
        match content {
            None => fs::create_dir(path).unwrap(),
            Some(bytes) => {
                fs::write(&path, bytes).unwrap();
                if name.ends_with(".db") {
                    let file = File::options().write(true).open(path).unwrap();
                    file.set_modified(SystemTime::now() - Duration::from_secs(60)).unwrap();
                }
            }
        }
    }
}

fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(parent, _)| parent)
}
