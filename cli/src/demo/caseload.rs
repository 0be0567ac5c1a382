//! `--caseload`: the whole of a council's children beside the story's.
//!
//! A return has numbers and no names. So invented names are laid over the children in it, always the same for the same number of
//! children: birds for what a child is called, plants for a family. Two dozen each are Rowan's and Bryony's, the others are held
//! by invented workers in invented teams. All of it goes in as a council would bring it: by `import`.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value as Json;
use visitbook_record::id::{CouncilId, RecordId, derived_uuid};

use super::cast::{Council, StageError, Staged};
use super::stage::texts;

/// Children of the caseload that each worker holds, Rowan and Bryony too.
const EACH: usize = 24;
/// Workers in a team.
const IN_A_TEAM: usize = 6;

/// Nobody in the story is called so.
const BIRDS: &str = "Avocet Bittern Brambling Bunting Chiffchaff Chough Corncrake Curlew Dipper Dotterel Dunlin Dunnock Fieldfare \
    Firecrest Gadwall Garganey Goldcrest Goshawk Grebe Hobby Hoopoe Kestrel Knot Lapwing Linnet Martin Merlin \
    Nuthatch Oriole Osprey Ouzel Petrel Pintail Plover Pochard Ptarmigan Puffin Redpoll Redstart Redwing Ruff \
    Sandpiper Scoter Serin Shrike Siskin Skylark Smew Snipe Starling Stonechat Swift Teal Tern Turnstone Twite \
    Wheatear Whimbrel Whinchat Wigeon";

/// No family of the story is called so.
const PLANTS: &str = "Agrimony Alder Alkanet Angelica Arrowhead Aspen Betony Bilberry Bistort Bluebell Borage Bugle Campion \
    Celandine Chicory Clover Columbine Comfrey Cowslip Dogwood Elder Fennel Feverfew Foxglove Gentian Harebell \
    Heather Hornbeam Whitebeam Knapweed Lavender Linden Loosestrife Lovage Marjoram Meadowsweet Melilot Milkwort \
    Moschatel Mugwort Mullein Orpine Oxlip Pimpernel Plantain Poplar Primrose Rampion Samphire Saxifrage Scabious \
    Speedwell Spindle Stonecrop Tamarisk Thrift Valerian Vetch Woodruff Spurge";

/// A child of the caseload.
#[derive(Clone)]
pub(crate) struct Loaded {
    /// The number in the return.
    pub(crate) code: String,
    /// The child's record.
    pub(crate) record: RecordId,
    /// The invented name.
    pub(crate) name: String,
    /// With the invented family name.
    pub(crate) full_name: String,
}

/// The caseload laid beside the story.
pub(crate) struct Caseload {
    /// The return's folder or file.
    from: PathBuf,
    /// The invented files.
    names: PathBuf,
    /// Where the rows that were not taken are listed: nothing is written beside somebody's return.
    rejected: PathBuf,
    /// All of them.
    pub(crate) children: Vec<Loaded>,
    /// Those whom Rowan holds.
    pub(crate) rowans: Vec<Loaded>,
}

impl Caseload {
    /// Brings a return in, and lays the invented names and workers over it.
    pub(crate) fn bring_in(
        council: &Council,
        id: CouncilId,
        from: &Path,
        folder: &Path,
    ) -> Staged<Self> {
        let mut caseload = Self {
            from: from.to_owned(),
            names: folder.join("invented"),
            rejected: folder.join("rejected.csv"),
            children: Vec::new(),
            rowans: Vec::new(),
        };
        let begun = std::time::Instant::now();
        let report = caseload.import(council, &caseload.from)?;
        let number = |key: &str| report.get(key).and_then(Json::as_u64).unwrap_or(0);
        println!(
            "{}: {} children, {} periods, {} facts in {} commits, {:.1} s; {} rows and {} cells not taken.",
            from.display(),
            number("children"),
            number("periods"),
            number("facts_written"),
            number("commits"),
            begun.elapsed().as_secs_f64(),
            number("rejected_rows"),
            number("cells_left_out"),
        );
        let codes = texts(&report, "codes");
        if codes.is_empty() {
            return Err(StageError::Unexpected(format!(
                "{} holds no children",
                from.display()
            )));
        }
        let shares = shares(codes.len());
        caseload.children = named(id, &codes, &shares);
        caseload.rowans = shares
            .iter()
            .filter(|(_, worker)| worker == "W-ROWAN")
            .filter_map(|(place, _)| caseload.children.get(*place).cloned())
            .collect();
        fs::create_dir_all(&caseload.names)?;
        for (file, text) in files(&caseload.children, &shares) {
            fs::write(caseload.names.join(file), text)?;
        }
        let begun = std::time::Instant::now();
        let report = caseload.import(council, &caseload.names)?;
        println!(
            "Invented names are laid over these children, the same each time, and invented workers hold them ({} entries, {:.1} s).",
            report
                .get("assignments_begun")
                .and_then(Json::as_u64)
                .unwrap_or(0),
            begun.elapsed().as_secs_f64(),
        );
        Ok(caseload)
    }

    /// Both imports once more; gives what was written, in facts, commits, and holds begun or ended.
    pub(crate) fn again(&self, council: &Council) -> Staged<[u64; 3]> {
        let mut all = [0; 3];
        for path in [&self.from, &self.names] {
            let report = self.import(council, path)?;
            let number = |key: &str| {
                report
                    .get(key)
                    .and_then(Json::as_u64)
                    .unwrap_or(u64::MAX / 8)
            };
            all[0] += number("facts_written");
            all[1] += number("commits");
            all[2] += number("assignments_begun") + number("assignments_ended");
        }
        Ok(all)
    }

