//! A prompt as text for the next server.

use serde::{Deserialize, Serialize};

use super::edit::Line;
use super::{Handler, LinePrompt, PromptFlags, PromptType, Saver};
use crate::base::{ClientId, PaneId};
use crate::model::queue::ItemId;
use crate::model::{Cx, FindState};

#[derive(Serialize, Deserialize)]
struct PromptRecord {
    prompt: String,
    line: Line,
    last: String,
    history_index: usize,
    kind: PromptType,
    flags: PromptFlags,
    #[serde(default)]
    pane: Option<PaneId>,
    quote_next: bool,
    command: bool,
    state: Option<FindState>,
    item: Option<ItemId>,
    handler: String,
}

impl LinePrompt {
    /// `None` for a prompt whose handler cannot be saved.
    pub(super) fn write_down(&self) -> Option<String> {
        let handler = self.saver.as_ref().and_then(|saver| saver())?;
        let record = PromptRecord {
            prompt: self.prompt.clone(),
            line: Line {
                text: self.line.text.clone(),
                index: self.line.index,
                saved: self.line.saved.clone(),
            },
            last: self.last.clone(),
            history_index: self.history_index,
            kind: self.kind,
            flags: self.flags,
            pane: self.pane,
            quote_next: self.quote_next,
            command: self.command,
            state: self.state,
            item: self.item,
            handler,
        };
        serde_json::to_string(&record).ok()
    }
}

/// Opens a prompt that another server saved. `handler` makes its handler, or returns `None` if the
/// record cannot be read.
pub(crate) fn load(
    cx: &mut Cx<'_>,
    client: ClientId,
    saved: &str,
    handler: impl FnOnce(&str) -> Option<(Handler, Saver)>,
) -> Option<()> {
    let record: PromptRecord = serde_json::from_str(saved).ok()?;
    let (handler, saver) = handler(&record.handler)?;
    let PromptRecord {
        prompt,
        line,
        last,
        history_index,
        kind,
        flags,
        pane,
        quote_next,
        command,
        state,
        item,
        ..
    } = record;
    let saver = Some(saver);
    let prompt = LinePrompt {
        prompt,
        line,
        last,
        history_index,
        kind,
        flags,
        pane,
        quote_next,
        command,
        state,
        item,
        handler,
        saver,
        cursor_x: 0,
    };
    cx.server.clients.get_mut(&client)?.prompt = Some(Box::new(prompt));
    Some(())
}
