//! The palette of a terminal: colours that programs set with OSC 4, 10 and 11.

use crate::base::Colour;

/// Entries set by programs over those set by the option `pane-colours`.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Palette {
    /// Default foreground and background that the program chose.
    pub fg: Option<Colour>,
    pub bg: Option<Colour>,
    /// True if the program reset the terminal, but its default colours still show.
    forgotten: bool,
    set: Option<Box<[Option<Colour>; 256]>>,
    defaults: Option<Box<[Option<Colour>; 256]>>,
}

/// Colours of a palette that the program set.
#[derive(Clone, Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct ProgramColours {
    fg: Option<Colour>,
    bg: Option<Colour>,
    forgotten: bool,
    set: Vec<(u8, Colour)>,
}

impl Palette {
    pub fn new(defaults: &[(u8, Colour)]) -> Self {
        let mut palette = Self::default();
        palette.set_defaults(defaults);
        palette
    }

    /// Replaces the entries of the option `pane-colours`.
    pub fn set_defaults(&mut self, defaults: &[(u8, Colour)]) {
        self.defaults = (!defaults.is_empty()).then(|| {
            let mut entries = Box::new([None; 256]);
            for &(index, colour) in defaults {
                entries[usize::from(index)] = Some(colour);
            }
            entries
        });
    }

    /// Forgets the program's colours.
    pub fn clear(&mut self) {
        // tmux: the default colours are forgotten, but still show until something else changes the
        // pane's style.
        self.forgotten = true;
        self.set = None;
    }

    /// Drops forgotten default colours, since the pane's style changed.
    pub fn settle(&mut self) {
        if std::mem::take(&mut self.forgotten) {
            self.fg = None;
            self.bg = None;
        }
    }

    /// The colour of an entry, if it is set.
    pub fn get(&self, index: u8) -> Option<Colour> {
        let entry = |table: &Option<Box<[Option<Colour>; 256]>>| {
            table.as_ref().and_then(|entries| entries[usize::from(index)])
        };
        entry(&self.set).or_else(|| entry(&self.defaults))
    }

    /// Sets or unsets an entry. True if that may have changed a colour.
    pub fn set(&mut self, index: u8, colour: Option<Colour>) -> bool {
        if colour.is_none() && self.set.is_none() {
            return false;
        }
        self.set.get_or_insert_with(|| Box::new([None; 256]))[usize::from(index)] = colour;
        true
    }

    /// Replaces a palette entry by its colour; other colours stay.
    pub fn resolve(&self, colour: Colour) -> Colour {
        match colour.palette_index() {
            Some(index) => self.get(index).unwrap_or(colour),
            None => colour,
        }
    }

    /// The program's part: default colours, whether they are forgotten, entries.
    pub fn program_part(&self) -> ProgramColours {
        let all = self.set.iter().flat_map(|entries| entries.iter().enumerate());
        let set = all.filter_map(|(index, colour)| Some((index as u8, (*colour)?))).collect();
        ProgramColours { fg: self.fg, bg: self.bg, forgotten: self.forgotten, set }
    }

    /// Restores the result of `program_part`.
    pub fn set_program_part(&mut self, part: ProgramColours) {
        (self.fg, self.bg, self.forgotten) = (part.fg, part.bg, part.forgotten);
        for (index, colour) in part.set {
            self.set(index, Some(colour));
        }
    }

    /// Reports whether no entry differs from the outer terminal's.
    pub fn is_plain(&self) -> bool {
        self.set.is_none() && self.defaults.is_none()
    }
}
