//! What queues and stacks share: elements are put in and taken out.
//!
//! A put carries its element. A take carries the element it returned; nil is the answer that the
//! container was empty. An indefinite take may have removed whatever was next.

mod unknown;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::Op;
use crate::budget::{Exhausted, Meter};
use crate::checker::{OpError, Params};
use crate::intern::Interner;
use crate::linearizable::interned::{Interned, StateId};
use crate::linearizable::model::{Interval, Model, replays};
use crate::linearizable::models::gaps::untold;
use crate::linearizable::vocabulary::{Contradiction, Direct, Vocabulary};

/// An element: its number in the history, or itself where the discipline orders numbers.
pub type Element = i64;

/// An operation on a container, with its result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ContainerOp {
    Put(Element),
    Take(Element),
    /// A take that found nothing.
    Empty,
    /// A take with an unknown result.
    TakeAny,
}

/// In which order a container gives its elements back.
pub(crate) trait Discipline: Copy + Default + Send + Sync + 'static {
    type Model: Model<Op = ContainerOp> + Default;
    const OBJECT: &'static str;
    /// Functions that put, then those that take.
    const FUNCTIONS: &'static [&'static str];
    /// How many of them put.
    const PUTS: usize;
    /// Whether elements are numbers and taken in their order.
    const ORDERED: bool = false;

    /// Bytes of a state on the heap.
    fn heap(state: &<Self::Model as Model>::State) -> usize;

    /// The elements of a state for a sentence, in any order.
    fn elements(state: &<Self::Model as Model>::State) -> Vec<Vec<Element>>;

    /// The name of the method that decides elements put once.
    const METHOD: &'static str;

    /// Decides elements that are put once: why there is no order, or `None` if there is one.
    ///
    /// # Errors
    /// The limit that was reached.
    fn decide(items: &Items<'_>, meter: &mut Meter<'_>)
    -> Result<Option<Contradiction>, Exhausted>;

    /// Gives takes with unknown result, in the order of their starts, to elements that no other
    /// took, or says why no way of doing so leaves an order. `None` without a method.
    fn assign(_items: &mut Items<'_>, _unknown: &[u32]) -> Option<Result<(), Contradiction>> {
        None
    }
}

/// How histories write containers.
pub(crate) struct Containers<D> {
    values: Interner,
    discipline: std::marker::PhantomData<D>,
}

impl<D: Discipline> Containers<D> {
    pub fn new(_params: &Params) -> Containers<D> {
        Containers {
            values: Interner::default(),
            discipline: std::marker::PhantomData,
        }
    }

    fn element(&mut self, op: &Op) -> Result<Element, OpError> {
        if D::ORDERED {
            return super::number(op);
        }
        Ok(i64::from(self.values.intern(&op.value)))
    }

    fn name(&self, element: Element) -> String {
        if D::ORDERED {
            return element.to_string();
        }
        self.values.value(element as u32).to_string()
    }
}

impl<D: Discipline> Vocabulary for Containers<D> {
    type Op = ContainerOp;
    type Model = Interned<D::Model>;

    fn functions(&self) -> &'static [&'static str] {
        D::FUNCTIONS
    }

    fn object(&self) -> &'static str {
        D::OBJECT
    }

    fn model(&self) -> Interned<D::Model> {
        Interned::new(D::Model::default(), D::heap)
    }

    fn invoked(&mut self, op: &Op) -> Result<ContainerOp, OpError> {
        let puts = D::FUNCTIONS[..D::PUTS].contains(&op.f.as_ref());
        if puts {
            return self.element(op).map(ContainerOp::Put);
        }
        Ok(ContainerOp::TakeAny)
    }

    fn answered(&mut self, call: &ContainerOp, op: &Op) -> Result<Option<ContainerOp>, OpError> {
        Ok(Some(match call {
            ContainerOp::Put(element) => ContainerOp::Put(*element),
            _ if op.value.is_nil() => ContainerOp::Empty,
            _ => ContainerOp::Take(self.element(op)?),
        }))
    }

    fn unanswered(&self, call: &ContainerOp) -> Option<ContainerOp> {
        Some(match call {
            ContainerOp::Put(element) => ContainerOp::Put(*element),
            _ => ContainerOp::TakeAny,
        })
    }

    fn tell(&self, op: &ContainerOp) -> String {
        let (put, take) = (D::FUNCTIONS[0], D::FUNCTIONS[D::PUTS]);
        match op {
            ContainerOp::Put(element) => format!("{put} of {}", self.name(*element)),
            ContainerOp::Take(element) => format!("{take} of {}", self.name(*element)),
            ContainerOp::Empty => format!("{take} that found nothing"),
            ContainerOp::TakeAny => format!("{take} with unknown result"),
        }
    }

    fn tell_state(&self, model: &Interned<D::Model>, state: &StateId) -> String {
        let possible = D::elements(&model.state(*state)).into_iter();
        let lists = possible.map(|elements| {
            let names: Vec<String> = elements.iter().map(|e| self.name(*e)).collect();
            format!("[{}]", names.join(" "))
        });
        lists.collect::<Vec<_>>().join(" or ")
    }

    /// An indefinite put whose element nothing took need never have happened: where an indefinite
    /// take removed it, neither need have. The same holds of an indefinite take of an element that
    /// nothing put for certain.
    fn prune(&self, ops: &mut Vec<Interval<ContainerOp>>) {
        let is_put = |op: &Interval<_>| matches!(op.op, ContainerOp::Put(_));
        let is_take = |op: &Interval<_>| matches!(op.op, ContainerOp::Take(_));
        let definite = |kind: &dyn Fn(&Interval<_>) -> bool| -> FxHashSet<Element> {
            let ops = ops.iter().filter(|op| !op.is_indefinite() && kind(op));
            ops.filter_map(|op| element(op.op)).collect()
        };
        let is_open = |kind: &dyn Fn(&Interval<_>) -> bool| {
            ops.iter().any(|op| op.is_indefinite() && kind(op))
        };
        let taken = is_open(&is_put).then(|| definite(&is_take));
        let put = is_open(&is_take).then(|| definite(&is_put));
        let is_needed = |op: &Interval<ContainerOp>| {
            let known = if is_put(op) { &taken } else { &put };
            match (known, element(op.op)) {
                (Some(known), Some(element)) => !op.is_indefinite() || known.contains(&element),
                _ => true,
            }
        };
        if taken.is_some() || put.is_some() {
            ops.retain(is_needed);
        }
    }

    fn decide(
        &self,
        ops: &[Interval<ContainerOp>],
        _order: bool,
        meter: &mut Meter<'_>,
    ) -> Result<Option<Direct>, Exhausted> {
        meter.step(BYTES_PER_OP * ops.len() as u64)?;
        let mut items = match Items::of(ops) {
            None => return Ok(None),
            Some(Ok(items)) => items,
            Some(Err(found)) => return Ok(Some(direct::<D>(Some(found)))),
        };
        meter.check_clock()?;
        let decided = unknown::decide::<D>(&mut items, meter)?;
        Ok(decided.map(direct::<D>))
    }

    fn replays(&self, ops: &[Interval<ContainerOp>], order: &[u32]) -> bool {
        // Not by the interned model, which would keep every state there was.
        replays(&D::Model::default(), ops, order)
    }
}

