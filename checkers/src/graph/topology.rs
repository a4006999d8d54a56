//! A topological order that is kept while edges come and go (Pearce & Kelly, *A dynamic
//! topological sort algorithm for directed acyclic graphs*, JEA 2007).
//!
//! An edge that agrees with the order costs nothing. One that does not moves the nodes between its
//! ends, if that is possible; else there is a cycle, and the answer is the way back. Edges are
//! taken out in the opposite order of their coming, which leaves every order right as it is.

use super::Node;
use crate::budget::{Exhausted, Meter};

/// Who asked for an edge; [`GIVEN`] for those of the beginning.
pub(crate) type Tag = u32;

pub(crate) const GIVEN: Tag = Tag::MAX;

/// An edge and who asked for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Tagged {
    pub from: Node,
    pub to: Node,
    pub tag: Tag,
}

const NO_EDGE: u32 = u32::MAX;

/// Says which of the nodes that may come next does.
pub(crate) trait Choose {
    fn ready(&mut self, node: Node);
    fn next(&mut self) -> Option<Node>;
}

/// The last that became ready.
impl Choose for Vec<Node> {
    fn ready(&mut self, node: Node) {
        self.push(node);
    }

    fn next(&mut self) -> Option<Node> {
        self.pop()
    }
}

/// Neighbours of every node in one direction.
#[derive(Debug)]
struct Rows {
    offsets: Vec<u32>,
    given: Vec<Node>,
    /// By node, the last edge that came; by edge, the one before it.
    last: Vec<u32>,
    before: Vec<u32>,
}

impl Rows {
    fn new(nodes: u32, edges: &[[Node; 2]], from: usize) -> Rows {
        let to = 1 - from;
        let mut offsets = vec![0u32; nodes as usize + 2];
        for edge in edges {
            offsets[edge[from] as usize + 2] += 1;
        }
        for node in 2..offsets.len() {
            offsets[node] += offsets[node - 1];
        }
        let mut given = vec![0; edges.len()];
        for edge in edges {
            let next = &mut offsets[edge[from] as usize + 1];
            given[*next as usize] = edge[to];
            *next += 1;
        }
        offsets.pop();
        Rows {
            offsets,
            given,
            last: vec![NO_EDGE; nodes as usize],
            before: Vec::new(),
        }
    }

    #[inline]
    fn given(&self, node: Node) -> &[Node] {
        let at = node as usize;
        &self.given[self.offsets[at] as usize..self.offsets[at + 1] as usize]
    }

    fn push(&mut self, node: Node, edge: u32) {
        self.before.push(self.last[node as usize]);
        self.last[node as usize] = edge;
    }

    fn pop(&mut self, node: Node) {
        self.last[node as usize] = self.before.pop().unwrap_or(NO_EDGE);
    }

    /// The edges that came, of a node.
    fn came(&self, node: Node) -> impl Iterator<Item = u32> {
        let known = |edge: u32| (edge != NO_EDGE).then_some(edge);
        std::iter::successors(known(self.last[node as usize]), move |edge| {
            known(self.before[*edge as usize])
        })
    }
}

/// Nodes in an order that every edge agrees with.
#[derive(Debug)]
pub(crate) struct Topology {
    out: Rows,
    into: Rows,
    came: Vec<Tagged>,
    /// By node, its place; by place, its node.
    place: Vec<u32>,
    order: Vec<Node>,
    /// Nodes whose place changed since somebody asked, and whether each is among them.
    moved: Vec<Node>,
    is_moved: Vec<bool>,
    /// By node: the search that saw it last, and the edge it came by.
    seen: Vec<u32>,
    by: Vec<Tagged>,
    searches: u32,
    stack: Vec<Node>,
    ahead: Vec<Node>,
    behind: Vec<Node>,
}

impl Topology {
    /// Nodes with these edges, in no order yet.
    pub fn new(nodes: u32, edges: &[[Node; 2]], meter: &mut Meter) -> Result<Topology, Exhausted> {
        let none = Tagged {
            from: 0,
            to: 0,
            tag: GIVEN,
        };
        let topology = Topology {
            out: Rows::new(nodes, edges, 0),
            into: Rows::new(nodes, edges, 1),
            came: Vec::new(),
            place: Vec::new(),
            order: Vec::with_capacity(nodes as usize),
            moved: Vec::new(),
            is_moved: vec![false; nodes as usize],
            seen: vec![0; nodes as usize],
            by: vec![none; nodes as usize],
            searches: 0,
            stack: Vec::new(),
            ahead: Vec::new(),
            behind: Vec::new(),
        };
        meter.step(topology.bytes())?;
        Ok(topology)
    }

