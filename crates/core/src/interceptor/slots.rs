//! An interceptor's slots, one for each FHIR base URL.

use std::collections::HashMap;

use super::slot::Slot;

/// A caller that makes up base URLs must not fill the memory.
const MAX_SLOTS: usize = 4096;

/// Slots by FHIR base URL. Most interceptors know one base, their own: it needs no map.
pub(super) struct Slots {
    own_base: Box<str>,
    own: Option<Box<Slot>>,
    others: HashMap<Box<str>, Box<Slot>>,
    uses: u64,
}

impl Slots {
    /// `own_base`: empty for requests without any.
    pub(super) fn new(own_base: &str) -> Self {
        let own_base = without_trailing_slashes(own_base).into();
        Self { own_base, own: None, others: HashMap::new(), uses: 0 }
    }

    /// `None`: the interceptor's own base. With and without a trailing slash it is one (SD-1).
    pub(super) fn get(&mut self, base: Option<&str>) -> Option<&mut Slot> {
        match base.map(without_trailing_slashes) {
            Some(base) if *self.own_base != *base => self.others.get_mut(base).map(Box::as_mut),
            _ => self.own.as_deref_mut(),
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
        let base = base.map_or(&*self.own_base, without_trailing_slashes);
        let slot = if *self.own_base == *base {
            self.own.get_or_insert_with(|| Box::new(Slot::new()))
        } else {
            let base: Box<str> = base.into();
            if !self.others.contains_key(&base) {
                self.make_room();
            }
            self.others.entry(base).or_insert_with(|| Box::new(Slot::new()))
        };
        slot.last_use = self.uses;
        slot
    }

    pub(super) fn last_used(&mut self) -> Option<&mut Slot> {
        self.iter_mut().max_by_key(|slot| slot.last_use)
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Slot> {
        self.own.iter_mut().chain(self.others.values_mut()).map(Box::as_mut)
    }

    pub(super) fn clear(&mut self) {
        self.own = None;
        self.others = HashMap::new();
    }

    /// Lets the slot go that was not used for the longest time.
    fn make_room(&mut self) {
        if self.others.len() < MAX_SLOTS {
            return;
        }
        let idle = self.others.iter().filter(|(_, slot)| slot.acquisition.is_none());
        let oldest = idle.min_by_key(|(_, slot)| slot.last_use).map(|(base, _)| base.clone());
        if let Some(base) = oldest {
            self.others.remove(&base);
        }
    }
}

fn without_trailing_slashes(base: &str) -> &str {
    base.trim_end_matches('/')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_are_bounded_and_the_one_unused_for_longest_goes_first() {
        let mut slots = Slots::new("https://own");
        slots.get_or_insert(None);
        for index in 0..MAX_SLOTS {
            slots.get_or_insert(Some(&format!("https://h/{index}")));
        }
        slots.get_or_insert(Some("https://h/0/"));
        slots.get_or_insert(Some("https://new"));
        assert_eq!(slots.others.len(), MAX_SLOTS);
        assert!(slots.get(Some("https://h/0")).is_some());
        assert!(slots.get(Some("https://h/1")).is_none());
        assert!(slots.get(Some("https://own/")).is_some());
    }
}
