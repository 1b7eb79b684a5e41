//! Darkening of panes.

use super::subject::Subject;
use crate::base::{CellStyle, Colour};
use crate::model::Cx;
use crate::model::client::Theme;

/// Darkening of a pane (`dim=` in its style), and the client's own colours.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub(super) struct Dim {
    pub percent: u8,
    fg: Option<Colour>,
    bg: Option<Colour>,
}

impl Dim {
    pub(super) const NONE: Self = Self { percent: 0, fg: None, bg: None };

    /// Uses the client's colours, or those of its theme.
    pub(super) fn new(cx: &Cx<'_>, subject: &Subject, percent: u8) -> Self {
        let client = cx.server.client(subject.client).filter(|_| percent != 0);
        let Some(client) = client else { return Self::default() };
        let (fg, bg) = match client.theme {
            Some(Theme::Dark) => (Some(Colour::Basic(7)), Some(Colour::Basic(0))),
            Some(Theme::Light) => (Some(Colour::Basic(0)), Some(Colour::Basic(7))),
            None => (None, None),
        };
        Self { percent, fg: client.fg.or(fg), bg: client.bg.or(bg) }
    }

    pub(super) fn apply(&self, style: &mut CellStyle) {
        for (colour, own) in [(&mut style.fg, self.fg), (&mut style.bg, self.bg)] {
            let shown = if colour.is_default() { own.unwrap_or(*colour) } else { *colour };
            *colour = shown.dimmed(self.percent);
        }
    }
}