    /// Sorts the nodes anew, with `choose` to say which of those that may come next does.
    ///
    /// Where there is no order the answer is a cycle instead.
    pub fn sort(
        &mut self,
        choose: &mut impl Choose,
        meter: &mut Meter,
    ) -> Result<Result<(), Vec<Tagged>>, Exhausted> {
        let nodes = self.seen.len() as u32;
        self.order.clear();
        self.place.clear();
        self.place.resize(nodes as usize, u32::MAX);
        let open = (0..nodes).map(|node| self.into.given(node).len() as u32);
        let mut open: Vec<u32> = open.collect();
        for edge in &self.came {
            open[edge.to as usize] += 1;
        }
        for node in (0..nodes).filter(|node| open[*node as usize] == 0) {
            choose.ready(node);
        }
        while let Some(node) = choose.next() {
            meter.step(0)?;
            self.place[node as usize] = self.order.len() as u32;
            self.order.push(node);
            let came = self.out.came(node).map(|edge| self.came[edge as usize].to);
            for to in self.out.given(node).iter().copied().chain(came) {
                open[to as usize] -= 1;
                if open[to as usize] == 0 {
                    choose.ready(to);
                }
            }
        }
        if self.order.len() < nodes as usize {
            return Ok(Err(self.cycle()));
        }
        Ok(Ok(()))
    }

    /// Makes of every node's number the least of its own and those of all nodes behind it. It must
    /// be sorted.
    pub fn least(&self, of_node: &mut [u32]) {
        for node in self.order.iter().rev() {
            let came = self.out.came(*node).map(|edge| self.came[edge as usize].to);
            let behind = self.out.given(*node).iter().copied().chain(came);
            let least = behind.map(|to| of_node[to as usize]).min();
            let own = &mut of_node[*node as usize];
            *own = least.map_or(*own, |least| least.min(*own));
        }
    }

    /// Makes of every node's number the greatest of its own and those of all nodes before it. It
    /// must be sorted.
    pub fn greatest(&self, of_node: &mut [u32]) {
        for node in &self.order {
            let came = self
                .into
                .came(*node)
                .map(|edge| self.came[edge as usize].from);
            let before = self.into.given(*node).iter().copied().chain(came);
            let greatest = before.map(|from| of_node[from as usize]).max();
            let own = &mut of_node[*node as usize];
            *own = greatest.map_or(*own, |greatest| greatest.max(*own));
        }
    }

    /// A cycle among the nodes that found no place: each has one of them before it.
    fn cycle(&mut self) -> Vec<Tagged> {
        let lost = |node: &Node| self.place[*node as usize] == u32::MAX;
        let mut walk: Vec<Node> = Vec::new();
        let mut next = (0..self.place.len() as u32).find(lost);
        while let Some(node) = next {
            if self.seen[node as usize] == 1 {
                let begin = walk.iter().position(|known| *known == node);
                walk.drain(..begin.unwrap_or(0));
                break;
            }
            self.seen[node as usize] = 1;
            walk.push(node);
            next = self.into.given(node).iter().copied().find(lost);
        }
        walk.reverse();
        let next = walk.iter().copied().cycle().skip(1);
        let edges = walk.iter().copied().zip(next);
        edges
            .map(|(from, to)| Tagged {
                from,
                to,
                tag: GIVEN,
            })
            .collect()
    }

    /// Bytes held.
    pub fn bytes(&self) -> u64 {
        let a_node = size_of::<[u32; 8]>() + size_of::<Tagged>();
        let came = self.came.capacity() * (size_of::<Tagged>() + 2 * size_of::<u32>());
        (self.seen.len() * a_node + 2 * self.out.given.len() * size_of::<Node>() + came) as u64
    }

    #[inline]
    pub fn place(&self, node: Node) -> u32 {
        self.place[node as usize]
    }

    /// Hands over the nodes whose place edges have changed since the last time.
    pub fn drain_moved(&mut self, mut take: impl FnMut(Node)) {
        for node in self.moved.drain(..) {
            self.is_moved[node as usize] = false;
            take(node);
        }
    }

