//! An interceptor's slots, one for each FHIR base URL.

use std::collections::HashMap;

use super::slot::Slot;
use crate::server_url::{ServerUrl, without_trailing_slashes};

/// A caller that makes up base URLs must not fill the memory.
const MAX_SLOTS: usize = 4096;

/// Of bases that are not the interceptor's own.
#[derive(Default)]
struct OtherSlots(HashMap<Box<str>, Slot>);

/// Slots by FHIR base URL. Most interceptors know one base, their own: it needs no map.
pub(super) struct Slots {
    own_base: Option<ServerUrl>,
    own: Option<Box<Slot>>,
    others: Option<Box<OtherSlots>>,
    uses: u64,
}

impl Slots {
    pub(super) fn new(own_base: Option<ServerUrl>) -> Self {
        Self { own_base, own: None, others: None, uses: 0 }
    }

    pub(super) fn has_own_base(&self) -> bool {
        self.own_base.is_some()
    }

    /// `None`: the interceptor's own base. With and without a trailing slash it is one (SD-1).
    pub(super) fn get(&mut self, base: Option<&str>) -> Option<&mut Slot> {
        match self.other(base) {
            Some(other) => self.others.as_mut()?.0.get_mut(other),
            None => self.own.as_deref_mut(),
        }
    }

    /// The slot of a caller, if there is one, marked as used.
    pub(super) fn get_used(&mut self, base: Option<&str>) -> Option<&mut Slot> {
        self.uses += 1;
        let uses = self.uses;
        let slot = self.get(base)?;
        slot.last_use = uses;
        Some(slot)
    }

    /// The slot of a caller, marked as used.
    pub(super) fn get_or_insert(&mut self, base: Option<&str>) -> &mut Slot {
        self.uses += 1;
        let slot = match self.other(base) {
            None => self.own.get_or_insert_with(|| Box::new(Slot::new())),
            Some(other) => self.others.get_or_insert_default().get_or_insert(other),
        };
        slot.last_use = self.uses;
        slot
    }

    /// The name of a base that is not the interceptor's own.
    fn other<'a>(&self, base: Option<&'a str>) -> Option<&'a str> {
        let own = self.own_base.as_ref().map_or("", ServerUrl::raw);
        base.map(without_trailing_slashes).filter(|base| *base != without_trailing_slashes(own))
    }

    pub(super) fn last_used(&mut self) -> Option<&mut Slot> {
        self.iter_mut().max_by_key(|slot| slot.last_use)
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Slot> {
        let others = self.others.iter_mut().flat_map(|others| others.0.values_mut());
        self.own.as_deref_mut().into_iter().chain(others)
    }

    pub(super) fn clear(&mut self) {
        self.own = None;
        self.others = None;
    }
}

impl OtherSlots {
    fn get_or_insert(&mut self, base: &str) -> &mut Slot {
        if !self.0.contains_key(base) {
            self.make_room();
        }
        self.0.entry(base.into()).or_insert_with(Slot::new)
    }

    /// Lets the slot go that was not used for the longest time.
    fn make_room(&mut self) {
        if self.0.len() < MAX_SLOTS {
            return;
        }
        let idle = self.0.iter().filter(|(_, slot)| slot.acquisition.is_none());
        let oldest = idle.min_by_key(|(_, slot)| slot.last_use).map(|(base, _)| base.clone());
        if let Some(base) = oldest {
            self.0.remove(&base);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_bounded_and_the_one_unused_for_longest_goes_first() {
        let mut slots = Slots::new(ServerUrl::parse("base", "https://own").ok());
        slots.get_or_insert(None);
        for index in 0..MAX_SLOTS {
            slots.get_or_insert(Some(&format!("https://h/{index}")));
        }
        slots.get_or_insert(Some("https://h/0/"));
        slots.get_or_insert(Some("https://new"));
        assert_eq!(slots.others.as_ref().unwrap().0.len(), MAX_SLOTS);
        assert!(slots.get(Some("https://h/0")).is_some());
        assert!(slots.get(Some("https://h/1")).is_none());
        assert!(slots.get(Some("https://own/")).is_some());
    }
}
