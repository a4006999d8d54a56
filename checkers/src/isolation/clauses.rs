//! Clauses learnt from conflicts, each watched by two of its literals (Moskewicz et al., *Chaff*,
//! DAC 2001).

/// A choice and a side of it: the number of the choice twice, and one more where the first writer
/// comes first. Edges of it bear its number.
pub(crate) type Literal = u32;

/// The literal of a side.
pub(crate) fn literal(choice: u32, one_first: bool) -> Literal {
    choice * 2 + u32::from(one_first)
}

/// All clauses, and who watches them.
#[derive(Debug, Default)]
pub(crate) struct Clauses {
    literals: Vec<Literal>,
    /// Where each clause begins and ends.
    ranges: Vec<[u32; 2]>,
    /// By literal: the clauses to look at once it is false.
    watched: Vec<Vec<u32>>,
}

/// What a clause says of the values so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Says {
    /// Its last literal must hold.
    Unit(u32, Literal),
    /// None holds.
    Conflict(u32),
}

impl Clauses {
    /// Makes room for another choice.
    pub fn add_choice(&mut self) {
        self.watched.extend([Vec::new(), Vec::new()]);
    }

    /// Bytes held, about.
    pub fn bytes(&self) -> u64 {
        let a_clause = size_of::<[u32; 2]>() + 2 * size_of::<u32>();
        let watched = self.watched.len() * size_of::<Vec<u32>>();
        (self.literals.len() * size_of::<Literal>() + self.ranges.len() * a_clause + watched) as u64
    }

    /// Adds a clause of at least two literals; the first two are watched.
    pub fn add(&mut self, clause: &[Literal]) -> u32 {
        let number = self.ranges.len() as u32;
        let begin = self.literals.len() as u32;
        self.literals.extend_from_slice(clause);
        self.ranges.push([begin, self.literals.len() as u32]);
        for literal in &clause[..2] {
            self.watched[*literal as usize].push(number);
        }
        number
    }

    pub fn get(&self, clause: u32) -> &[Literal] {
        let [begin, end] = self.ranges[clause as usize];
        &self.literals[begin as usize..end as usize]
    }

    /// Looks at the clauses that watched `lost`, which is false now. `value` is what is known of a
    /// literal. Units are handed to `units`; a conflict ends the look.
    pub fn lose(
        &mut self,
        lost: Literal,
        value: impl Fn(Literal) -> Option<bool>,
        units: &mut Vec<(u32, Literal)>,
    ) -> Option<u32> {
        let watching = std::mem::take(&mut self.watched[lost as usize]);
        let mut kept = Vec::with_capacity(watching.len());
        let mut conflict = None;
        for (at, clause) in watching.iter().copied().enumerate() {
            match self.visit(clause, lost, &value) {
                None => kept.push(clause),
                Some(Moved::Away) => {}
                Some(Moved::Says(Says::Unit(clause, literal))) => {
                    kept.push(clause);
                    units.push((clause, literal));
                }
                Some(Moved::Says(Says::Conflict(clause))) => {
                    kept.extend_from_slice(&watching[at..]);
                    conflict = Some(clause);
                    break;
                }
            }
        }
        self.watched[lost as usize] = kept;
        conflict
    }

    /// Finds another literal to watch in a clause. `None` where it holds already.
    fn visit(
        &mut self,
        clause: u32,
        lost: Literal,
        value: impl Fn(Literal) -> Option<bool>,
    ) -> Option<Moved> {
        let [begin, end] = self.ranges[clause as usize];
        let literals = &mut self.literals[begin as usize..end as usize];
        if literals[0] == lost {
            literals.swap(0, 1);
        }
        let first = literals[0];
        if value(first) == Some(true) {
            return None;
        }
        let other = (2..literals.len()).find(|at| value(literals[*at]) != Some(false));
        if let Some(other) = other {
            literals.swap(1, other);
            let watched = literals[1];
            self.watched[watched as usize].push(clause);
            return Some(Moved::Away);
        }
        Some(Moved::Says(match value(first) {
            None => Says::Unit(clause, first),
            Some(_) => Says::Conflict(clause),
        }))
    }
}

/// What became of a watch.
enum Moved {
    Away,
    Says(Says),
}