/// Memory of a direct method for an operation, at the most.
const BYTES_PER_OP: u64 = 128;

fn direct<D: Discipline>(found: Option<Contradiction>) -> Direct {
    Direct {
        method: D::METHOD,
        outcome: found.map_or(Ok(None), Err),
    }
}

fn element(op: ContainerOp) -> Option<Element> {
    match op {
        ContainerOp::Put(element) | ContainerOp::Take(element) => Some(element),
        ContainerOp::Empty | ContainerOp::TakeAny => None,
    }
}

/// An element that is put once.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Item {
    pub element: Element,
    pub put: u32,
    pub take: Option<u32>,
}

/// A history in which every element is put once.
pub(crate) struct Items<'a> {
    pub ops: &'a [Interval<ContainerOp>],
    /// In the order of the starts of their puts.
    pub items: Vec<Item>,
    /// The takes that found nothing.
    pub empty: Vec<u32>,
    /// The takes with unknown result, by their starts.
    pub unknown: Vec<u32>,
}

impl<'a> Items<'a> {
    /// `None` if an element is put twice; a contradiction if an element is
    /// taken that nothing put, taken twice, or taken before it was put.
    fn of(ops: &'a [Interval<ContainerOp>]) -> Option<Result<Items<'a>, Contradiction>> {
        let mut items: Vec<Item> = Vec::new();
        let mut by_element: FxHashMap<Element, u32> = FxHashMap::default();
        let (mut empty, mut unknown) = (Vec::new(), Vec::new());
        for (i, op) in ops.iter().enumerate() {
            match op.op {
                ContainerOp::Put(element) => {
                    let next = items.len() as u32;
                    if by_element.insert(element, next).is_some() {
                        return None;
                    }
                    items.push(Item {
                        element,
                        put: i as u32,
                        take: None,
                    });
                }
                ContainerOp::Empty if !op.is_indefinite() => empty.push(i as u32),
                ContainerOp::TakeAny => unknown.push(i as u32),
                ContainerOp::Empty | ContainerOp::Take(_) => {}
            }
        }
        for (i, op) in (0u32..).zip(ops) {
            let ContainerOp::Take(element) = op.op else {
                continue;
            };
            let Some(&item) = by_element.get(&element) else {
                return Some(Err(untold(i, &[], "nothing put it in")));
            };
            let item = &mut items[item as usize];
            if let Some(first) = item.take.replace(i) {
                if op.is_indefinite() || ops[first as usize].is_indefinite() {
                    return None;
                }
                return Some(Err(untold(i, &[first], "it was taken before by")));
            }
            if op.finish < ops[item.put as usize].start {
                return Some(Err(untold(i, &[item.put], "it had finished before")));
            }
        }
        Some(Ok(Items {
            ops,
            items,
            empty,
            unknown,
        }))
    }

    /// When the put of the item had certainly taken effect.
    pub fn put_by(&self, item: &Item) -> u32 {
        self.ops[item.put as usize].finish
    }

    /// The interval of the item's take, if it has one.
    pub fn take(&self, item: &Item) -> Option<&Interval<ContainerOp>> {
        item.take.map(|take| &self.ops[take as usize])
    }
}