    fn import(&self, council: &Council, path: &Path) -> Staged<Json> {
        let (path, rejected) = (
            path.display().to_string(),
            self.rejected.display().to_string(),
        );
        // 3: some rows were not taken. A return is never without.
        council.run_ending(&["import", &path, "--rejected", &rejected], &[0, 3])
    }
}

/// One of the names, beginning again after the last.
fn pick(names: &'static str, number: usize) -> &'static str {
    let many = names.split(' ').count();
    names.split(' ').nth(number % many).unwrap_or_default()
}

/// Names in the order of the shares, so that no worker has two children of one name.
fn named(council: CouncilId, codes: &[String], shares: &[(usize, String)]) -> Vec<Loaded> {
    let mut turns = vec![0; codes.len()];
    for (number, (place, _)) in shares.iter().enumerate() {
        if let Some(turn) = turns.get_mut(*place) {
            *turn = number;
        }
    }
    let (birds, plants) = (BIRDS.split(' ').count(), PLANTS.split(' ').count());
    codes
        .iter()
        .zip(turns)
        .map(|(code, turn)| {
            let bird = pick(BIRDS, turn);
            let name = match turn / birds / plants {
                0 => bird.to_owned(),
                round => format!("{bird}-{}", round + 1),
            };
            Loaded {
                code: code.clone(),
                record: RecordId(derived_uuid(council, "child", code)),
                full_name: format!("{name} {}", pick(PLANTS, turn / birds)),
                name,
            }
        })
        .collect()
}

/// Which child, by place, is whose.
fn shares(children: usize) -> Vec<(usize, String)> {
    let theirs = (2 * EACH).min(children);
    // Spread over all, so that some of every sort are among them.
    let places: Vec<usize> = (0..theirs).map(|share| share * children / theirs).collect();
    let mut all: Vec<(usize, String)> = places
        .iter()
        .enumerate()
        .map(|(share, place)| (*place, ["W-ROWAN", "W-BRYONY"][share % 2].to_owned()))
        .collect();
    let rest = (0..children).filter(|place| places.binary_search(place).is_err());
    all.extend(
        rest.enumerate()
            .map(|(share, place)| (place, invented(share / EACH))),
    );
    all
}

fn invented(worker: usize) -> String {
    format!("W-INV{worker:03}")
}

fn files(children: &[Loaded], shares: &[(usize, String)]) -> [(&'static str, String); 3] {
    let mut names = "child_id,known_as,family_name\n".to_owned();
    for child in children {
        let family = child.full_name.rsplit(' ').next().unwrap_or_default();
        // Writing to a String cannot fail.
        let _ = writeln!(names, "{},{},{family}", child.code, child.name);
    }
    let mut involvements = "child_id,worker_id,role\n".to_owned();
    for (place, worker) in shares {
        if let Some(child) = children.get(*place) {
            let _ = writeln!(involvements, "{},{worker},allocated", child.code);
        }
    }
    let many = shares
        .iter()
        .filter(|(_, worker)| worker.starts_with("W-INV"))
        .count()
        .div_ceil(EACH);
    let plant = |number: usize| pick(PLANTS, number);
    let mut workers = "worker_id,name,role,team_id,team_name,manager_id\n".to_owned();
    for worker in 0..many {
        let team = worker / IN_A_TEAM;
        let (id, name) = (
            invented(worker),
            [plant(worker), plant(worker * 7 + 3)].join(" "),
        );
        let _ = writeln!(
            workers,
            "{id},{name},Social worker,I{team},{} team,M-INV{team:02}",
            plant(team)
        );
        if worker % IN_A_TEAM == 0 {
            let name = [plant(team * 11 + 5), plant(team + 20)].join(" ");
            let _ = writeln!(
                workers,
                "M-INV{team:02},{name},Team manager,I{team},{} team,",
                plant(team)
            );
        }
    }
    [
        ("children.csv", names),
        ("workers.csv", workers),
        ("involvements.csv", involvements),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_child_has_a_name_of_its_own_and_a_worker() {
        for many in [1, 2, 47, 49, 2_675, 8_000] {
            let codes: Vec<String> = (0..many).map(|n: usize| n.to_string()).collect();
            let shares = shares(many);
            let children = named(CouncilId([7; 16]), &codes, &shares);
            let names: BTreeSet<&str> = children
                .iter()
                .map(|child| child.full_name.as_str())
                .collect();
            assert_eq!(names.len(), many);
            let held: BTreeSet<usize> = shares.iter().map(|(place, _)| *place).collect();
            assert_eq!((held.len(), shares.len()), (many, many));
            let rowans: Vec<&str> = shares
                .iter()
                .filter(|(_, worker)| worker == "W-ROWAN")
                .filter_map(|(place, _)| children.get(*place))
                .map(|child| child.name.as_str())
                .collect();
            assert_eq!(rowans.len(), EACH.min(many.div_ceil(2)));
            assert_eq!(rowans.iter().collect::<BTreeSet<_>>().len(), rowans.len());
        }
    }

    #[test]
    fn nobody_in_the_caseload_is_called_like_somebody_in_the_story() {
        for (_, file) in super::super::FILES {
            for name in BIRDS.split(' ').chain(PLANTS.split(' ')) {
                assert!(!file.contains(name), "{name}");
            }
        }
    }
}
