//! Takes whose result is unknown: each may have removed an element that no definite take did, any
//! time after it began, or nothing.
//!
//! Two questions answer most histories. Is there an order if no such take did anything? Then there
//! is one. Is there none although each element left could have been removed as soon as the first of
//! these takes began? Then there is none. In between, the discipline may know whom to give them to.

use crate::budget::{Exhausted, Meter};
use crate::linearizable::models::container::{Discipline, Items};
use crate::linearizable::vocabulary::Contradiction;

/// Why there is no order, or that there is one; `None` where this cannot tell.
pub(super) fn decide<D: Discipline>(
    items: &mut Items<'_>,
    meter: &mut Meter<'_>,
) -> Result<Option<Option<Contradiction>>, Exhausted> {
    let found = D::decide(items, meter)?;
    let left: Vec<(usize, Option<u32>)> = (0..items.items.len())
        .map(|at| (at, items.items[at].take))
        .filter(|(_, take)| take.is_none_or(|take| items.ops[take as usize].is_indefinite()))
        .collect();
    let Some(first) = items.unknown.first().copied().filter(|_| !left.is_empty()) else {
        return Ok(Some(found));
    };
    if found.is_none() {
        return Ok(Some(None));
    }
    for (at, take) in &left {
        items.items[*at].take = Some(take.map_or(first, |take| take.min(first)));
    }
    if let Some(found) = D::decide(items, meter)? {
        return Ok(Some(Some(found)));
    }
    for (at, take) in left {
        items.items[at].take = take;
    }
    let unknown = items.unknown.clone();
    match D::assign(items, &unknown) {
        Some(Ok(())) if D::decide(items, meter)?.is_none() => Ok(Some(None)),
        Some(Err(found)) if items.empty.is_empty() => Ok(Some(Some(found))),
        _ => Ok(None),
    }
}