    /// Edges that came and are still there.
    pub fn came(&self) -> usize {
        self.came.len()
    }

    /// Takes out edges that came, the last first, until so many are left.
    pub fn truncate(&mut self, left: usize) {
        while self.came.len() > left {
            if let Some(edge) = self.came.pop() {
                self.out.pop(edge.from);
                self.into.pop(edge.to);
            }
        }
    }

    /// Adds an edge. Where that would close a cycle nothing changes, and the answer is the cycle,
    /// which begins with the edge.
    pub fn insert(
        &mut self,
        edge: Tagged,
        meter: &mut Meter,
    ) -> Result<Result<(), Vec<Tagged>>, Exhausted> {
        if self.place(edge.from) >= self.place(edge.to) {
            if let Some(mut way) = self.way(edge.to, edge.from, meter)? {
                way.insert(0, edge);
                return Ok(Err(way));
            }
            self.move_between(edge.to, edge.from, meter)?;
        }
        let number = self.came.len() as u32;
        self.out.push(edge.from, number);
        self.into.push(edge.to, number);
        self.came.push(edge);
        Ok(Ok(()))
    }

    /// A way from one node to another, if there is one; nodes visited are in `ahead`.
    pub fn way(
        &mut self,
        from: Node,
        to: Node,
        meter: &mut Meter,
    ) -> Result<Option<Vec<Tagged>>, Exhausted> {
        self.ahead.clear();
        if from == to {
            return Ok(Some(Vec::new()));
        }
        let last = self.place(to);
        self.searches += 1;
        self.stack.clear();
        self.see(from, last, None);
        while let Some(node) = self.stack.pop() {
            meter.step(0)?;
            self.ahead.push(node);
            for at in 0..self.out.given(node).len() {
                let edge = Tagged {
                    from: node,
                    to: self.out.given(node)[at],
                    tag: GIVEN,
                };
                self.see(edge.to, last, Some(edge));
            }
            let mut came = self.out.last[node as usize];
            while came != NO_EDGE {
                let edge = self.came[came as usize];
                self.see(edge.to, last, Some(edge));
                came = self.out.before[came as usize];
            }
            if self.seen[to as usize] == self.searches {
                return Ok(Some(self.unwind(from, to)));
            }
        }
        Ok(None)
    }

    fn see(&mut self, node: Node, last: u32, edge: Option<Tagged>) {
        if self.place(node) <= last && self.seen[node as usize] != self.searches {
            self.seen[node as usize] = self.searches;
            if let Some(edge) = edge {
                self.by[node as usize] = edge;
            }
            self.stack.push(node);
        }
    }

    fn unwind(&self, from: Node, to: Node) -> Vec<Tagged> {
        let mut way = Vec::new();
        let mut node = to;
        while node != from {
            let edge = self.by[node as usize];
            way.push(edge);
            node = edge.from;
        }
        way.reverse();
        way
    }

    /// Puts what leads to `to`, from the place of `from` on, before what `from` leads to: that is
    /// in `ahead`.
    fn move_between(&mut self, from: Node, to: Node, meter: &mut Meter) -> Result<(), Exhausted> {
        let first = self.place(from);
        self.searches += 1;
        self.behind.clear();
        self.seen[to as usize] = self.searches;
        self.stack.clear();
        self.stack.push(to);
        while let Some(node) = self.stack.pop() {
            meter.step(0)?;
            self.behind.push(node);
            let came = self
                .into
                .came(node)
                .map(|edge| self.came[edge as usize].from);
            for before in self.into.given(node).iter().copied().chain(came) {
                let is_new = self.seen[before as usize] != self.searches;
                if is_new && self.place[before as usize] >= first {
                    self.seen[before as usize] = self.searches;
                    self.stack.push(before);
                }
            }
        }
        let place = &self.place;
        self.behind
            .sort_unstable_by_key(|node| place[*node as usize]);
        self.ahead
            .sort_unstable_by_key(|node| place[*node as usize]);
        self.behind.append(&mut self.ahead);
        let mut places: Vec<u32> = self.behind.iter().map(|n| place[*n as usize]).collect();
        places.sort_unstable();
        for (node, place) in self.behind.iter().zip(places) {
            self.place[*node as usize] = place;
            self.order[place as usize] = *node;
            if !std::mem::replace(&mut self.is_moved[*node as usize], true) {
                self.moved.push(*node);
            }
        }
        Ok(())
    }
}
